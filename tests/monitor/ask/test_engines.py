"""Every engine gives the same answer as NumPy: counts to the bit, sums to nine digits."""

import shutil
import uuid

import numpy as np
import pyarrow as pa
import pytest

from monitor.ask import seeded
from upriver.monitor.ask.data import opened
from upriver.monitor.ask.plan import plan
from upriver.monitor.ask.summaries import summarise
from upriver.monitor.ask.windows import windows
from upriver.monitor.measure.summary import numbers_of
from upriver.monitor.records import Cut, Location, Window

SQL_TYPES = {
    "at": "timestamp",
    "seen": "timestamptz",
    "day": "date",
    "price": "numeric(12, 2)",
    "count": "bigint",
    "paid": "boolean",
}
TEXT = ("country", "note", "version")


@pytest.fixture(scope="module")
def rows():
    return seeded.table()


@pytest.fixture(scope="module")
def duckdb(tmp_path_factory, rows):
    return seeded.parquet(tmp_path_factory.mktemp("duckdb"), rows)


@pytest.fixture(scope="module")
def postgresql(postgres, rows):
    if postgres is None:
        pytest.skip("No PostgreSQL answers; set UPRIVER_TEST_POSTGRES.")
    import psycopg

    name = f"rows_{uuid.uuid4().hex[:10]}"
    url = postgres.set(drivername="postgresql").render_as_string(hide_password=False)
    declared = ", ".join(
        f'"{c}" {SQL_TYPES.get(c, "text" if c in TEXT else "double precision")}' for c in rows.column_names
    )
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f"create table {name} ({declared})")
        with db.cursor() as cursor, cursor.copy(f"copy {name} from stdin") as copy:
            for row in zip(*(rows[c].to_pylist() for c in rows.column_names), strict=True):
                copy.write_row(row)
        yield Location(uri=url, table=name)
        db.execute(f"drop table {name}")


@pytest.fixture(scope="module")
def spark(tmp_path_factory, rows):
    pytest.importorskip("pyspark", reason="pyspark is not installed.")
    if not shutil.which("java"):
        pytest.skip("There is no Java to run Spark with.")
    there = seeded.parquet(tmp_path_factory.mktemp("spark"), rows)
    return there.model_copy(update={"engine": "spark"})


every_engine = pytest.mark.parametrize(
    "place", ["duckdb", "postgresql", pytest.param("spark", marks=pytest.mark.journey)]
)
quiet = pytest.mark.filterwarnings("ignore")


def measured(location, settled=None, **more):
    monitor = seeded.monitor(location, **more)
    with opened(location) as data:
        settled = settled or plan(data, monitor)
        known = [counted.window for counted in windows(data, monitor)]
        return settled, list(summarise(data, monitor, settled, known))


@pytest.fixture(scope="module")
def here(duckdb):
    return measured(duckdb, inference=seeded.inference(), watch="inference_log", slices=("country", "count > 4"))


@pytest.fixture
def there(request, place, here):
    location = request.getfixturevalue(place)
    return measured(
        location, here[0], inference=seeded.inference(), watch="inference_log", slices=("country", "count > 4")
    )


@quiet
@every_engine
def test_every_engine_counts_alike_to_the_bit(here, there):
    theirs = {(m.window, m.cut): m for m in there[1]}
    assert theirs.keys() == {(m.window, m.cut) for m in here[1]}
    for ours in here[1]:
        other = theirs[ours.window, ours.cut]
        assert not other.problems
        assert ours.rows == other.rows
        assert ours.columns.keys() == other.columns.keys()
        for name, summary in ours.columns.items():
            assert_same(summary, other.columns[name])
        for pair, moments in ours.pairs.items():
            assert np.allclose(
                list(vars(moments).values()), list(vars(other.pairs[pair]).values()), rtol=1e-9, atol=1e-9
            )


