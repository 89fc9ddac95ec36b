"""What the story's monitors find, on the days on which they can find it."""

from datetime import UTC, datetime, time, timedelta

import pytest
from examples.churn import coupons, pipeline, score, train
from examples.churn.lake import Lake
from examples.churn.registry import Champion
from examples.churn.sweeps import CHURN, COUPON, FEATURE_SETS, SWEEPS, TRAINED
from examples.churn.world import FIRST_DAY, LEAVING_DAYS, REDEEMING_DAYS, RIVAL_DAY, World

from upriver import db
from upriver.monitor import alerts, define, evaluate, read, refreshes

MIGRATED = 24
LABELLED = MIGRATED + LEAVING_DAYS
UNDONE = 34
MENDED = UNDONE + LEAVING_DAYS
LAPSED = RIVAL_DAY + REDEEMING_DAYS
LOOKS = (MIGRATED - 1, MIGRATED, LABELLED - 1, LABELLED, UNDONE, LAPSED - 1, LAPSED, MENDED)
FEATURE = "user_session_count_7d"
SWEEP = next(sweep for sweep in SWEEPS if sweep.goal is CHURN and sweep.feature_set == "v2-features")
COUPONS = next(sweep for sweep in SWEEPS if sweep.goal is COUPON)

pytestmark = pytest.mark.journey


def day_of(number):
    return FIRST_DAY + timedelta(days=number - 1)


def trained(lake, sweep, settings):
    rows = lake.read_days(sweep.goal.table, train.days(day_of(sweep.at)))
    features = list(FEATURE_SETS[sweep.feature_set])
    model = train._pipeline(sweep, sweep.settings()[settings])
    return Champion("2", model.fit(rows[features], rows[sweep.goal.label]), 0.9)


def serve(lake, champions, number):
    """Let each champion say what it says on a day, and note what came of what it said before."""
    at = datetime.combine(day_of(number) + timedelta(days=1), time(4), UTC)
    for model, (working, delay) in {"churn": (score, LEAVING_DAYS), "coupon": (coupons, REDEEMING_DAYS)}.items():
        working.score(lake, champions[model], day_of(number), at)
        if number >= TRAINED + delay:
            working.label(lake, day_of(number))


def declared(checkout, folder):
    """Return the story's monitors on a lake beside which there is no MLflow: normal is what came first."""
    text = (checkout / "examples/churn/monitors.yaml").read_text()
    file = folder / "monitors.yaml"
    file.write_text(text.replace("{version: churn@champion}", f"{{first: {TRAINED}}}"))
    return list(define.declared(file))


def look(engine, monitors, now):
    """Let each monitor look, and return what is open then."""
    for monitor in monitors:
        with db.writing(engine) as tx:
            number = refreshes.ask(tx, monitor.name, now=now)
        ended = evaluate.run(engine, number)
        assert (ended.status, ended.skipped) == ("done", ()), ended.because
    with db.reading(engine) as tx:
        return alerts.listed(tx, is_open=True)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = db.connect(f"sqlite:///{tmp_path_factory.mktemp('catalog') / 'upriver.db'}")
    db.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def seen(checkout, engine, tmp_path_factory):
    """Tell the story of the data day by day, look on some of its days, and return what was open on each."""
    lake, world, found, champions = Lake(tmp_path_factory.mktemp("lake")), World(7), {}, {}
    pipeline.prepare_history(lake, world)
    monitors = declared(checkout, lake.folder)
    with db.writing(engine) as tx:
        for monitor in monitors:
            define.put(tx, monitor, by="test", now=0)
    for number in range(1, MENDED + 1):
        list(pipeline.run_day(lake, world, day_of(number)))
        if number == TRAINED:
            champions = {"churn": trained(lake, SWEEP, 3), "coupon": trained(lake, COUPONS, 1)}
        if number >= TRAINED:
            serve(lake, champions, number)
        if number in LOOKS:
            found[number] = look(engine, monitors, now=number)
    return found


def open_on(seen, number, kind):
    return {(alert.monitor, alert.subject) for alert in seen[number] if alert.kind == kind}


def test_before_the_migration_nothing_is_wrong(seen):
    assert [alert.because for alert in seen[MIGRATED - 1]] == []


def test_on_the_day_of_the_migration_one_feature_has_moved_and_no_other(seen):
    moved = open_on(seen, MIGRATED, "drift")
    assert {subject for monitor, subject in moved if monitor == "churn-features"} == {FEATURE}


def test_what_the_model_says_has_moved_on_the_same_day(seen):
    moved = open_on(seen, MIGRATED, "drift")
    assert ("churn-predictions", "churn_chance") in moved


def test_the_rows_of_the_migrated_table_are_as_good_as_before(seen):
    assert "sessions" not in {alert.monitor for alerts_then in seen.values() for alert in alerts_then}


def test_the_drift_began_on_the_day_of_the_migration(seen):
    for number in (MIGRATED, LABELLED):
        since = {a.since.date() for a in seen[number] if a.kind == "drift" and a.subject == FEATURE}
        assert since == {day_of(MIGRATED)}


def test_that_the_model_is_worse_is_estimated_at_once_and_known_only_when_there_are_labels(seen):
    area = {number: open_on(seen, number, "performance") for number in LOOKS}
    foretold, known = (("churn-predictions", name) for name in ("estimated_roc_auc_score", "roc_auc_score"))
    assert {number for number in LOOKS if foretold in area[number]} == {MIGRATED, LABELLED - 1, LABELLED}
    assert {number for number in LOOKS if known in area[number]} == {LABELLED, UNDONE, LAPSED - 1, LAPSED}


def test_when_the_migration_is_undone_the_drift_is_over_that_day(seen):
    assert ("churn-features", FEATURE) in open_on(seen, LABELLED, "drift")
    assert not open_on(seen, UNDONE, "drift")


def test_the_model_is_known_to_be_as_good_as_before_once_there_are_labels_of_days_after_it(seen):
    assert not {alert.subject for alert in seen[MENDED] if alert.monitor.startswith("churn")}


def test_who_redeems_coupons_is_foretold_worse_from_one_day_on_though_nothing_looks_different(seen):
    worse = {number: open_on(seen, number, "performance") for number in LOOKS}
    known = ("coupon-predictions", "roc_auc_score")
    assert {number for number in LOOKS if known in worse[number]} == {LAPSED, MENDED}
    assert not [
        a.subject for open_then in seen.values() for a in open_then if a.kind == "drift" and "coupon" in a.monitor
    ]
    assert {a.since.date() for a in seen[MENDED] if a.subject == "roc_auc_score"} == {day_of(RIVAL_DAY)}


def test_the_area_under_the_curve_falls_with_the_first_labels_of_that_day(seen, engine):
    with db.reading(engine) as tx:
        scores = read.scores(tx, "churn-predictions", metric="roc_auc_score")
    area = {
        score.window.start.date(): score
        for score in scores
        if not score.estimated and not score.cut.key and not score.cut.model and score.value is not None
    }
    before = [area[day_of(number)] for number in range(TRAINED, MIGRATED)]
    assert area[day_of(MIGRATED)].high < min(score.value for score in before)
