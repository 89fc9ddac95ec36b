"""A tab of an asset's page: what it is called, what draws it, what fills it."""

from collections.abc import Callable
from typing import NamedTuple

from upriver.catalog.records import Record
from upriver.web.deps import Tx
from upriver.web.pages.asset.visit import Visit


class View(NamedTuple):
    """One tab."""

    label: str
    template: str
    build: Callable[[Tx, Visit], Record]
