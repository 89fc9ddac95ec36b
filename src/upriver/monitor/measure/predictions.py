"""How good predictions were: every score out of sums alone, with its 95 % interval.

A score that cannot be told is a score too: None, with the reason.
"""

import math
from collections.abc import Iterator

from upriver.monitor.measure import confusion
from upriver.monitor.measure.calibration import MISSING, NEGATIVE, POSITIVE, calibration_error, reliability, separation
from upriver.monitor.measure.confusion import Quality
from upriver.monitor.measure.interval import Interval, Z, around, of_mean, of_share
from upriver.monitor.measure.predicted import (
    Chances,
    Errors,
    Matrix,
    Predictions,
    classified,
    crossed,
    merged,
    regressed,
)
from upriver.monitor.records import Cut, Inference, Score, Window

__all__ = [
    "Chances", "Errors", "Matrix", "Predictions", "classified", "confusion_matrix", "crossed", "merged", "regressed", "scores",
]  # fmt: skip

Found = tuple[Quality, int, str]
"""A score, the rows it rests on, and why it is as it is."""

_NO_LABEL = "No label is known yet."


def scores(of: Predictions, *, inference: Inference, window: Window, cut: Cut) -> tuple[Score, ...]:
    """Return how good the predictions were, each score with its 95 % confidence interval where one is defined.

    Of classes: `accuracy_score`, `precision`, `recall` and `f1_score` (each `.macro`, `.weighted`, `.one_vs_all.CLASS`),
    `positive_rate` (of predictions), `positive_label_rate`, and with a probability `roc_auc_score`, `log_loss`, `brier_score`
    and `expected_calibration_error`.  Of numbers: `mean_squared_error`, `root_mean_squared_error`, `mean_average_error`,
    `mean_absolute_percentage_error`, `r2_score`.  Of both `label_rate`.

    Intervals are Wilson's of shares, DeLong's of the ROC curve (widened by what the bins leave open), and normal ones by the
    delta method else; that of `r2_score` takes the labels to be normally distributed.

    Examples:
        >>> asked = Inference(problem="classification", prediction="said", label="true")
        >>> found = scores(classified(["1", "0"], ["1", "1"]), inference=asked, window=Window(), cut=Cut())
        >>> {s.metric: s.value for s in found}["accuracy_score"]
        0.5
    """
    return tuple(
        Score(
            window=window, cut=cut, metric=found.metric, value=found.value, rows=rows, because=because,
            low=found.interval[0] if found.interval and found.value is not None else None,
            high=found.interval[1] if found.interval and found.value is not None else None,
        )
        for found, rows, because in _scored(of, inference)
    )  # fmt: skip


def confusion_matrix(of: Predictions) -> list[dict[str, str | int]]:
    """Return how often each prediction and label occur together, as Databricks writes it; "…" stands for other classes.

    Examples:
        >>> confusion_matrix(classified(["a", "b"], ["a", "a"]))
        [{'prediction': 'a', 'label': 'a', 'count': 1}, {'prediction': 'b', 'label': 'a', 'count': 1}]
    """
    if of.matrix is None:
        return []
    names = (*of.matrix.classes, "…")
    cells = of.matrix.counts[:, :-1].tolist()
    return [
        {"prediction": names[i], "label": names[j], "count": count}
        for i, row in enumerate(cells)
        for j, count in enumerate(row)
        if count
    ]


def _scored(of: Predictions, inference: Inference) -> Iterator[Found]:
    if of.rows == 0:
        yield Quality("label_rate", None), 0, "There is no row."
        return
    if inference.label:
        yield _share("label_rate", of.labelled, of.rows), of.rows, ""
    if of.errors is not None:
        yield from _of_errors(of, of.errors)
    if of.matrix is not None:
        yield from _of_matrix(of, of.matrix, inference)
    if of.chances is not None:
        yield from _of_chances(of.chances)


def _share(metric: str, hits: int, rows: int) -> Quality:
    return Quality(metric, hits / rows if rows else None, of_share(hits, rows))


def _of_matrix(of: Predictions, matrix: Matrix, inference: Inference) -> Iterator[Found]:
    said = of.rows - of.nulls
    note = f"{of.nulls:,} of {of.rows:,} rows have no prediction and are left out." if of.nulls else ""
    place = matrix.place(inference.positive)
    if place is not None:
        yield _share("positive_rate", int(matrix.counts[place].sum()), said), said, note
        labelled = int(matrix.counts[:, :-1].sum())
        yield _share("positive_label_rate", int(matrix.counts[:, place].sum()), labelled), labelled, note
    rows = matrix.judged
    if not rows:
        for metric in ("accuracy_score", "precision.macro", "recall.macro", "f1_score.macro"):
            yield Quality(metric, None), 0, _unjudged(of)
        return
    yield _share("accuracy_score", matrix.agreed, rows), rows, note
    judged = matrix.counts[:, :-1].astype(float)
    if judged[-1].sum() or judged[:, -1].sum():
        k = len(matrix.classes)
        note = f"{note} Only the {k} most frequent classes have scores of their own.".strip()
    else:
        judged = judged[:-1, :-1]
    live = [i for i, _ in enumerate(matrix.classes) if judged[i].sum() or judged[:, i].sum()]
    order = [*live, *range(len(matrix.classes), judged.shape[0])]
    for found in confusion.qualities(judged[order][:, order], [matrix.classes[i] for i in live]):
        yield found, rows, note


