"""Whether a change to what is known of an asset is major or minor.

An edition is two counters, not a number with a point: 1.9 is followed by 1.10.  A change is
major when somebody who relies on the asset may have to act: another algorithm, server or target,
or a feature or column that went away or changed its type.  Everything else is minor.
"""

from typing import Any

_MAJOR = frozenset({"algorithm", "server", "target"})


def is_major(name: str, before: Any, after: Any) -> bool:
    """Return whether facet `name` going from `before` to `after` is a major change.

    Examples:
        >>> is_major("description", "old", "new")
        False
        >>> is_major("signature", {"inputs": [{"name": "age", "type": "long"}]}, {"inputs": []})
        True
        >>> is_major("algorithm", None, "xgboost")
        False
    """
    if before is None:
        return False
    if name in _MAJOR:
        return bool(before != after)
    if name == "signature":
        return any(_lost(before.get(side, ()), (after or {}).get(side, ())) for side in ("inputs", "outputs"))
    return name == "schema" and _lost(before, after or ())


def _lost(before: Any, after: Any) -> bool:
    """Return whether a column is missing or of another type afterwards."""
    now = {c.get("name", n): (c.get("type"), c.get("shape")) for n, c in enumerate(after)}
    return any(now.get(c.get("name", n)) != (c.get("type"), c.get("shape")) for n, c in enumerate(before))


def following(major: int, minor: int, *, is_big: bool) -> tuple[int, int]:
    """Return the edition after one more change.

    Examples:
        >>> following(1, 9, is_big=False), following(1, 9, is_big=True)
        ((1, 10), (2, 0))
    """
    return (major + 1, 0) if is_big else (major, minor + 1)
