"""What the loss rose by goes to what made it rise, in worlds where that is known."""

import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from upriver.diagnose.decompose import decompose
from upriver.diagnose.facts import Facts, Sample
from upriver.ids import AssetId

ONSET, WINDOWS = 10, 16


def sigmoid(score):
    return 1 / (1 + np.exp(-score))


def truth(x, turned=0.0):
    return 1.2 * (1 - 2 * turned) * x["uses"] + 0.9 * x["age"] * (x["plan"] == "pro") - 0.6 * np.abs(x["spend"]) + 0.3


def drawn(rng, rows, shift):
    return {
        "uses": rng.normal(shift, 1, rows),
        "age": rng.normal(0, 1, rows),
        "spend": rng.normal(0, 1, rows),
        "noise": rng.normal(0, 1, rows),
        "plan": rng.choice(np.array(["free", "pro", "team"], dtype=object), rows),
    }


def world(seed=1, *, rows=400, shift=0.0, turned=0.0, broken=None, windows=WINDOWS):
    """Return facts of a model that says what is true before the onset, given what it is served."""
    rng = np.random.default_rng(seed)
    window = np.repeat(np.arange(windows), rows)
    after = window >= ONSET
    before, since = drawn(rng, window.size, 0.0), drawn(rng, window.size, shift)
    columns = {name: np.where(after, since[name], before[name]) for name in before}
    score = np.where(after, truth(columns, turned), truth(columns))
    label = (rng.random(window.size) < sigmoid(score)).astype(float)
    if broken is not None:
        columns["uses"] = np.where(after, broken(rng, columns["uses"]), columns["uses"])
    served = {**columns, "uses": np.nan_to_num(columns["uses"], nan=0.0)}
    return facts(window, columns, chance=sigmoid(truth(served)), label=label)


def facts(window, columns, *, problem="classification", **said):
    starts = tuple(datetime(2026, 10, 1, tzinfo=UTC) + timedelta(days=int(i)) for i in range(int(window.max()) + 1))
    return Facts(
        version=AssetId("version", "prod", "churn_3"),
        title="churn@3",
        starts=starts,
        ends=tuple(at + timedelta(days=1) for at in starts),
        reference=min(ONSET, len(starts)),
        columns=(),
        problem=problem,
        sample=Sample(window=window, columns=columns, **said),
    )


def with_sample(given, **changed):
    sample = Sample(**{**vars(given.sample), **changed})
    return Facts(**{**vars(given), "sample": sample})


def parts(found):
    return {share.part: share for share in found.shares if not share.subject}


def of_columns(found):
    return {share.subject: share for share in found.shares if share.part == "feature"}


def holds(share, value=0.0):
    return share.low <= value <= share.high


def test_where_nothing_happened_no_part_differs_from_none():
    found = decompose(world(), onset=ONSET)
    assert all(holds(share) for share in parts(found).values())
    assert "cannot be told from none" in found.because
    assert not [share for share in found.shares if share.part == "slice"]


def test_where_only_inputs_moved_they_take_all():
    found = decompose(world(shift=-1.0), onset=ONSET, columns=["uses", "noise"])
    of, rise = parts(found), found.after - found.before
    assert holds(of["concept"])
    assert of["inputs"].low > 0 or of["inputs"].high < 0
    assert of["inputs"].value + of["unseen"].value == pytest.approx(rise - of["concept"].value)
    assert found.overlap > 0.9


def test_where_only_the_label_turned_the_label_takes_all():
    found = decompose(world(turned=0.5), onset=ONSET, columns=["uses", "age"])
    of, rise = parts(found), found.after - found.before
    assert holds(of["inputs"])
    assert of["concept"].low > 0
    assert holds(of["concept"], rise)
    assert of_columns(found)["uses"].low > 0.5 * rise
    assert max(abs(end) for end in (of_columns(found)["age"].value, of["unseen"].value)) < 0.2 * rise


def test_where_both_happened_both_have_a_share_and_they_add_up():
    found = decompose(world(shift=1.5, turned=0.3), onset=ONSET)
    of = parts(found)
    assert of["concept"].low > 0
    assert sum(share.value for share in of.values()) == pytest.approx(found.after - found.before)


def test_the_interval_of_the_label_holds_none_in_nearly_all_worlds_in_which_inputs_moved():
    held = [holds(parts(decompose(world(seed, shift=1.0, rows=150), onset=ONSET))["concept"]) for seed in range(10)]
    assert sum(held) >= 9


