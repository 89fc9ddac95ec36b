"""How the sentences of an explanation write moments, amounts, columns, runs and lists."""

import math
import re
from collections.abc import Sequence
from datetime import datetime

from upriver.diagnose.records import Onset, Suspect

_COMMIT = re.compile(r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{12,64}\b")

METRICS = {
    "log_loss": "log loss",
    "brier": "the Brier score",
    "squared_error": "the squared error",
    "zero_one": "the share of wrong predictions",
}


def moment(at: datetime, *, timed: bool = False) -> str:
    """Return a moment as people write it, in UTC; with the time of day only where that matters.

    Examples:
        >>> from datetime import UTC
        >>> moment(datetime(2026, 10, 24, 6, 30, tzinfo=UTC)), moment(datetime(2026, 10, 4, 6, 30, tzinfo=UTC), timed=True)
        ('24 Oct 2026', '4 Oct 2026 06:30 UTC')
    """
    return f"{at.day} {at:%b %Y}" + (f" {at:%H:%M} UTC" if timed else "")


def amount(value: float, *, like: float | None = None) -> str:
    """Return a number as exactly as people need it, within 10 %, or with as many decimals as `like` then has.

    Examples:
        >>> amount(0.0834), amount(0.0134), amount(1234.5), amount(0.0134, like=0.91), amount(0.0)
        ('0.08', '0.013', '1,234', '0.0', '0')
    """
    scale = abs(value if like is None else like)
    if not math.isfinite(value) or scale == 0 or not math.isfinite(scale):
        return f"{value:g}"
    lead = math.floor(math.log10(scale))
    digits = min(max((0 if scale / 10**lead >= 5 else 1) - lead, 0), 8)
    written = f"{value:,.{digits}f}"
    return written.removeprefix("-") if not float(written.replace(",", "")) else written


def share(value: float) -> str:
    """Return a share in percent.

    Examples:
        >>> share(0.414), share(0.004), share(0.999)
        ('41 %', '0.4 %', '99.9 %')
    """
    percent = 100 * value
    return f"{percent:.0f} %" if 1 <= percent <= 99 or percent in (0, 100) else f"{percent:.1f} %"


def listed(words: Sequence[str], *, last: str = "and", most: int = 4) -> str:
    """Return words as a list in a sentence.

    Examples:
        >>> listed(["a"]), listed(["a", "b", "c"]), listed(list("abcdef"), most=2), listed(["a", "b"], last="or")
        ('a', 'a, b and c', 'a, b and 4 more', 'a or b')
    """
    shown = list(words[:most])
    if len(words) > most:
        shown.append(f"{len(words) - most} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {last} {shown[-1]}" if shown else ""


def columns(names: Sequence[str]) -> str:
    """Return the columns that a sentence is about; what it is about where none is known by name.

    Examples:
        >>> columns(["age", "plan"]), columns([])
        ('`age` and `plan`', 'what the model reads')
    """
    return listed([f"`{name}`" for name in names]) or "what the model reads"


def uid(of: str) -> str:
    """Return a run's id as people write it: the beginning and the end of a long one.

    Examples:
        >>> uid("133f52c7-0000-4000-8000-000000000000"), uid("nightly")
        ('133f52c7…0000', 'nightly')
    """
    return f"{of[:8]}…{of[-4:]}" if len(of) > 24 else of


def run(suspect: Suspect, *, timed: bool = True) -> str:
    """Return a run as people call it: its short id, its job and its time.

    Examples:
        >>> from datetime import UTC
        >>> from upriver.ids import AssetId
        >>> from upriver.lineage.ask.records import RunRef
        >>> ref = RunRef(uid="0197b2a0-5a3e-7c11-9a55-3f2c8e1d77aa", job=AssetId("job", "airflow", "etl.activity"))
        >>> run(Suspect(rank=1, run=ref, at=datetime(2026, 10, 24, 3, tzinfo=UTC), because=""))
        'run 0197b2a0…77aa of etl.activity (24 Oct 2026 03:00 UTC)'
    """
    job = f" of {suspect.run.job.name}" if suspect.run.job else ""
    return f"run {uid(suspect.run.uid)}{job} ({moment(suspect.at, timed=timed)})"


def since(onset: Onset | None, *, timed: bool = False) -> str:
    """Return when something began, as the head of a sentence with a space behind it; empty where it is not known.

    Examples:
        >>> from datetime import UTC
        >>> at, later = datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC)
        >>> since(Onset(at=at)), since(Onset(at=at, earliest=at, latest=later)), since(None)
        ('Since 24 Oct 2026 ', 'Since 24 Oct 2026 (26 Oct 2026 at the latest) ', '')
    """
    if onset is None or onset.at is None:
        return ""
    ends = [
        f"{moment(end, timed=timed)} at the {which}"
        for end, which in ((onset.earliest, "earliest"), (onset.latest, "latest"))
        if end is not None and end != onset.at
    ]
    return f"Since {moment(onset.at, timed=timed)} " + (f"({', '.join(ends)}) " if ends else "")


def short(text: str) -> str:
    """Return text in which the names of commits are cut to eight digits.

    Examples:
        >>> short("source 4330a6b8365c132752b3d260381eed19a7f9fc0b → 7ccb6ad7b66796ad93abb783c443446dda899e96")
        'source 4330a6b8 → 7ccb6ad7'
    """
    return _COMMIT.sub(lambda found: found.group()[:8], text)


def sentence(text: str) -> str:
    """Return text that begins large, where it begins with a plain word, and ends with a full stop.

    Examples:
        >>> sentence("the label moved"), sentence("`age` moved."), sentence("")
        ('The label moved.', '`age` moved.', '')
    """
    text = " ".join(text.split())
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")
