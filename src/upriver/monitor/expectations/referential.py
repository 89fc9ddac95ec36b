"""Each value occurs as a key in another table, wherever that lies.

The two tables may lie in different systems, so their keys are compared here; rows stay where they are, and keys are not kept.
"""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from upriver.catalog.records import Record
from upriver.errors import Invalid
from upriver.monitor.ask.cuts import WINDOW
from upriver.monitor.ask.predictions import named
from upriver.monitor.ask.store import Data
from upriver.monitor.expectation import Asked, Found, Kind
from upriver.monitor.records import Location

MOST = 2_000_000
"""So many different keys are compared."""


class Settings(Record):
    """Where the keys are.

    Attributes:
        data: The other table.
        key: Its column; of the same name as ours where empty.
    """

    data: Location
    key: str = ""


def _answers(asked: Asked, rows: Data) -> Mapping[int, Found]:
    key = asked.settings.key or asked.column
    with asked.opened(asked.settings.data) as other:
        if key not in other.table.columns:
            known = ", ".join(other.table.columns[:20])
            raise Invalid(f"The other table has no column {key!r}.", f"Known: {known}.")
        keys = _few(other, other.table.select(key=named(other.table[key])).distinct())["key"]
    table = rows.table.select(WINDOW, key=named(rows.table[asked.column]))
    found = _few(rows, table.group_by([WINDOW, "key"]).aggregate(n=table.count()))
    known = pc.or_(
        pc.is_in(found["key"], value_set=keys.combine_chunks().cast(found["key"].type)), pc.is_null(found["key"])
    )
    answers: dict[int, list[int]] = {}
    for number, well, many in zip(found[WINDOW].to_pylist(), known.to_pylist(), found["n"].to_pylist(), strict=True):
        total = answers.setdefault(int(number), [0, 0])
        total[0] += int(many)
        total[1] += 0 if well else int(many)
    breach = f"have a value in {asked.column!r} that is no {key!r} there"
    return {number: asked.judged(many, failing, breach) for number, (many, failing) in answers.items()}


def _few(data: Data, query: Any) -> pa.Table:
    found = data.run(query.limit(MOST + 1))
    if found.num_rows > MOST:
        raise Invalid(
            f"There are more than {MOST:,} different keys, too many to compare.", "Expect it of a coarser key."
        )
    return found


PLUGIN = Kind("Values occur in another table", Settings, answers=_answers)
