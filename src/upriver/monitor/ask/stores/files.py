"""Files: Parquet, CSV or JSON lines; one, a folder of them (`key=value` folders become columns), or a pattern."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from upriver.errors import Invalid, NotFound
from upriver.monitor.ask.cloud import PROTOCOLS, filesystem
from upriver.monitor.ask.spool import embedded
from upriver.monitor.ask.store import FILE, Asked, Data, Store
from upriver.monitor.records import Location

_READERS = {
    "parquet": "read_parquet({files}, hive_partitioning = {hive}, union_by_name = {many})",
    "csv": "read_csv({files}, hive_partitioning = {hive}, union_by_name = {many})",
    "json": "read_json({files}, hive_partitioning = {hive}, union_by_name = {many})",
}
_BY_FILE = "data_by_file"
_ENDINGS = {
    "parquet": (".parquet", ".parq", ".pq"),
    "csv": (".csv", ".csv.gz", ".tsv", ".tsv.gz"),
    "json": (".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz"),
}


def takes(location: Location) -> bool:
    """Return whether these are files that DuckDB is to read."""
    scheme = re.match(r"^([a-z][a-z0-9+.-]*):", location.uri)
    ours = not scheme or scheme[1] in {*PROTOCOLS, "file"}
    plain = location.format in {"", "parquet", "csv", "json"} and location.engine in {"", "duckdb"}
    folder = Path(path_of(location.uri))
    return ours and plain and not (location.format == "" and (folder / "_delta_log").is_dir())


def path_of(uri: str) -> str:
    """Return the path of a local file.

    Examples:
        >>> path_of("file:///lake/gold"), path_of("/lake/gold")
        ('/lake/gold', '/lake/gold')
    """
    return re.sub(r"^file:(//)?", "", uri)


@contextmanager
def opened(asked: Asked) -> Iterator[Data]:
    """Open files as one table."""
    uri = path_of(asked.location.uri)
    there = filesystem(uri, asked.credentials)
    found = listed(uri, there)
    if not found:
        raise NotFound(f"There are no files at {asked.location.uri}.", "Check the place of the data and its format.")
    kind = asked.location.format or _kind(found)
    files = [name for name, _, _ in found if name.endswith(_ENDINGS[kind])] or [name for name, _, _ in found]
    with embedded(asked, lambda db: _view(db, there, kind, files), mark(found)) as data:
        states = {name: f"{size} {changed}" for name, size, changed in found}
        yield replace(data, by_file=data.backend.table(_BY_FILE), files=states)


def _view(db: Any, there: Any, kind: str, files: list[str]) -> None:
    if there is not None:
        db.register_filesystem(there)
    listing = "[" + ", ".join("'" + file.replace("'", "''") + "'" for file in files) + "]"
    hive = any("=" in part for file in files for part in file.split("/")[:-1])
    source = _READERS[kind].format(files=listing, hive=str(hive).lower(), many=str(len(files) > 1).lower())
    db.execute(f"create view data as select * from {source}")  # noqa: S608 — file names, quoted
    told = source.removesuffix(")") + f", filename = '{FILE}')"
    db.execute(f"create view {_BY_FILE} as select * from {told}")  # noqa: S608 — as above


def _kind(found: list[tuple[str, int, str]]) -> str:
    for kind, endings in _ENDINGS.items():
        if any(name.endswith(endings) for name, _, _ in found):
            return kind
    raise Invalid(
        f"{found[0][0]} does not tell by its name what it is.", "Name the format: parquet, csv, json, delta, iceberg."
    )


def listed(uri: str, there: Any = None) -> list[tuple[str, int, str]]:
    """Return name, size and time of change of each file of data, in the order of their names."""
    if there is not None:
        return _listed_far(uri, there)
    path = Path(uri)
    if path.is_dir():
        every = sorted(p for p in path.rglob("*") if p.is_file())
    elif re.search(r"[*?\[]", uri):
        fixed = re.split(r"[^/]*[*?\[]", uri, maxsplit=1)[0]
        every = sorted(p for p in Path(fixed or ".").glob(uri[len(fixed) :]) if p.is_file())
    else:
        every = [path] if path.is_file() else []
    stats = [(str(p), p.stat()) for p in every if not _hidden(str(p), uri)]
    return [(name, s.st_size, str(s.st_mtime_ns)) for name, s in stats]


def _listed_far(uri: str, there: Any) -> list[tuple[str, int, str]]:
    protocol = uri.partition("://")[0]
    found = there.glob(uri, detail=True) if re.search(r"[*?\[]", uri) else there.find(uri, detail=True)
    return sorted(
        (f"{protocol}://{name}", int(about.get("size") or 0), str(about.get("ETag") or about.get("mtime") or ""))
        for name, about in found.items()
        if about.get("type") == "file" and not _hidden(name, uri)
    )


def _hidden(name: str, below: str) -> bool:
    """Return whether a file is no data: `_SUCCESS`, `_temporary/…`, `.crc`, as writers of folders leave them."""
    inside = name[len(below) :] if name.startswith(below) else name.rpartition("/")[2]
    return any(part.startswith(("_", ".")) and "=" not in part for part in inside.split("/") if part)


def mark(found: list[tuple[str, int, str]]) -> str:
    """Return a fingerprint that changes when a file does.

    Examples:
        >>> mark([("a", 1, "0")]) == mark([("a", 1, "0")]), mark([("a", 1, "0")]) == mark([("a", 2, "0")])
        (True, False)
    """
    return hashlib.sha256("\n".join(f"{n}\t{s}\t{t}" for n, s, t in found).encode()).hexdigest()[:32]


PLUGIN = Store("Parquet, CSV and JSON files", takes, opened)
