import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upriver.monitor.measure.judge import Calibration, calibrate, judge
from upriver.monitor.measure.summary import Moments, Summary, counted, merged, numbers_of
from upriver.monitor.records import Cut, Limits, Window

DAY = Window(start=datetime(2026, 3, 24, tzinfo=UTC), end=datetime(2026, 3, 25, tzinfo=UTC), granularity="1 day")


def numbers(values, nulls=0, kind="number", type_="DOUBLE"):
    return Summary(kind, type_, len(values) + nulls, nulls, numbers_of(np.asarray(values, dtype=float), 0.0))


def drawn(seed, rows=2000, *, mean=0.0, sd=1.0, nulls=0):
    return numbers(np.random.default_rng(seed).normal(mean, sd, rows - nulls), nulls)


def category(counts, nulls=0):
    return Summary("category", "VARCHAR", sum(counts.values()) + nulls, nulls, values=counted(counts.items()))


def judged(reference, current, *, calibration=None, limits=None, **more):
    found = judge(
        reference,
        current,
        calibration=calibration or Calibration(),
        limits=limits or Limits(),
        window=DAY,
        cut=Cut(),
        against="baseline",
        **more,
    )
    return {judgement.column: judgement for judgement in found}


def days(count, draw, *, restless=0.0, rows=2000):
    shifts = restless * np.random.default_rng(99).standard_normal(count)
    return [{"age": draw(seed, rows, mean=shift)} for seed, shift in enumerate(shifts)]


def baseline(windows):
    return {name: merged([w[name] for w in windows]) for name in windows[0]}


# What needs no statistics


def test_a_column_that_is_gone_moved():
    found = judged({"age": drawn(1), "plan": drawn(2)}, {"plan": drawn(3)})["age"]
    assert (found.state, found.metric, found.because) == (
        "moved",
        "presence",
        "age is gone: the window has no such column.",
    )


def test_a_column_that_is_new_is_unknown():
    assert judged({"age": drawn(1)}, {"age": drawn(2), "plan": drawn(3)})["plan"].state == "unknown"


def test_a_column_that_changed_its_type_moved():
    found = judged({"age": drawn(1)}, {"age": category({"12": 30, "40": 70})})["age"]
    assert found.state == "moved"
    assert found.because == "age changed: it was a number (DOUBLE) and is a category (VARCHAR)."


def test_a_column_that_became_all_null_moved():
    found = judged({"age": drawn(1)}, {"age": numbers([], nulls=500)})["age"]
    assert found.state == "moved"
    assert "age: 100 % without a value instead of 0 %;" in found.because


def test_a_column_that_became_all_null_and_lost_its_type_moved():
    found = judged({"age": drawn(1)}, {"age": Summary("other", "NULL", 500, 500)})["age"]
    assert (found.state, found.because) == ("moved", "age changed: all 500 rows have lost their values.")


def test_a_window_without_rows_is_unknown_and_its_volume_moved():
    found = judged({"age": drawn(1)}, {"age": numbers([])})
    assert found["age"].state == "unknown"
    assert (found[":table"].state, found[":table"].because) == ("moved", "The window has no rows.")


def test_a_window_of_which_nothing_was_measured_is_unknown():
    assert {each.state for each in judged({"age": drawn(1)}, {}).values()} == {"unknown"}


def test_a_reference_without_rows_makes_everything_unknown():
    found = judged({"age": numbers([])}, {"age": drawn(1)})["age"]
    assert (found.state, found.because) == ("unknown", "age cannot be judged: the reference has no rows.")


def test_too_few_rows_are_unknown_rather_than_steady():
    found = judged({"age": drawn(1)}, {"age": drawn(2, rows=4)})["age"]
    assert (found.state, found.because) == (
        "unknown",
        "age cannot be judged: for 4 rows only a difference beyond 0.915 would count.",
    )


# What needs them


