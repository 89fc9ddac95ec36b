"""What an operator says to reach one MLflow; becomes the form, the CLI options and the reference."""

from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from upriver import secrets

DRIVERS = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}


class Config(BaseModel):
    """How to reach one MLflow, and what of it to read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tracking_uri: str = Field(
        title="Tracking URI",
        description="The tracking server (https://ml.example), or its database, read-only: "
        "sqlite:////srv/mlflow.db, postgresql://reader@db/mlflow, mysql://reader@db/mlflow.",
    )
    registry_uri: str = Field(
        "", title="Registry URI", description="The model registry, where it is another server or database."
    )
    username: str = Field("", description="User name for basic authentication, or of the database.")
    password: SecretStr = Field(SecretStr(""), description="Password. env:NAME and file:PATH say where to find it.")
    token: SecretStr = Field(SecretStr(""), description="Bearer token. env:NAME and file:PATH say where to find it.")
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="Further HTTP headers; values may be env:NAME or file:PATH."
    )
    ca_file: str = Field(
        "", title="CA file", description="PEM file of the authority that signed the server's certificate."
    )
    verify: bool = Field(True, title="Verify TLS", description="Check the server's certificate.")
    workspace: str = Field("", description="MLflow workspace; the default one if empty.")
    external_url: str = Field(
        "", title="External URL", description="Where people open MLflow in a browser; the tracking URI if empty."
    )
    model_name_separator: str = Field(
        "_", min_length=1, description="Stands between name and version in the name of a model version."
    )
    include_experiments: tuple[str, ...] = Field(
        (), description="Read only experiments whose name matches one of these patterns (*, ?)."
    )
    exclude_experiments: tuple[str, ...] = Field(
        (), description="Leave out experiments whose name matches one of these patterns."
    )
    include_models: tuple[str, ...] = Field(
        (), description="Read only models and prompts whose name matches one of these patterns."
    )
    exclude_models: tuple[str, ...] = Field(
        (), description="Leave out models and prompts whose name matches one of these patterns."
    )
    artifacts: bool = Field(
        True, description="Read each model's MLmodel file once, for its signature and requirements."
    )

    @field_validator("tracking_uri", "registry_uri", mode="after")
    @classmethod
    def _reachable(cls, uri: str) -> str:
        uri = uri.strip()
        scheme, colon, rest = uri.partition("://")
        scheme = scheme.lower()
        if not uri:
            return uri
        if not colon or not rest.strip("/"):
            raise ValueError(
                f"{shown(uri)!r} is not a URI; write https://HOST, sqlite:////PATH, postgresql://… or mysql://…"
            )
        if scheme in {"http", "https"}:
            if not urlsplit(uri).hostname:
                raise ValueError(f"{shown(uri)!r} names no host; write https://HOST")
            return uri.rstrip("/")
        dialect = scheme.partition("+")[0]
        if dialect not in DRIVERS:
            raise ValueError(f"{scheme!r} cannot be read; use http, https, sqlite, postgresql or mysql")
        return f"{DRIVERS[dialect]}://{rest}"

    @field_validator("external_url", mode="after")
    @classmethod
    def _browsable(cls, url: str) -> str:
        url = url.strip().rstrip("/")
        if url and not url.startswith(("http://", "https://")):
            raise ValueError(f"{shown(url)!r} cannot be opened in a browser; write https://HOST")
        return url

    @model_validator(mode="after")
    def _complete(self) -> "Config":
        if not self.tracking_uri:
            raise ValueError("a tracking URI is needed; write https://HOST or the URL of MLflow's database")
        if self.token.get_secret_value() and self.username:
            raise ValueError("give a token or a user name with a password, not both")
        return self

    @property
    def ui(self) -> str:
        """The base of links into the MLflow UI; empty where only a database is known."""
        from_server = self.tracking_uri if is_http(self.tracking_uri) else ""
        return self.external_url or (shown(from_server) if from_server else "")

    @property
    def registry(self) -> str:
        """Where the registry is."""
        return self.registry_uri or self.tracking_uri

    def wants_experiment(self, name: str) -> bool:
        """Whether the patterns let this experiment through."""
        return _wanted(name, self.include_experiments, self.exclude_experiments)

    def wants_model(self, name: str) -> bool:
        """Whether the patterns let this registered model or prompt through."""
        return _wanted(name, self.include_models, self.exclude_models)


def _wanted(name: str, include: tuple[str, ...], exclude: tuple[str, ...]) -> bool:
    return (not include or any(fnmatchcase(name, p) for p in include)) and not any(
        fnmatchcase(name, p) for p in exclude
    )


def is_http(uri: str) -> bool:
    """Whether `uri` is answered by a server rather than opened as a database."""
    return uri.startswith(("http://", "https://"))


def shown(uri: str) -> str:
    """Return `uri` as it may be shown: without user and password.

    Examples:
        >>> shown("postgresql://reader:pw@db/mlflow?sslmode=require")
        'postgresql://db/mlflow'
    """
    scheme, colon, rest = uri.partition("://")
    authority, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}{colon}{authority.rpartition('@')[2]}{slash}{path}"


def revealed(secret: SecretStr, what: str) -> str:
    """Return the secret itself, looked up where it is only referred to.

    Raises:
        Invalid: The variable or the file it refers to is not there.
    """
    return secrets.resolved(secret.get_secret_value(), what)
