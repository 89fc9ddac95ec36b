"""Which of the metrics of predictions a page shows first, and how good each version was last."""

from collections.abc import Sequence

from upriver.catalog.records import Record
from upriver.monitor.records import Score
from upriver.web.watching import span

FIRST = ("roc_auc_score", "accuracy_score", "root_mean_squared_error", "r2_score", "f1_score")


class Standing(Record):
    """How good the predictions of one version were: the newest window with labels, and the newest estimate."""

    of: str
    measured: Score | None
    estimated: Score | None
    when: str


def ranked(scores: Sequence[Score]) -> list[str]:
    """Return the metrics that there are, those that people ask for first in front."""
    there = list(dict.fromkeys(score.metric for score in scores))
    return [one for one in FIRST if one in there] + [one for one in there if one not in FIRST]


def standings(scores: Sequence[Score], timezone: str) -> tuple[Standing, ...]:
    """Return the newest of one metric for each version, and for all of them together."""
    by_model: dict[str, list[Score]] = {}
    for score in scores:
        if not score.cut.key and score.value is not None:
            by_model.setdefault(score.cut.model, []).append(score)
    return tuple(
        Standing.model_construct(
            of=model or "all predictions",
            measured=next((s for s in reversed(some) if not s.estimated), None),
            estimated=next((s for s in reversed(some) if s.estimated), None),
            when=span(some[-1].window, timezone),
        )
        for model, some in sorted(by_model.items())
    )
