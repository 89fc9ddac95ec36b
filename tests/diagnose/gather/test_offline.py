"""Features as the model was given them stand beside what an offline pipeline makes of the same rows."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import forecast
from upriver.diagnose.gather import gather
from upriver.errors import Invalid
from upriver.monitor import define


@pytest.fixture
def engine(fresh_engine):
    """Return one catalog: what is compared lies elsewhere."""
    made = fresh_engine()
    forecast.model(made)
    return made


def watched(engine, folder, *, keys=("id", "at"), rows=2000, most=5):
    """Watch a log of which some rows were worked out again, amounts in the right unit."""
    log = forecast.write(folder / "log", 6, names=(*forecast.GIVEN, *forecast.SAID[2:]), breaks=3)
    again = [pa.table({name: forecast.day(n)[name] for name in forecast.GIVEN}).slice(0, most) for n in range(6)]
    file = folder / "offline.parquet"
    pq.write_table(pa.concat_tables(again), file)
    offline = {"data": {"uri": str(file)}, "keys": list(keys), "rows": rows}
    forecast.watch(
        engine, "log", log, model=str(forecast.CHURN), watch="inference_log", inference=forecast.INFERENCE, offline=offline
    )  # fmt: skip
    forecast.look(engine, "log")
    return gather(engine, "churn@champion", rows=20).facts


def test_the_same_rows_are_compared_and_no_others(engine, tmp_path):
    facts = watched(engine, tmp_path)
    found = facts.compared["amount"]
    assert np.bincount(found.window).tolist() == [5] * 6
    healthy = found.window < 3
    assert np.allclose(found.online[healthy], found.offline[healthy])
    assert np.allclose(found.online[~healthy], 100 * found.offline[~healthy])
    assert (facts.compared["plan"].online == facts.compared["plan"].offline).all()
    assert "offline features" not in {one.what for one in facts.unknown}


def test_no_more_rows_are_compared_than_the_monitor_says(engine, tmp_path):
    facts = watched(engine, tmp_path, rows=50, most=100)
    assert facts.compared["amount"].window.size == 50


def test_keys_that_the_offline_table_lacks_are_said(engine, tmp_path):
    facts = watched(engine, tmp_path, keys=("user",))
    assert facts.compared == {}
    said = {one.what: one.because for one in facts.unknown}
    assert said["offline features"] == "The offline table has no column 'user'."


def test_a_monitor_must_say_by_which_keys(tmp_path):
    plain = {"name": "log", "data": {"uri": "/x"}, "offline": {"data": {"uri": "/y"}, "keys": []}}
    with pytest.raises(Invalid, match="cannot be found row by row"):
        define.read(plain)
