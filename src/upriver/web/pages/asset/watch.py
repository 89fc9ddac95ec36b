"""How a dataset, a model or a version is watched: open alerts, features that moved, how good its predictions were."""

from collections.abc import Iterable, Mapping

from upriver.catalog import models, read
from upriver.catalog.records import Asset, Record
from upriver.diagnose import read as diagnoses
from upriver.ids import AssetId
from upriver.lineage import origins
from upriver.monitor import alerts
from upriver.monitor import read as monitored
from upriver.monitor.records import Watched
from upriver.web import predicting
from upriver.web.asked import whys
from upriver.web.charts.chart import Chart
from upriver.web.charts.quality import quality
from upriver.web.deps import Tx
from upriver.web.diagnosed import Brief, brief
from upriver.web.html import address, day
from upriver.web.pages.asset.view import View
from upriver.web.pages.asset.visit import Visit
from upriver.web.watching import Opened, State, metric_title, monitor_href, opened, state


class Row(Record):
    """A monitor."""

    watched: Watched
    to: str
    state: State


class Drifting(Record):
    """A feature whose column has moved.

    Attributes:
        to: Where it is looked into.
    """

    feature: str
    column: str
    dataset: AssetId
    title: str
    since: str
    because: str
    to: str


class Predicted(Record):
    """How good predictions were, by version, as one monitor saw it."""

    monitor: str
    to: str
    metric: str
    chart: Chart
    standings: tuple[predicting.Standing, ...]


class Watch(Record):
    """What `asset_watch.html` may use.

    Attributes:
        features: Of a model or a version: those that moved, of `features_total` that are known to come from a dataset.
        version: Whose features these are; None for a dataset.
        begin: Where to begin to watch it.
        diagnosed: The latest diagnosis of the model or the version; None where there is none.
        asks: What to ask for to have it diagnosed; empty for a dataset.
    """

    monitors: tuple[Row, ...]
    alerts: tuple[Opened, ...]
    features: tuple[Drifting, ...]
    features_total: int
    version: AssetId | None
    version_title: str
    predicted: tuple[Predicted, ...]
    begin: str
    diagnosed: Brief | None
    asks: str


def watch(tx: Tx, visit: Visit) -> Watch:
    """Return how the asset is watched."""
    of = visit.asset
    version = _version(tx, of)
    features = _features(tx, version.id) if version else {}
    datasets = [of.id] if of.id.kind == "dataset" else list(dict.fromkeys(dataset for dataset, _ in features))
    model = of.id if of.id.kind == "model" else of.parent if of.id.kind == "version" else None
    mine = monitored.every(tx, model=model) if model else ()
    every = {one.monitor.name: one for one in (*mine, *(monitored.every(tx, assets=datasets) if datasets else ()))}
    return Watch.model_construct(
        monitors=tuple(
            Row.model_construct(watched=one, to=monitor_href(name), state=state(one)) for name, one in every.items()
        ),
        alerts=_alerts(tx, of, datasets, [one.monitor.name for one in mine]),
        features=tuple(_drifting(tx, features)),
        features_total=len(features),
        version=version.id if version else None,
        version_title=version.title if version else "",
        predicted=tuple(found for one in mine if (found := _predicted(tx, one))),
        begin=address("/monitors/new", **{"model" if model else "asset": str(model or of.id)}),
        diagnosed=_diagnosed(tx, of) if model else None,
        asks=str(of.id) if model else "",
    )


def _diagnosed(tx: Tx, of: Asset) -> Brief | None:
    found = diagnoses.listing(tx, of=of.id, limit=1, whole=False)
    return brief(found[0]) if found else None


def _version(tx: Tx, of: Asset) -> Asset | None:
    """Return the version whose features are meant: the one itself, or the champion of a model."""
    if of.id.kind == "version":
        return of
    found = models.champion(tx, of) if of.id.kind == "model" else None
    return read.assets_of(tx, [found], ["registered"]).get(found) if found else None


def _features(tx: Tx, version: AssetId) -> dict[tuple[AssetId, str], tuple[str, str]]:
    """Return feature and dataset's title for each column that became a feature."""
    found: dict[tuple[AssetId, str], tuple[str, str]] = {}
    for near in origins.beside(tx, version, "up", ["matched"], names=["origin"], limit=20).items:
        columns = near.edge.detail.get("columns")
        for pair in columns if isinstance(columns, list) else []:
            if isinstance(pair, list) and len(pair) == 2:
                found[near.asset.id, str(pair[0])] = (str(pair[1]), near.asset.title)
    return found


def _drifting(tx: Tx, features: Mapping[tuple[AssetId, str], tuple[str, str]]) -> Iterable[Drifting]:
    for dataset, moved in monitored.moved(tx, {of for of, _ in features}).items():
        seen = set()
        for one in moved:
            feature, title = features.get((dataset, one.column), ("", ""))
            if feature and one.column not in seen:
                seen.add(one.column)
                yield Drifting.model_construct(
                    feature=feature,
                    column=one.column,
                    dataset=dataset,
                    title=title,
                    since=day(one.since.date()) if one.since else "",
                    because=one.because,
                    to=monitor_href(one.monitor, "columns", one.column),
                )


def _alerts(tx: Tx, of: Asset, datasets: list[AssetId], names: list[str]) -> tuple[Opened, ...]:
    """Return open alerts: all about a dataset; about a model those of its own monitors, for its features stand apart."""
    found = list(alerts.listed(tx, assets=datasets)) if of.id.kind == "dataset" else []
    found += [one for name in names for one in alerts.listed(tx, monitor=name)]
    reasons = whys(tx, found)
    ranked = sorted(dict.fromkeys(found), key=lambda a: bool(a.cut.key or a.cut.model))
    return tuple(opened(one, reasons.get(one.id)) for one in ranked)


def _predicted(tx: Tx, one: Watched) -> Predicted | None:
    if one.monitor.inference is None:
        return None
    scores = monitored.scores(tx, one.monitor.name, cut=None)
    metric = next(iter(predicting.ranked(scores)), "")
    mine = [score for score in scores if score.metric == metric and not score.cut.key]
    shown = [score for score in mine if score.cut.model] or mine
    if not shown:
        return None
    timezone = one.monitor.timezone
    return Predicted.model_construct(
        monitor=one.monitor.name,
        to=f"{monitor_href(one.monitor.name)}#quality",
        metric=metric_title(metric),
        chart=quality(shown, title=metric_title(metric), timezone=timezone),
        standings=predicting.standings(mine, timezone),
    )


VIEW = View("Watch", "asset_watch.html", watch)