def _unjudged(of: Predictions) -> str:
    return _NO_LABEL if not of.labelled else "No row has both a prediction and a label."


def _of_chances(chances: Chances) -> Iterator[Found]:
    byside = chances.counts.sum(axis=1)
    rows = int(byside[:, :MISSING].sum())
    left = chances.nulls + chances.outside
    note = ""
    if left:
        note = f"{chances.nulls:,} rows have no probability, {chances.outside:,} one outside 0 to 1; they are left out."
    if not rows:
        for metric in ("roc_auc_score", "log_loss", "brier_score", "expected_calibration_error"):
            yield Quality(metric, None), 0, note or _NO_LABEL
        return
    apart = separation(byside[:, POSITIVE].astype(float), byside[:, NEGATIVE].astype(float))
    if apart is None:
        yield Quality("roc_auc_score", None), rows, "All labels are of one class."
    else:
        exact = f"Out of bins: right within ±{apart.slack:.2g}."
        yield Quality("roc_auc_score", apart.value, apart.interval), rows, f"{exact} {note}".strip()
    yield Quality("log_loss", chances.loss / rows, _above(of_mean(chances.loss, chances.losses, rows))), rows, note
    yield Quality("brier_score", chances.brier / rows, _above(of_mean(chances.brier, chances.briers, rows))), rows, note
    wrong = calibration_error(reliability(chances.counts, chances.sums))
    yield Quality("expected_calibration_error", wrong), rows, f"Over ten stretches of equal width. {note}".strip()


def _above(interval: Interval | None) -> Interval | None:
    return None if interval is None else (max(interval[0], 0.0), interval[1])


def _of_errors(of: Predictions, errors: Errors) -> Iterator[Found]:
    rows = errors.rows
    note = f"{of.nulls:,} of {of.rows:,} rows have no prediction and are left out." if of.nulls else ""
    if errors.outside:
        note = f"{note} {errors.outside:,} rows hold NaN or an infinite number and are left out.".strip()
    if not rows:
        why = note if errors.outside else _unjudged(of)
        for metric in ("mean_squared_error", "root_mean_squared_error", "mean_average_error", "r2_score"):
            yield Quality(metric, None), 0, why
        return
    mean = errors.squares / rows
    squared = of_mean(errors.squares, errors.fourths, rows)
    yield Quality("mean_squared_error", mean, _above(squared)), rows, note
    yield Quality("root_mean_squared_error", math.sqrt(mean), _rooted(mean, squared)), rows, note
    yield (
        Quality("mean_average_error", errors.sizes / rows, _above(of_mean(errors.sizes, errors.squares, rows))),
        rows,
        note,
    )
    yield _relative(errors, note)
    yield _explained(errors, mean, squared, note)


def _rooted(mean: float, squared: Interval | None) -> Interval | None:
    """Return the interval of a root by the delta method: its standard error is that of the square over twice the root."""
    if squared is None:
        return None
    root = math.sqrt(mean)
    half = (squared[1] - mean) / (2 * root) if root else 0.0
    return max(root - half, 0.0), root + half


def _relative(errors: Errors, note: str) -> Found:
    if not errors.whole:
        return Quality("mean_absolute_percentage_error", None), 0, "Every label is 0."
    zeros = errors.rows - errors.whole
    because = f"{zeros:,} rows whose label is 0 are left out. {note}".strip() if zeros else note
    interval = _above(of_mean(errors.parts, errors.parts_squares, errors.whole))
    return Quality("mean_absolute_percentage_error", errors.parts / errors.whole, interval), errors.whole, because


def _explained(errors: Errors, mean: float, squared: Interval | None, note: str) -> Found:
    spread = errors.spread / errors.rows
    if spread <= 0:
        return Quality("r2_score", None), errors.rows, "All labels are equal."
    left = mean / spread
    interval = None
    if squared is not None and mean > 0:
        relative = (squared[1] - mean) / Z / mean
        interval = around(1 - left, left * math.sqrt(relative**2 + 2 / errors.rows), most=1.0)
    return Quality("r2_score", 1 - left, interval), errors.rows, note
