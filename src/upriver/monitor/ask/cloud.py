"""Reach files in S3, Google Cloud Storage and Azure, with credentials by their plain names."""

from typing import Any

from upriver.errors import Invalid
from upriver.monitor.ask.extras import missing, needed

PROTOCOLS = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs"}
_NAMES = {
    "s3": {"key": "key", "secret": "secret", "token": "token", "endpoint": "endpoint_url"},
    "gs": {"token": "token", "project": "project"},
    "az": {
        "account": "account_name",
        "key": "account_key",
        "token": "sas_token",
        "connection": "connection_string",
        "tenant": "tenant_id",
        "client": "client_id",
        "secret": "client_secret",
    },
}


def filesystem(uri: str, credentials: dict[str, str]) -> Any:
    """Return the file system that `uri` is of; None for local files.

    Raises:
        Invalid: What reaches it is not installed, or a credential has a name that it does not know.
    """
    protocol = uri.partition("://")[0]
    if "://" not in uri or protocol not in PROTOCOLS:
        return None
    fsspec = needed("fsspec", "cloud", f"{protocol}://")
    try:
        return fsspec.filesystem(protocol, **options(protocol, credentials))
    except ImportError as error:
        raise missing("cloud", f"{protocol}://") from error


def options(protocol: str, credentials: dict[str, str]) -> dict[str, Any]:
    """Return credentials as the file system wants them.

    Examples:
        >>> options("s3", {"key": "AK", "secret": "x", "region": "eu-west-1"})
        {'key': 'AK', 'secret': 'x', 'client_kwargs': {'region_name': 'eu-west-1'}}
    """
    family = {"gcs": "gs", "abfs": "az", "abfss": "az"}.get(protocol, protocol)
    known = _NAMES[family]
    found: dict[str, Any] = {}
    for name, value in credentials.items():
        if name == "region" and family == "s3":
            found["client_kwargs"] = {"region_name": value}
        elif name in known:
            found[known[name]] = value
        else:
            names = ", ".join([*known, *(["region"] if family == "s3" else [])])
            raise Invalid(f"{protocol}:// knows no credential {name!r}.", f"Known: {names}.")
    return found
