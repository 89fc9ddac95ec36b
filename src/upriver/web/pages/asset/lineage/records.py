"""What the lineage tab may use."""

from datetime import datetime

from markupsafe import Markup
from pydantic import ConfigDict

from upriver.catalog.records import Record
from upriver.ids import AssetId
from upriver.lineage.show.records import Tie, Written
from upriver.web.choice import Choice


class AsOf(Record):
    """What the form of the day may use.

    Attributes:
        at: What stands in the date field; empty for now.
        day: Where the slider stands: days from today, 0 or less.
        days: How far back the slider reaches.
        today: The last day that may be chosen.
        moment: The end of that day; None for now.
    """

    at: str
    day: int
    days: int
    today: str
    moment: datetime | None


class Chosen(Record):
    """A row of choices."""

    label: str
    choices: tuple[Choice, ...]


class Listed(Record):
    """An asset, or a column, of the drawing in words.

    Attributes:
        column: Empty for the asset as a whole.
        trace: Address of its own trace.
        flag: What the layer says of it, with a look and a reason.
        because: Sentences: over which edges it is connected to what is nearer.
        more: How many neighbours are not drawn.
        more_to: Where they are drawn.
    """

    id: AssetId
    column: str = ""
    title: str
    distance: int
    is_gone: bool
    note: str = ""
    trace: str = ""
    flag: tuple[str, str, str] = ("", "", "")
    written: Written | None = None
    because: tuple[str, ...] = ()
    more: int = 0
    more_to: str = ""


class Passed(Record):
    """A column that became a feature."""

    dataset: AssetId
    title: str
    column: str
    feature: str
    trace: str


class Matched(Record):
    """Columns that became features of one name.

    Attributes:
        pairs: The first of them in words.
        total: How many there are.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    drawing: Markup
    pairs: tuple[Passed, ...]
    total: int


class Picked(Record):
    """A column to begin a trace at."""

    name: str
    to: str


class Picture(Record):
    """What `asset_lineage.html` may use.

    Attributes:
        drawing: The graph as SVG, made and escaped by `lineage.draw`.
        listed: What is drawn, in words, the nearest first.
        ties: The lines of the drawing, in words; the first of `ties_total`.
        is_columns: It shows columns.
        files: Words and addresses of the same as files.
        legend: What the layer's marks mean.
        matched: Of a version: columns that became features; None where none are known.
        picks: Columns that a trace may begin at.
        wider: Address of the page with more neighbours of each; empty where all are drawn.
        server: Address of this server, for a pipeline to send to.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    drawing: Markup
    listed: tuple[Listed, ...]
    ties: tuple[Tie, ...]
    ties_total: int
    is_columns: bool
    column: str
    cut: bool
    chosen: tuple[Chosen, ...]
    asof: AsOf
    keep: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]
    legend: str
    matched: Matched | None
    picks: tuple[Picked, ...]
    wider: str
    server: str

    @property
    def is_empty(self) -> bool:
        """Nothing is connected to it."""
        return not self.ties

    @property
    def at(self) -> datetime | None:
        """The moment that it shows; None for now."""
        return self.asof.moment
