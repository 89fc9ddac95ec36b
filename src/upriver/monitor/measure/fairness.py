"""Are predictions alike for two slices of the rows?  Each measure compares one share of the positive class.

All give the slice's share minus that of the other: 0 is alike, -1 and 1 are as far apart as can be, None is not defined.
"""

from typing import NamedTuple

from upriver.monitor.measure.predicted import Predictions


class _Shares(NamedTuple):
    """Rows of the positive class.

    Attributes:
        hits: Predicted and true.
        said: Predicted, label known.
        true: True, predicted or not.
        judged: Of any class, with prediction and label.
        chosen: Predicted, label known or not.
        rows: Of any class, with a prediction.
    """

    hits: int
    said: int
    true: int
    judged: int
    chosen: int
    rows: int


def against_the_rest(of: Predictions, whole: Predictions, *, positive: str = "1") -> dict[str, float | None]:
    """Return all four measures of a slice against the other rows, by the names of their columns.

    Args:
        of: The slice.
        whole: All rows, those of the slice among them.

    Examples:
        >>> from upriver.monitor.measure.predicted import classified
        >>> against_the_rest(classified(["1"], ["1"]), classified(["1", "0"], ["1", "1"]))["equal_opportunity"]
        1.0
    """
    here, every = _shares(of, positive), _shares(whole, positive)
    return _measures(here, _Shares(*(a - b for a, b in zip(every, here, strict=True))))


def _measures(a: _Shares, b: _Shares) -> dict[str, float | None]:
    return {
        "predictive_parity": _apart(a.hits, a.said, b.hits, b.said),
        "predictive_equality": _apart(a.said - a.hits, a.judged - a.true, b.said - b.hits, b.judged - b.true),
        "equal_opportunity": _apart(a.hits, a.true, b.hits, b.true),
        "statistical_parity": _apart(a.chosen, a.rows, b.chosen, b.rows),
    }


def predictive_parity(of: Predictions, other: Predictions, *, positive: str = "1") -> float | None:
    """Return the difference in precision: of those predicted positive, the share that is.

    Examples:
        >>> from upriver.monitor.measure.predicted import classified
        >>> predictive_parity(classified(["1", "1"], ["1", "0"]), classified(["1"], ["1"]))
        -0.5
    """
    return _measures(_shares(of, positive), _shares(other, positive))["predictive_parity"]


def predictive_equality(of: Predictions, other: Predictions, *, positive: str = "1") -> float | None:
    """Return the difference in false positive rates: of those that are not positive, the share predicted to be.

    Examples:
        >>> from upriver.monitor.measure.predicted import classified
        >>> predictive_equality(classified(["1", "0"], ["0", "0"]), classified(["0"], ["0"]))
        0.5
    """
    return _measures(_shares(of, positive), _shares(other, positive))["predictive_equality"]


def equal_opportunity(of: Predictions, other: Predictions, *, positive: str = "1") -> float | None:
    """Return the difference in recall: of those that are positive, the share predicted to be.

    Source:
        Hardt, Price & Srebro, "Equality of opportunity in supervised learning", NIPS 2016.

    Examples:
        >>> from upriver.monitor.measure.predicted import classified
        >>> equal_opportunity(classified(["1", "0"], ["1", "1"]), classified(["1"], ["1"]))
        -0.5
    """
    return _measures(_shares(of, positive), _shares(other, positive))["equal_opportunity"]


def statistical_parity(of: Predictions, other: Predictions, *, positive: str = "1") -> float | None:
    """Return the difference in the share predicted positive; needs no labels.

    Examples:
        >>> from upriver.monitor.measure.predicted import classified
        >>> statistical_parity(classified(["1", "0"], [None, None]), classified(["1"], [None]))
        -0.5
    """
    return _measures(_shares(of, positive), _shares(other, positive))["statistical_parity"]


def _apart(hits: int, rows: int, other_hits: int, other_rows: int) -> float | None:
    return hits / rows - other_hits / other_rows if rows and other_rows else None


def _shares(of: Predictions, positive: str) -> _Shares:
    if of.matrix is None:
        return _Shares(0, 0, 0, 0, 0, 0)
    counts, judged, rows = of.matrix.counts, of.matrix.judged, int(of.matrix.counts.sum())
    at = of.matrix.place(positive)
    if at is None:
        return _Shares(0, 0, 0, judged, 0, rows)
    said, true = int(counts[at, :-1].sum()), int(counts[:, at].sum())
    return _Shares(int(counts[at, at]), said, true, judged, int(counts[at].sum()), rows)
