"""Has the model become worse?  Scores of a window against those of a reference, with the uncertainty of both."""

import math
from collections.abc import Sequence

from upriver.monitor.records import Judgement, Score

BETTER_HIGH = ("roc_auc_score", "accuracy_score", "f1_score.weighted", "r2_score")
BETTER_LOW = ("log_loss", "root_mean_squared_error", "mean_average_error")
WATCHED = (*BETTER_HIGH, *BETTER_LOW)
LEAST_ROWS = 30
SURE = 3.5
"""So many standard errors apart: by chance in one of 2,000 windows, however many there are to look at."""


def judge(reference: Sequence[Score], current: Sequence[Score], *, effect: float = 0.02) -> tuple[Judgement, ...]:
    """Return what became of each score that a model is watched by.

    A score has moved when it is worse than the reference by more than `SURE` standard errors of the difference and by
    more than `effect`, relative to the reference where that is an error.  Scores that were estimated are compared with
    what was estimated of the reference.

    Examples:
        >>> from upriver.monitor.records import Window
        >>> before = Score(window=Window(), metric="roc_auc_score", value=0.84, low=0.82, high=0.86, rows=1000)
        >>> now = Score(window=Window(), metric="roc_auc_score", value=0.71, low=0.67, high=0.75, rows=500)
        >>> judge([before], [now])[0].because
        'roc_auc_score is 0.71 (0.67 to 0.75, 500 rows) instead of 0.84.'
    """
    known = {(score.metric, score.estimated): score for score in reference}
    found = []
    for score in current:
        before = known.get((score.metric, score.estimated))
        if score.metric in WATCHED and before is not None:
            found.append(_judged(before, score, effect))
    return tuple(found)


def _judged(before: Score, now: Score, effect: float) -> Judgement:
    subject = f":{'estimated_' if now.estimated else ''}{now.metric}"
    common = {"window": now.window, "cut": now.cut, "column": subject, "against": "baseline", "metric": now.metric}
    errors = _error(before), _error(now)
    if now.value is None or before.value is None or None in errors or now.rows < LEAST_ROWS:
        because = now.because or f"{now.metric} cannot be compared: {now.rows} rows with a label in this window."
        return Judgement(**common, value=now.value, state="unknown", because=because)
    spread = math.hypot(*(error for error in errors if error is not None))
    floor = effect if now.metric in BETTER_HIGH else effect * abs(before.value)
    way = -1 if now.metric in BETTER_HIGH else 1
    limit = before.value + way * max(SURE * spread, floor)
    worse = way * (now.value - limit) > 0
    said = f"{now.metric} {'is estimated at' if now.estimated else 'is'} {now.value:.3g}"
    between = f" ({now.low:.3g} to {now.high:.3g}, {now.rows:,} rows)"
    z = way * (now.value - before.value) / spread if spread else math.inf
    return Judgement(
        **common,
        value=now.value,
        limit=limit,
        p=0.5 * math.erfc(z / math.sqrt(2)),
        state="moved" if worse else "steady",
        because=f"{said}{between} instead of {before.value:.3g}.",
    )


def _error(score: Score) -> float | None:
    """Return the standard error that a 95 % confidence interval stands for."""
    return None if score.low is None or score.high is None else (score.high - score.low) / 2 / 1.96
