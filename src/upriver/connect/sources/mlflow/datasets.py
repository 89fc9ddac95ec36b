"""Many digests of one place are one dataset: the datasets that runs used, as assets."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from upriver.catalog import names
from upriver.catalog.records import Seen, Skipped
from upriver.connect.sources.mlflow import made
from upriver.connect.sources.mlflow.columns import Columns, of_schema, words
from upriver.connect.sources.mlflow.rows import TARGETS, Dataset, Input, Run, Used
from upriver.connect.sources.mlflow.values import filled, parsed
from upriver.ids import AssetId

REMEMBERED = 1000
SNAPSHOT = ("snapshot_id", "feature_view", "point_in_time")
"""Tags of an input that say which state of the data was read: of Iceberg, of a feature store."""
MEASURED = "upriver"
"""The part of a dataset's profile that `upriver_client.mlflow` adds."""

MORE = ("config_name", "split", "revision", "delta_table_version")


class Place(NamedTuple):
    """Where a dataset lies, as its source describes it."""

    named: names.Named | None
    kind: str
    more: dict[str, Any]
    problem: str


class Places:
    """Names datasets; the same source text is understood once."""

    def __init__(self, service: str, experiments: Mapping[str, str]) -> None:
        self._service = service
        self._experiments = experiments
        self._places: dict[tuple[str, str], Place] = {}
        self._ids: dict[Dataset, AssetId] = {}
        self._columns: dict[str, Columns] = {}
        self._reads: dict[Any, tuple[AssetId, dict[str, Any]]] = {}
        self._by_digest: dict[tuple[str, str, str], AssetId] = {}

    def id(self, dataset: Dataset) -> AssetId:
        """Return the asset that `dataset` is a state of."""
        if (known := self._ids.get(dataset)) is None:
            named = self.place(dataset).named
            experiment = self._experiments.get(dataset.experiment, dataset.experiment)
            name = dataset.name if dataset.kind == "mlflow_evaluation_dataset" else f"{experiment}/{dataset.name}"
            known = names.of_dataset(named.namespace, named.name) if named else AssetId("dataset", self._service, name)
            self._ids[dataset] = known
            self._by_digest[dataset.experiment, dataset.name, dataset.digest] = known
        return known

    def read(self, one: Input) -> tuple[AssetId, dict[str, Any]]:
        """Return the asset that a run read and what is known of that; equal inputs share one answer."""
        key = (one.dataset, *one.tags.items())
        if (known := self._reads.get(key)) is None:
            context, said = one.tags.get("mlflow.data.context"), targets_of(one.tags.get(TARGETS, ""))
            told = {name: one.tags.get(name) for name in SNAPSHOT}
            detail = filled(context=context, targets=said, version=self.version(one.dataset), **told)
            known = self._reads[key] = (
                self.id(one.dataset),
                {"digest": one.dataset.digest, "name": one.dataset.name, **detail},
            )
        return known

    def version(self, dataset: Dataset) -> str | None:
        """Return the version of the table that `dataset` is, where its source tells."""
        more = self.place(dataset).more
        version = more.get("delta_table_version", more.get("revision"))
        return None if version is None else str(version)

    def place(self, dataset: Dataset) -> Place:
        """Return where `dataset` comes from."""
        key = (dataset.kind, dataset.source)
        if (known := self._places.get(key)) is None:
            known = self._places[key] = _place(*key)
        return known

    def profiles(self, run: Run) -> dict[str, Any]:
        """Return what our client measured of the datasets that `run` read, by digest.

        It stays with the run, because all that is known of a dataset is written down again when it has a new state.
        """
        mine = {one.dataset.digest: one.dataset.profile for one in run.inputs if MEASURED in one.dataset.profile}
        found = ((digest, parsed(profile)) for digest, profile in mine.items())
        return {digest: profile for digest, profile in found if isinstance(profile, dict) and MEASURED in profile}

    def measured_on(self, experiment: str, name: str, digest: str) -> AssetId | None:
        """Return the asset of a dataset that some run of `experiment` used under this name and digest."""
        return self._by_digest.get((experiment, name, digest))

    def columns(self, dataset: Dataset) -> Columns:
        """Return the columns of `dataset`."""
        if (known := self._columns.get(dataset.schema)) is None:
            known = self._columns[dataset.schema] = of_schema(dataset.schema)
        return known


def _place(kind: str, source: str) -> Place:
    fields = parsed(source)
    if not isinstance(fields, dict):
        return Place(None, kind, {}, "Its source is not JSON, so where it comes from is unknown." if source else "")
    more = {key: fields[key] for key in MORE if fields.get(key) not in (None, "", "None")}
    try:
        return Place(names.of_source(kind, fields), kind, more, "")
    except (ValueError, TypeError) as error:
        return Place(None, kind, more, f"Where it comes from could not be understood: {error}.")


