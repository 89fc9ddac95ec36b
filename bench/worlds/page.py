"""What was measured, as a table for a terminal and as a page of the documentation."""

from collections.abc import Callable, Sequence
from typing import Any

from worlds import score
from worlds.score import Outcome, share

ORDER = (
    "none",
    "seasonal",
    "pipeline_bug",
    "schema_change",
    "late_data",
    "skew",
    "covariate_shift",
    "concept_drift",
    "label_flip",
    "label_delay",
    score.SEVERAL,
)
WORDS = {
    "none": "nothing is the matter",
    "seasonal": "a season, nothing is the matter",
    "pipeline_bug": "a bug in a pipeline",
    "schema_change": "a change of schema",
    "late_data": "data that came late",
    "skew": "skew between training and serving",
    "covariate_shift": "inputs that really moved",
    "concept_drift": "concept drift",
    "label_flip": "wrong labels",
    "label_delay": "labels that have not arrived",
    score.SEVERAL: "two of these at once",
}
HEADS = ("what happened", "scenarios", "verdict", "feature first", "run first", "onset ± 1 window", "sure")

FIRST = """# How good a diagnosis is

A verdict is worth what it gets right. So worlds are made in which what happened is known, each is given a verdict, and what is
right is counted. The figures are of {scenarios} scenarios{held_out}; behind a share stands Wilson's interval of 95 %. This page is
made by

<!-- not run: makes and judges worlds for many minutes -->
```console
$ {command}
```

## What the worlds are like

Each scenario is a model with 5 to 200 features out of one to five pipelines, 8 to 30 healthy windows and 6 to 30 of service, 200 to
3,000 rows in each. There are four families: a logistic mix of features that hang together, rules as a tree has them, amounts
(regression), and rare classes of 3 to 10 % beside categories of hundreds of values. Many have a season, days that differ more than
chance explains, labels that come late or never, pipelines whose code changes without harm, runs that fail and are repeated. Half of
the illnesses are *weak*: a tenth of the rows instead of half of them, a third of a standard deviation instead of a whole one. In a
third there is no sample of the offline pipeline; one culprit in five changed no code that anybody wrote down.

The rules were tuned on seeds below 2000. Seeds from 2000 on are held out.
"""

COUNTED = """
## What is counted

- **verdict**: the kind that is named first is what happened; where two things happened, one of them.
- **feature first**: of illnesses that hit certain features, the first column named is one of them.
- **run first**: of illnesses that a run brought, the first suspect is that run; half a point where two share the first place.
- **onset**: the window that is named is at most one away from the true one, also where the illness grew over several windows.
- **false alarms**: an illness is named where nothing is the matter. "Not enough data" is none, but it is no right verdict either.
"""


def terminal(outcomes: Sequence[Outcome]) -> str:
    """Return the figures by cause, as text."""
    widths = (17, 10, 18, 18, 18, 18, 5)
    lines = ["".join(f"{head:{width}}" for head, width in zip(HEADS, widths, strict=True))]
    lines += ["".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) for row in _rows(outcomes)]
    bins, error = score.reliability([one for one in outcomes if one.cause != score.SEVERAL])
    lines.append("confidence: " + "; ".join(f"{name}: said {s:.2f}, right {r:.2f} of {n}" for name, n, s, r in bins))
    return "\n".join([*lines, f"expected calibration error {error:.3f}"])


def _rows(outcomes: Sequence[Outcome], words: Callable[[str], str] = str) -> list[tuple[str, ...]]:
    found = []
    for cause in ORDER:
        part = [one for one in outcomes if one.cause == cause]
        if not part:
            continue
        shares = (
            share(one.right for one in part),
            share(one.feature for one in part),
            share(one.run for one in part),
            share(score.near(one) for one in part),
        )
        sure = sum(one.sure for one in part) / len(part)
        found.append((words(cause), str(len(part)), *map(str, shares), f"{sure:.2f}"))
    return found


def misses(outcomes: Sequence[Outcome]) -> list[str]:
    """Return a line for each scenario that was misjudged."""
    found = []
    for one in outcomes:
        told = _missed(one)
        if told:
            about = ", ".join(filter(None, (one.variant, one.hard, "gradual" if one.gradual else "")))
            found.append(f"{one.of} ({about}): {'; '.join(told)}")
    return found


