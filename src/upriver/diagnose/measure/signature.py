"""In what way did a column change: as data does, or as only software does?

Values that are missing, one value that fills in for others, another unit, fewer digits, a column in another's place: each
leaves the rest of the rows as they were.  The world moves whole distributions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from upriver.diagnose.facts import Floats
from upriver.diagnose.measure.marginal import Marginal
from upriver.diagnose.measure.units import Turned, is_like, scaled, shifted, turned
from upriver.monitor.measure.profile import quantiles
from upriver.monitor.measure.summary import Numbers, Summary, edges, merged

Way = Literal[
    "gone",
    "type",
    "renamed",
    "unseen",
    "missing",
    "spike",
    "clipped",
    "scaled",
    "offset",
    "outside",
    "rounded",
    "swapped",
    "moved",
]
"""`moved` is what data does; the others are marks of software."""

_FREQUENT = 0.1
"""A value of that share may become more frequent in the world as well."""


@dataclass(frozen=True)
class Signature:
    """How a column changed from a window on.

    Attributes:
        share: Of the rows that it touches, 0 to 1.
        size: Distance from the reference: total variation, 0 to 1.
        clean: The other rows are as they were.
        value: The value, unit factor, offset or other column that it is about, as text.
        words: What changed, as part of a sentence: "12 % of the values are missing, before 0.1 %".
    """

    way: Way
    share: float
    size: float
    clean: bool
    value: str = ""
    words: str = ""

    @property
    def artificial(self) -> bool:
        """Software does this, data does not."""
        return self.way != "moved"


def signature(of: Marginal, *, since: int, noise: float) -> Signature:
    """Return in what way a column changed from a window on.

    Args:
        since: The first window of the change.
        noise: Typical distance of healthy windows from each other.
    """
    later = [one for one in of.column.windows[since:] if one is not None and one.rows]
    size = _distance(of.reference, of.counts[since:].sum(axis=0))
    if not later:
        return Signature("moved", 0.0, 0.0, clean=False, words="no rows were seen")
    found = _typed(of, later) or _gone(of, later)
    if found is None:
        found = (
            _of_number(of, later, since, noise) if of.column.kind == "number" else _of_category(of, later, since, noise)
        )
    way, share, clean, value, words = found
    return Signature(way, share, size, clean=clean, value=value, words=words)


_Found = tuple[Way, float, bool, str, str]


def _distance(before: Floats, after: Floats) -> float:
    if not before.sum() or not after.sum():
        return 0.0
    return float(np.abs(before / before.sum() - after / after.sum()).sum() / 2)


def family(type_: str) -> str:
    """Return what a type amounts to: whether a pipeline would notice that it is another.

    Examples:
        >>> family("DOUBLE"), family("int64"), family("VARCHAR")
        ('number', 'number', 'text')
    """
    name = type_.lower()
    if any(word in name for word in ("char", "string", "text", "object", "utf")):
        return "text"
    if any(word in name for word in ("time", "date")):
        return "time"
    if "bool" in name:
        return "boolean"
    known = ("int", "float", "double", "decimal", "numeric", "real", "number", "long", "short")
    return "number" if any(word in name for word in known) else name


def _typed(of: Marginal, later: list[Summary]) -> _Found | None:
    was, now = of.pool.type, later[-1].type
    if not was or not now or family(was) == family(now):
        return None
    if all(one.nulls == one.rows for one in later):
        return None
    scale = _factor(of, later)
    more = f", and the numbers are {scale} times what they were" if scale else ""
    return "type", 1.0, False, scale, f"its type is {now} and was {was}{more}"


def _factor(of: Marginal, later: list[Summary]) -> str:
    after = _added(later, of)
    found = scaled(of.pool.numbers, after) if of.pool.numbers is not None and after is not None else None
    return f"{found:g}" if found else ""


def _gone(of: Marginal, later: list[Summary]) -> _Found | None:
    rows = sum(one.rows for one in later)
    missing = sum(one.nulls + (one.numbers.nans if one.numbers is not None else 0) for one in later) / rows
    before = _share(of, -1)
    if missing < 0.98 or before > 0.9:
        return None
    return "gone", missing, True, "", f"{_percent(missing)} of its values are missing, before {_percent(before)}"


def _share(of: Marginal, at: int) -> float:
    return float(of.reference[at] / of.reference.sum()) if of.reference.sum() else 0.0


def _after(of: Marginal, since: int) -> Floats:
    counts = of.counts[since:].sum(axis=0)
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def _added(later: Iterable[Summary], of: Marginal) -> Numbers | None:
    told = of.pool.numbers
    parts = [one for one in later if one.numbers is not None and told is not None and one.numbers.centre == told.centre]
    alike = [one for one in parts if one.kind == parts[0].kind]
    return merged(alike).numbers if alike else None


def _of_number(of: Marginal, later: list[Summary], since: int, noise: float) -> _Found:
    before, after = of.pool.numbers, _added(later, of)
    share = _after(of, since)
    missing, was = float(share[-1]), _share(of, -1)
    found: list[tuple[float, _Found]] = []
    if before is not None and after is not None and before.count and after.count:
        if (factor := scaled(before, after)) is not None:
            words = f"its values are {factor:g} times what they were"
            found.append((2.0, ("scaled", 1.0, True, f"{factor:g}", words)))
        elif (offset := shifted(before, after)) is not None:
            words = f"{offset:g} was added to all of its values"
            found.append((1.5, ("offset", 1.0, True, f"{offset:g}", words)))
        elif (some := turned(before, after)) is not None:
            found.append((1.2, ("scaled", some.share, True, f"{some.factor:.4g}", _turned_words(some))))
        for value, old, by_window in of.spikes:
            found += _spike(of, value, old, by_window, since, noise)
        if (rounded := _rounded(of, since, noise)) is not None:
            found.append((rounded[1], rounded))
        outside = float(share[-2])
        if outside > 0.01 + 3 * _share(of, -2):
            clean = _rest(of, since, noise, outside, drop=(-2,))
            words = f"{_percent(outside)} of its values lie outside what was ever seen"
            found.append((outside if clean else outside / 2, ("outside", outside, clean, "", words)))
    if missing > was + 0.005:
        clean = _rest(of, since, noise, missing - was, drop=(-1,))
        words = f"{_percent(missing)} of its values are missing, before {_percent(was)}"
        found.append((missing - was, ("missing", missing - was, clean, "", words)))
    best = max(found, default=None, key=lambda one: (one[1][2], one[0]))
    size = _distance(of.reference, of.counts[since:].sum(axis=0))
    if best is not None and (best[1][2] or best[0] > 0.5 * size):
        return best[1]
    return "moved", 1.0, False, "", _moved_words(of, since)


def _turned_words(of: Turned) -> str:
    whose = "its values are" if of.share > 0.97 else f"{_percent(of.share)} of its values are"
    more = f" and {of.offset:+.4g}" if of.offset else ""
    return f"{whose} {of.factor:.4g} times what they were{more}"


def _moved_words(of: Marginal, since: int) -> str:
    later = _added([one for one in of.column.windows[since:] if one is not None], of)
    if of.pool.numbers is None or later is None or not later.count or not of.pool.numbers.count:
        return "its distribution moved"
    half = np.array([0.5])
    was, now = quantiles(of.pool.numbers, half), quantiles(later, half)
    if was is None or now is None:
        return "its distribution moved"
    return f"its median is {now[0]:.4g} and was {was[0]:.4g}"


def _spike(  # noqa: PLR0913, PLR0917 — one value, before and since
    of: Marginal, value: str, old: float, by_window: Floats, since: int, noise: float
) -> list[tuple[float, _Found]]:
    rows = of.rows[since:]
    now = float(np.nansum(by_window[since:] * rows) / max(rows.sum(), 1.0))
    gained = (now - old) / max(1 - old, 1e-9)
    if gained < 0.02:
        return []
    words = f"{_percent(now)} of its values are {value}, before {_percent(old)}"
    clean = _without_spike(of, since, value, gained, noise)
    if clean:
        return [(gained, ("spike", gained, True, value, words))]
    if _cut(of, since, value, gained):
        return [(gained, ("clipped", gained, True, value, f"its values end at {value}: {words}"))]
    return [(gained, ("spike", gained, False, value, words))] if old < 0.01 and gained > 0.04 else []


def _without_spike(of: Marginal, since: int, value: str, gained: float, noise: float) -> bool:
    """Tell whether the rows beside those that took one value are as they were: each bin lost the same share."""
    after = _after(of, since)
    before = of.reference / of.reference.sum()
    return _filled(before, after, _bin_of(of, value), gained, max(0.015, 1.5 * noise, 0.12 * gained))


def _filled(before: Floats, after: Floats, at: int, gained: float, allowed: float) -> bool:
    """Tell whether one bin took the same share of each other.

    Where that bin was a frequent one, the others must be so many, and so well known, that a shift of the world towards it
    would look different.
    """
    left = after - (1 - gained) * before
    left[at] -= gained
    if np.abs(left).sum() / 2 >= allowed:
        return False
    others = np.delete(before, at)
    apart = others.sum() ** 2 / max(float(np.square(others).sum()), 1e-12)
    return bool(before[at] < _FREQUENT or (apart >= 3 and allowed <= 0.35 * gained * others.sum()))


def _cut(of: Marginal, since: int, value: str, gained: float) -> bool:
    """Tell whether all that lay beyond a value now lies on it, and the rest as before."""
    after, before = _after(of, since), of.reference / of.reference.sum()
    at = _bin_of(of, value)
    if at < 0 or at >= after.size - 2:
        return False
    for beyond in (slice(at + 1, -2), slice(0, at)):
        if before[beyond].sum() < 0.005 or after[beyond].sum() > 0.1 * before[beyond].sum():
            continue
        kept = np.ones(after.size, dtype=bool)
        kept[beyond] = kept[at] = False
        if np.abs(after - before)[kept].sum() < max(0.02, 0.2 * gained):
            return True
    return False


def _bin_of(of: Marginal, value: str) -> int:
    numbers = of.pool.numbers
    try:
        number = float(value)
    except ValueError:
        return -2
    if numbers is None or not numbers.count or not numbers.least <= number <= numbers.most:
        return -2
    low, _ = edges(numbers.buckets, numbers.centre)
    place = max(int(np.searchsorted(low, number, side="right")) - 1, 0)
    below = np.cumsum(numbers.counts)[place] / numbers.count
    shares = np.cumsum(of.reference[:-2]) / max(of.reference[:-2].sum(), 1.0)
    return int(min(np.searchsorted(shares, below - 1e-9), shares.size - 1))


def _rest(of: Marginal, since: int, noise: float, share: float, *, drop: tuple[int, ...]) -> bool:
    """Tell whether the bins beside `drop` keep their proportions."""
    before, after = of.reference.copy(), of.counts[since:].sum(axis=0)
    for at in drop:
        before[at] = after[at] = 0.0
    return _distance(before, after) < max(0.015, 1.5 * noise, 0.1 * share)


def _rounded(of: Marginal, since: int, noise: float) -> _Found | None:
    before = float(np.square(of.pool.numbers.counts / of.pool.numbers.count).sum()) if of.pool.numbers else 0.0
    after = float(np.nanmedian(of.lumps[since:])) if np.isfinite(of.lumps[since:]).any() else 0.0
    if before <= 0 or after < 2.5 * before or after < 0.04:
        return None
    moved = abs(float(np.nanmean(of.ranks[since:])) - 0.5)
    if moved > max(0.08, 3 * noise):
        return None
    top = of.spikes[0][2][since:] if of.spikes else np.zeros(1)
    if float(np.nanmean(top)) > 0.8 * np.sqrt(after):
        return None
    words = f"its values lie on few points: about {1 / after:.0f} where there were {1 / before:.0f}"
    return "rounded", 1.0, True, "", words


def swapped(a: Marginal, b: Marginal, *, since: int) -> bool:
    """Tell whether two columns took each other's place."""
    now_a, now_b = (_added([w for w in one.column.windows[since:] if w is not None], one) for one in (a, b))
    was_a, was_b = a.pool.numbers, b.pool.numbers
    if now_a is None or now_b is None or was_a is None or was_b is None or not (now_a.count and now_b.count):
        return False
    if not (was_a.count and was_b.count) or is_like(was_a, was_b):
        return False
    return is_like(now_a, was_b) and is_like(now_b, was_a)


