"""Which version is meant, what it is called elsewhere, and what it takes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from upriver.catalog import models, read
from upriver.catalog.models import CHAMPIONS
from upriver.catalog.records import Asset
from upriver.diagnose.records import Unknown
from upriver.errors import Invalid, NotFound
from upriver.ids import AssetId
from upriver.monitor import baseline


@dataclass(frozen=True)
class Named:
    """A version that is to be explained.

    Attributes:
        number: What the registry calls it: "3".
        called: Everything that a column of model ids may hold for it.
        features: Names of its inputs, without what it learns to predict; empty where it has no signature.
        targets: What it learns to predict, as far as its signature says.
        since: When an alias by which models serve was given to it; None if unknown.
    """

    id: AssetId
    title: str
    number: str = ""
    model: AssetId | None = None
    called: frozenset[str] = frozenset()
    features: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    since: datetime | None = None
    unknown: tuple[Unknown, ...] = ()


def named(tx: Connection, asked: str, *, at: datetime | None = None) -> Named:
    """Return the version that somebody means: `churn@champion`, `churn@3`, a version's id, or a model (the one that serves).

    Args:
        at: The moment that it is about: an alias is followed to where it pointed then, as far as the log knows.

    Raises:
        NotFound: Nothing is called that, or the model has no version.
        Invalid: Several things are, or it is neither a version nor a model.
    """
    name, sign, alias = asked.removeprefix("models:/").partition("@")
    found = _then(tx, name, alias, at) if sign and at is not None else None
    if found is not None:
        return _about(tx, found)
    try:
        return _about(tx, baseline.version_of(tx, asked))
    except Invalid:
        model = read.resolve(tx, asked)
        if model.kind != "model":
            raise
        return _serving(tx, model)


def _then(tx: Connection, name: str, alias: str, at: datetime | None) -> AssetId | None:
    """Return the version that an alias pointed to at a moment; None where the log does not reach back so far."""
    try:
        model = read.resolve(tx, name)
    except (NotFound, Invalid):
        return None
    moves = (one for one in models.alias_moves(tx, model) if one.alias == alias and at is not None and one.at <= at)
    move = next(moves, None)
    return models.numbered(tx, model, [move.after]).get(move.after) if move and move.after else None


def _serving(tx: Connection, model: AssetId) -> Named:
    whole = read.asset(tx, model)
    champion = models.champion(tx, whole)
    if champion is not None:
        return _about(tx, champion)
    newest = read.children(tx, model, "version", limit=1, names=["registered"], with_gone=False).items
    if not newest:
        raise NotFound(f"{whole.title} has no version.", "Register one, then ask again.")
    guessed = Unknown(
        what="the version that serves",
        because=f"No alias of {whole.title} says which version serves, so the newest was looked at.",
        hint=f"Give one the alias champion, or ask for another: {whole.title}@3.",
    )
    return _about(tx, newest[0].id, guessed)


def _about(tx: Connection, version: AssetId, *unknown: Unknown) -> Named:
    known = read.assets_of(tx, [version], ["registered", "signature", "target", "aliases"])
    if version not in known:
        raise NotFound(f"There is no version {version.name!r} in {version.namespace!r}.", "Was its source ever read?")
    one = known[version]
    model = read.assets_of(tx, [one.parent], ["aliases"]).get(one.parent) if one.parent else None
    number = models.number(one)
    inputs, targets = _signature(one)
    if not inputs:
        because = f"{one.title} was logged without a signature, so what it takes is unknown."
        hint = "Log the model with a signature: mlflow.models.infer_signature(X, model.predict(X))."
        unknown = (*unknown, Unknown(what="the signature", because=because, hint=hint))
    return Named(
        id=version,
        title=f"{model.title} {number}" if model and number else one.title,
        number=number,
        model=one.parent,
        called=_called(one, model, number),
        features=inputs,
        targets=targets,
        since=_since(tx, model, number) if model else None,
        unknown=unknown,
    )


def _signature(version: Asset) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of what a version takes, and of what it learns to predict."""
    signature, target = version.get("signature", {}), version.get("target", "")
    fields = signature.get("inputs", []) if isinstance(signature, dict) else []
    every = [one for one in fields if isinstance(one, dict) and one.get("name")]
    targets = tuple(
        dict.fromkeys([*([str(target)] if target else []), *(str(f["name"]) for f in every if f.get("target"))])
    )
    return tuple(str(f["name"]) for f in every if str(f["name"]) not in targets), targets


def _called(version: Asset, model: Asset | None, number: str) -> frozenset[str]:
    """Return everything that a log of predictions may call a version."""
    found = {version.title, version.id.name, str(version.id)}
    if number:
        found |= {number, f"v{number}"}
    if model and number:
        each = {model.title, model.id.name}
        found |= {f"{start}{name}{sign}{number}" for name in each for sign in "/@_:" for start in ("", "models:/")}
    return frozenset(found)


def _since(tx: Connection, model: Asset, number: str) -> datetime | None:
    serving = (one for one in models.alias_moves(tx, model.id) if one.alias in CHAMPIONS and one.after == number)
    move = next(serving, None)
    return move.at if move and move.before else None
