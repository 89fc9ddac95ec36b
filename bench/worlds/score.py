"""How good verdicts are: each scenario's verdict beside what really happened, and shares of them with their intervals."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from upriver.diagnose.facts import Facts
from upriver.diagnose.records import Verdict
from worlds import read

MEANT = {
    "none": "false_alarm",
    "seasonal": "false_alarm",
    "label_flip": "label_errors",
    "label_delay": "label_delay",
}
"""What a verdict calls a cause, where its name is another."""

SEVERAL = "several"
HEALTHY = ("none", "seasonal")
QUIET = ("false_alarm", "not_enough_data")
BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0001)


@dataclass(frozen=True)
class Outcome:
    """One scenario's verdict, marked.

    Attributes:
        of: The folder's name.
        cause: What happened, "several" where that was more than one thing.
        said: The kind of the verdict.
        present: All kinds that the verdict holds for part of it.
        right: It names the cause, or one of several.
        all_found: All of several causes are part of the verdict.
        feature: 1 where the first column is one that was hit; None where no column was.
        run: 1 where the first suspect is the run that did it, less where it shares the first place; None where no run did.
        onset: Windows between the onset that was named and the true one, None where nothing began; NaN where none was named.
    """

    of: str
    world: str
    cause: str
    variant: str
    hard: str
    gradual: bool
    said: str
    present: tuple[str, ...]
    confidence: float
    sure: bool
    right: bool
    all_found: bool | None
    feature: float | None
    run: float | None
    onset: float | None
    reading: float = 0.0
    seconds: float = 0.0
    columns: int = 0

    @property
    def alarm(self) -> bool:
        """An illness was named in a healthy world."""
        return self.cause in HEALTHY and self.said not in QUIET


def outcome(folder: Path, conclude: Callable[[Facts], Verdict]) -> Outcome:
    """Return how good the verdict on a scenario is."""
    start = time.process_time()
    facts = read.facts(folder)
    middle = time.process_time()
    verdict = conclude(facts)
    end = time.process_time()
    return marked(folder.name, facts, verdict, read.truth(folder), (middle - start, end - middle))


def marked(of: str, facts: Facts, verdict: Verdict, truth: read.Truth, took: tuple[float, float]) -> Outcome:
    """Return a verdict beside the truth; `took` is CPU seconds of reading and of concluding."""
    meant = {MEANT.get(cause, cause) for cause in truth.causes}
    several = len(truth.causes) > 1
    first = verdict.hypotheses[0] if verdict.hypotheses else None
    present = tuple(one.kind for one in verdict.hypotheses if one.present)
    columns = first.columns if first else ()
    return Outcome(
        of=of,
        world=truth.world,
        cause=SEVERAL if several else truth.cause,
        variant="+".join(truth.causes) if several else truth.variant,
        hard=truth.hard,
        gradual=truth.gradual,
        said=verdict.kind,
        present=present,
        confidence=verdict.confidence,
        sure=verdict.sure,
        right=verdict.kind in meant,
        all_found=meant <= {verdict.kind, *present} if several else None,
        feature=float(bool(columns) and columns[0] in truth.culprits) if truth.culprits else None,
        run=_run(first.suspects if first else (), truth.runs) if truth.runs else None,
        onset=_onset(facts, verdict, truth),
        reading=took[0],
        seconds=took[1],
        columns=len(facts.columns),
    )


def peer(told: dict, truth: read.Truth) -> Outcome:
    """Return what another system said of a scenario, beside the truth; of runs it says nothing."""
    several = len(truth.causes) > 1
    onset = math.nan if told["onset"] is None else min((abs(told["onset"] - o) for o in truth.onsets), default=math.nan)
    return Outcome(
        of=told["of"],
        world=truth.world,
        cause=SEVERAL if several else truth.cause,
        variant=truth.variant,
        hard=truth.hard,
        gradual=truth.gradual,
        said=told["said"],
        present=(told["said"],),
        confidence=1.0,
        sure=True,
        right=told["said"] in {MEANT.get(cause, cause) for cause in truth.causes},
        all_found=False if several else None,
        feature=float(told["feature"] in truth.culprits) if truth.culprits else None,
        run=None,
        onset=None if truth.onset is None else onset,
        seconds=told["cpu_s"],
    )


def _run(suspects: Sequence, runs: tuple[str, ...]) -> float:
    leading = [one.run.uid for one in suspects if one.rank == suspects[0].rank]
    return sum(uid in runs for uid in leading) / len(leading) if leading else 0.0


def _onset(facts: Facts, verdict: Verdict, truth: read.Truth) -> float | None:
    if truth.onset is None:
        return None
    at = verdict.onset.at if verdict.onset else None
    if at is None:
        return math.nan
    named = max((n for n, start in enumerate(facts.starts) if start <= at), default=0)
    return min(abs(named - onset) for onset in truth.onsets or (truth.onset,))


# Shares


@dataclass(frozen=True)
class Part:
    """A share with its 95 % interval (Wilson, 1927)."""

    hits: float
    of: int

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.hits / self.of if self.of else None

    @property
    def ends(self) -> tuple[float, float]:
        """Lower and upper end."""
        if not self.of:
            return 0.0, 1.0
        z, n, p = 1.96, self.of, self.hits / self.of
        middle, reach = p + z * z / 2 / n, z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
        return max(0.0, (middle - reach) / (1 + z * z / n)), min(1.0, (middle + reach) / (1 + z * z / n))

    def __str__(self) -> str:
        """Return it as people read it."""
        if not self.of:
            return "–"
        low, high = self.ends
        return f"{self.hits / self.of:.2f} ({low:.2f}–{high:.2f})"


def share(values: Iterable[float | bool | None]) -> Part:
    """Return the share of what is known.

    Examples:
        >>> str(share([True, True, None, False]))
        '0.67 (0.21–0.94)'
    """
    known = [float(value) for value in values if value is not None]
    return Part(sum(known), len(known))


def near(outcome: Outcome, windows: int = 1) -> bool | None:
    """Say whether the onset was named within so many windows; None where nothing began."""
    return None if outcome.onset is None else outcome.onset <= windows


def reliability(outcomes: Sequence[Outcome]) -> tuple[list[tuple[str, int, float, float]], float]:
    """Return bins of confidence (name, scenarios, mean confidence, share right) and the expected calibration error."""
    found, error = [], 0.0
    for low, high in pairwise(BINS):
        inside = [one for one in outcomes if low <= one.confidence < high]
        if inside:
            said = sum(one.confidence for one in inside) / len(inside)
            right = sum(one.right for one in inside) / len(inside)
            found.append((f"{low:g}–{min(high, 1):g}", len(inside), said, right))
            error += len(inside) / len(outcomes) * abs(said - right)
    return found, error


def parts(outcomes: Sequence[Outcome]) -> dict[str, Part]:
    """Return the shares that are held against limits, and some that are worth knowing."""
    single = [one for one in outcomes if one.cause != SEVERAL]
    return {
        "verdict": share(one.right for one in single),
        "verdict_easy": share(one.right for one in single if one.hard != "weak"),
        "verdict_weak": share(one.right for one in single if one.hard == "weak"),
        "verdict_when_sure": share(one.right for one in single if one.sure),
        "false_alarms": share(one.alarm for one in single if one.cause in HEALTHY),
        "onset": share(near(one) for one in single),
        "feature": share(one.feature for one in single),
        "run": share(one.run for one in single),
        "several_one": share(one.right for one in outcomes if one.cause == SEVERAL),
        "several_all": share(one.all_found for one in outcomes),
    }


def figures(outcomes: Sequence[Outcome]) -> dict[str, float | int | None]:
    """Return what is held against limits, and what else is worth knowing in one number."""
    found = parts(outcomes)
    single = [one for one in outcomes if one.cause != SEVERAL]
    rounded = {name: None if part.value is None else round(part.value, 4) for name, part in found.items()}
    return {
        "scenarios": len(outcomes),
        **rounded,
        "sure": round(sum(one.sure for one in outcomes) / max(1, len(outcomes)), 4),
        "calibration_error": round(reliability(single)[1], 4),
    }