def _missed(one: Outcome) -> list[str]:
    found = []
    if not one.right:
        found.append(f"said {one.said} ({one.confidence:.2f}{'' if one.sure else ', not sure'})")
    elif one.all_found is False:
        found.append(f"found {', '.join(one.present)} alone")
    if one.feature == 0:
        found.append("another feature")
    if one.run is not None and one.run < 1:
        found.append("another run" if one.run == 0 else "the run shares the first place")
    if score.near(one) is False:
        found.append("no onset" if one.onset != one.onset else f"onset {one.onset:g} windows off")
    return found


def document(
    outcomes: Sequence[Outcome], figures: dict[str, Any], peers: dict[str, list[Outcome] | str], command: str
) -> str:
    """Return the page."""
    held_out = " made from seeds that nobody tuned on" if figures.get("held_out") else ""
    parts = [
        FIRST.format(command=command, scenarios=len(outcomes), held_out=held_out),
        "\n## What came out\n",
        _table(HEADS, _rows(outcomes, WORDS.__getitem__)),
        _overall(outcomes),
        COUNTED,
        _confidence(outcomes),
        _cost(figures),
        _others(outcomes, peers),
        _wrong(outcomes),
    ]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def _overall(outcomes: Sequence[Outcome]) -> str:
    words = {
        "verdict": "verdicts that are right, of one illness or none",
        "verdict_easy": "of them, plain illnesses",
        "verdict_weak": "of them, weak illnesses",
        "verdict_when_sure": "of them, where the verdict said that it was sure",
        "false_alarms": "false alarms in healthy worlds",
        "onset": "onset within one window",
        "feature": "feature first",
        "run": "run first",
        "several_one": "two at once: one of them is the verdict",
        "several_all": "two at once: both are part of the verdict",
    }
    found = score.parts(outcomes)
    every = _table(("all together", "share"), [(told, str(found[name])) for name, told in words.items()])
    worlds = {one.world: [other for other in outcomes if other.world == one.world] for one in outcomes}
    rows = [(name, str(len(part)), str(score.parts(part)["verdict"])) for name, part in sorted(worlds.items())]
    return every + "\n" + _table(("family of worlds", "scenarios", "verdict, of one illness or none"), rows)


def _confidence(outcomes: Sequence[Outcome]) -> str:
    bins, error = score.reliability([one for one in outcomes if one.cause != score.SEVERAL])
    rows = [(name, str(n), f"{said:.2f}", f"{right:.2f}") for name, n, said, right in bins]
    return (
        "## Whether confidence means what it says\n\n"
        + _table(("confidence", "verdicts", "mean confidence", "share right"), rows)
        + f"\nThe expected calibration error, which is the mean distance of the last two columns, is {error:.3f}.\n"
    )


def _cost(figures: dict[str, Any]) -> str:
    if "cpu_s_10" not in figures:
        return ""
    rows = [
        (
            f"28 windows of 1,000 rows, {many} features",
            f"{figures[f'cpu_s_{many}']:.2f}",
            f"{figures[f'fit_s_{many}']:.2f}",
        )
        for many in (10, 100)
    ]
    return (
        "## What it costs\n\n"
        + _table(("", "a verdict, CPU s", "one gradient boosting of the same rows, CPU s"), rows)
        + f"\nOver all scenarios the mean is {figures['cpu_s']:.2f} CPU s.\n"
    )


def _others(outcomes: Sequence[Outcome], peers: dict[str, list[Outcome] | str]) -> str:
    if not peers:
        return ""
    lines, ran = [], {name: said for name, said in peers.items() if not isinstance(said, str)}
    heads = ("", "scenarios", "verdict", "false alarms", "feature first", "onset ± 1 window", "CPU s each")
    same = {one.of for said in ran.values() for one in said}
    sets = {"Upriver": [one for one in outcomes if one.of in same], **ran}
    for name, said in sets.items():
        found = score.parts(said)
        seconds = sum(one.seconds for one in said) / max(1, len(said))
        shares = [str(found[each]) for each in ("verdict", "false_alarms", "feature", "onset")]
        lines.append((name, str(len(said)), *shares, f"{seconds:.1f}"))
    skipped = "".join(f"\n{name} was {said}.\n" for name, said in peers.items() if isinstance(said, str))
    told = (
        "## Beside others, on the same scenarios\n\nEvidently and NannyML name no cause. Rules that a careful user would write "
        "turn their alerts into one:\nthey are in `bench/worlds/peers.py`. Neither knows of pipelines and their runs.\n\n"
    )
    return told + (_table(heads, lines) if ran else "") + skipped


def _wrong(outcomes: Sequence[Outcome]) -> str:
    wrong = misses(outcomes)
    if not wrong:
        return "## What was missed\n\nNothing.\n"
    return "## What was missed\n\n" + "".join(f"- {one}\n" for one in wrong)
