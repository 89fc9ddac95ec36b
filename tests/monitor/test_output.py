"""Results are also files, and whoever reads them never sees half of one."""

import threading

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from monitor.watched import daily, judged, profiled, watching
from upriver import db
from upriver.errors import Invalid, Unreachable
from upriver.monitor import output
from upriver.monitor.records import Output


def written(engine, to):
    with db.writing(engine) as tx:
        of = watching(tx, daily(output=to))
        profiled(tx, 0, "user_session_count_7d", quantiles="[1.0]")
        judged(tx, 0, "user_session_count_7d", 0.5)
    with db.reading(engine) as tx:
        output.write(tx, of)


def test_a_monitor_without_output_writes_nothing(fresh_engine):
    written(fresh_engine(), None)


def test_three_folders_are_made(fresh_engine, tmp_path):
    written(fresh_engine(), Output(uri=str(tmp_path / "made" / "out")))
    found = sorted(str(p.relative_to(tmp_path / "made" / "out")) for p in tmp_path.rglob("*.parquet"))
    assert found == [f"{name}/part-0.parquet" for name in ("drift_metrics", "drift_scores", "profile_metrics")]


def test_pandas_reads_the_scores_of_a_day(fresh_engine, tmp_path):
    written(fresh_engine(), Output(uri=f"file://{tmp_path}/out", names={"user_session_count_7d": "session_count"}))
    frame = pd.read_parquet(tmp_path / "out" / "drift_scores")
    assert frame[frame["date"] == "2025-10-20"]["session_count_drift_score"].to_list() == [0.5]


def test_an_object_store_gets_whole_objects(fresh_engine):
    written(fresh_engine(), Output(uri="memory://results"))
    with fsspec.open("memory://results/profile_metrics/part-0.parquet") as file:
        assert pa.parquet.read_table(file).num_rows == 1


def test_delta_tables_are_replaced(tmp_path):
    deltalake = pytest.importorskip("deltalake")
    to = Output(uri=str(tmp_path), format="delta")
    output.put(pa.table({"a": [1]}), to, "drift_scores")
    output.put(pa.table({"a": [2], "b": [3]}), to, "drift_scores")
    table = deltalake.DeltaTable(str(tmp_path / "drift_scores"))
    assert table.version() == 1
    assert pa.table(table.to_pyarrow_table()).to_pylist() == [{"a": 2, "b": 3}]


def test_results_survive_delta(fresh_engine, tmp_path):
    pytest.importorskip("deltalake")
    written(fresh_engine(), Output(uri=str(tmp_path), format="delta"))
    assert (tmp_path / "profile_metrics" / "_delta_log").is_dir()


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "drift_scores").write_text("a file where a folder should be")
    with pytest.raises(Unreachable, match=r"The table .*drift_scores cannot be written"):
        output.put(pa.table({"a": [1]}), Output(uri=str(tmp_path)), "drift_scores")


def test_a_credential_that_is_not_there_is_named(fresh_engine, tmp_path):
    with pytest.raises(Invalid, match="UPRIVER_NO_SUCH_KEY"):
        written(fresh_engine(), Output(uri=str(tmp_path), credentials={"key": "env:UPRIVER_NO_SUCH_KEY"}))


def test_what_is_being_written_is_not_read(tmp_path):
    to = Output(uri=str(tmp_path))
    output.put(pa.table({"a": [0] * 1000}), to, "drift_scores")
    stop, seen = threading.Event(), set()

    def read():
        while not stop.is_set():
            table = ds.dataset(tmp_path / "drift_scores").to_table()
            seen.add((table.num_rows, len(set(table["a"].to_pylist()))))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 30):
        output.put(pa.table({"a": [number] * 1000}), to, "drift_scores")
    stop.set()
    reader.join()
    assert seen == {(1000, 1)}
    assert [p.name for p in (tmp_path / "drift_scores").iterdir()] == ["part-0.parquet"]
