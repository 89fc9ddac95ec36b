"""Read the conditions that people write above a table: `metrics.auc > 0.9 and params.depth = 3`."""

import operator
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from upriver.errors import Invalid

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_CONDITION = re.compile(
    r"""^([\w.]+\.(?:`[^`]+`|[^\s<>=!`]+)|\w+)\s*(>=|<=|!=|=|>|<)\s*(?:"([^"]*)"|'([^']*)'|(\S+))$"""
)


class Condition(NamedTuple):
    """One comparison: a field, an operator, and what it is compared with, as a number where it is one."""

    field: str
    op: str
    value: float | str
    text: str


def parse(where: str) -> list[Condition]:
    """Return the conditions in `where`; a part without an operator must be in the title.

    Raises:
        Invalid: A part looks like a comparison and is not one.

    Examples:
        >>> [c[:3] for c in parse("metrics.auc > 0.9 and gold")]
        [('metrics.auc', '>', 0.9), ('title', '=', 'gold')]
    """
    parts = [p.strip() for p in re.split(r"\s+and\s+", where.strip(), flags=re.IGNORECASE) if p.strip()]
    return [_condition(part) for part in parts]


def _condition(part: str) -> Condition:
    if not re.search(r"[<>=]", part):
        return Condition("title", "=", part, part)
    found = _CONDITION.match(part)
    if found is None:
        raise Invalid(
            f"{part!r} is not a condition.", 'Write for example metrics.auc > 0.9 and params.model = "forest".'
        )
    field, op, *values = found.groups()
    value = next(v for v in values if v is not None)
    quoted = values[2] is None
    return Condition(field.replace("`", ""), op, value if quoted else _number(value), value)


def _number(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value
