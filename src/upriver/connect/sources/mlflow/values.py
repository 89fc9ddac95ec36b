"""Single values out of MLflow's answers and tables, made alike."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

LARGEST = 1.7976931348623157e308


def number(value: Any) -> Any:
    """Return a metric as JSON can hold it; MLflow keeps an infinity as the largest number there is.

    Examples:
        >>> number(float("nan")), number(1.7976931348623157e308), number(0.5)
        ('NaN', 'Infinity', 0.5)
    """
    if value is None:
        return "NaN"
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if abs(value) >= LARGEST:
        return "Infinity" if value > 0 else "-Infinity"
    return value


def text(value: Any) -> str:
    """Return text, empty for nothing."""
    return "" if value is None else str(value)


def pairs(found: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """Return key-value objects as one mapping."""
    return {one["key"]: one.get("value") or "" for one in found} if found else {}


def parsed(value: str) -> Any:
    """Return what a JSON text says, None where it is none."""
    try:
        return plain(orjson.loads(value)) if value else None
    except orjson.JSONDecodeError:
        return _lenient(value)


def _lenient(value: str) -> Any:
    """Python writes NaN and Infinity, which JSON lacks."""
    import json  # noqa: PLC0415 -- only for the rare text that orjson refuses

    try:
        return plain(json.loads(value))
    except (ValueError, RecursionError):
        return None


def plain(value: Any) -> Any:
    """Return `value` with numbers that JSON lacks as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return number(value)
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value


def pairs_of_json(value: Any) -> dict[str, str]:
    """Return a JSON object of tags as a mapping of texts."""
    found = parsed(value) if isinstance(value, str) else value
    return (
        {str(k): v if isinstance(v, str) else orjson.dumps(v).decode() for k, v in found.items()}
        if isinstance(found, dict)
        else {}
    )


def filled(**facts: Any) -> dict[str, Any]:
    """Return those facts that are known."""
    return {name: value for name, value in facts.items() if value not in (None, "", (), [], {})}