def _of_category(of: Marginal, later: list[Summary], since: int, noise: float) -> _Found:
    share = _after(of, since)
    unseen, missing, was = float(share[-2]), float(share[-1]), _share(of, -1)
    if unseen > 0.5:
        names = _renamed(of, later)
        words = f"{_percent(unseen)} of its values were never seen before{names}"
        return "renamed", unseen, True, names, words
    found: list[tuple[float, _Found]] = []
    if unseen > 0.01:
        clean = _rest(of, since, noise, unseen, drop=(-2,))
        words = f"{_percent(unseen)} of its values were never seen before{_new(of, later)}"
        merged_away = _renamed(of, later)
        found.append((unseen, ("renamed" if merged_away and not clean else "unseen", unseen, clean, "", words)))
    if missing > was + 0.005:
        clean = _rest(of, since, noise, missing - was, drop=(-1,))
        words = f"{_percent(missing)} of its values are missing, before {_percent(was)}"
        found.append((missing - was, ("missing", missing - was, clean, "", words)))
    found += _one_value(of, share, noise)
    best = max(found, default=None, key=lambda one: (one[1][2], one[0]))
    size = _distance(of.reference, of.counts[since:].sum(axis=0))
    if best is not None and (best[1][2] or best[0] > 0.5 * size):
        return best[1]
    return "moved", 1.0, False, "", _shares_words(of, share)


