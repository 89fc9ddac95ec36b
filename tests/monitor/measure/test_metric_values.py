"""Every metric beside SciPy: exactly where summaries are exact, and within the stated error where they are not."""

import numpy as np
import pytest
from scipy import special, stats
from scipy.spatial.distance import jensenshannon

from upriver.monitor.measure.aligned import binned
from upriver.monitor.measure.drift import every
from upriver.monitor.measure.summary import Summary, counted, numbers_of
from upriver.monitor.measure.tails import chi_squared_tail, kolmogorov_tail

EXACT = {"rel": 1e-9, "abs": 1e-12}


def of_numbers(values, centre=0.0, nulls=0):
    return Summary("number", "DOUBLE", len(values) + nulls, nulls, numbers_of(np.asarray(values, dtype=float), centre))


def of_values(counts, nulls=0):
    return Summary("category", "VARCHAR", sum(counts.values()) + nulls, nulls, values=counted(counts.items()))


def compare(name, reference, current):
    return every()[name].compare(reference, current)


@pytest.fixture(params=range(5))
def counted_things(request):
    rng = np.random.default_rng(request.param)
    return rng.poisson(6, 3000).astype(float), rng.poisson(6.4, 2000).astype(float)


@pytest.fixture(params=range(5))
def categories(request):
    """Rows of six values before and now, of a seventh that is new, and of nulls."""
    rng = np.random.default_rng(request.param)
    return rng.integers(1, 500, 6), rng.integers(1, 500, 8)


def table(before, now):
    return np.array([[*before, 0, 0], now]).astype(float)


def summaries(before, now):
    names = "abcdef"
    one = of_values(dict(zip(names, before.tolist(), strict=True)))
    two = of_values(dict(zip([*names, "new"], now[:7].tolist(), strict=True)), nulls=int(now[7]))
    return one, two


def test_ks_of_counted_things_is_exact(counted_things):
    a, b = counted_things
    found = compare("ks", of_numbers(a, 6.0), of_numbers(b, 6.0))
    assert found.value == pytest.approx(stats.ks_2samp(a, b).statistic, **EXACT)
    rows = a.size * b.size / (a.size + b.size)
    assert found.p == pytest.approx(special.kolmogorov(rows**0.5 * found.value), **EXACT)


def test_wasserstein_of_counted_things_is_exact(counted_things):
    a, b = counted_things
    found = compare("wasserstein", of_numbers(a, 6.0), of_numbers(b, 6.0))
    assert found.value == pytest.approx(stats.wasserstein_distance(a, b), **EXACT)


def test_counted_things_around_different_centres_are_compared_exactly(counted_things):
    a, b = counted_things
    found = compare("ks", of_numbers(a, 6.0), of_numbers(b, 2.5))
    assert found.value == pytest.approx(stats.ks_2samp(a, b).statistic, **EXACT)


def test_chi_squared_of_categories_is_exact(categories):
    expected = stats.chi2_contingency(table(*categories), correction=False)
    found = compare("chi_squared", *summaries(*categories))
    assert found.value == pytest.approx(expected.statistic, **EXACT)
    assert found.p == pytest.approx(expected.pvalue, **EXACT)


def test_js_of_categories_is_exact(categories):
    found = compare("js", *summaries(*categories))
    assert found.value == pytest.approx(jensenshannon(*table(*categories), base=2), **EXACT)


def test_tv_and_l_infinity_of_categories_are_exact(categories):
    shares = table(*categories)
    shares /= shares.sum(axis=1, keepdims=True)
    gap = np.abs(shares[1] - shares[0])
    assert compare("tv", *summaries(*categories)).value == pytest.approx(gap.sum() / 2, **EXACT)
    assert compare("l_infinity", *summaries(*categories)).value == pytest.approx(gap.max(), **EXACT)


