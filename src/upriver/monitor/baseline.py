"""What a model was trained on: as its run logged it, else where those rows can still be read.

Nothing is guessed.  A run that read several datasets and marked none of them as training data trained on an unknown one, and
the sentence in `because` says so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import Connection

from upriver.catalog import read
from upriver.catalog.records import Asset
from upriver.errors import Invalid
from upriver.ids import AssetId
from upriver.lineage import origins
from upriver.monitor import logged
from upriver.monitor.measure.summary import Summary
from upriver.monitor.records import Location

TRAINING = frozenset({"training", "train"})


@dataclass(frozen=True)
class Trained:
    """What one version was trained on, as far as anybody said it.

    Attributes:
        dataset: None where it is not known which it was.
        name: What the run called it.
        digest: What the run called this state of it; a fingerprint of all rows where our client logged it.
        profile: A summary of each column, where our client logged it.
        location: Where the rows can still be read.
        because: One sentence: where this comes from, or what is missing.
    """

    dataset: AssetId | None = None
    name: str = ""
    digest: str = ""
    profile: Mapping[str, Summary] | None = None
    location: Location | None = None
    because: str = ""


class _Input(NamedTuple):
    """A dataset that the run read, and how."""

    dataset: Asset
    detail: Mapping[str, Any]

    @property
    def digest(self) -> str:
        return str(self.detail.get("digest") or "")

    @property
    def context(self) -> str:
        return str(self.detail.get("context") or "").lower()

    @property
    def name(self) -> str:
        return str(self.detail.get("name") or self.dataset.title)


def version_of(tx: Connection, text: str) -> AssetId:
    """Return the version that somebody means: `churn@champion`, `churn@3`, `churn/3`, `models:/churn/3` or an id.

    Raises:
        NotFound: Nothing is called that.
        Invalid: Several things are, or it is no version.
    """
    said = text.removeprefix("models:/")
    name, slash, number = said.rpartition("/")
    by_number = slash and name and "@" not in said and ":" not in said and number.isdigit()
    found = read.resolve(tx, f"{name}@{number}" if by_number else said)
    if found.kind != "version":
        raise Invalid(f"{text!r} is a {found.kind}, not a version.", f"Say which version: {text}@champion, {text}@3.")
    return found


def trained_on(tx: Connection, version: AssetId) -> Trained:
    """Return what `version` was trained on.

    Raises:
        NotFound: There is no such version.
    """
    title = read.asset(tx, version).title
    run = origins.maker(tx, version, ("profiles",))
    if run is None:
        return Trained(because=f"Nothing says which run trained {title}.")
    inputs = list(_inputs(tx, run.id))
    profiles = run.get("profiles", {})
    chosen = _chosen(inputs, profiles)
    if isinstance(chosen, str):
        return Trained(because=f"The run {run.title} that trained {title} {chosen}.")
    said = profiles.get(chosen.digest)
    place = _place(chosen, said if isinstance(said, dict) else {})
    known = Trained(chosen.dataset.id, chosen.name, chosen.digest, None, place.location, place.because)
    return _profiled(known, said, run.title) if isinstance(said, dict) else known


def _profiled(known: Trained, said: Mapping[str, Any], run: str) -> Trained:
    try:
        profile = logged.profile(str(said.get("upriver", "")))
    except Invalid as problem:
        return replace(known, because=f"{problem} {known.because}")
    because = f"The run {run} logged the profile of {known.name} with all its rows."
    return replace(known, profile=profile, because=because)


def _inputs(tx: Connection, run: AssetId) -> Iterator[_Input]:
    for near in origins.beside(tx, run, "up", ["read"], names=("snapshots", "origin"), limit=200).items:
        others = near.edge.detail.get("others")
        for detail in (near.edge.detail, *(others if isinstance(others, list) else [])):
            if isinstance(detail, dict):
                yield _Input(near.asset, detail)


def _chosen(inputs: list[_Input], profiles: Mapping[str, Any]) -> _Input | str:
    """Return the input that it was trained on, or what keeps us from knowing, to follow on the name of the run."""
    if not inputs:
        return "logged no dataset"
    marked = [one for one in inputs if one.context in TRAINING] or [one for one in inputs if not one.context]
    if not marked:
        contexts = ", ".join(sorted({repr(one.context) for one in inputs}))
        return f"read data for {contexts} and none for 'training'"
    profiled = [one for one in marked if one.digest in profiles]
    if len({(one.dataset.id, one.digest) for one in marked}) > 1 and len(profiled) != 1:
        names = ", ".join(sorted({one.name for one in marked}))
        return f"read several datasets that may be what it was trained on ({names})"
    return (profiled or marked)[0]


class _Place(NamedTuple):
    location: Location | None
    because: str


def _place(one: _Input, said: Mapping[str, Any]) -> _Place:
    """Return where the rows can still be read, as our client said it or MLflow does."""
    source = said.get("source")
    source = source if isinstance(source, dict) else {}
    origin = one.dataset.get("origin", {})
    snapshot = one.dataset.get("snapshots", {}).get(one.digest, {})
    uri = str(source.get("uri") or origin.get("uri") or "")
    table = str(source.get("table") or "")
    version = source.get("version", one.detail.get("version", snapshot.get("version")))
    iceberg = source.get("snapshot", one.detail.get("snapshot_id"))
    if not uri.startswith("/") and ":" not in uri:
        what = f"the table {uri or table}, whose address it did not record" if uri or table else "no place"
        return _Place(None, f"{one.name} was logged with {what}, so its rows cannot be read again.")
    if iceberg is not None:
        return _Place(
            Location(uri=uri, table=table, format="iceberg", at=str(iceberg)),
            f"The rows are read from snapshot {iceberg} of {uri}, which the run named.",
        )
    if version is not None and (origin.get("type") == "delta_table" or "version" in source):
        return _Place(
            Location(uri=uri, table=table, format="delta", at=str(version)),
            f"The rows are read from version {version} of {uri}, which the run named.",
        )
    return _Place(
        Location(uri=uri, table=table),
        f"The rows are read from {uri} as it is now; that it still is what the run read (digest {one.digest}) is unverified.",
    )