def test_a_shift_of_a_fifth_of_a_standard_deviation_is_found_and_said():
    found = judged({"age": drawn(1, 50_000, mean=40, sd=10)}, {"age": drawn(2, 10_000, mean=42, sd=10)})["age"]
    assert found.state == "moved"
    assert found.because.startswith("age: mean 42.1 instead of 39.9; KS distance 0.0")
    assert found.because.endswith(" for 10,000 rows.")
    assert found.value > found.limit
    assert found.p < 1e-9


def test_another_draw_of_the_same_is_steady():
    found = judged({"age": drawn(1, 50_000)}, {"age": drawn(2, 10_000)})["age"]
    assert found.state == "steady"
    assert found.value < found.limit


def test_values_that_turn_into_nulls_are_found():
    found = judged({"age": drawn(1, 50_000)}, {"age": drawn(2, 10_000, nulls=6_000)})["age"]
    assert found.state == "moved"
    assert "age: 60 % without a value instead of 0 %;" in found.because


def test_few_nulls_where_there_were_none_are_found_before_the_whole_moves():
    found = judged({"age": drawn(1, 50_000)}, {"age": drawn(2, 2_000, nulls=60)})["age"]
    assert (found.state, found.metric) == ("moved", "nulls")
    assert found.because.startswith("age: 3 % without a value instead of 0 %; ")


def test_a_category_that_grew_is_named():
    before, now = category({"gold": 3000, "free": 7000}), category({"gold": 820, "free": 1180})
    found = judged({"plan": before}, {"plan": now})["plan"]
    assert (found.state, found.metric) == ("moved", "tv")
    assert found.because.startswith("plan: 'free' in 59 % of rows instead of 70 %; TV distance 0.11, limit 0.0")


def test_values_never_seen_before_are_named():
    before, now = category({"a": 5000, "b": 5000}), category({"a": 900, "b": 900, "A": 200})
    found = judged({"plan": before}, {"plan": now})["plan"]
    assert found.because.startswith("plan: a value that was not listed before in 10 % of rows instead of 0 %;")


def test_of_moments_in_time_only_nulls_count():
    before, now = (numbers(np.arange(1000.0) + start, kind="time", type_="TIMESTAMP") for start in (0, 1e6))
    assert judged({"at": before}, {"at": now})["at"].state == "steady"
    gone = numbers(np.arange(500.0), nulls=500, kind="time", type_="TIMESTAMP")
    assert judged({"at": before}, {"at": gone})["at"].state == "moved"


def test_texts_are_judged_by_their_lengths():
    before, now = (numbers(np.full(1000, n), kind="text", type_="VARCHAR") for n in (36, 32))
    found = judged({"id": before}, {"id": now})["id"]
    assert (found.state, found.because[:37]) == ("moved", "id: mean length 32 instead of 36; KS ")


def test_with_five_million_rows_only_what_matters_counts():
    rng = np.random.default_rng(5)
    before, now = numbers(rng.standard_normal(1_000_000)), numbers(rng.standard_normal(1_000_000) + 0.02)
    many = [Summary("number", "DOUBLE", 5 * s.rows, 0, merged([s] * 5).numbers) for s in (before, now)]
    found = judged({"age": many[0]}, {"age": many[1]})["age"]
    assert found.p < 1e-20
    assert (found.state, found.limit) == ("steady", Limits().effect)
    assert judged({"age": many[0]}, {"age": many[1]}, limits=Limits(effect=0.005))["age"].state == "moved"


def test_the_more_columns_are_looked_at_the_wider_the_limit():
    one = judged({"c0": drawn(0)}, {"c0": drawn(1000)})["c0"].limit
    many = judged({f"c{n}": drawn(n) for n in range(50)}, {f"c{n}": drawn(1000 + n) for n in range(50)})["c0"].limit
    assert many > one


