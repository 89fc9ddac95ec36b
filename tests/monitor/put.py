"""Put one table where an engine finds it."""

import shutil
import uuid
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from upriver.monitor.records import Location

every_engine = pytest.mark.parametrize(
    "place", ["duckdb", "postgresql", pytest.param("spark", marks=pytest.mark.journey)]
)
quiet = pytest.mark.filterwarnings("ignore")  # Spark's and Ibis' own


@contextmanager
def put(place, made, folder, postgres):
    """Yield where the table is, for as long as it is needed."""
    if place == "postgresql":
        yield from _in_postgresql(made, postgres)
        return
    if place == "spark":
        pytest.importorskip("pyspark", reason="pyspark is not installed.")
        if not shutil.which("java"):
            pytest.skip("There is no Java to run Spark with.")
    file = folder / f"{uuid.uuid4().hex}.parquet"
    pq.write_table(made, file)
    yield Location(uri=str(file), engine="spark" if place == "spark" else "")


def _in_postgresql(made, postgres):
    if postgres is None:
        pytest.skip("No PostgreSQL answers; set UPRIVER_TEST_POSTGRES.")
    import psycopg

    name = f"rows_{uuid.uuid4().hex[:10]}"
    url = postgres.set(drivername="postgresql").render_as_string(hide_password=False)
    declared = ", ".join(f'"{field.name}" {_type(field.type)}' for field in made.schema)
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f"create table {name} ({declared})")
        with db.cursor() as cursor, cursor.copy(f"copy {name} from stdin") as copy:
            for row in zip(*(made[c].to_pylist() for c in made.column_names), strict=True):
                copy.write_row(row)
        yield Location(uri=url, table=name)
        db.execute(f"drop table {name}")


def _type(kind):
    if pa.types.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    known = (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_integer, "bigint"),
        (pa.types.is_floating, "double precision"),
    )
    return next((name for fits, name in known if fits(kind)), "text")
