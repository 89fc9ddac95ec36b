"""Which data a dotted name means: `catalog.schema.table`, as warehouses call their tables.

A name is looked up in what the configuration says of places, then in the catalog.  A place may be said of a whole
catalog or schema: `prod.features: /lake/gold` finds `prod.features.activity` at `/lake/gold/activity`, and
`prod: postgresql://db/shop` finds `prod.public.orders` in the table `public.orders`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from pydantic import ValidationError
from sqlalchemy import Connection

from upriver.catalog import search
from upriver.errors import Invalid, NotFound
from upriver.ids import AssetId
from upriver.monitor.records import Location, Monitor

Places = Mapping[str, Location]
DATABASES = ("postgresql", "postgres", "mysql", "mariadb", "sqlite", "duckdb")
_ONE_SCHEMA = ("mysql", "mariadb", "sqlite")
_HOW = "Say where it is under `places:` in upriver.yaml, such as `{name}: s3://lake/gold/{last}`."


def declared(file: Path) -> dict[str, Location]:
    """Return the places that a YAML file declares, by their names in lower case; none where there is no file.

    Raises:
        Invalid: The file is no YAML, or a place in it is none.

    Examples:
        The file says::

            places:
              prod.features: s3://lake/gold
              prod.shop: {uri: "postgresql://db/shop", credentials: {password: "env:SHOP_PASSWORD"}}
    """
    try:
        content = yaml.safe_load(file.read_text("utf-8")) if file.is_file() else {}
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise Invalid(f"{file} cannot be read: {' '.join(str(error).split())}.", "Mend it and try again.") from error
    listed = (content.get("places") or {}) if isinstance(content, dict) else {}
    if not isinstance(listed, dict):
        raise Invalid(f"{file}: `places` must be names, each with a place.", "Write `prod.features: s3://lake/gold`.")
    return {str(name).strip().lower(): _location(name, said, file.resolve().parent) for name, said in listed.items()}


def _location(name: Any, said: Any, folder: Path) -> Location:
    try:
        found = Location.model_validate({"uri": said} if isinstance(said, str) else said)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise Invalid(
            f"The place {name!r} cannot be used: {where}: {first['msg']}.", "Write at least a uri."
        ) from error
    is_relative = ":" not in found.uri and not found.uri.startswith("/")
    return found.model_copy(update={"uri": str(folder / found.uri)}) if is_relative else found


def of(name: str, places: Places) -> Location | None:
    """Return where `name` lies according to `places`; None where they do not tell.

    Examples:
        >>> places = {"prod.features": Location(uri="/lake/gold/"), "prod": Location(uri="postgresql://db/shop")}
        >>> of("PROD.features.activity", places).uri
        '/lake/gold/activity'
        >>> of("prod.public.orders", places).table
        'public.orders'
    """
    parts = name.lower().split(".")
    for length in range(len(parts), 0, -1):
        found = places.get(".".join(parts[:length]))
        if found is not None:
            return _inside(found, name.split(".")[length:])
    return None


def _inside(place: Location, rest: list[str]) -> Location:
    if not rest:
        return place
    kind = place.uri.partition(":")[0]
    if kind in DATABASES:
        within = [*filter(None, [place.table]), *rest]
        return place.model_copy(update={"table": within[-1] if kind in _ONE_SCHEMA else ".".join(within)})
    return place.model_copy(update={"uri": "/".join([place.uri.rstrip("/"), *rest])})


def results_of(monitor: Monitor) -> dict[str, str]:
    """Return what clients of a warehouse call a monitor's tables of results, if such a client defined it.

    Examples:
        >>> told = {"table_name": "prod.gold.activity", "output_schema_name": "prod.quality"}
        >>> found = Monitor(name="x", data=Location(uri="/lake"), told={"databricks": told})
        >>> results_of(found)["drift_metrics"]
        'prod.quality.activity_drift_metrics'
    """
    said = monitor.told.get("databricks")
    schema, table = (
        (said.get(name) for name in ("output_schema_name", "table_name")) if isinstance(said, dict) else ("", "")
    )
    if not schema:
        return {}
    last = str(table or monitor.name).rpartition(".")[2]
    return {kind: f"{schema}.{last}_{kind}" for kind in ("profile_metrics", "drift_metrics")}


def find(tx: Connection, name: str, places: Places) -> Location:
    """Return where the table called `name` lies.

    Raises:
        NotFound: Neither the places nor the catalog know it, or the catalog knows several.
    """
    found = of(name, places)
    if found is not None:
        return found
    last = name.rpartition(".")[2]
    how = _HOW.format(name=name, last=last)
    known = [hit.id for hit in search.find(tx, last, kinds=["dataset"], limit=1000).hits if _is_called(hit.id, name)]
    if len(known) > 1:
        raise NotFound(f"{name} could be several tables: {', '.join(map(str, known))}.", how)
    opened = of_asset(known[0]) if known else None
    if opened is None:
        said = f"The catalog knows {name} and not where it lies" if known else f"There is no table {name}"
        raise NotFound(f"{said}.", how)
    return opened


def _is_called(asset: AssetId, name: str) -> bool:
    return f".{asset.name}".replace("/", ".").lower().endswith(f".{name.lower()}")


def of_asset(asset: AssetId) -> Location | None:
    """Return where the rows of a dataset lie, as far as its name tells; None where it does not.

    Examples:
        >>> of_asset(AssetId("dataset", "s3://lake", "gold/orders")).uri
        's3://lake/gold/orders'
        >>> found = of_asset(AssetId("dataset", "postgres://db:5432", "shop.public.orders"))
        >>> found.uri, found.table
        ('postgresql://db:5432/shop', 'public.orders')
        >>> of_asset(AssetId("dataset", "unitycatalog", "prod.ml.churn")) is None
        True
    """
    scheme, _, host = asset.namespace.partition("://")
    if asset.namespace == "file":
        return Location(uri=asset.name)
    if scheme in ("s3", "gs") and host:
        return Location(uri=f"{asset.namespace}/{asset.name}")
    database, _, table = asset.name.partition(".")
    if scheme in ("postgres", "mysql") and host and table:
        kind = "postgresql" if scheme == "postgres" else scheme
        return Location(uri=f"{kind}://{host}/{quote(database)}", table=table)
    return None
