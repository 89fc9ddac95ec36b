"""What the runs of MLflow logged beside the windows: the metrics of every run in the experiment that made a version."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from upriver.catalog import read
from upriver.catalog.records import Asset
from upriver.diagnose.facts import Logged
from upriver.diagnose.gather.frames import Frame

MOST = 1_000
"""So many runs are looked at, the newest."""


def logged(tx: Connection, maker: Asset | None, frame: Frame, at: datetime | None = None) -> tuple[Logged, ...]:
    """Return what runs logged that began in a window, oldest first; none where nobody knows which run made the version."""
    if maker is None or maker.parent is None or not frame.starts:
        return ()
    until = min(frame.ends[-1], at) if at else frame.ends[-1]
    first, last = (int(one.timestamp() * 1000) for one in (frame.starts[0], until))
    found = read.born_between(tx, maker.parent, "run", first, last, names=["metrics"], most=MOST)
    each = [(one, numbers(one.get("metrics", {}))) for one in found]
    return tuple(
        Logged(one.title, window, metrics)
        for one, metrics in each
        if metrics and one.born is not None and (window := _window(frame, one.born)) is not None
    )


def _window(frame: Frame, born: datetime) -> int | None:
    pairs = zip(frame.starts, frame.ends, strict=True)
    return next((n for n, (start, end) in enumerate(pairs) if start <= born < end), None)


def numbers(said: Any) -> dict[str, float]:
    """Return the last value of each metric that is a finite number.

    Examples:
        >>> numbers({"auc": [0.9, 3], "f1": None, "loss": float("nan")})
        {'auc': 0.9}
    """
    found = {}
    for name, value in (said if isinstance(said, Mapping) else {}).items():
        last = value[0] if isinstance(value, list | tuple) and value else value
        if isinstance(last, int | float) and not isinstance(last, bool) and math.isfinite(last):
            found[str(name)] = float(last)
    return found
