"""The nouns of the catalog, one shape each, from the source system to the screen.

The same frozen models are what sources yield, what the store returns, what the API documents
and what templates render.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from upriver.ids import AssetId

Mark = Literal["observed", "computed", "declared"]


class Record(BaseModel):
    """An immutable fact."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Link(Record):
    """That data went from one asset to another.

    Attributes:
        up: Where it came from.
        down: Where it went.
        how: "read" (a run read a dataset), "wrote", "trained" (a run made a model), "logged", "registered",
            "evaluated", "matched" (columns and features of one name), "nested" (a run started a run) or "ran" (a job of a
            pipeline started it); no data flowed in these.
        detail: What is known about the passage: digest, context, snapshot, column pairs.
    """

    up: AssetId
    down: AssetId
    how: str
    detail: dict[str, JsonValue] = {}


class Seen(Record):
    """An asset as one source system showed it to us, once.

    Attributes:
        id: What the asset is called.
        title: What people call it.
        url: Where the source itself shows it; empty if it cannot.
        parent: The container it lives in: a version's model, a run's experiment.
        born: When it came to be according to the source, in milliseconds since 1970 (UTC).
        facets: All that the source knows of it now, by facet name.  A facet that was there
            before and is absent now counts as removed, unless it is in `kept`.
        kept: Names of facets that were not looked at this time and stay as they are.
        grows: Names of facets whose keys are added to what is known rather than replacing it.
        links: What it was made from or made of.
        words: Further text to find it by (column names, feature names).
        state: A fingerprint by which the source will recognise that nothing changed; opaque to everyone else.
        deleted: The source still shows it, as deleted.
    """

    id: AssetId
    title: str = ""
    url: str = ""
    parent: AssetId | None = None
    born: int | None = None
    facets: dict[str, Any] = {}
    kept: frozenset[str] = frozenset()
    grows: frozenset[str] = frozenset()
    links: tuple[Link, ...] = ()
    words: str = ""
    state: str = ""
    deleted: bool = False


class Skipped(Record):
    """Something that could not be taken in, and why.

    Attributes:
        id: The asset, or what the source calls it.
        because: One sentence for the person who can mend it.
    """

    id: str
    because: str


class Report(Record):
    """What one batch did to the catalog."""

    seen: int = 0
    new: int = 0
    changed: int = 0
    skipped: tuple[Skipped, ...] = ()


class Facet(Record):
    """One thing that is known of an asset or of a part of it, and who said so.

    Attributes:
        part: The column or feature it is about; empty for the asset itself.
        mark: "observed" (a system said it), "computed" (we worked it out), "declared" (a person said it).
        by: The system or the person.
    """

    name: str
    part: str = ""
    mark: Mark
    value: JsonValue
    by: str
    at: datetime


class Asset(Record):
    """One asset and everything that is known of it.

    Attributes:
        edition: Version of what is known, "major.minor": major when what a consumer relies on changed.
        gone_at: When it was last noticed to be deleted in its source; None while it is there.
        facets: Every facet of every mark, declared first, then computed, then observed.
    """

    id: AssetId
    title: str
    url: str = ""
    parent: AssetId | None = None
    born: datetime | None = None
    first_seen: datetime
    changed_at: datetime
    gone_at: datetime | None = None
    edition: str = "1.0"
    facets: tuple[Facet, ...] = ()

    def all(self, name: str, part: str = "") -> tuple[Facet, ...]:
        """Return each facet called `name`, the one to show first."""
        return tuple(f for f in self.facets if f.name == name and f.part == part)

    def get(self, name: str, default: Any = None, part: str = "") -> Any:
        """Return the value to show for facet `name`: what a person declared wins over what a system said."""
        return next((f.value for f in self.facets if f.name == name and f.part == part), default)

    def columns(self) -> list[dict[str, Any]]:
        """Return every column that anybody knows of; of each the word to show first, completed by the others'."""
        found: dict[str, dict[str, Any]] = {}
        for facet in self.all("schema"):
            for column in facet.value if isinstance(facet.value, list) else ():
                if isinstance(column, dict):
                    name = str(column.get("name", ""))
                    found[name] = {**column, **{k: v for k, v in found.get(name, {}).items() if v not in ("", None)}}
        return list(found.values())


class Change(Record):
    """One row of the log.

    Attributes:
        seq: Position in the log, from 1.
        verb: "appeared", "mentioned", "changed", "vanished", "returned", "recreated", "declared", "retracted",
            "created", "computed"; "alerted", "resolved" (of an alert) and "diagnosed" change nothing that is known.
        what: The facet, with `#part` where it is about a part; empty where the asset as a whole is meant, "deleted"
            where it was deleted already when it appeared.
        before: JSON value, None where there was none.
        after: JSON value, None where there is none any more.
        edition: The asset's edition after this change.
        hash: SHA-256 over this row and the hash before it, in hexadecimal.
    """

    seq: int
    at: datetime
    by: str
    asset: AssetId
    verb: str
    what: str = ""
    before: JsonValue = None
    after: JsonValue = None
    edition: str = ""
    hash: str = ""


class Found(Record):
    """One hit of a search."""

    id: AssetId
    title: str
    description: str = ""
    gone: bool = False
    tags: tuple[str, ...] = ()


class Results(Record):
    """One page of a search, with what it could be narrowed by.

    Attributes:
        total: How many match, counted up to 10,000.
        counted: False where `total` stopped at that limit.
        facets: For each of kind, source, tag, term, owner: value to number of hits.
    """

    hits: tuple[Found, ...] = ()
    total: int = 0
    counted: bool = True
    facets: dict[str, dict[str, int]] = Field(default_factory=dict)
