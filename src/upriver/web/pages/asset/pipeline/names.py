"""The names of one dataset: what systems call it otherwise, and what people say is the same."""

from datetime import datetime
from urllib.parse import unquote

from upriver.catalog import search
from upriver.catalog.records import Mark, Record
from upriver.ids import AssetId
from upriver.lineage import same
from upriver.web.deps import Tx

_LIKE = 20


class Other(Record):
    """Another name of a dataset, who says so, and why."""

    id: AssetId
    mark: Mark
    why: str
    by: str
    at: datetime


class Names(Record):
    """What `parts/dataset_names.html` may use.

    Attributes:
        like: Datasets that are called alike, to choose from.
    """

    others: tuple[Other, ...]
    like: tuple[AssetId, ...]


def names(tx: Tx, of: AssetId, title: str) -> Names:
    """Return the other names of a dataset, and what may be another."""
    known = same.names(tx, of)
    taken = {of, *(name.id for name in known)}
    words = title.rpartition("/")[2].rpartition(".")[2] or title
    hits = search.find(tx, words, kinds=["dataset"], limit=_LIKE).hits
    return Names(
        others=tuple(Other.model_validate(name._asdict()) for name in known),
        like=tuple(hit.id for hit in hits if hit.id not in taken),
    )


def named(text: str) -> AssetId:
    """Read what was entered: an id, or the address of a page.

    Raises:
        Invalid: It is neither.

    Examples:
        >>> named("http://up/assets/dataset:s3%253A%252F%252Flake/a?tab=raw").namespace
        's3://lake'
    """
    before, found, path = text.strip().partition("/assets/")
    return AssetId.parse(unquote(path.partition("?")[0]) if found else before)
