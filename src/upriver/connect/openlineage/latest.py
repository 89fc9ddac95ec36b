"""The events themselves, the latest first, as those who send them wrote them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from upriver.connect.openlineage import envelope
from upriver.connect.openlineage.inbox import Inbox
from upriver.errors import Invalid

_STEP = 200
_FARTHEST = 20_000  # events looked at for one answer


def latest(
    inbox: Inbox, *, after: datetime | None = None, before: datetime | None = None, offset: int = 0, limit: int = 100
) -> list[dict[str, Any]]:
    """Return events that happened from `after` until before `before`, the last received first.

    Only the newest that were received are looked at; what is no event is left out.
    """
    found: list[dict[str, Any]] = []
    for event in _backwards(inbox):
        if _is_between(event, after, before):
            found.append(event)
        if len(found) >= offset + limit:
            break
    return found[offset : offset + limit]


def _backwards(inbox: Inbox) -> Iterator[dict[str, Any]]:
    end = inbox.last()
    for start in range(end - _STEP, end - _FARTHEST, -_STEP):
        raws = [raw for raw in inbox.after(max(start, 0), _STEP) if raw.seq <= start + _STEP]
        for raw in reversed(raws):
            try:
                yield envelope.opened(raw.body)
            except Invalid:
                continue
        if start <= 0:
            return


def _is_between(event: dict[str, Any], after: datetime | None, before: datetime | None) -> bool:
    if after is None and before is None:
        return True
    try:
        at = datetime.fromisoformat(str(event.get("eventTime")))
    except ValueError:
        return False
    return (after is None or _zoned(after) <= _zoned(at)) and (before is None or _zoned(at) < _zoned(before))


def _zoned(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