BUGS = {
    "a unit": lambda rng, values: values * 100,
    "defaults": lambda rng, values: np.where(rng.random(values.size) < 0.6, 0.0, values),
    "nulls": lambda rng, values: np.where(rng.random(values.size) < 0.6, np.nan, values),
    "another row's value": lambda rng, values: rng.permutation(values),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_column_that_is_filled_wrongly_has_most_of_the_rise(bug):
    found = decompose(world(broken=BUGS[bug]), onset=ONSET, columns=["age", "uses", "spend"])
    rise = found.after - found.before
    shares = of_columns(found)
    assert next(iter(shares)) == "uses"
    assert 0.6 * rise < shares["uses"].value < 1.4 * rise
    assert max(shares["age"].value, shares["spend"].value) < 0.25 * rise


def test_rows_of_one_kind_that_carry_the_rise_are_named():
    given = world(2)
    sample = given.sample
    flipped = (sample.window >= ONSET) & (sample.columns["plan"] == "team")
    turned = with_sample(given, label=np.where(flipped, 1 - (sample.chance > 0.5), sample.label))
    found = [share for share in decompose(turned, onset=ONSET).shares if share.part == "slice"]
    assert found[0].subject == "plan = team"
    assert found[0].low > 0
    assert found[0].rows > 500


def test_where_rows_lie_elsewhere_it_is_said_and_no_share_is_guessed():
    found = decompose(world(shift=9.0), onset=ONSET)
    assert found.overlap < 0.05
    assert [share.value for share in parts(found).values()] == [None, None, None]
    assert "Hardly any row" in found.because
    assert found.before is not None
    assert found.after is not None


def test_where_few_rows_lie_in_common_the_split_is_of_these():
    found = decompose(world(shift=2.5), onset=ONSET)
    assert 0.05 < found.overlap < 0.5
    assert "rests on these" in found.because
    assert holds(parts(found)["concept"])


def test_few_rows_are_not_split():
    found = decompose(world(rows=5), onset=ONSET)
    assert found.shares == ()
    assert found.because.startswith("50 rows before and 30 since have labels")


def test_without_labels_since_the_onset_nothing_is_known_of_after():
    given = world()
    blind = with_sample(given, label=np.where(given.sample.window >= ONSET, np.nan, given.sample.label))
    found = decompose(blind, onset=ONSET)
    assert found.after is None
    assert found.before is not None
    assert "0 since have labels" in found.because


@pytest.mark.parametrize("gone", ["sample", "label", "said"])
def test_what_is_missing_is_said(gone):
    given = world()
    changed = {"label": {"label": None}, "said": {"chance": None}}.get(gone, {})
    bare = Facts(**{**vars(given), "sample": None}) if gone == "sample" else with_sample(given, **changed)
    found = decompose(bare, onset=ONSET)
    assert found.shares == ()
    assert found.because


def test_an_onset_in_the_first_window_leaves_nothing_to_compare_with():
    found = decompose(world(), onset=0)
    assert found.before is None
    assert found.shares == ()


def test_a_number_is_split_by_its_squared_error():
    rng = np.random.default_rng(3)
    window = np.repeat(np.arange(WINDOWS), 300)
    after = window >= ONSET
    x = rng.normal(0, 1, window.size)
    label = 3 * x + np.where(after, 1.5 * x, 0) + rng.normal(0, 1, window.size)
    columns = {"x": x, "other": rng.normal(0, 1, window.size)}
    found = decompose(
        facts(window, columns, problem="regression", predicted=3 * x, label=label), onset=ONSET, columns=["x"]
    )
    assert found.metric == "squared_error"
    assert found.before == pytest.approx(1, abs=0.15)
    assert holds(parts(found)["concept"], 1.5**2)
    assert parts(found)["concept"].low > 1


def test_a_model_that_is_never_in_doubt_is_judged_by_the_brier_score():
    given = world(turned=0.5)
    certain = with_sample(given, chance=(given.sample.chance > 0.5).astype(float))
    assert decompose(certain, onset=ONSET).metric == "brier"


def test_a_model_that_only_names_a_class_is_judged_by_how_often_it_is_wrong():
    given = world(turned=0.5)
    named = with_sample(given, chance=None, predicted=(given.sample.chance > 0.5).astype(float))
    found = decompose(named, onset=ONSET, columns=["uses"])
    assert found.metric == "zero_one"
    assert parts(found)["concept"].low > 0
    assert of_columns(found)["uses"].low > 0


def test_a_column_without_a_value_and_one_with_a_single_value_do_no_harm():
    given = world()
    size = given.sample.rows
    odd = {"empty": np.full(size, np.nan), "same": np.ones(size), "none": np.full(size, None, dtype=object)}
    found = decompose(
        with_sample(given, columns={**given.sample.columns, **odd}),
        onset=ONSET,
        columns=["empty", "same", "none", "gone"],
    )
    assert {name: share.value for name, share in of_columns(found).items()} == dict.fromkeys(odd, 0.0)


def test_labels_of_one_class_do_no_harm():
    given = world()
    found = decompose(with_sample(given, label=np.zeros(given.sample.rows)), onset=ONSET, columns=["uses"])
    assert all(np.isfinite(share.value) for share in found.shares)


def test_the_same_facts_give_the_same_shares():
    given = world(rows=900)
    assert decompose(given, onset=ONSET, columns=["uses"]) == decompose(given, onset=ONSET, columns=["uses"])


def test_rows_that_another_version_was_asked_about_are_not_its_own():
    given = world(windows=WINDOWS)
    other = given.sample.window < 5
    replaced = with_sample(given, chance=np.where(other, 0.5, given.sample.chance))
    mine = Facts(**{**vars(replaced), "deployed": 5})
    assert decompose(mine, onset=ONSET).before < decompose(replaced, onset=ONSET).before


def test_few_labels_among_many_rows_are_said():
    given = Facts(
        **{**vars(world()), "rows": (1000,) * WINDOWS, "labelled": (1000,) * ONSET + (200,) * (WINDOWS - ONSET)}
    )
    assert "Only 20 % of the rows since then have a label" in decompose(given, onset=ONSET).because


def test_without_scikit_learn_only_what_needs_it_is_unknown(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    found = decompose(world(broken=BUGS["nulls"]), onset=ONSET, columns=["uses"])
    assert "scikit-learn is not installed" in found.because
    assert parts(found)["inputs"].value is not None
