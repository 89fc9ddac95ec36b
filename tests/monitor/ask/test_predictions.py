"""Engines count predictions as they are defined, and agree with each other."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from monitor.put import every_engine, put, quiet
from upriver.errors import Invalid
from upriver.monitor.ask.data import opened
from upriver.monitor.ask.grain import window_at
from upriver.monitor.ask.predictions import predictions
from upriver.monitor.measure.predictions import classified, merged, regressed
from upriver.monitor.records import Cut, Inference, Location, Monitor, Window

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = [window_at(FIRST + timedelta(days=n), "1 day") for n in range(3)]
CLASSES = Inference(problem="classification", prediction="said", label="true", probability="p", model_id="version")
NUMBERS = Inference(problem="regression", prediction="guess", label="price", model_id="version")


def made(rows=3000, seed=5):
    rng = np.random.default_rng(seed)
    p = np.round(rng.beta(0.5, 3.0, rows), 9)
    odd = [
        None if i % 97 == 0 else (-0.1, 1.5, float("nan"))[i % 3] if i % 101 == 0 else float(v) for i, v in enumerate(p)
    ]
    price = rng.normal(100, 20, rows)
    labels = [None if rng.random() < 0.3 else int(v) for v in rng.random(rows) < p]
    at = np.sort(rng.integers(0, 3 * 86_400, rows)).tolist()
    return pa.table(
        {
            "at": pa.array([(FIRST + timedelta(seconds=s)).replace(tzinfo=None) for s in at], pa.timestamp("us")),
            "p": pa.array(odd, pa.float64()),
            "said": pa.array([None if i % 89 == 0 else bool(v > 0.3) for i, v in enumerate(p)]),
            "true": pa.array(labels, pa.float64()),
            "name": pa.array([f"c{i}" for i in np.minimum(rng.geometric(0.02, rows), 400)]),
            "guess": pa.array(
                [None if i % 83 == 0 else float(v) for i, v in enumerate(price + rng.normal(0, 5, rows))]
            ),
            "price": pa.array(
                [None if i % 7 == 0 else float("inf") if i % 501 == 0 else float(v) for i, v in enumerate(price)]
            ),
            "country": pa.array(rng.choice(["DE", "FR"], rows).tolist()),
            "version": pa.array(rng.integers(1, 3, rows)),
        }
    )


@pytest.fixture(scope="module")
def table():
    return made()


@pytest.fixture
def place(request, table, tmp_path, postgres):
    with put(request.param, table, tmp_path, postgres) as location:
        yield location


every_place = pytest.mark.parametrize(every_engine.args[0], every_engine.args[1], indirect=True)


def asked(location, inference, windows=DAYS, **more):
    about = {"name": "m", "data": location, "watch": "inference_log", "timestamp": "at", "inference": inference}
    monitor = Monitor(**{**about, **more})
    with opened(location) as data:
        return {(window, cut): found for window, cut, found in predictions(data, monitor, windows)}


def expected(rows, inference):
    """Return the sums as they are defined, of rows as Python has them."""
    if inference.problem == "regression":
        return regressed([r["guess"] for r in rows], [r["price"] for r in rows])
    names = [[None if r[c] is None else str(int(r[c])) for r in rows] for c in ("said", "true")]
    return classified(*names, [r["p"] for r in rows])


def same(ours, theirs):
    assert (ours.rows, ours.labelled, ours.nulls) == (theirs.rows, theirs.labelled, theirs.nulls)
    if ours.matrix is not None:
        assert ours.matrix.classes == theirs.matrix.classes
        assert ours.matrix.counts.tolist() == theirs.matrix.counts.tolist()
        assert ours.matrix.agreed == theirs.matrix.agreed
    if ours.chances is not None:
        assert (ours.chances.counts == theirs.chances.counts).all()
        for name in ("sums", "loss", "losses", "brier", "briers", "nulls", "outside"):
            assert getattr(ours.chances, name) == pytest.approx(getattr(theirs.chances, name), rel=1e-9, abs=1e-12), (
                name
            )
    if ours.errors is not None:
        for name, value in vars(theirs.errors).items():
            assert getattr(ours.errors, name) == pytest.approx(value, rel=1e-9), name


@quiet
@every_place
@pytest.mark.parametrize("inference", [CLASSES, NUMBERS], ids=["classes", "numbers"])
def test_every_window_and_cut_is_counted_as_defined(place, table, inference):
    found = asked(place, inference, slices=("country", "price > 100"))
    rows = table.to_pylist()
    cuts = {
        Cut(): lambda _: True,
        Cut(key="country", value="DE"): lambda r: r["country"] == "DE",
        Cut(model="2"): lambda r: r["version"] == 2,
        Cut(key="price > 100", value="true"): lambda r: r["price"] is not None and r["price"] > 100,
    }
    for window in DAYS:
        mine = [r for r in rows if window.start <= r["at"].replace(tzinfo=UTC) < window.end]
        for cut, holds in cuts.items():
            same(found[window, cut], expected([r for r in mine if holds(r)], inference))


@quiet
@every_place
def test_more_classes_than_are_kept_are_counted_with_the_others(place, table):
    inference = Inference(problem="classification", prediction="name", label="name")
    found = asked(place, inference)
    whole = merged([each for (_, cut), each in found.items() if cut == Cut()])
    assert whole.matrix.agreed == whole.rows == table.num_rows
    assert len(whole.matrix.classes) == 50
    assert int(whole.matrix.counts.sum()) == table.num_rows


def here(tmp_path, table):
    with put("duckdb", table, tmp_path, None) as location:
        return location


def test_a_window_without_rows_is_not_told_of(tmp_path, table):
    later = window_at(FIRST + timedelta(days=9), "1 day")
    assert asked(here(tmp_path, table), CLASSES, [later]) == {}


def test_windows_may_come_in_any_order(tmp_path, table):
    location = here(tmp_path, table)
    forth, back = asked(location, NUMBERS), asked(location, NUMBERS, DAYS[::-1])
    assert {place: each.rows for place, each in forth.items()} == {place: each.rows for place, each in back.items()}


def test_a_snapshot_is_one_window(tmp_path, table):
    found = asked(here(tmp_path, table), CLASSES, [Window()], watch="snapshot")
    assert found[Window(), Cut()].rows == table.num_rows


def test_without_a_label_predictions_are_counted_all_the_same(tmp_path, table):
    inference = CLASSES.model_copy(update={"label": ""})
    found = merged([each for (_, cut), each in asked(here(tmp_path, table), inference).items() if cut == Cut()])
    assert found.labelled == 0
    assert int(found.chances.counts.sum()) > 0


@quiet
@every_engine
def test_a_class_that_is_not_a_number_is_none(place, tmp_path, postgres):
    nothing = pa.table(
        {"said": pa.array([1.0, 0.0, float("nan"), None]), "true": pa.array([1.0, float("nan"), 0.0, 1.0])}
    )
    inference = Inference(problem="classification", prediction="said", label="true")
    with put(place, nothing, tmp_path, postgres) as location:
        (found,) = asked(location, inference, [Window()], watch="snapshot").values()
    assert (found.rows, found.labelled, found.nulls, found.matrix.classes) == (4, 3, 2, ("1", "0"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prediction": "nothing"}, "There is no column 'nothing'"),
        ({"probability": "country"}, "holds no numbers but string"),
    ],
)
def test_a_column_that_is_missing_or_no_number_is_named(tmp_path, table, change, said):
    with pytest.raises(Invalid, match=said):
        asked(here(tmp_path, table), CLASSES.model_copy(update=change))


def test_a_monitor_without_an_inference_log_has_no_predictions(tmp_path, table):
    location = here(tmp_path, table)
    with opened(location) as data:
        assert list(predictions(data, Monitor(name="m", data=Location(uri="x")), DAYS)) == []
