"""How far a share or a mean of a sample may be from that of all: 95 % intervals."""

import math

Z = 1.959963984540054
"""The normal distribution's 97.5 % point."""

Interval = tuple[float, float]


def of_share(hits: float, rows: float) -> Interval | None:
    """Return Wilson's interval of a share; None where there are no rows.

    Args:
        hits: How many rows have it, 0 to `rows`.
        rows: How many there are.

    Returns:
        Lower and upper end, each from 0 to 1.

    Source:
        Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.

    Examples:
        >>> [round(end, 4) for end in of_share(8, 10)]
        [0.4902, 0.9433]
        >>> of_share(0, 0)
    """
    if rows <= 0:
        return None
    share, more = hits / rows, Z * Z / rows
    middle = (share + more / 2) / (1 + more)
    half = Z * math.sqrt(max(share * (1 - share), 0.0) / rows + more / rows / 4) / (1 + more)
    return (max(middle - half, 0.0) if hits > 0 else 0.0, min(middle + half, 1.0) if hits < rows else 1.0)


def of_mean(total: float, squares: float, rows: int) -> Interval | None:
    """Return the normal interval of a mean out of the sum of the values and that of their squares.

    None where there are fewer than two rows.

    Examples:
        >>> [round(end, 3) for end in of_mean(10.0, 30.0, 5)]
        [0.614, 3.386]
    """
    if rows < 2:
        return None
    mean = total / rows
    spread = max(squares / rows - mean * mean, 0.0) * rows / (rows - 1)
    return around(mean, math.sqrt(spread / rows))


def around(value: float, error: float, *, least: float = -math.inf, most: float = math.inf) -> Interval:
    """Return the normal interval around `value` with standard error `error`, within `least` and `most`.

    Examples:
        >>> around(0.99, 0.1, most=1.0)[1]
        1.0
    """
    return max(value - Z * error, least), min(value + Z * error, most)
