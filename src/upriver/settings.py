"""What an operator may set.  Each field is an environment variable `UPRIVER_<NAME>`."""

from functools import cache
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

    @property
    def url(self) -> str:
        """The database to use."""
        return self.database_url or f"sqlite:///{self.home / 'upriver.db'}"


@cache
def settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()
