"""One query over what monitors found and what the catalog knows; it reads and does nothing else."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from upriver import db
from upriver.catalog.records import Record
from upriver.web import deps

router = APIRouter(prefix="/api/v1", tags=["sql"])


class Asked(Record):
    """A query: one SELECT in DuckDB's SQL."""

    query: str


class Heading(Record):
    """A column of an answer, with its type as Arrow names it."""

    name: str
    type: str


class Answer(Record):
    """What a query gives.

    Attributes:
        rows: In the order of the columns; moments are text.
    """

    columns: tuple[Heading, ...]
    rows: list[list[Any]]


@router.get("/sql")
def ask(tx: deps.Tx, query: Annotated[str, Query(description="One SELECT in DuckDB's SQL.")]) -> Answer:
    """Ask a query; `SHOW TABLES` lists what can be asked."""
    from upriver.monitor import sql  # noqa: PLC0415 — brings an engine, and a server should be up at once

    found = sql.ask(tx, query)
    columns = tuple(Heading(name=field.name, type=str(field.type)) for field in found.schema)
    return Answer(columns=columns, rows=sql.listed(found))


@router.post("/sql")
def ask_at_length(server: deps.Server, asked: Asked) -> Answer:
    """Ask a query that is too long for an address."""
    with db.reading(server) as tx:
        return ask(tx, asked.query)
