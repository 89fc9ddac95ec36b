"""Reads registered models and prompts over REST, and single files of models."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from upriver.catalog.records import Skipped
from upriver.connect.sources.mlflow.rows import Model, Version
from upriver.connect.sources.mlflow.values import pairs
from upriver.connect.sources.mlflow.wire import Absent, Wire
from upriver.errors import Invalid, Unreachable

V2 = "/api/2.0/mlflow"
PROMPTS = "tags.`mlflow.prompt.is_prompt` = 'true'"


class RestRegistry:
    """The registry part, asked of a server."""

    def __init__(self, wire: Wire) -> None:
        self.notes: list[Skipped] = []
        self._wire = wire

    def models(self) -> list[Model]:
        """Return models and prompts; the server lists prompts only when asked for them."""
        found = {}
        for one in self._both(f"{V2}/registered-models/search", "registered_models", 1000):
            found[one["name"]] = Model(
                one["name"],
                one.get("creation_timestamp"),
                one.get("last_updated_timestamp"),
                one.get("description", ""),
                pairs(one.get("tags")),
                {a["alias"]: str(a["version"]) for a in one.get("aliases", ())},
            )
        return list(found.values())

    def versions(self) -> list[Version]:
        """Return every version in as few requests as there are pages."""
        found = {}
        for one in self._both(f"{V2}/model-versions/search", "model_versions", 10000):
            found[one["name"], str(one["version"])] = Version(
                one["name"],
                str(one["version"]),
                one.get("creation_timestamp"),
                one.get("last_updated_timestamp"),
                one.get("description", ""),
                one.get("current_stage", ""),
                one.get("source", ""),
                one.get("run_id", ""),
                one.get("status", ""),
                one.get("status_message", ""),
                pairs(one.get("tags")),
            )
        return list(found.values())

    def _both(self, path: str, key: str, size: int) -> Iterator[dict[str, Any]]:
        for page in self._wire.pages(path, {"max_results": size}, by_get=True):
            yield from page.get(key, ())
        try:
            for page in self._wire.pages(path, {"max_results": size, "filter": PROMPTS}, by_get=True):
                yield from page.get(key, ())
        except (Absent, Invalid):
            return  # a server without prompts

    def version_file(self, version: Version, name: str) -> str | None:
        """Return the text of one file of the version, through the registry or else from the logged model."""
        asked = {"name": version.name, "version": version.version, "path": name}
        found = artifact(self._wire, "/model-versions/get-artifact", asked)
        if found is None and version.source.startswith("models:/m-"):
            return model_file(self._wire, version.source.removeprefix("models:/"), name)
        return found

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()


def said_by(wire: Wire) -> str:
    """Say what answers at the other end.

    Raises:
        Unreachable: Nothing does, or something that is not MLflow.
    """
    try:
        said = wire.text("/version").strip()
    except Absent:
        wire.get(f"{V2}/registered-models/search", max_results=1)
        return "MLflow 1.x"
    if not said or len(said) > 40 or "<" in said:
        wire.get(f"{V2}/registered-models/search", max_results=1)
        return "MLflow"
    return f"MLflow {said}"


def model_file(wire: Wire, model: str, name: str) -> str | None:
    """Return the text of one file of a logged model, None where there is none."""
    path = f"/ajax-api/2.0/mlflow/logged-models/{quote(model, safe='')}/artifacts/files"
    return artifact(wire, path, {"artifact_file_path": name})


def artifact(wire: Wire, path: str, asked: dict[str, str]) -> str | None:
    """Return the text of an artifact, None where there is none; servers before 3.0 answer 500 to that."""
    try:
        return wire.text(path, asked, tries=1)
    except (Absent, Invalid):
        return None
    except Unreachable as problem:
        if " answered 5" in problem.what:
            return None
        raise
