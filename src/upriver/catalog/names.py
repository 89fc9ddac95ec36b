"""One name per dataset, whoever mentions it.

A pipeline calls a place by its OpenLineage name, a training run by a URI with whatever else was at
hand in it.  These functions turn the second into the first, so that both speak of one asset, and
take out of it what must not be stored.

What OpenLineage does not name, we do: Hugging Face datasets are `hf://datasets` + `org/name`, as
their own file system spells them; a volume of Unity Catalog is `dbfs` + `/Volumes/…`, as Spark
spells it; tables whose host MLflow does not record are `unitycatalog` or `hive` without a host.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from upriver.ids import AssetId

SCHEMES = {"s3a": "s3", "s3n": "s3", "gcs": "gs", "postgresql": "postgres", "abfs": "abfss", "wasb": "wasbs"}
OBJECTS = frozenset({"s3", "gs", "abfss", "wasbs", "oss", "cos", "r2", "hf", "http", "https"})
DATABASES = frozenset({"postgres", "mysql", "redshift", "trino", "snowflake", "mssql", "oracle", "unitycatalog"})
CONTAINERS = frozenset({"abfss", "wasbs"})

SECRET = re.compile(
    r"token|secret|passw|pwd|signature|credential|api[-_]?key|access[-_]?key|^auth|^sig$|^key$|^x-(amz|goog)-",
    re.IGNORECASE,
)
SIGNED = frozenset(
    {"sv", "ss", "srt", "sp", "se", "st", "spr", "sr", "skoid", "sktid", "skt", "ske", "sks", "skv", "expires"}
)
DRIVE = re.compile(r"^[A-Za-z]:[\\/]")


class Named(NamedTuple):
    """What a place is called.

    Attributes:
        uri: The place as its own system writes it, without credentials.
        leaked: Credentials stood in it and were removed.
    """

    namespace: str
    name: str
    uri: str
    leaked: bool = False


def without_credentials(uri: str) -> tuple[str, bool]:
    """Return `uri` without what would let a reader in, and whether there was such a thing.

    Examples:
        >>> without_credentials("https://ada:pw@h/x.csv?token=SECRET&v=3")
        ('https://h/x.csv?v=3', True)
        >>> without_credentials("abfss://raw@lake.dfs.core.windows.net/x")
        ('abfss://raw@lake.dfs.core.windows.net/x', False)
    """
    head, question, query = uri.partition("?")
    scheme, colon, rest = head.partition("://")
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    leaked = False
    if colon and at and (SCHEMES.get(scheme.lower(), scheme.lower()) not in CONTAINERS or ":" in user):
        leaked, head = True, f"{scheme}://{host}{slash}{path}"
    pairs = [p for p in query.partition("#")[0].split("&") if p]
    if any(SECRET.search(unquote(p.partition("=")[0])) for p in pairs):
        leaked = True
        pairs = [p for p in pairs if not _lets_in(unquote(p.partition("=")[0]))]
        return head + ("?" + "&".join(pairs) if pairs else ""), leaked
    return head + question + query, leaked


def _lets_in(parameter: str) -> bool:
    return bool(SECRET.search(parameter)) or parameter.lower() in SIGNED


def of_uri(uri: str) -> Named | None:  # noqa: PLR0911 -- one kind of place after the other
    """Return the OpenLineage name of the place at `uri`, None where it means nothing elsewhere.

    Examples:
        >>> of_uri("s3a://lake/features/")[:2]
        ('s3://lake', 'features')
        >>> of_uri("/data/train.csv")[:2]
        ('file', '/data/train.csv')
        >>> of_uri("train.csv") is None
        True
    """
    clean, leaked = without_credentials(uri.strip())
    if DRIVE.match(clean):
        return Named("file", _path(clean.replace("\\", "/")), clean, leaked)
    if clean.startswith("/") and not clean.startswith("//"):
        return Named("file", _path(clean), clean, leaked)
    scheme, colon, rest = clean.partition(":")
    scheme = SCHEMES.get(scheme.lower(), scheme.lower())
    if not colon or not re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme):
        return None
    authority, _, path = rest[2:].partition("/") if rest.startswith("//") else ("", "", rest.lstrip("/"))
    path = path.partition("#")[0]
    if scheme in {"file", "dbfs"}:
        return Named(scheme, _path("/" + unquote(path)), clean, leaked) if path else None
    if not authority:
        return None
    if scheme in {"http", "https", "hdfs"}:
        authority = authority.lower()
    if scheme in DATABASES:
        return (
            Named(f"{scheme}://{authority}", path.strip("/").replace("/", "."), clean, leaked)
            if path.strip("/")
            else None
        )
    if scheme == "bigquery":
        return Named("bigquery", ".".join(filter(None, [authority, *path.split("/")])), clean, leaked)
    name = path.rstrip("/") if scheme in OBJECTS else _path("/" + path)
    return Named(f"{scheme}://{authority}", name or "/", clean, leaked)


def _path(path: str) -> str:
    return re.sub(r"(?<=.)/+$", "", re.sub(r"/{2,}", "/", path))


def of_source(kind: str, source: Mapping[str, Any]) -> Named | None:
    """Return the name of what an MLflow dataset source describes, None where it is no place (code, a query).

    Args:
        kind: MLflow's source type: s3, delta_table, hugging_face, …; others are read by their keys.
        source: The source's own fields.

    Examples:
        >>> of_source("delta_table", {"delta_table_name": "prod.ml.churn", "is_databricks_uc_table": True})[:2]
        ('unitycatalog', 'prod.ml.churn')
        >>> of_source("hugging_face", {"path": "org/reviews"})[:2]
        ('hf://datasets', 'org/reviews')
        >>> of_source("code", {"tags": {"mlflow.user": "ada"}}) is None
        True
    """
    text = {key: value for key, value in source.items() if isinstance(value, str) and value}
    if "namespace" in text and "name" in text:
        namespace, leaked = without_credentials(text["namespace"])
        return Named(namespace, text["name"], text["name"], leaked)
    if kind in {"huggingface", "hugging_face"}:
        return Named("hf://datasets", text["path"], f"hf://datasets/{text['path']}") if "path" in text else None
    if kind == "uc_volume":
        return of_uri("dbfs:" + text["path"].removeprefix("dbfs:")) if "path" in text else None
    table = text.get("delta_table_name") or text.get("table_name")
    if table:
        return _of_table(table.replace("`", ""), bool(source.get("is_databricks_uc_table")))
    place = text.get("uri") or text.get("url") or text.get("path")
    return of_uri(place) if place else None


def _of_table(table: str, governed: bool) -> Named:
    if governed:
        return Named("unitycatalog", table, table)
    return Named("hive", table if "." in table else f"default.{table}", table)


def host_of(url: str) -> str:
    """Return scheme and host of `url`, to say where something is without saying how to get in.

    Examples:
        >>> host_of("https://ada:pw@ml.example:5000/mlflow?x=1")
        'https://ml.example:5000'
    """
    parts = urlsplit(without_credentials(url)[0])
    return f"{parts.scheme}://{parts.netloc}"


PORTS = {"postgres": "5432", "mysql": "3306", "redshift": "5439", "mssql": "1433", "oracle": "1521"}
UPPER, LOWER = frozenset({"snowflake"}), frozenset({"hive", "redshift", "glue"})
FILES = frozenset({"s3", "gs", "abfss", "wasbs", "oss", "cos", "r2", "hdfs", "dbfs", "file"})
_MODEL = re.compile(r"^(?:models:/)?(?P<model>.+)/(?P<version>\d+)$")
_PARTITION = re.compile(r"/[^/=]+=[^/]*(/.*)?$")


@lru_cache(maxsize=65_536)
def of_dataset(namespace: str, name: str) -> AssetId:
    """Return the asset that OpenLineage calls `name` in `namespace`, under the one name that we give it.

    Schemes, ports, the case of hosts, slashes and partitions are evened out; what a database folds, we fold.  A
    dataset in `mlflow://<service>` is a version of a model.

    Examples:
        >>> of_dataset("postgresql://DB:None", "shop.public.orders")
        AssetId(kind='dataset', namespace='postgres://db:5432', name='shop.public.orders')
        >>> of_dataset("s3a://lake", "/orders/dt=2026-01-01/")[1:]
        ('s3://lake', 'orders')
        >>> of_dataset("mlflow://prod", "churn/3")
        AssetId(kind='version', namespace='prod', name='churn_3')
    """
    space = without_credentials(namespace.strip())[0]
    scheme, colon, rest = space.partition("://")
    scheme = SCHEMES.get(scheme.lower(), scheme.lower()) if colon else scheme
    if scheme == "mlflow" and (model := _MODEL.match(name)):
        return AssetId("version", rest.strip("/"), f"{model['model']}_{model['version']}")
    if colon:
        space = f"{scheme}://{_place(scheme, rest)}" if rest.strip("/") or scheme not in FILES else scheme
    place = without_credentials(name.strip())[0] if "://" in name else name.strip()
    kind = scheme.partition(":")[0].rstrip("/")
    if kind in FILES:
        place = _PARTITION.sub("", "/" + place)[1:] or place
        place = _path(place) if kind in {"file", "hdfs", "dbfs"} else re.sub(r"/{2,}", "/", place).strip("/") or "/"
        space = kind if kind in {"file", "dbfs"} and space.rstrip(":/") == kind else space
    elif kind in UPPER:
        place = place.upper()
    elif kind in LOWER:
        place = place.lower()
    return AssetId("dataset", space, place or "/")


def _place(scheme: str, rest: str) -> str:
    authority, slash, path = rest.rstrip("/").partition("/")
    host, _, port = authority.rpartition(":") if re.search(r":(\d+|None)$", authority) else (authority, "", "")
    if scheme in DATABASES or scheme in {"http", "https", "hdfs"}:
        host = host.lower()
    port = PORTS.get(scheme, "") if port in {"", "None"} else port
    return f"{host}{':' + port if port else ''}{slash}{path}"
