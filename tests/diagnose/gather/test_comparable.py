"""Training data is brought to the form that windows have, and stays what it was."""

import numpy as np
import pytest

from upriver.diagnose.gather import comparable
from upriver.monitor.measure.aligned import means
from upriver.monitor.measure.summary import Summary, counted, numbers_of


def numbers(values, centre):
    """Return a column of numbers."""
    values = np.asarray(values, dtype=np.float64)
    return Summary("number", "double", values.size, 0, numbers_of(values, centre))


def category(values):
    """Return a column of values."""
    return Summary(
        "category", "string", len(values), 0, None, counted((v, values.count(v)) for v in sorted(set(values)))
    )


def test_whole_numbers_around_another_centre_stay_whole_numbers():
    rng = np.random.default_rng(1)
    then, now = rng.poisson(4, 5000), rng.poisson(4, 5000)
    found = comparable.training(numbers(then, 3.7), [numbers(now, 4.2)])
    assert found.numbers.centre == 4.2
    assert means(found.numbers) == pytest.approx(np.unique(then))
    assert found.numbers.count == 5000


def test_numbers_that_were_counted_one_by_one_become_numbers():
    found = comparable.training(category(["1", "2", "2.5"]), [numbers([1, 2, 9], 2.0)])
    assert (found.kind, found.numbers.centre, found.numbers.least, found.numbers.most) == ("number", 2.0, 1.0, 2.5)
    assert means(found.numbers).tolist() == [1.0, 2.0, 2.5]


def test_numbers_become_values_where_windows_count_values():
    found = comparable.training(numbers([0, 1, 1], 0.0), [category(["0", "1"])])
    assert (found.kind, found.values.values, found.values.counts.tolist()) == ("category", ("1", "0"), [2, 1])


def test_what_cannot_be_made_comparable_stays_as_it_is():
    words = category(["many", "few"])
    assert comparable.training(words, [numbers([1, 2], 1.0)]) is words
    assert comparable.training(words, [None]) is words
    assert comparable.training(None, [words]) is None
