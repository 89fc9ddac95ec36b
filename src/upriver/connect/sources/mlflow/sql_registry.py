"""Reads registered models and prompts from MLflow's own database."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from upriver.catalog.records import Skipped
from upriver.connect.sources.mlflow.rows import Model, Version
from upriver.connect.sources.mlflow.sql import on_disk, within
from upriver.connect.sources.mlflow.tables import Database
from upriver.connect.sources.mlflow.values import text

VERSION = (
    "name",
    "version",
    "creation_time",
    "last_updated_time",
    "description",
    "current_stage",
    "source",
    "run_id",
    "status",
    "status_message",
)
TOMBSTONE = "Deleted_Internal"


class SqlRegistry:
    """The registry part, read from its database.

    Args:
        over_http: Reads a version's file through a server, for artifacts that do not lie on a disk that we see.
    """

    def __init__(
        self, database: Database, workspace: str, over_http: Callable[[Version, str], str | None] | None = None
    ) -> None:
        self.notes: list[Skipped] = []
        self._db = database
        self._workspace = workspace or "default"
        self._over_http = over_http
        self._places: dict[tuple[str, str], str] = {}

    def models(self) -> list[Model]:
        """Return models and prompts of the workspace."""
        tags: dict[str, dict[str, str]] = defaultdict(dict)
        for name, key, value in self._rows("registered_model_tags", ("name", "key", "value")):
            tags[name][key] = value or ""
        aliases: dict[str, dict[str, str]] = defaultdict(dict)
        for name, alias, version in self._rows("registered_model_aliases", ("name", "alias", "version")):
            aliases[name][alias] = str(version)
        columns = ("name", "creation_time", "last_updated_time", "description")
        return [
            Model(name, created, updated, text(description), tags.get(name, {}), aliases.get(name, {}))
            for name, created, updated, description in self._rows("registered_models", columns)
        ]

    def versions(self) -> list[Version]:
        """Return every version that is not deleted."""
        tags: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for name, version, key, value in self._rows("model_version_tags", ("name", "version", "key", "value")):
            tags[name, str(version)][key] = value or ""
        found = []
        for row in self._rows("model_versions", (*VERSION, "storage_location")):
            name, version, created, updated, description, stage, source, run, status, message, place = row
            told = (text(description), text(stage), text(source), text(run), text(status), text(message))
            one = Version(name, str(version), created, updated, *told, tags.get((name, str(version)), {}))
            if one.stage != TOMBSTONE:
                found.append(one)
                self._places[name, one.version] = text(place) or one.source
        return found

    def version_file(self, version: Version, name: str) -> str | None:
        """Return the text of one file of the version, from the disk or else through a server."""
        found = on_disk(self._places.get((version.name, version.version), version.source), name)
        return self._over_http(version, name) if found is None and self._over_http else found

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def _rows(self, table: str, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
        where, ids = within(self._db, table, self._workspace)
        return self._db.select(table, columns, where, ids)
