"""What an expectation is: what it asks of the rows of a window, and how the answer reads.

A kind asks for aggregates, so that many expectations are answered by one look at the data, or answers by itself where
that is not enough.  It sees no rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
from pydantic import JsonValue

from upriver.catalog.records import Record
from upriver.monitor.ask.store import Data
from upriver.monitor.records import Location


class Nothing(Record):
    """Settings of a kind that has none."""


@dataclass(frozen=True)
class Found:
    """What was found in one window.

    Attributes:
        held: None where it cannot be told.
        observed: What was seen: a share, a count, a moment.
        failing: So many rows did not.
        because: One sentence with the numbers in it.
    """

    held: bool | None
    observed: JsonValue = None
    failing: int | None = None
    because: str = ""


@dataclass(frozen=True)
class Asked:
    """One expectation, ready to be asked.

    Attributes:
        column: What it is about; empty for the table as a whole.
        settings: Of the kind's own model.
        share: The share of rows for which it must hold.
        timestamp: The column that windows are made of; empty for a table as a whole.
        opened: Opens another place.
        made: The column that `Kind.prepared` adds.
    """

    column: str
    settings: Any
    share: float
    timestamp: str
    now: datetime
    opened: Callable[[Location], Any]
    made: str = ""

    def judged(self, rows: int, failing: int, breach: str) -> Found:
        """Return whether few enough rows failed.

        Args:
            breach: What a failing row does, in the plural: "lack a value in age".
        """
        if not rows:
            return Found(None, None, None, "There is no row.")
        held = failing == 0 or failing <= rows * (1 - self.share) + 1e-9
        share = (rows - failing) / rows
        if not failing:
            return Found(held, share, 0, f"None of {rows:,} rows {breach}.")
        told = f"{failing:,} of {rows:,} rows {breach}"
        allowed = f"; {100 * (1 - self.share):.4g} % may" if self.share < 1 else ""
        return Found(held, share, failing, f"{told} ({_percent(failing, rows)}{allowed}).")


def _percent(part: int, whole: int) -> str:
    """Return a share for people to read.

    Examples:
        >>> _percent(1, 1000), _percent(1, 10_000_000)
        ('0.1 %', 'less than 0.01 %')
    """
    share = 100 * part / whole
    return f"{share:.3g} %" if share >= 0.01 else "less than 0.01 %"


Aggregates = Callable[[Asked, Any], Mapping[str, Any]]
Reads = Callable[[Asked, int, Mapping[str, Any]], Found]


@dataclass(frozen=True)
class Kind:
    """A kind of expectation.

    Args:
        title: What people call it.
        settings: What it can be told.
        column: Whether it is about a column.
        aggregates: What to ask of the rows of a window, by name, as Ibis expressions over the table; None where their number is enough.
        reads: Makes the answer of it, given the number of rows; a window without rows is read only where their number is enough.
        prepared: Adds the column `Asked.made` to the rows first.
        answers: Answers by itself for each number of a window, where aggregates are not enough.
        whole: It is of the table as it is now, not of a window.
    """

    title: str
    settings: type[Record] = Nothing
    column: bool = True
    aggregates: Aggregates | None = None
    reads: Reads | None = None
    prepared: Callable[[Asked, Data], Data] | None = None
    answers: Callable[[Asked, Data], Mapping[int, Found]] | None = None
    whole: bool = False


def of_rows(
    title: str,
    fails: Callable[[Asked, Any], Any],
    breach: Callable[[Asked], str],
    *,
    settings: type[Record] = Nothing,
) -> Kind:
    """Return a kind that looks at each row for itself.

    Args:
        fails: True of a row that breaks it; null and false are well.
        breach: What such a row does, in the plural.
    """

    def aggregates(asked: Asked, table: Any) -> Mapping[str, Any]:
        return {"failing": ibis.ifelse(fails(asked, table[asked.column]), 1, 0).sum()}

    def reads(asked: Asked, rows: int, found: Mapping[str, Any]) -> Found:
        return asked.judged(rows, int(found["failing"] or 0), breach(asked))

    return Kind(title, settings, aggregates=aggregates, reads=reads)
