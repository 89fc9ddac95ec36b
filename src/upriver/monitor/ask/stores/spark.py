"""Tables and files that Spark reads, where they lie: `spark://…` (a cluster), `sc://…` (Spark Connect), or files with `engine` "spark".

Spark does the work; what takes too long is cancelled there.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import ibis
import pyarrow as pa

from upriver.errors import Invalid, NotFound, Problem, Unreachable
from upriver.monitor.ask.extras import needed
from upriver.monitor.ask.limited import masked, timed, too_slow
from upriver.monitor.ask.store import Asked, Data, Store
from upriver.monitor.records import Location


def takes(location: Location) -> bool:
    """Return whether Spark is to do the work."""
    return location.engine == "spark" or location.uri.startswith(("spark:", "sc:"))


@contextmanager
def opened(asked: Asked) -> Iterator[Data]:
    """Open a table of Spark, or files with it."""
    sql = needed("pyspark.sql", "spark", "Spark")
    needed("ibis.backends.pyspark", "spark", "Spark")
    hidden = tuple(asked.credentials.values())
    with _explained(hidden):
        session = _session(sql, asked)
        running = session.newSession() if hasattr(session, "newSession") else session
        running.conf.set("spark.sql.session.timeZone", "UTC")
        backend = ibis.pyspark.connect(running)
        name = _named(running, asked)
        table = backend.table(name[-1], database=".".join(name[:-1]) or None)

    def ask(query: str) -> pa.Table:
        tag = f"upriver-{uuid.uuid4().hex}"
        running.addTag(tag)
        try:
            with timed(asked.bounds.seconds, lambda: running.interruptTag(tag)) as late, _explained(hidden):
                return running.sql(query).toArrow()
        except Problem:
            if late.is_set():
                raise too_slow(asked.bounds.seconds) from None
            raise
        finally:
            running.removeTag(tag)

    yield Data(table, "spark", asked.location.at, backend, ask)


def _session(sql: Any, asked: Asked) -> Any:
    builder = sql.SparkSession.builder.appName("upriver")
    url = urlsplit(asked.location.uri)
    if url.scheme == "sc":
        return builder.remote(asked.location.uri).getOrCreate()
    local = f"local[{asked.bounds.threads}]"
    master = asked.location.uri if url.scheme == "spark" and url.netloc else local
    builder = builder.master(master).config("spark.sql.session.timeZone", "UTC").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.shuffle.partitions", str(asked.bounds.threads * 2))
    for name, value in asked.credentials.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _named(running: Any, asked: Asked) -> list[str]:
    location = asked.location
    if location.table:
        return location.table.split(".")
    kind = location.format or (
        "csv" if location.uri.endswith(".csv") else "json" if location.uri.endswith("json") else "parquet"
    )
    reader = running.read.format(kind)
    if kind == "csv":
        reader = reader.option("header", "true").option("inferSchema", "true")
    if location.at:
        reader = reader.option("versionAsOf" if kind == "delta" else "snapshot-id", location.at)
    reader.load(location.uri).createOrReplaceTempView("upriver_data")
    return ["upriver_data"]


@contextmanager
def _explained(hidden: tuple[str, ...]) -> Iterator[None]:
    errors = needed("pyspark.errors", "spark", "Spark")
    try:
        yield
    except errors.AnalysisException as error:
        said = masked(str(error), hidden)
        if any(word in said for word in ("TABLE_OR_VIEW_NOT_FOUND", "PATH_NOT_FOUND")):
            raise NotFound(f"There is no such table: {said}.", "Check the place of the data.") from error
        raise Invalid(f"Spark refused: {said}.", "Check the column and the expression.") from error
    except errors.PySparkException as error:
        raise Unreachable(f"Spark failed: {masked(str(error), hidden)}.", "Look into Spark's own log.") from error
    except ibis.common.exceptions.IbisError as error:
        raise NotFound(f"There is no such table: {masked(str(error), hidden)}.", "Check its name.") from error


PLUGIN = Store("Spark", takes, opened)
