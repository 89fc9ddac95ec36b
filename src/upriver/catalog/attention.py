"""What somebody should look at: assets in use that nobody explains or answers for, names that were made anew."""

from sqlalchemy import Connection, select

from upriver.catalog.history import log
from upriver.catalog.records import Change, Record
from upriver.catalog.said import somebody_says
from upriver.catalog.tables import assets, labels
from upriver.ids import AssetId

IN_USE = ("champion", "production", "prod")
KINDS = ("version", "prompt-version")


class Unexplained(Record):
    """An asset in use of which something is missing.

    Attributes:
        because: How it is known to be in use: "alias champion", "tag mlflow_production".
        lacks: "description", "owners".
    """

    id: AssetId
    title: str
    because: str
    lacks: tuple[str, ...]


def unexplained(tx: Connection, *, limit: int = 10) -> tuple[Unexplained, ...]:
    """Return versions that carry a champion's or production's mark and lack a description or owners.

    What is said of a model holds for its versions.
    It asks the index of labels, so it costs by what is in use and not by what there is.
    """
    marked = ((labels.c.family == "alias") & labels.c.value.in_(IN_USE)) | (
        (labels.c.family == "tag") & (labels.c.value == "mlflow_production")
    )
    lacks = {name: ~somebody_says(tx, name) for name in ("description", "owners")}
    query = (
        select(assets, labels.c.family, labels.c.value, *(said.label(f"no_{name}") for name, said in lacks.items()))
        .join(labels, labels.c.asset == assets.c.id)
        .where(marked, assets.c.kind.in_(KINDS), assets.c.gone_at.is_(None), lacks["description"] | lacks["owners"])
        .order_by(assets.c.title, assets.c.id, labels.c.value)
        .limit(limit * 3)
    )
    found: dict[int, Unexplained] = {}
    for row in tx.execute(query):
        missing = tuple(
            n for n, is_missing in (("description", row.no_description), ("owners", row.no_owners)) if is_missing
        )
        of = AssetId(row.kind, row.namespace, row.name)
        item = Unexplained(id=of, title=row.title, because=f"{row.family} {row.value}", lacks=missing)
        found.setdefault(row.id, item)
    return tuple(found.values())[:limit]


def recreated(tx: Connection, *, limit: int = 5) -> tuple[Change, ...]:
    """Return the latest times that a name was deleted in its source and used again for something else."""
    return log(tx, verbs=["recreated"], limit=limit)
