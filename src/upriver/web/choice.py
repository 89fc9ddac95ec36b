"""One of several things that a page can show instead."""

from upriver.catalog.records import Record


class Choice(Record):
    """Something to choose, above what it changes.

    Attributes:
        to: Address of the page with it chosen.
        hint: More words, for those who do not see what it stands beside.
    """

    label: str
    to: str
    is_current: bool = False
    hint: str = ""
