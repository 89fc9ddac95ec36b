"""Facts in, verdict out: each kind of illness is told, with the column, the run and the day, and what is missing is said."""

from dataclasses import replace

import numpy as np
import pytest
from tests.diagnosable import DAYS, ONSET, START, World

from upriver import plugins
from upriver.diagnose import clues
from upriver.diagnose.conclude import conclude
from upriver.diagnose.facts import Facts, Missed
from upriver.ids import AssetId


def present(verdict):
    return [one for one in verdict.hypotheses if one.present]


def is_told(verdict, kind, *, column="", run=""):
    """Assert that one cause alone is told, by column, day and run."""
    assert [one.kind for one in present(verdict)] == [kind]
    first = verdict.hypotheses[0]
    assert abs((first.onset.at - START).days - ONSET) <= 1
    if column:
        assert first.columns[0] == column
    if run:
        assert [one.run.uid for one in first.suspects if one.rank == 1] == [run]


def test_healthy_data_is_a_false_alarm():
    verdict = conclude(World().facts())
    assert (verdict.kind, verdict.onset) == ("false_alarm", None)
    assert "is not broken" in verdict.story


BUGS = {
    "missing values": lambda v, rng: np.where(rng.random(v.size) < 0.2, np.nan, v),
    "one value for others": lambda v, rng: np.where(rng.random(v.size) < 0.2, 0.0, v),
    "another unit": lambda v, rng: v * 60,
    "another unit in some rows": lambda v, rng: np.where(rng.random(v.size) < 0.4, v * 60, v),
    "a wrong join": lambda v, rng: rng.permutation(v),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_of_a_pipeline_is_told_by_column_and_run(bug):
    world = World()
    verdict = conclude(world.of("minutes", lambda v: BUGS[bug](v, world.rng)).facts())
    is_told(verdict, "pipeline_bug", column="minutes", run=f"web-{ONSET}")
    assert verdict.hypotheses[0].action == "revert"
    assert "a retrain is not needed" in verdict.story


def test_a_column_that_depends_on_no_other_and_was_joined_wrongly_is_told_by_the_label():
    world = World()
    is_told(
        conclude(world.of("age", world.rng.permutation).facts()), "pipeline_bug", column="age", run=f"people-{ONSET}"
    )


def test_a_column_that_is_wrong_in_half_of_the_rows_is_told_by_the_label():
    world = World()
    world.of("age", lambda v: np.where(world.rng.random(v.size) < 0.6, world.rng.permutation(v), v))
    is_told(conclude(world.facts()), "pipeline_bug", column="age", run=f"people-{ONSET}")


def test_a_part_of_the_rows_that_was_not_loaded_is_told_by_its_value():
    world = World()
    world.changed["web"] = ONSET
    verdict = conclude(world.without(world.later & (world.x["plan"] == "pro")).facts())
    is_told(verdict, "pipeline_bug", column="plan", run=f"web-{ONSET}")
    assert "Rows with `pro` in `plan`, 30 % of all, are missing" in verdict.hypotheses[0].evidence[0].because


def test_inputs_of_yesterday_are_late_data_and_no_wrong_labels():
    world = World()
    order = world.rng.permutation(int(world.later.sum()))
    for name in world.x:
        world.of(name, lambda v: v[order], code=False)
    gone = tuple(Missed(job, ONSET, f"{job} has not run since it was due.") for job in ("people", "web"))
    is_told(conclude(world.facts(missed=gone)), "late_data")
    assert [one.kind for one in present(conclude(world.facts()))] == ["label_errors"]


def test_two_columns_that_took_each_others_place_are_told_together():
    world = World()
    later = world.later
    age, visits = world.x["age"].copy(), world.x["visits"].copy()
    world.x["age"] = np.where(later, visits, age)
    world.x["visits"] = np.where(later, age, visits)
    verdict = conclude(world.facts())
    assert verdict.kind == "pipeline_bug"
    assert set(verdict.hypotheses[0].columns[:2]) == {"age", "visits"}


@pytest.mark.parametrize("change", ["gone", "renamed", "type", "type alone"])
def test_a_change_of_schema_is_told(change):
    world = World()
    if change == "gone":
        world.of("minutes", lambda v: np.full(v.size, np.nan))
    elif change == "renamed":
        world.of("plan", lambda v: np.array([one.upper() for one in v], dtype=object))
    else:
        world.of("minutes", lambda v: v if change == "type alone" else np.round(v * 1000))
        world.types["minutes"] = "VARCHAR"
    is_told(conclude(world.facts()), "schema_change", column="plan" if change == "renamed" else "minutes")


def test_inputs_of_several_pipelines_that_move_are_the_world():
    world = World()
    for name, shift in (("age", 4.0), ("visits", 1.0), ("minutes", 1.5)):
        world.of(name, lambda v, shift=shift: v + shift, code=False)
    world.label = (world.rng.random(world.label.size) < 1 / (1 + np.exp(-world.scored(world.x)))).astype(float)
    is_told(conclude(world.facts()), "covariate_shift")


def test_a_label_that_follows_in_another_way_is_concept_drift():
    world = World()
    turned = world.score - 2 * 0.08 * (world.x["age"] - 40)
    new = (world.rng.random(world.label.size) < 1 / (1 + np.exp(-turned))).astype(float)
    world.label = np.where(world.later, new, world.label)
    verdict = conclude(world.facts())
    is_told(verdict, "concept_drift")
    assert verdict.hypotheses[0].action == "retrain"
    assert "outdated" in verdict.story


def test_labels_turned_round_at_random_are_wrong_labels():
    world = World()
    turned = world.later & (world.rng.random(world.label.size) < 0.25)
    world.label = np.where(turned, 1 - world.label, world.label)
    world.changed["labels"] = ONSET
    is_told(conclude(world.facts()), "label_errors", run=f"labels-{ONSET}")


def test_labels_of_one_kind_that_do_not_come_are_waited_for():
    world = World()
    gone = world.later & (world.label == 1) & (world.rng.random(world.label.size) < 0.6)
    world.label = np.where(gone, np.nan, world.label)
    verdict = conclude(world.facts())
    is_told(verdict, "label_delay")
    assert verdict.hypotheses[0].action == "wait"


def test_young_windows_without_labels_are_no_symptom():
    world = World()
    world.label = np.where(world.window >= DAYS - 4, np.nan, world.label)
    assert conclude(world.facts(delay=4.0)).kind == "false_alarm"


def test_a_column_that_differs_from_its_offline_values_is_skew():
    world = World()
    world.offline["minutes"] = world.x["minutes"].copy()
    world.of("minutes", lambda v: np.where(world.rng.random(v.size) < 0.25, -1.0, v), code=False)
    is_told(conclude(world.facts(deployed=ONSET)), "skew", column="minutes")


def test_rows_of_a_run_that_never_came_are_late_data():
    world = World()
    last = world.window == DAYS - 1
    values = world.x["minutes"].copy()
    values[last] = world.rng.permutation(values[last])
    world.x["minutes"] = values
    missed = Missed("web", DAYS - 1, "web has not run since 29 Jan 2026", ("visits", "minutes", "plan"))
    verdict = conclude(world.facts(missed=(missed,)))
    assert verdict.kind == "late_data"


def test_weekends_are_a_season_and_no_drift():
    world = World()
    weekend = world.window % 7 >= 5
    for name, shift in (("age", 5.0), ("visits", 2.0)):
        world.x[name] = world.x[name] + weekend * shift
    verdict = conclude(world.facts())
    assert verdict.kind == "false_alarm"
    assert "season of 7 windows" in verdict.story


def test_two_causes_at_once_are_both_told():
    world = World()
    world.of("visits", lambda v: np.where(world.rng.random(v.size) < 0.3, np.nan, v))
    turned = world.later & (world.rng.random(world.label.size) < 0.25)
    world.label = np.where(turned, 1 - world.label, world.label)
    world.changed["labels"] = ONSET
    assert {one.kind for one in present(conclude(world.facts()))} == {"pipeline_bug", "label_errors"}


def test_the_same_people_every_day_are_no_concept_drift():
    """Someone's label lasts for a week, so that neighbouring days know each other's labels."""
    world = World()
    people = {name: values[:500] for name, values in world.x.items()}
    world.x = {name: np.tile(values, DAYS) for name, values in people.items()}
    score = world.scored(world.x)
    week = np.repeat(world.rng.random((DAYS // 6, 500)), 6, axis=0).ravel()
    world.label = (week < 1 / (1 + np.exp(-score))).astype(float)
    assert "concept_drift" not in {one.kind for one in present(conclude(world.facts(delay=6.0)))}


def test_two_runs_that_cannot_be_told_apart_are_both_named():
    world = World().of("minutes", lambda v: v * 60)
    facts = world.facts()
    twin = next(run for run in facts.runs if run.run.uid == f"web-{ONSET}")
    other = twin._replace(job="events", run=twin.run.model_copy(update={"uid": f"events-{ONSET}"}))
    first = conclude(replace(facts, runs=(*facts.runs, other))).hypotheses[0]
    assert {one.run.uid for one in first.suspects if one.rank == 1} == {f"web-{ONSET}", f"events-{ONSET}"}


# What is missing


def test_without_labels_inputs_are_still_judged_and_the_label_is_unknown():
    world = World().of("minutes", lambda v: v * 60)
    world.label = np.full(world.label.size, np.nan)
    verdict = conclude(world.facts())
    assert verdict.kind == "pipeline_bug"
    assert any("label" in one.what for one in verdict.unknown)


def test_without_rows_summaries_are_judged():
    verdict = conclude(World().of("minutes", lambda v: v * 60).facts(sample=None))
    assert verdict.kind == "pipeline_bug"
    assert any(one.what == "rows" for one in verdict.unknown)


def test_without_lineage_no_run_is_named():
    verdict = conclude(World().of("minutes", lambda v: v * 60).facts(runs=(), lineage=False))
    assert (verdict.kind, verdict.hypotheses[0].suspects) == ("pipeline_bug", ())
    assert any(one.what == "lineage" for one in verdict.unknown)


def nothing(**known):
    return Facts(AssetId("version", "demo", "churn/1"), "churn@1", (), (), 0, (), **known)


def test_no_monitor_is_not_enough_data():
    verdict = conclude(nothing())
    assert verdict.kind == "not_enough_data"
    assert verdict.unknown


def test_one_window_is_not_enough_data():
    facts = World().facts()
    columns = tuple(replace(one, windows=one.windows[:1]) for one in facts.columns)
    one = replace(
        facts, columns=columns, starts=facts.starts[:1], ends=facts.ends[:1], reference=0, rows=facts.rows[:1],
        labelled=facts.labelled[:1], sample=None, runs=(),
    )  # fmt: skip
    assert conclude(one).kind == "not_enough_data"


def test_a_column_without_any_value_is_said_and_does_no_harm():
    world = World()
    world.x["visits"] = np.full(world.window.size, np.nan)
    verdict = conclude(world.facts())
    assert any("visits" in one.because for one in verdict.unknown)


def test_training_data_alone_may_be_the_reference():
    world = World().of("minutes", lambda v: v * 60)
    facts = world.facts()
    columns = tuple(replace(one, training=one.windows[0]) for one in facts.columns)
    verdict = conclude(replace(facts, columns=columns, reference=0))
    assert "pipeline_bug" in {one.kind for one in present(verdict)}


def test_the_same_facts_give_the_same_verdict_and_digest():
    facts = World().of("minutes", lambda v: v * 60).facts()
    assert conclude(facts) == conclude(facts)
    assert conclude(facts).digest != conclude(World(1).facts()).digest


every_clue = pytest.mark.parametrize("name", plugins.names(clues))


@every_clue
def test_a_clue_that_sees_nothing_says_nothing_for_an_illness(name):
    from upriver.diagnose.findings import measured

    facts = World().facts()
    seen = list(plugins.load(clues, name).look(facts, measured(facts)))
    assert all(one.kind == "false_alarm" or one.weight <= 0 for one in seen)


def test_predictions_alone_are_judged_by_their_labels():
    world = World()
    turned = world.later & (world.rng.random(world.label.size) < 0.25)
    world.label = np.where(turned, 1 - world.label, world.label)
    facts = world.facts()
    columns = tuple(replace(one, windows=(None,) * DAYS) for one in facts.columns)
    assert conclude(replace(facts, columns=columns)).kind in {"label_errors", "not_enough_data"}
    assert conclude(replace(facts, columns=())).kind
