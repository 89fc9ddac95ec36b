"""What an operator may set.  Each field is an environment variable `UPRIVER_<NAME>`."""

from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The settings of one installation; the documentation's table is made from the descriptions."""

    model_config = SettingsConfigDict(env_prefix="UPRIVER_", frozen=True)

    home: Path = Field(
        default_factory=lambda: user_data_path("upriver"), description="Folder of the database and the secret key."
    )
    database_url: str = Field("", description="SQLAlchemy URL of PostgreSQL; empty for an SQLite file in `home`.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8470, ge=0, le=65535, description="Port to listen on; 0 takes any free one.")
    access_token: SecretStr | None = Field(
        None, description="Whoever comes from another machine must give this token. Without it only loopback is served."
    )
    secret_key: SecretStr | None = Field(
        None, description="Key that encrypts stored credentials (urlsafe base64, 32 bytes); made in `home` if absent."
    )
    config: Path = Field(Path("upriver.yaml"), description="File that declares services, read by `upriver up`.")
    read_every: int = Field(300, ge=10, description="Seconds between two reads of a service, unless it says otherwise.")

    public_url: str = Field(
        "", description="Address under which people open Upriver, for links in messages; `host` and `port` if empty."
    )
    notify_after: int = Field(
        60, ge=0, le=3600, description="Seconds for which alerts are collected before people are told of them together."
    )
    diagnose_alerts: bool = Field(
        True, description="Explain by itself what an alert about a model or its inputs comes from, once for each alert."
    )
    diagnose_every: int = Field(
        86_400, ge=0, description="Seconds between two looks at each watched model that nobody asked for; 0 for never."
    )
    diagnose_rows: int = Field(
        1000, ge=0, le=10_000, description="Rows of each window that an explanation nobody asked for reads; 0 for none."
    )
    notify_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        (),
        description="Networks besides the public internet that webhooks may be sent to, also by http: "
        '`["10.0.0.0/8", "127.0.0.1/32"]`.',
    )

    @property
    def base(self) -> str:
        """What every link in a message begins with, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def url(self) -> str:
        """The database to use."""
        return self.database_url or f"sqlite:///{self.home / 'upriver.db'}"


@cache
def settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()
