"""What clients look up before they watch: who they are, which id a table or a schema has.

Ids are the names themselves, in lower case: nothing else here tells two tables apart, and no list of them is needed.
"""

from typing import Any

from fastapi import APIRouter

from upriver.catalog import read as catalog
from upriver.errors import NotFound
from upriver.monitor import define, places
from upriver.monitor.records import Location, Monitor
from upriver.web import deps
from upriver.web.dialects.databricks.failing import Theirs
from upriver.web.dialects.databricks.quality_monitors import Known

Json = dict[str, Any]
FORMATS = {"parquet": "PARQUET", "csv": "CSV", "json": "JSON", "delta": "DELTA"}
router = APIRouter(route_class=Theirs, include_in_schema=False)


@router.get("/.well-known/databricks-config")
def config() -> Json:
    """Nothing to sign in with but the token that the client has."""
    return {"oidc_endpoint": ""}


@router.get("/api/2.0/preview/scim/v2/Me")
def me(who: deps.Who) -> Json:
    """Who asks."""
    return {"id": who, "userName": who, "displayName": who, "active": True}


@router.get("/api/2.1/unity-catalog/tables/{name}")
def table(name: str, tx: deps.Tx, known: Known) -> Json:
    """Where a table lies, and its columns as far as the catalog knows them."""
    place = places.find(tx, name, known)
    *above, last = name.split(".")
    return {
        "name": last,
        "catalog_name": above[0] if above else None,
        "schema_name": ".".join(above[1:]) or None,
        "full_name": name,
        "table_id": name.lower(),
        "table_type": "EXTERNAL",
        "data_source_format": FORMATS.get(place.format),
        "storage_location": f"{place.uri}#{place.table}" if place.table else place.uri,
        "columns": _columns(tx, place),
    }


def _columns(tx: deps.Tx, place: Location) -> list[Json]:
    asset = define.asset_of(Monitor(name="table", data=place))
    if asset is None or catalog.node_of(tx, asset) is None:
        return []
    columns = catalog.asset(tx, asset).columns()
    return [{"name": c["name"], "type_text": c.get("type"), "position": n} for n, c in enumerate(columns)]


@router.get("/api/2.1/unity-catalog/schemas/{name}")
def schema(name: str, known: Known) -> Json:
    """A schema; results are kept under its name wherever it is, and also written there where it is a place."""
    above, _, last = name.partition(".")
    if not above or not last:
        raise NotFound(f"There is no schema {name}.", "Write catalog.schema.")
    place = places.of(name, known)
    found = {"name": last, "catalog_name": above, "full_name": name, "schema_id": name.lower()}
    return {**found, "storage_root": place.uri} if place else found
