"""What is said of the two models that are not well, and of the two days on which they are."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from examples.churn.changes import CHANGES
from examples.churn.world import FIRST_DAY, RIVAL_DAY

from upriver import db
from upriver.diagnose import read, run

MIGRATION, REVERT = CHANGES
FEATURE = "user_session_count_7d"
INSIDE = datetime.combine(FIRST_DAY + timedelta(days=REVERT.day - 2), time(23), UTC)
"""The evening of the last day on which sessions are counted wrongly."""

pytestmark = pytest.mark.journey


def day_of(number):
    return FIRST_DAY + timedelta(days=number - 1)


@pytest.fixture(scope="module")
def engine(demo, tmp_path_factory):
    engine = db.connect(demo.copied(tmp_path_factory.mktemp("catalog") / "upriver.db"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def churn(engine):
    """Ask at the end of the story what was the matter before the migration was undone."""
    return run.diagnose(engine, "churn@champion", at=INSIDE).verdict


@pytest.fixture(scope="module")
def coupon(engine):
    return run.diagnose(engine, "coupon@champion").verdict


def present(verdict):
    return [one for one in verdict.hypotheses if one.present]


def test_the_migration_is_a_bug_in_a_pipeline_and_nothing_else(churn):
    assert [one.kind for one in present(churn)] == ["pipeline_bug"], churn.story
    assert churn.kind == "pipeline_bug"
    assert churn.sure


def test_one_column_is_to_blame(churn):
    assert churn.hypotheses[0].columns == (FEATURE,), churn.story


def test_it_began_with_the_day_of_the_migration(churn):
    assert churn.onset.at.date() == day_of(MIGRATION.day)
    assert churn.onset.shape == "step"


def test_the_first_suspect_is_a_run_of_that_morning_whose_code_or_schema_is_another(churn):
    first = churn.hypotheses[0].suspects[0]
    assert first.rank == 1
    assert first.at.date() == date(2026, 10, 25)
    assert first.run.job.name in {"migrate_user_sessions", "clean_sessions", "user_activity"}
    assert {"code", "schema", "lineage"} & set(first.reasons), first


def test_nobody_else_shares_the_first_rank(churn):
    jobs = {one.run.job.name for one in churn.hypotheses[0].suspects if one.rank == 1}
    assert jobs <= {"migrate_user_sessions", "clean_sessions", "user_activity"}


def test_the_way_leads_up_to_the_table_that_new_code_wrote(churn):
    tables = [step.asset.name.rpartition("/")[2] for step in churn.hypotheses[0].path if step.asset.kind == "dataset"]
    assert tables[:2] == ["churn_features", "user_activity"], tables


def test_what_to_do_is_to_undo_it_and_not_to_train(churn):
    assert churn.hypotheses[0].action in {"revert", "fix"}
    assert "is not broken" in churn.story
    assert "retrain is not needed" in churn.story


def test_whoever_asked_before_it_was_undone_was_told_the_same(demo, engine):
    with db.reading(engine) as tx:
        kept = [one for one in read.listing(tx, limit=200) if one.asked == "churn@champion"]
    earliest = min(kept, key=lambda one: one.id)
    assert earliest.verdict.kind == "pipeline_bug"
    assert earliest.verdict.hypotheses[0].columns == (FEATURE,)


def test_people_who_behave_otherwise_make_the_second_model_outdated(coupon):
    assert [one.kind for one in present(coupon)] == ["concept_drift"], coupon.story
    assert coupon.kind == "concept_drift"


def test_it_began_when_the_rival_came(coupon):
    assert abs((coupon.onset.at.date() - day_of(RIVAL_DAY)).days) <= 1


def test_the_second_model_is_to_be_trained_again(coupon):
    assert coupon.hypotheses[0].action == "retrain"
    assert "retrain" in coupon.hypotheses[0].doing.lower()


def test_most_of_the_loss_is_another_label_for_the_same_inputs(coupon):
    share = {one.part: one.value for one in coupon.decomposition.shares if not one.subject}
    assert share["concept"] > 2 * abs(share["inputs"])


def test_before_the_rival_nothing_is_to_be_done_about_coupons(engine):
    verdict = run.diagnose(engine, "coupon@champion", at=INSIDE).verdict
    assert verdict.kind in {"false_alarm", "not_enough_data"}, verdict.story
