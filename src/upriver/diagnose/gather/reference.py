"""Which windows are known to be healthy.

Those before the first window that an alert is about which lasts at the moment in question, less a margin: what began to
move may have moved a little before anybody could tell.  A person who said that the first windows are normal is believed.
Where no alert lasts, the newest quarter is looked at and the rest is taken as healthy.  What was over long before is left
out: windows are counted from the end of the last episode on, if enough of them remain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from upriver.diagnose.gather.frames import Frame
from upriver.diagnose.gather.watchers import Watching
from upriver.diagnose.records import EXPLAINED
from upriver.monitor.records import Alert

MARGIN = 2
FEW = 8
"""With fewer windows before the first alert, one of them is the margin."""

ENOUGH = 8
"""So many windows must remain for an earlier episode to be left out."""

LONG = 3
"""An episode of fewer windows does no harm among healthy ones."""


@dataclass(frozen=True)
class Healthy:
    """Which windows to look at, and how many of them are healthy.

    Attributes:
        skipped: So many windows are left out, the oldest.
        reference: So many of the others are healthy, the oldest.
        alerts: Those that last at the moment in question, the first to begin in front.
    """

    skipped: int = 0
    reference: int = 0
    alerts: tuple[Alert, ...] = ()


def healthy(frame: Frame, alerts: Iterable[Alert], watching: Watching, *, at: datetime) -> Healthy:
    """Return which windows are healthy, by the alerts of the monitors that look."""
    many = len(frame.stretches)
    about = [one for one in alerts if one.kind in EXPLAINED and one.since is not None and one.since <= at]
    lasting = tuple(sorted((one for one in about if _lasts(one, frame, at)), key=_began))
    first = min((frame.index(_began(one)) for one in lasting), default=None)
    skipped = _skipped(frame, [one for one in about if one not in lasting], first if first is not None else many)
    left = many - skipped
    if first is None:
        return Healthy(skipped, max(0, left - max(LONG, min(ENOUGH, left // 4))), ())
    before = max(0, first - skipped)
    reference = max(0, before - (MARGIN if before >= FEW else 1))
    said = 0 if skipped else min(_said(watching), before)
    return Healthy(skipped, max(reference, said), lasting)


def _began(one: Alert) -> datetime:
    return one.since or one.opened_at


def _lasts(one: Alert, frame: Frame, at: datetime) -> bool:
    """Return whether an alert is open at a moment: it has not ended by then, or its last window is the newest."""
    if one.resolved_at is None:
        return True
    last = frame.index(one.last) if one.last else -1
    return last >= min(frame.index(at), len(frame.stretches) - 1)


def _skipped(frame: Frame, over: Sequence[Alert], first: int) -> int:
    """Return how many windows an earlier episode takes away."""
    after = 0
    for one in over:
        begin, end = frame.index(_began(one)), frame.index(one.last or _began(one)) + 1
        if end - begin >= LONG and first - end >= ENOUGH:
            after = max(after, end)
    return after


def _said(watching: Watching) -> int:
    """Return how many of the first windows people called normal; the fewest where monitors differ."""
    each = [one.monitor.baseline.first for one in watching.every if one.monitor.baseline and one.monitor.baseline.first]
    return min(each, default=0)
