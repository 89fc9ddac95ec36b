"""What somebody who opens a page asks for: the tab, the words searched, the part of a list, the field to edit."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Annotated, Literal, TypeVar
from urllib.parse import parse_qs, urlencode

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from upriver.catalog.records import Asset, Record
from upriver.web.html import href

T = TypeVar("T")
Short = Annotated[str, Field(max_length=2000)]
Hops = Annotated[int | None, Field(ge=0, le=20)]


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Several = Annotated[tuple[Short, ...], Field(max_length=20), BeforeValidator(_several)]
_LISTS = ("show", "open", "more")


class Asked(Record):
    """The query of a page's address; what it does not know is passed over.

    Attributes:
        tab: Empty for the first.
        q: Words to narrow a list by.
        page: Of a list, from 1.
        where: Conditions on runs.
        sort: What a list is ordered by.
        show: Columns of a table of runs; those that most runs have if empty.
        compare: The version to compare with: "champion", "previous" or "none".
        edit: The field to open for editing, with `part`.
        up: Hops of lineage towards the sources; as many as suit the view if None.
        down: Hops of lineage away from them.
        fan: Most neighbours drawn for one asset.
        view: How lineage is looked at; by columns if a column is named, else by tables.
        column: The column or feature that is traced.
        indirect: Also what only decided about it.
        layer: What is laid over the drawing.
        at: The day, or the moment, as of which lineage is shown; empty for now.
        day: The same off a slider, as days from today; counts where `at` is still what it `was` when the page was made.
        open: Ids of assets whose columns are unfolded.
        more: Ids of assets of which more neighbours are drawn; named twice, many more.
        since: The day at which a search for causes begins.
        until: The day at which it ends.
        before: History older than this change.
    """

    model_config = {"extra": "ignore"}

    tab: Annotated[str, Field(max_length=40)] = ""
    q: Short = ""
    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    where: Short = ""
    sort: Short = ""
    show: Several = ()
    compare: Literal["", "champion", "previous", "none"] = ""
    edit: Annotated[str, Field(max_length=40)] = ""
    part: Short = ""
    up: Hops = None
    down: Hops = None
    fan: Annotated[int, Field(ge=1, le=50)] = 6
    view: Literal["", "tables", "pipelines", "columns"] = ""
    column: Short = ""
    indirect: bool = False
    layer: Annotated[str, Field(max_length=40)] = ""
    at: Annotated[str, Field(max_length=40)] = ""
    was: Annotated[str, Field(max_length=40)] = ""
    day: Annotated[int | None, Field(ge=-40_000, le=0)] = None
    open: Several = ()
    more: Several = ()
    since: Annotated[str, Field(max_length=40)] = ""
    until: Annotated[str, Field(max_length=40)] = ""
    before: Annotated[int | None, Field(ge=1, le=2**53)] = None

    @classmethod
    def of(cls, query: str) -> "Asked":
        """Return what `query` asks for, as far as it makes sense."""
        found = parse_qs(query[:10_000], keep_blank_values=True)
        given = {k: (v if k in _LISTS else v[-1]) for k, v in found.items() if k in cls.model_fields}
        try:
            return TypeAdapter(cls).validate_python(given)
        except ValidationError as error:
            wrong = {e["loc"][0] for e in error.errors()}
            return TypeAdapter(cls).validate_python({k: v for k, v in given.items() if k not in wrong})


class Refused(Record):
    """What was typed into a field and could not be kept, and why."""

    problem: str
    entered: str


class Visit(Record):
    """One look at one asset.

    Attributes:
        refused: About the field that `asked.edit` names.
        now: Milliseconds since 1970 (UTC).
        site: Address of this server as the reader sees it.
    """

    asset: Asset
    asked: Asked
    refused: Refused | None = None
    now: int = 0
    site: str = ""

    @cached_property
    def back(self) -> str:
        """The query of this page with nothing open."""
        return self.query()

    def query(self, **changes: object) -> str:
        """Return the query of this page with some of it changed; editing is left."""
        given = self.asked.model_dump(exclude_defaults=True, exclude={"edit", "part", "was", "day"}) | changes
        return urlencode({k: v for k, v in given.items() if v not in ("", None, ())}, doseq=True)

    def to(self, **changes: object) -> str:
        """Return the address of this page with some of its query changed."""
        query = self.query(**changes)
        return f"{href(self.asset.id)}?{query}" if query else href(self.asset.id)

    def pager(self, total: int, size: int = 50) -> "Pager":
        """Return where in a list of `total` this page is."""
        last = max(1, math.ceil(total / size))
        page = min(self.asked.page, last)
        return Pager(
            total=total,
            first=(page - 1) * size,
            size=size,
            page=page,
            last=last,
            previous=self.to(page=page - 1) if page > 1 else "",
            next=self.to(page=page + 1) if page < last else "",
        )


class Pager(Record):
    """Where a page is in a long list.

    Attributes:
        first: Position of the first item on this page, from 0.
        previous: Address of the page before; empty on the first.
        next: Address of the page after; empty on the last.
    """

    total: int
    first: int
    size: int
    page: int
    last: int
    previous: str = ""
    next: str = ""

    def cut(self, items: Sequence[T]) -> Sequence[T]:
        """Return the items on this page."""
        return items[self.first : self.first + self.size]


def matching(items: Iterable[T], words: str, text: Callable[[T], str]) -> list[T]:
    """Return the items whose text holds every word of `words`."""
    wanted = words.casefold().split()
    return [item for item in items if all(word in text(item).casefold() for word in wanted)] if wanted else list(items)
