"""What a metric is: a pure comparison of two summaries that gives a number with a unit.

A metric knows nothing of limits, sample sizes or what anybody would call drift.  The same name stands for it in limits,
in judgements and in the reference; `column` is the name of its column in the table of drift.
"""

from collections.abc import Callable
from dataclasses import dataclass

from upriver.monitor.measure.summary import Summary
from upriver.monitor.records import Kind


@dataclass(frozen=True)
class Result:
    """What a comparison gave.

    Attributes:
        value: None where it could not be made.
        p: How likely a value at least as large is if both are drawn from one population; None where none is defined.
        because: Why there is no value.
    """

    value: float | None
    p: float | None = None
    because: str = ""


@dataclass(frozen=True)
class Metric:
    """A metric: `metric.compare(reference, current)`.

    Attributes:
        compare: Never raises for what summaries can hold; what cannot be compared is a result without a value.
        title: As people call it.
        unit: Of the value.
        kinds: Of columns it is defined for.
        laws: What holds for all summaries: "zero on self", "non-negative", "symmetric", "at most one".
        column: Its column in the table of drift.
        paired: The column holds statistic and p-value.
    """

    compare: Callable[[Summary, Summary], Result]
    title: str
    unit: str
    kinds: frozenset[Kind]
    laws: frozenset[str]
    column: str
    paired: bool = False