def assert_same(ours, other):
    assert (ours.kind, ours.rows, ours.nulls) == (other.kind, other.rows, other.nulls)
    if ours.numbers is not None:
        a, b = ours.numbers, other.numbers
        assert a.buckets.tolist() == b.buckets.tolist()
        assert a.counts.tolist() == b.counts.tolist()
        assert (a.zeros, a.nans, a.low, a.high) == (b.zeros, b.nans, b.low, b.high)
        assert np.allclose(a.sums, b.sums, rtol=1e-9, atol=1e-9)
        assert np.isclose(a.squares, b.squares, rtol=1e-9)
        assert np.array_equal([a.least, a.most], [b.least, b.most], equal_nan=True)
    if ours.values is not None and ours.kind == "category":
        assert ours.values.values == other.values.values
        assert ours.values.counts.tolist() == other.values.counts.tolist()
        assert ours.distinct == other.distinct


@quiet
@every_engine
def test_buckets_are_those_of_numpy(rows, here, there):
    whole = {
        name: [m.columns[name] for m in there[1] if m.cut == Cut()]
        for name in ("bell", "wild", "holed", "count", "price")
    }
    for name, parts in whole.items():
        values = np.array([np.nan if v is None else float(v) for v in rows[name].to_pylist()])
        known = values[~np.array(rows[name].is_null())]
        expected = numbers_of(known, parts[0].numbers.centre)
        counts = {}
        for part in parts:
            for bucket, count in zip(part.numbers.buckets.tolist(), part.numbers.counts.tolist(), strict=True):
                counts[bucket] = counts.get(bucket, 0) + count
        assert counts == dict(zip(expected.buckets.tolist(), expected.counts.tolist(), strict=True)), name
        assert np.isclose(sum(p.numbers.sums.sum() for p in parts), expected.sums.sum(), rtol=1e-9, atol=1e-9)
        assert sum(p.numbers.nans for p in parts) == expected.nans
        assert sum(p.numbers.high for p in parts) == expected.high


@quiet
@every_engine
def test_a_plan_is_made_on_every_engine(request, place):
    settled, found = measured(request.getfixturevalue(place), watch="snapshot", granularities=())
    kinds = {column.name: column.kind for column in settled.columns}
    assert kinds["country"] == kinds["paid"] == "category"
    assert kinds["note"] == "text"
    assert kinds["day"] == kinds["seen"] == "time"
    assert kinds["price"] == kinds["count"] == kinds["empty"] == "number"
    assert ("bell", "linked") in settled.pairs
    assert [m.window for m in found] == [Window()]
    assert found[0].rows == seeded.ROWS


@quiet
@every_engine
def test_days_of_a_time_zone_are_as_long_as_clocks_make_them(request, place, rows):
    location = request.getfixturevalue(place)
    monitor = seeded.monitor(location, timezone="Europe/Berlin", columns=("bell",))
    with opened(location) as data:
        known = windows(data, monitor)
        found = list(summarise(data, monitor, plan(data, monitor), [c.window for c in known]))
    lengths = [(c.window.end - c.window.start).total_seconds() / 3600 for c in known]
    assert lengths.count(23) == 1
    assert [m.rows for m in found] == [c.rows for c in known]
    assert sum(c.rows for c in known) == rows.num_rows


@pytest.mark.parametrize("dialect", ["trino", "snowflake", "bigquery", "databricks", "clickhouse"])
def test_other_engines_have_sql_for_it(dialect, duckdb):
    import ibis

    from upriver.monitor.ask import columns, words
    from upriver.monitor.ask.cuts import Sliced, placed

    monitor = seeded.monitor(duckdb)
    with opened(duckdb) as data:
        known = [counted.window for counted in windows(data, monitor)]
        of = Sliced(placed(data, monitor, known))
        rows = of.data.table.select(*of.keys, x=words.number(of.data.table["bell"]))
        for asked in (columns.bucketed(of, rows, 1.5), columns._once_each(rows, of, 1.5)):
            portable = str(ibis.to_sql(asked, dialect=dialect)).upper()
            assert "GROUP BY" in portable


def test_pyarrow_is_what_comes_back(duckdb):
    with opened(duckdb) as data:
        assert isinstance(data.run(data.table.limit(1)), pa.Table)