@pytest.mark.parametrize("rows", [100, 1000, 10_000])
def test_the_more_rows_the_narrower_the_limit(rows):
    narrow, wide = (judged({"a": drawn(0, 30_000)}, {"a": drawn(1, n)})["a"].limit for n in (rows, rows // 2))
    assert narrow < wide


def test_a_judgement_is_the_same_each_time():
    windows = days(6, drawn)
    again = [
        judged(baseline(windows), {"age": drawn(77)}, calibration=calibrate(baseline(windows), windows)) for _ in "ab"
    ]
    assert again[0] == again[1]


@given(shift=st.floats(0, 2), rows=st.integers(30, 3000), nulls=st.integers(0, 29))
@settings(max_examples=40, deadline=None)
def test_whatever_moved_has_reached_its_limit(shift, rows, nulls):
    found = judged({"a": drawn(0), "b": drawn(1)}, {"a": drawn(2, rows, mean=shift, nulls=nulls), "b": drawn(3, rows)})
    for each in found.values():
        if each.limit is not None and each.value is not None:
            assert (each.state == "moved") == (each.value >= each.limit)


# Fixed limits


def test_a_fixed_limit_replaces_all_that():
    before, now = {"age": drawn(1), "plan": drawn(2)}, {"age": drawn(3, mean=0.5), "plan": drawn(4, mean=0.5)}
    found = judged(before, now, limits=Limits(metrics={"psi": 5.0, "plan.psi": 0.1}))
    assert (found["age"].state, found["age"].metric, found["age"].limit) == ("steady", "psi", 5.0)
    assert (found["plan"].state, found["plan"].limit) == ("moved", 0.1)


def test_of_several_fixed_limits_the_one_that_is_passed_most_is_told():
    found = judged({"a": drawn(1)}, {"a": drawn(2, mean=1)}, limits=Limits(metrics={"psi": 10.0, "ks": 0.1}))["a"]
    assert (found.state, found.metric) == ("moved", "ks")


def test_a_fixed_limit_of_a_metric_that_a_column_lacks_leaves_it_to_chance():
    before, now = category({"a": 500, "b": 500}), category({"a": 500, "b": 500})
    assert judged({"plan": before}, {"plan": now}, limits=Limits(metrics={"ks": 0.1}))["plan"].metric == "tv"


# What healthy looks like


def test_a_calibration_can_be_kept_as_text():
    windows = days(6, drawn, restless=0.2)
    made = calibrate(baseline(windows), windows)
    assert Calibration.model_validate(json.loads(made.model_dump_json())) == made


def test_restless_days_raise_no_alarm_once_they_are_known():
    windows = days(30, drawn, restless=0.15)
    known, reference = calibrate(baseline(windows[:15]), windows[:15]), baseline(windows[:15])
    alone = [judged(reference, w)["age"].state for w in windows[15:]]
    aware = [judged(reference, w, calibration=known)["age"].state for w in windows[15:]]
    assert "moved" in alone
    assert set(aware) == {"steady"}


def test_days_that_differ_by_chance_alone_have_hardly_any_spread():
    windows = days(20, drawn)
    spread = calibrate(baseline(windows), windows).spreads["age"]["ks"].sd
    assert spread < 0.01


def test_restless_days_have_about_the_spread_that_they_have():
    windows = days(200, drawn, restless=0.2)
    spread = calibrate(baseline(windows), windows).spreads["age"]["ks"].sd
    assert spread == pytest.approx(0.4 * 0.2, rel=0.2)


def test_one_ill_window_in_the_reference_does_not_make_everything_healthy():
    windows = days(20, drawn)
    ill = [*windows[:-1], {"age": drawn(5, mean=3)}]
    spreads = [calibrate(baseline(each), each).spreads["age"]["ks"].sd for each in (windows, ill)]
    assert spreads[1] < spreads[0] + 0.05


def test_the_fewer_windows_are_known_the_wider_the_limit():
    windows = days(40, drawn, restless=0.2)
    limits = []
    for count in (5, 40):
        known = calibrate(baseline(windows), windows[:count])
        same = known.model_copy(
            update={"spreads": {"age": {"ks": known.spreads["age"]["ks"].model_copy(update={"sd": 0.1})}}}
        )
        limits.append(judged(baseline(windows), {"age": drawn(7)}, calibration=same)["age"].limit)
    assert limits[0] > limits[1]


def test_a_window_before_is_less_sure_than_a_whole_baseline():
    windows = days(20, drawn, restless=0.2)
    known = calibrate(baseline(windows), windows)
    limits = [judged(of, windows[3], calibration=known)["age"].limit for of in (baseline(windows), windows[2])]
    assert limits[1] > limits[0]


# The number of rows


def test_the_number_of_rows_is_judged_by_the_windows_before():
    windows = [{"age": drawn(n, rows=1000 + 50 * (n % 3))} for n in range(20)]
    known, reference = calibrate(baseline(windows), windows), baseline(windows)
    assert judged(reference, {"age": drawn(50, rows=1100)}, calibration=known)[":table"].state == "steady"
    found = judged(reference, {"age": drawn(51, rows=400)}, calibration=known)[":table"]
    assert (found.state, found.metric) == ("moved", "rows")
    assert found.because.startswith("400 rows instead of about 1,050; from ")
    assert judged(reference, {"age": drawn(52, rows=4000)}, calibration=known)[":table"].state == "moved"
    assert judged(reference, {"age": numbers([])}, calibration=known)[":table"].state == "moved"


def test_the_number_of_rows_is_unknown_without_windows_to_know_it_from():
    assert judged({"age": drawn(1)}, {"age": drawn(2)})[":table"].state == "unknown"


# Dependence


def dependent(seed, rows=2000, *, broken=False, flat=False):
    rng = np.random.default_rng(seed)
    a, b = np.tanh(rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], rows)).T
    b = np.zeros(rows) if flat else rng.permutation(b) if broken else b
    return {("age", "plan"): Moments(rows, a.sum(), b.sum(), (a * a).sum(), (b * b).sum(), (a * b).sum())}