def _one_value(of: Marginal, share: Floats, noise: float) -> list[tuple[float, _Found]]:
    """Return whether one value fills in for all others alike."""
    before = of.reference / of.reference.sum()
    if before.size < 6:
        return []
    gains = share[:-3] - before[:-3]
    at = int(np.argmax(gains))
    gained = float(gains[at] / max(1 - before[at], 1e-9))
    if gained < 0.05:
        return []
    if not _filled(before, share, at, gained, max(0.015, 1.5 * noise, 0.08 * gained)):
        return []
    words = f"{_percent(float(share[at]))} of its values are {of.labels[at]!r}, before {_percent(float(before[at]))}"
    return [(gained, ("spike", gained, True, of.labels[at], words))]


def _shares_words(of: Marginal, share: Floats) -> str:
    before = of.reference / of.reference.sum()
    at = int(np.argmax(np.abs(share - before)))
    return f"{of.labels[at]!r} is {_percent(float(share[at]))} of its values, before {_percent(float(before[at]))}"


def _new(of: Marginal, later: list[Summary]) -> str:
    known = set(of.pool.values.values) if of.pool.values is not None else set()
    new = [value for value in (later[-1].values.values if later[-1].values is not None else ()) if value not in known]
    return f" ({', '.join(map(repr, new[:3]))})" if new else ""


def _renamed(of: Marginal, later: list[Summary]) -> str:
    """Return an example of a value that is spelled in another way; empty where there is none."""
    told = of.pool.values.values if of.pool.values is not None else ()
    now = later[-1].values.values if later[-1].values is not None else ()
    plain = {_plain(value): value for value in told}
    for value in now:
        was = plain.get(_plain(value))
        if was is not None and was != value and value not in told:
            return f" ({was!r} is {value!r} now)"
    return _new(of, later)


def _plain(value: str) -> str:
    return "".join(char for char in value.lower() if char.isalnum())


def _percent(share: float) -> str:
    """Write a share.

    Examples:
        >>> _percent(0.123), _percent(0.0012), _percent(0.0)
        ('12 %', '0.1 %', '0 %')
    """
    whole = 100 * share
    return f"{whole:.0f} %" if whole >= 2 or whole == 0 else f"{whole:.1f} %" if whole >= 0.05 else "0.0 %"