def targets_of(said: str) -> list[str]:
    """Return the columns that a run said it learns to predict, in the tag `TARGETS` of an input.

    Examples:
        >>> targets_of('["churned"]'), targets_of("churned, left")
        (['churned'], ['churned', 'left'])
    """
    found = parsed(said) if said[:1] in {"[", '"'} else said.split(",")
    found = found if isinstance(found, list) else [found]
    return [name.strip() for name in found if isinstance(name, str) and name.strip()]


def assets(
    places: Places, used: list[Used], known: Mapping[AssetId, str], *, quick: bool, salt: str
) -> list[Seen | Skipped | AssetId]:
    """Return each dataset that changed, a finding for each odd one, and the id of each that did not change.

    Args:
        used: Every digest that a run used.
        quick: Only some runs were read, so that only new digests say something new.
    """
    grouped: dict[AssetId, list[tuple[int, Dataset]]] = {}
    targets: dict[AssetId, set[str]] = {}
    for one in used:
        asset = places.id(one.dataset)
        grouped.setdefault(asset, []).append((one.at, one.dataset))
        targets.setdefault(asset, set()).update(name for tag in one.targets for name in targets_of(tag))
    found: list[Seen | Skipped | AssetId] = []
    for asset, states in grouped.items():
        states.sort(key=lambda one: (one[0], one[1].digest, one[1].experiment))
        found += _findings(asset, places, [one for _, one in states])
        before = known.get(asset, "")
        state = _state(states, sorted(targets[asset]), salt)
        if before == state:
            found.append(asset)
        elif not (quick and before):
            found.append(_seen(asset, places, states, targets[asset], state))
        elif new := [one for one in states if _short(one[1].digest) not in before.split("|")[0].split(",")]:
            digests = ",".join(dict.fromkeys([*before.split("|")[0].split(","), *(_short(d.digest) for _, d in new)]))
            found.append(_seen(asset, places, new, targets[asset], f"{digests}|later"))
        else:
            found.append(asset)
    return found


def _short(digest: str) -> str:
    return blake2b(digest.encode(), digest_size=3).hexdigest()


def _state(states: list[tuple[int, Dataset]], targets: list[str], salt: str) -> str:
    """Begins with the digests themselves, so that a quick read can tell which are new."""
    digests = sorted({one.digest for _, one in states})
    newest = states[-1][1]
    whole = repr(
        (
            sorted({(d.digest, d.experiment, d.name, d.profile) for _, d in states}),
            newest.schema,
            newest.source,
            targets,
            salt,
        )
    )
    shown = ",".join(map(_short, digests)) if len(digests) <= REMEMBERED else "*"
    return f"{shown}|{blake2b(whole.encode(errors='surrogatepass'), digest_size=8).hexdigest()}"


def _findings(asset: AssetId, places: Places, states: list[Dataset]) -> list[Skipped]:
    seen = [places.place(one) for one in states]
    said = dict.fromkeys(place.problem for place in seen if place.problem)
    if any(place.named and place.named.leaked for place in seen):
        said["Credentials stood in its address; they were removed here but still stand in MLflow."] = None
    return [Skipped(id=str(asset), because=because) for because in said]


def _seen(asset: AssetId, places: Places, states: list[tuple[int, Dataset]], targets: set[str], state: str) -> Seen:
    newest = states[-1][1]
    described = next((one for _, one in reversed(states) if places.columns(one)), newest)
    columns = [{**one, "target": True} if one["name"] in targets else one for one in places.columns(described)]
    place = places.place(newest)
    origin = {"type": place.kind, **({"uri": place.named.uri} if place.named else {}), **place.more}
    facets: dict[str, Any] = {
        "snapshots": _snapshots(places, [one for _, one in states]),
        "schema": columns,
        "origin": {k: v for k, v in origin.items() if v not in (None, "")},
    }
    return made.seen(
        id=asset,
        title=newest.name,
        facets={name: value for name, value in facets.items() if value},
        grows=frozenset({"snapshots"}),
        words=words(columns),
        state=state,
    )


def _snapshots(places: Places, states: list[Dataset]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for one in states:
        profile = parsed(one.profile)
        profile = profile if isinstance(profile, dict) else {}
        rows = next((profile[key] for key in ("num_rows", "approx_count") if isinstance(profile.get(key), int)), None)
        earlier = found.get(one.digest, {}).get("experiments", ())
        snapshot = {
            "name": one.name,
            "version": places.version(one),
            "rows": rows,
            "profile": {name: value for name, value in profile.items() if name not in {MEASURED, "columns"}},
            "experiments": sorted({*earlier, one.experiment}),
        }
        found[one.digest] = {name: value for name, value in snapshot.items() if value not in (None, {}, [])}
    return found
