"""What was looked for and not found, and why nothing can be said where that is so."""

from collections.abc import Iterator, Sequence

import numpy as np

from upriver.diagnose.facts import Facts
from upriver.diagnose.measure.learned import available
from upriver.diagnose.records import Unknown

_LEAST_WINDOWS = 2


def hopeless(facts: Facts) -> Unknown | None:
    """Return why nothing can be said at all; None where something can."""
    if not facts.columns and not facts.quality:
        return Unknown(
            what="windows",
            because=f"No monitor watches what {facts.title} is given or says.",
            hint="Watch its inputs or its predictions, and ask again",
        )
    measured = max((sum(one is not None for one in column.windows) for column in facts.columns), default=0)
    told = any(column.training is not None for column in facts.columns)
    if facts.windows < _LEAST_WINDOWS and not told:
        return Unknown(
            what="windows",
            because=f"There is {'one window' if facts.windows == 1 else 'no window'} and nothing to compare it with.",
            hint="Wait for another window, or name what the model was trained on as its baseline",
        )
    if not facts.by_windows and not told:
        return Unknown(
            what="reference",
            because=f"Nothing says what is normal: {facts.reference} healthy windows, and no profile of the training data.",
            hint="Log the training data with the model, or name a baseline",
        )
    if facts.columns and not measured:
        return Unknown(what="windows", because="No window has any rows.", hint="Refresh the monitor")
    return None


def lacking(facts: Facts) -> tuple[Unknown, ...]:
    """Return what would have helped and was not there."""
    told = [one.what for one in facts.unknown]
    return (*facts.unknown, *(one for one in _lacking(facts) if not any(one.what in each for each in told)))


def _lacking(facts: Facts) -> Iterator[Unknown]:
    yield from _rows(facts)
    if not available():
        because = "scikit-learn is not installed, so that nothing was learned from rows."
        yield Unknown(what="scikit-learn", because=because, hint="Install upriver[explain]")
    if not facts.lineage or not facts.runs:
        because = "Nothing is known of the pipelines that feed the model."
        yield Unknown(what="lineage", because=because, hint="Send OpenLineage events from them")
    if not facts.compared:
        because = "There are no offline values to compare what was served with."
        yield Unknown(what="offline", because=because, hint="Name an offline table in the monitor")
    if not any(column.training is not None for column in facts.columns):
        because = "How the training data was distributed is not known."
        yield Unknown(what="training", because=because, hint="Log it with the model")
    if empty := [one.name for one in facts.columns if _empty(one.windows)]:
        because = f"All values of {', '.join(empty[:3])} are missing in every window."
        yield Unknown(what="empty", because=because, hint="Check whether the column is still filled")


def _rows(facts: Facts) -> Iterator[Unknown]:
    if facts.sample is None:
        because = "No rows could be looked at, so that dependence between columns was not."
        yield Unknown(what="rows", because=because, hint="Let the diagnosis read some")
    elif facts.sample.label is None or not np.isfinite(facts.sample.label).any():
        because = "No labels are known, so that whether the label still follows from the inputs is unknown."
        yield Unknown(what="labels", because=because, hint="Watch labels")


def _empty(windows: Sequence[object]) -> bool:
    known = [one for one in windows if one is not None]
    return bool(known) and all(getattr(one, "rows", 0) == getattr(one, "nulls", -1) for one in known)
