"""The whole graph by names, so that two databases can be compared whatever numbers they gave."""

import orjson
from sqlalchemy import text

from upriver.catalog import read


def dump(tx):
    """Return what a database knows of lineage, without numbers and without when it was told."""
    ids = {node: str(of) for node, of in read.named(tx, tx.execute(text("select id from assets")).scalars()).items()}
    ids[0] = ""
    rows = {name: tx.execute(text(f"select * from {name}")).mappings().all() for name in TABLES}
    runs = {0: None} | {r["id"]: (ids[r["job"]], r["uid"]) for r in rows["runs"]}
    shapes = {None: None} | {r["id"]: r["fields"] for r in rows["schemas"]}
    columns = {r["id"]: (ids[r["asset"]], r["name"]) for r in rows["columns"]}
    speakers = {r["id"]: r["name"] for r in rows["producers"]}
    statements = {r["id"]: (ids[r["job"]], ids[r["target"]], r["how"], r["sha"]) for r in rows["statements"]}
    return {
        "runs": _all(
            (*runs[r["id"]], r["state"], r["started"], r["ended"], r["last_at"], runs.get(r["parent"]), r["facets"])
            for r in rows["runs"]
        ),
        "touched": _all(
            (
                runs[r["run"]],
                ids[r["dataset"]],
                r["side"],
                r["at"],
                shapes[r["opened"]],
                shapes[r["schema"]],
                r["schema_at"],
                bool(r["changed"]),
                speakers[r["producer"]],
                r["detail"],
            )
            for r in rows["run_io"]
        ),
        "jobs": _all(
            (
                ids[r["job"]],
                ids[r["other"]],
                r["side"],
                r["how"],
                r["first_seen"],
                r["last_seen"],
                runs[r["first_run"]],
                bool(r["phantom"]),
            )
            for r in rows["job_io"]
        ),
        "statements": _all(
            (
                *statements[r["id"]],
                sorted([ids[up], *rest] for up, *rest in orjson.loads(r["pairs"])),
                r["first_seen"],
                r["last_seen"],
                bool(r["live"]),
            )
            for r in rows["statements"]
        ),
        "columns": _all(
            (columns[r["up"]], columns[r["down"]], statements[r["statement"]], r["kind"]) for r in rows["column_edges"]
        ),
        "edges": _all((ids[r["up"]], ids[r["down"]], r["how"], r["source"], r["first_seen"]) for r in rows["edges"]),
        "feeds": _all((ids[r["up"]], ids[r["down"]], ids[r["job"]], r["first_seen"]) for r in rows["feeds"]),
        "queries": _all((ids[r["job"]], r["part"], r["query"], r["problem"]) for r in rows["queries"]),
        "names": _all((ids[r["node"]], ids[r["other"]], bool(r["apart"])) for r in rows["aliases"]),
        "assets": sorted(of for of in ids.values() if of),
        "facets": _facets(tx, ids),
    }


TABLES = (
    "runs",
    "run_io",
    "job_io",
    "schemas",
    "producers",
    "columns",
    "column_edges",
    "statements",
    "edges",
    "feeds",
    "queries",
    "aliases",
)


def _all(rows):
    return sorted(rows, key=repr)


def _facets(tx, ids):
    shown = read.by_node(tx, [node for node in ids if node])
    return {
        str(asset.id): sorted((f.name, orjson.dumps(_loose(f), option=orjson.OPT_SORT_KEYS)) for f in asset.facets)
        for asset in shown.values()
    }


def _loose(facet):
    return facet.value
