"""What was known at a moment: labels that came later were not."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from upriver.diagnose.facts import Chosen, Facts, Quality


def known_then(facts: Facts, at: datetime | None) -> Facts:
    """Return the facts without the labels that cannot have been there at `at`, as long as labels use to take."""
    if at is None or not facts.delay or facts.labelled is None or not facts.starts:
        return facts
    young = np.array([_ripe(facts, n) > at for n in range(facts.windows)])
    if not young.any():
        return facts
    labelled = tuple(
        None if n is None else 0 if is_young else n for n, is_young in zip(facts.labelled, young, strict=True)
    )
    sample = facts.sample
    if sample is not None and sample.label is not None:
        inside = (sample.window >= 0) & (sample.window < facts.windows)
        hidden = inside & young[np.where(inside, sample.window, 0)]
        sample = replace(sample, label=np.where(hidden, np.nan, sample.label))
    quality = tuple(_without(one, young) for one in facts.quality)
    return replace(facts, labelled=labelled, sample=sample, quality=quality)


def _ripe(facts: Facts, window: int) -> datetime:
    length: timedelta = facts.ends[window] - facts.starts[window]
    return facts.ends[window] + length * (facts.delay or 0.0)


def _without(one: Quality, young: Chosen) -> Quality:
    hidden = [np.where(young, np.nan, values) for values in (one.values, one.low, one.high)]
    return replace(one, values=hidden[0], low=hidden[1], high=hidden[2])
