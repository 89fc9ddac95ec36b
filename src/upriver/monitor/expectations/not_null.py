"""Each row has a value; NaN is one, though `range` lets it nowhere."""

from upriver.monitor.ask.predictions import missing
from upriver.monitor.expectation import of_rows

PLUGIN = of_rows(
    "There is a value",
    lambda _, column: missing(column),
    lambda asked: f"lack a value in {asked.column!r}",
)
