"""Every kind of place gives the same rows; what is wrong with one is said in a sentence, without its secrets."""

import json
import sqlite3
import uuid

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.ask import seeded
from upriver.errors import Denied, Invalid, NotFound, Problem, Unreachable
from upriver.monitor.ask.data import opened
from upriver.monitor.ask.limited import Bounds
from upriver.monitor.ask.plan import plan
from upriver.monitor.ask.stores import files
from upriver.monitor.ask.summaries import summarise
from upriver.monitor.records import Location, Window

SMALL = pa.table({"id": [1, 2, 3], "amount": [1.5, None, 2.5], "name": ["a", "b", "ü"]})


def sums(location, **how):
    with opened(location, **how) as data:
        t = data.table
        found = data.run(t.agg(n=t.count(), s=t.amount.sum(), last=t.name.max())).to_pylist()[0]
        return found["n"], found["s"], found["last"]


def mark(location):
    with opened(location) as data:
        return data.mark


def test_a_file_of_each_format_is_read(tmp_path):
    pq.write_table(SMALL, tmp_path / "a.parquet")
    duckdb.sql(f"copy (select * from '{tmp_path}/a.parquet') to '{tmp_path}/a.csv'")
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row) for row in SMALL.to_pylist()))
    for name in ("a.parquet", "a.csv", "a.jsonl"):
        assert sums(Location(uri=str(tmp_path / name))) == (3, 4.0, "ü"), name


def test_a_folder_is_one_table_and_names_of_folders_are_columns(tmp_path):
    for day in ("1", "2"):
        (tmp_path / f"day={day}").mkdir()
        pq.write_table(SMALL, tmp_path / f"day={day}" / "part.parquet")
    (tmp_path / "_SUCCESS").write_text("")
    assert sums(Location(uri=str(tmp_path))) == (6, 8.0, "ü")
    with opened(Location(uri=str(tmp_path))) as data:
        assert "day" in data.table.columns


def test_a_pattern_names_some_of_the_files(tmp_path):
    for name in ("a1.parquet", "a2.parquet", "b1.parquet"):
        pq.write_table(SMALL, tmp_path / name)
    assert sums(Location(uri=str(tmp_path / "a*.parquet")))[0] == 6


def test_the_mark_changes_with_the_files(tmp_path):
    pq.write_table(SMALL, tmp_path / "a.parquet")
    before = mark(Location(uri=str(tmp_path)))
    assert mark(Location(uri=str(tmp_path))) == before
    pq.write_table(SMALL, tmp_path / "b.parquet")
    assert mark(Location(uri=str(tmp_path))) != before


def test_files_far_away_are_read_through_their_own_file_system(tmp_path, monkeypatch):
    import fsspec

    there = fsspec.filesystem("memory")
    pq.write_table(SMALL, tmp_path / "a.parquet")
    there.pipe("/lake/a.parquet", (tmp_path / "a.parquet").read_bytes())
    monkeypatch.setitem(files.PROTOCOLS, "memory", "fsspec")
    monkeypatch.setattr(files, "filesystem", lambda _uri, _credentials: there)
    assert sums(Location(uri="memory://lake"))[0] == 3


def test_a_delta_table_is_read_at_its_version(tmp_path):
    deltalake = pytest.importorskip("deltalake")
    deltalake.write_deltalake(str(tmp_path / "t"), SMALL)
    deltalake.write_deltalake(str(tmp_path / "t"), SMALL, mode="append")
    here = Location(uri=str(tmp_path / "t"))
    assert sums(here)[0] == 6
    assert sums(here.model_copy(update={"at": "0"})) == (3, 4.0, "ü")
    assert mark(here) == "1"
    with pytest.raises(Problem, match="version"), opened(here.model_copy(update={"at": "7"})):
        pass


def test_an_iceberg_table_is_read_at_its_snapshot(tmp_path):
    catalog = pytest.importorskip("pyiceberg.catalog")
    uri = f"sqlite:///{tmp_path}/catalog.db"
    made = catalog.load_catalog("upriver", type="sql", uri=uri, warehouse=f"file://{tmp_path}")
    made.create_namespace("shop")
    table = made.create_table("shop.orders", schema=SMALL.schema)
    table.append(SMALL)
    first = table.current_snapshot().snapshot_id
    table.append(SMALL)
    here = Location(uri=uri, table="shop.orders", format="iceberg")
    assert sums(here)[0] == 6
    assert sums(here.model_copy(update={"at": str(first)})) == (3, 4.0, "ü")
    with pytest.raises(NotFound, match="no snapshot"), opened(here.model_copy(update={"at": "1"})):
        pass


def test_a_table_of_sqlite_is_read(tmp_path):
    db = sqlite3.connect(tmp_path / "a.db")
    db.execute("create table orders (id integer, amount real, name text, placed timestamp)")
    db.executemany(
        "insert into orders values (?, ?, ?, '2026-01-01 10:00:00')", [tuple(r.values()) for r in SMALL.to_pylist()]
    )
    db.commit()
    db.close()
    here = Location(uri=f"sqlite:///{tmp_path}/a.db", table="orders")
    assert sums(here) == (3, 4.0, "ü")
    with opened(here) as data:
        assert data.table.placed.type().is_timestamp()
    with pytest.raises(NotFound, match="no table"), opened(here.model_copy(update={"table": "none"})):
        pass


def test_a_table_of_duckdb_is_read(tmp_path):
    db = duckdb.connect(str(tmp_path / "a.duckdb"))
    db.register("small", SMALL)
    db.execute("create table orders as select * from small")
    db.close()
    here = Location(uri=f"duckdb://{tmp_path}/a.duckdb", table="orders")
    assert sums(here) == (3, 4.0, "ü")
    with pytest.raises(Problem), opened(here.model_copy(update={"table": "none"})):
        pass