def paired(now):
    found = judged({"age": drawn(1)}, {"age": drawn(2)}, reference_pairs=dependent(1, 20_000), pairs=now)
    return found["age, plan"]


def test_a_column_whose_values_went_to_other_rows_is_found_though_it_looks_as_ever():
    found = paired(dependent(2, broken=True))
    assert (found.state, found.metric) == ("moved", "correlation")
    assert found.because.startswith("age, plan: correlation ")
    assert found.value == pytest.approx(0.48, abs=0.06)


def test_columns_that_go_together_as_before_are_steady():
    assert paired(dependent(3)).state == "steady"


def test_a_column_that_never_varies_has_no_dependence_to_judge():
    assert paired(dependent(4, flat=True)).state == "unknown"


def test_a_fixed_limit_of_a_correlation_replaces_chance():
    more = {"reference_pairs": dependent(1), "pairs": dependent(2, broken=True)}
    found = judged({}, {"age": drawn(1)}, limits=Limits(metrics={"correlation": 0.9}), **more)["age, plan"]
    assert (found.state, found.limit) == ("steady", 0.9)


# Whatever it is given


finite = st.floats(-1e12, 1e12, allow_subnormal=False)
wild = st.lists(finite | st.sampled_from([np.nan, np.inf, -np.inf, 0.0]), max_size=30)
nulls_ = st.integers(0, 20)
any_column = st.one_of(
    st.builds(numbers, wild, nulls_),
    st.builds(numbers, st.lists(st.integers(0, 40)), nulls_, st.just("text"), st.just("VARCHAR")),
    st.builds(numbers, st.lists(finite), nulls_, st.just("time"), st.just("TIMESTAMP")),
    st.builds(category, st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 500)), nulls_),
    st.builds(lambda rows, gone: Summary("other", "BLOB", rows + gone, gone), nulls_, nulls_),
)
any_window = st.dictionaries(st.sampled_from(["a", "b", "c"]), any_column)


@given(reference=any_window, current=any_window, windows=st.lists(any_window, max_size=4))
@settings(max_examples=60, deadline=None)
def test_every_column_is_judged_once_and_every_judgement_says_why(reference, current, windows):
    found = judge(
        reference,
        current,
        calibration=calibrate(reference, windows),
        limits=Limits(),
        window=DAY,
        cut=Cut(),
        against="season",
    )
    assert sorted(each.column for each in found) == sorted({*reference, *current, ":table"})
    assert all(each.because.endswith(".") for each in found)
    assert all(each.value is None or np.isfinite(each.value) for each in found)
    assert all(each.p is None or 0 <= each.p <= 1 for each in found)