def test_psi_of_categories_is_the_sum_of_both_relative_entropies(categories):
    rows = table(*categories) + 0.5
    r, c = rows / rows.sum(axis=1, keepdims=True)
    expected = stats.entropy(r, c) + stats.entropy(c, r)
    assert compare("psi", *summaries(*categories)).value == pytest.approx(expected, **EXACT)


@pytest.mark.parametrize("name", ["js", "tv", "l_infinity", "psi", "chi_squared"])
def test_numbers_are_put_in_ten_bins_of_the_reference(name):
    rng = np.random.default_rng(8)
    reference = of_numbers(rng.standard_normal(100_000))
    for shift in (0.0, 0.3):
        current = of_numbers(rng.standard_normal(5_000) + shift)
        before, now = binned(reference, current)
        assert before.size == now.size == 10
        assert before / reference.rows == pytest.approx(np.full(10, 0.1), abs=0.01)
    assert compare(name, reference, current).value > 0


@pytest.mark.parametrize(
    ("draw", "centre"),
    [
        (lambda rng, n: rng.standard_normal(n), 0.1),
        (lambda rng, n: rng.lognormal(0, 1, n), 1.0),
        (lambda rng, n: 2000 + 3 * rng.standard_normal(n), 2000.0),
        (lambda rng, n: rng.exponential(1e-6, n), 7e-7),
    ],
    ids=["normal", "skewed", "years", "tiny"],
)
def test_continuous_numbers_are_within_the_stated_error(draw, centre):
    rng = np.random.default_rng(3)
    a, b = draw(rng, 200_000), draw(rng, 200_000)
    b = b + 0.15 * a.std()
    one, two = of_numbers(a, centre), of_numbers(b, centre)
    off = compare("ks", one, two).value - stats.ks_2samp(a, b).statistic
    assert -1e-3 < off < 1e-12
    far = stats.wasserstein_distance(a, b)
    assert compare("wasserstein", one, two).value == pytest.approx(far, abs=2e-4 * a.std())


def test_nulls_are_as_much_of_the_distance_as_they_are_of_the_rows():
    before, now = of_numbers(np.arange(100.0), 50.0), of_numbers(np.arange(100.0), 50.0, nulls=150)
    for name in ("ks", "tv", "l_infinity"):
        assert compare(name, before, now).value == pytest.approx(0.6)


def test_a_row_that_lost_its_value_is_moved_by_half_the_middle_of_the_reference():
    values = np.arange(1, 1001.0)
    before, now = of_numbers(values, 500.0), of_numbers(values, 500.0, nulls=1000)
    assert compare("wasserstein", before, now).value == pytest.approx(0.5 * 1000 / 3, rel=0.01)


def test_one_wild_value_hides_nothing():
    rng = np.random.default_rng(5)
    a, b = rng.standard_normal(10_000), rng.standard_normal(10_000) + 0.5
    tame = compare("ks", of_numbers(a), of_numbers(b)).value
    wild = compare("ks", of_numbers([*a, 1e12]), of_numbers(b)).value
    assert wild == pytest.approx(tame, abs=1e-3)


def test_values_beyond_the_listed_ones_are_not_new_where_the_reference_had_such():
    counts = {f"v{n}": 2 for n in range(1500)}
    before, now = of_values(counts), of_values(counts)
    assert before.values.others == 1000
    assert compare("tv", before, now).value == 0


@pytest.mark.parametrize("freedom", [1, 2, 3, 9, 40, 300, 1001])
def test_the_tail_of_chi_squared_is_that_of_scipy(freedom):
    for value in (0.0, 1e-6, 0.1, 1.0, 5.0, freedom * 0.7, freedom, freedom * 1.2, freedom + 40, 3000.0):
        assert chi_squared_tail(value, freedom) == pytest.approx(stats.chi2.sf(value, freedom), rel=1e-9, abs=1e-12)


def test_the_tail_of_kolmogorov_is_that_of_scipy():
    for value in np.linspace(0, 12, 400):
        assert kolmogorov_tail(value) == pytest.approx(special.kolmogorov(value), rel=1e-9, abs=1e-12)