def test_a_table_of_mysql_is_read():
    pymysql = pytest.importorskip("pymysql")
    try:
        db = pymysql.connect(host="127.0.0.1", user="root", connect_timeout=2)
    except pymysql.err.MySQLError:
        pytest.skip("No MariaDB answers at 127.0.0.1:3306.")
    name = f"upriver_{uuid.uuid4().hex[:8]}"
    with db, db.cursor() as cursor:
        cursor.execute(f"create database {name} character set utf8mb4")
        cursor.execute(f"create table {name}.orders (id int, amount decimal(9,2), name varchar(20), paid tinyint(1))")
        cursor.executemany(
            f"insert into {name}.orders values (%s, %s, %s, 1)", [tuple(r.values()) for r in SMALL.to_pylist()]
        )
        db.commit()
        try:
            found = sums(Location(uri=f"mysql://root@127.0.0.1/{name}", table="orders"))
            assert (found[0], float(found[1]), found[2]) == (3, 4.0, "ü")
        finally:
            cursor.execute(f"drop database {name}")


@pytest.mark.parametrize(
    ("uri", "table"),
    [("/nowhere/at/all.parquet", ""), ("sqlite:////nowhere.db", "t"), ("duckdb:///nowhere.duckdb", "t")],
)
def test_what_is_not_there_is_said_to_be(uri, table):
    with pytest.raises(NotFound, match=r"There (is|are) no"), opened(Location(uri=uri, table=table)):
        pass


def test_a_file_that_is_no_parquet_is_said_to_be(tmp_path):
    (tmp_path / "a.parquet").write_text("hello")
    with pytest.raises(Invalid, match="cannot be read"), opened(Location(uri=str(tmp_path / "a.parquet"))):
        pass


def test_a_place_of_no_kind_lists_the_kinds():
    with pytest.raises(Invalid, match="Known places"), opened(Location(uri="carrier-pigeon://home")):
        pass


def test_a_password_is_in_no_error():
    uri = "postgresql://postgres:s3cret@127.0.0.1:1/none"
    with pytest.raises(Unreachable) as caught, opened(Location(uri=uri, table="t")):
        pass
    assert "s3cret" not in str(caught.value)


def test_a_credential_is_looked_up(tmp_path, monkeypatch):
    monkeypatch.setenv("KEY", "open sesame")
    seen = []
    pq.write_table(SMALL, tmp_path / "a.parquet")
    here = Location(uri=str(tmp_path / "a.parquet"), credentials={"key": "env:KEY"})
    with opened(here, secret=lambda value, name: seen.append((name, value)) or "x"):
        pass
    assert seen == [("key", "env:KEY")]
    monkeypatch.delenv("KEY")
    with pytest.raises(Invalid, match="KEY"), opened(here):
        pass


def test_postgresql_cannot_be_written_to(postgres):
    if postgres is None:
        pytest.skip("No PostgreSQL answers; set UPRIVER_TEST_POSTGRES.")
    url = postgres.set(drivername="postgresql").render_as_string(hide_password=False)
    with opened(Location(uri=url, table="pg_catalog.pg_class")) as data, pytest.raises(Problem, match="read-only"):
        data.ask("create table written_by_mistake (a int)")


def test_a_revoked_right_is_said_to_be(postgres):
    if postgres is None:
        pytest.skip("No PostgreSQL answers; set UPRIVER_TEST_POSTGRES.")
    url = postgres.set(drivername="postgresql").render_as_string(hide_password=False)
    with opened(Location(uri=url, table="pg_catalog.pg_authid")) as data:
        data.ask("set role pg_monitor")
        with pytest.raises(Denied, match="may not be read"):
            data.run(data.table.limit(1))


def test_what_takes_too_long_is_ended(tmp_path):
    pq.write_table(SMALL, tmp_path / "a.parquet")
    with opened(Location(uri=str(tmp_path / "a.parquet")), bounds=Bounds(seconds=0.3)) as data:
        with pytest.raises(Unreachable, match=r"longer than 0\.3 seconds"):
            data.ask("select count(*) from range(100000000) a, range(100000) b where a.range * b.range % 7 = 3")
        assert data.run(data.table.limit(1)).num_rows == 1


def test_a_nested_column_leaves_the_others_alone(tmp_path):
    made = SMALL.append_column("tags", pa.array([["a"], [], None])).append_column("about", pa.array([{"a": 1}] * 3))
    here = seeded.parquet(tmp_path, made)
    monitor = seeded.monitor(here, watch="snapshot", timestamp="")
    with opened(here) as data:
        settled = plan(data, monitor)
        (found,) = summarise(data, monitor, settled, [Window()])
    assert not found.problems
    assert (found.columns["tags"].kind, found.columns["tags"].nulls) == ("other", 1)
    assert found.columns["amount"].numbers.count == 2


def test_a_column_that_vanished_is_a_problem_of_its_own(tmp_path):
    monitor = seeded.monitor(seeded.parquet(tmp_path, SMALL), watch="snapshot", timestamp="")
    with opened(monitor.data) as data:
        settled = plan(data, monitor)
    pq.write_table(SMALL.drop_columns(["amount"]).set_column(0, "id", pa.array(["x", "y", "z"])), monitor.data.uri)
    with opened(monitor.data) as data:
        (found,) = summarise(data, monitor, settled, [Window()])
    assert [p.because for p in found.problems] == ["Column amount is not in the table any more."]
    assert found.columns["id"].kind == "text"
    assert found.columns["name"].rows == 3
