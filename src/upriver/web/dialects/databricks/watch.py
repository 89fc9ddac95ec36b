"""What both of Databricks' APIs do with monitors, by the name of the table; a table has one."""

from typing import Any

from upriver.errors import Invalid, NotFound
from upriver.monitor import define, places, read, refreshes
from upriver.monitor.records import Location, Output, Refresh, Watched
from upriver.web import deps
from upriver.web.dialects.databricks import words
from upriver.web.dialects.databricks.failing import Exists

Json = dict[str, Any]


def every(tx: deps.Tx) -> list[Watched]:
    """Return all monitors by the names of their tables, whoever defined them."""
    return sorted(read.every(tx), key=lambda watched: words.table_of(watched.monitor))


def found(tx: deps.Tx, table: str) -> Watched:
    """Return the monitor of a table, by the table's name in any case or by the monitor's own UUID.

    Raises:
        NotFound: The table has none.
    """
    wanted = table.lower()
    for watched in every(tx):
        if wanted in (words.table_of(watched.monitor).lower(), watched.monitor.name.lower(), watched.uid):
            return watched
    raise NotFound(f"There is no monitor on {table}.", "Create one.")


def create(  # noqa: PLR0913 — what is said, where it may lie, and who says it when
    tx: deps.Tx, table: str, said: Json, known: places.Places, *, by: str, now: int
) -> Watched:
    """Define the monitor of a table, and let it look for the first time.

    Raises:
        NotFound: Nobody knows where the table lies, or the one that is its baseline.
        Exists: It has a monitor.
        Invalid: Something is missing, or cannot be said in our words.
    """
    for name in ("assets_dir", "output_schema_name"):
        if not said.get(name):
            raise Invalid(f"{name} is missing.", "Say it; it is kept and given back.")
    there = next((one for one in every(tx) if table.lower() == words.table_of(one.monitor).lower()), None)
    if there is not None:
        raise Exists(f"{table} has a monitor, {there.monitor.name!r}.", "Update it, or delete it first.")
    fields = _fields(tx, table, {**said, "table_name": table}, known)
    define.put(tx, define.read({"name": table, **fields}), by=by, now=now)
    refreshes.ask(tx, table, now=now)
    return read.get(tx, table)


def _fields(tx: deps.Tx, table: str, said: Json, known: places.Places) -> Json:
    other = said.get("baseline_table_name")
    folder = places.of(str(said.get("output_schema_name", "")), known)
    return words.changes(
        said,
        data=places.find(tx, table, known),
        baseline=places.find(tx, other, known) if other else None,
        output=_output(folder, table) if folder is not None else None,
    )


def _output(folder: Location, table: str) -> Output | None:
    """Return where results are written as tables too: a folder named after the table, inside the output schema's."""
    if folder.uri.partition(":")[0] in places.DATABASES:
        return None
    uri = f"{folder.uri.rstrip('/')}/{table.rpartition('.')[2]}"
    return Output(uri=uri, format="delta" if folder.format == "delta" else "parquet", credentials=folder.credentials)


def change(  # noqa: PLR0913 — as above
    tx: deps.Tx, table: str, said: Json, known: places.Places, *, by: str, now: int
) -> Watched:
    """Change what `said` names of the monitor of a table; the rest stays.

    Raises:
        NotFound: It has none, or nobody knows where the table that is to be its baseline lies.
        Invalid: Something cannot be said in our words.
    """
    watched = found(tx, table)
    before = words.info(watched)
    if any(said.get(name) is not None for name in words.ANALYSES):
        before = {name: value for name, value in before.items() if name not in words.ANALYSES}
    whole = {**before, **said, "table_name": words.table_of(watched.monitor)}
    fields = _fields_or_own(tx, watched, whole, known)
    own = define.usable(tx, watched.monitor.name).monitor
    define.put(tx, define.read({**own.model_dump(), **fields}), by=by, now=now)
    return read.get(tx, own.name)


def _fields_or_own(tx: deps.Tx, watched: Watched, said: Json, known: places.Places) -> Json:
    """Return the fields that `said` sets; where the rows lie stays as it is, whoever said it."""
    monitor = watched.monitor
    other = said.get("baseline_table_name")
    is_new = other and other != words.told(monitor).get("baseline_table_name")
    folder = places.of(str(said.get("output_schema_name", "")), known)
    fields = words.changes(
        said,
        data=monitor.data,
        baseline=places.find(tx, str(other), known) if is_new else None,
        output=_output(folder, words.table_of(monitor)) if folder is not None else None,
    )
    if "baseline_table_name" in said and not other:
        fields["baseline"] = None
    left = {"data", *(() if folder is not None else ("output",))}
    return {name: value for name, value in fields.items() if name not in left}


def refreshed(tx: deps.Tx, table: str, number: int) -> Refresh:
    """Return a refresh of the monitor of a table.

    Raises:
        NotFound: It has no such refresh.
    """
    watched = found(tx, table)
    one = refreshes.get(tx, number)
    if one.monitor != watched.monitor.name:
        raise NotFound(f"The monitor of {table} has no refresh {number}.", "List its refreshes.")
    return one


def look(tx: deps.Tx, table: str, *, now: int) -> Refresh:
    """Let the monitor of a table look now."""
    return refreshes.get(tx, refreshes.ask(tx, found(tx, table).monitor.name, now=now))


def cancel(tx: deps.Tx, table: str, number: int, *, now: int) -> Refresh:
    """Stop a refresh.

    Raises:
        NotFound: There is no such refresh.
        Conflict: It has ended.
    """
    refreshes.cancel(tx, refreshed(tx, table, number).id, now=now)
    return refreshes.get(tx, number)
