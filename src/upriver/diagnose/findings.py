"""What was measured of the facts before anybody looks for causes: which symptoms there are, and when each began."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from upriver.diagnose.facts import ENOUGH, TRAINING, Chosen, Compared, Facts, Floats, Ints
from upriver.diagnose.measure import breaks as breaking
from upriver.diagnose.measure import season
from upriver.diagnose.measure.arrival import Count, arrived
from upriver.diagnose.measure.breaks import Series
from upriver.diagnose.measure.joint import Joint, by_window, joint
from upriver.diagnose.measure.labelled import Labelled, labelled
from upriver.diagnose.measure.marginal import Marginal, marginals, series
from upriver.diagnose.measure.signature import Signature, family, signature, swapped

SURE = 5.0
"""Standard normal deviate from which on a break is believed: with a thousand looks, one healthy model in ten thousand has one."""

_SEASONAL = 0.04
"""A window further from the reference as a whole, without its season, would be said to have moved."""

_ROUNDS = 3
"""So many pipelines may deliver wrong rows at once."""

_LEAST_SHARE, _LEAST_RANK = 0.004, 0.008
"""What moves by less than this (share of rows, mean rank, dependence) is of no consequence, however sure it is."""


@dataclass(frozen=True, eq=False)
class Moved:
    """A column whose own distribution changed.

    Attributes:
        part: Which part of it broke first: "missing", "middle", "=0", …
        at: The first window.
        over: So many windows it took to grow.
        likelihood: Of a break at each window, shape (t,).
    """

    column: str
    part: str
    z: float
    at: int
    over: int
    change: float
    likelihood: Floats
    signature: Signature


@dataclass(frozen=True, eq=False)
class Broken:
    """A column that no longer goes together with the others: `change` is -1 where the dependence is gone."""

    column: str
    z: float
    at: int
    over: int
    change: float
    likelihood: Floats


@dataclass(frozen=True, eq=False)
class Differs:
    """A column that is not the same online and offline.

    Attributes:
        share: Of the compared rows since `at`.
        before: Of those before.
        rows: How many were compared since.
    """

    column: str
    share: float
    before: float
    at: int | None
    rows: int
    likelihood: Floats


@dataclass(frozen=True, eq=False)
class Findings:
    """What clues look at, beside the facts themselves.

    Attributes:
        period: Length of the season in windows; 0 where there is none.
        moved: Columns whose own distribution changed.
        calm: Columns that moved against a reference without a season, but not against windows of the same phase.
        broken: Columns whose dependence on others broke while they did not move as software does.
        swapped: Pairs of columns that took each other's place.
        differs: Columns by what comparing online and offline values says.
        label: How labels went, learned from the columns that are not wrong.
        rate: How the share of rows with a label broke; None where it did not.
        volume: How the number of rows broke.
        drift: How far each column's windows are from the reference, 0 to 1; shape (t,) each.
    """

    period: int
    marginals: Mapping[str, Marginal]
    moved: Mapping[str, Moved]
    broken: Mapping[str, Broken]
    swapped: tuple[tuple[str, str], ...] = ()
    differs: Mapping[str, Differs] = field(default_factory=dict)
    label: Labelled | None = None
    rate: Count | None = None
    volume: Count | None = None
    drift: Mapping[str, Floats] = field(default_factory=dict)
    calm: tuple[str, ...] = ()
    foretold: Mapping[str, float] = field(default_factory=dict)

    @property
    def wrong(self) -> tuple[str, ...]:
        """Columns that changed as only software changes them."""
        marked = [name for name, one in self.moved.items() if one.signature.artificial]
        unlike = [name for name, one in self.differs.items() if one.at is not None]
        return tuple(dict.fromkeys([*marked, *self.broken, *(name for pair in self.swapped for name in pair), *unlike]))

    def began(self, column: str) -> int | None:
        """Return the first window in which a column was not as before."""
        for where in (self.moved, self.broken, self.differs):
            one = where.get(column)
            if one is not None and one.at is not None:
                return one.at
        return None


def measured(facts: Facts) -> Findings:
    """Return all that can be measured of the facts."""
    known = marginals(facts)
    parts = series(known, facts.windows)
    period, phase = season.phases(_shapes(parts), reference=facts.reference, told=facts.period, natural=_natural(facts))
    noise = {name: _usual(one, facts.reference) for name, one in known.items()}
    moved = _moved(facts, known, parts, phase, noise)
    calm = _calm(facts, known, moved) if period else ()
    together = joint(facts)
    broken = _broken(facts, together, phase, moved) if together is not None else {}
    differs = {name: found for name, one in facts.compared.items() if (found := _differs(name, one, facts)) is not None}
    pairs = _swaps(known, moved)
    for name in [name for pair in pairs for name in pair]:
        broken.pop(name, None)
    rough = Findings(period, known, moved, broken, pairs, differs)
    plain = tuple(name for name in moved if name not in rough.wrong)
    label = labelled(
        facts, phase=phase, without=rough.wrong, moved=plain, since=min((moved[n].at for n in plain), default=None)
    )
    return Findings(
        period, known, moved, broken, pairs, differs, label,
        rate=_rate(facts), volume=_volume(facts, phase),
        drift={name: one.distances() for name, one in known.items()},
        calm=calm, foretold=together.foretold if together is not None else {},
    )  # fmt: skip


def _natural(facts: Facts) -> tuple[int, ...]:
    """Return how many windows a week has, or a day."""
    seconds = (facts.ends[0] - facts.starts[0]).total_seconds() if facts.windows else 0.0
    return tuple(round(each / seconds) for each in (86_400.0, 604_800.0) if seconds > 0 and each / seconds >= 2)


def _shapes(parts: Series) -> Series:
    """Return those parts that a season moves: not missing values or single ones."""
    chosen = [
        i for i, (_, part) in enumerate(parts.names) if part not in ("missing", "unseen") and not part.startswith("=")
    ]
    return parts.of(np.array(chosen, dtype=np.int64))


def _usual(of: Marginal, reference: int) -> float:
    """Return how far a healthy window is from the others, pooled over as many windows as there are after a break."""
    if reference < ENOUGH:
        return 0.01
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = of.counts[:reference] / of.rows[:reference, None]
    told = shares[np.isfinite(shares).all(axis=1)]
    if len(told) < 3:
        return 0.01
    return float(np.abs(told - told.mean(axis=0)).sum(axis=1).mean() / 2 / np.sqrt(3))


def _least(part: str) -> float:
    return _LEAST_RANK if part in ("middle", "width") else _LEAST_SHARE


def _moved(
    facts: Facts, known: Mapping[str, Marginal], parts: Series, phase: Ints, noise: Mapping[str, float]
) -> dict[str, Moved]:
    moved = _retyped(facts, known, noise)
    if not parts.names:
        return moved
    found = breaking.breaks(parts, reference=facts.reference, phase=phase, first=facts.first)
    best: dict[str, int] = {}
    weight: dict[str, list[int]] = {}
    for i in np.argsort(-found.z, kind="stable").tolist():
        name, part = parts.names[i]
        limit = SURE + (1.0 if part.startswith("=") else 0.0)
        if found.z[i] < limit or abs(found.change[i]) < _least(part):
            continue
        best.setdefault(name, i)
        weight.setdefault(name, []).append(i)
    for name, i in best.items():
        likelihood = found.likelihood[weight[name][:4]].mean(axis=0)
        at = breaking.onset(likelihood)[0]
        way = signature(known[name], since=at, noise=noise[name])
        moved[name] = Moved(
            name, parts.names[i][1], float(found.z[i]), at, int(found.over[i]), float(found.change[i]), likelihood, way
        )
    return moved


def _retyped(facts: Facts, known: Mapping[str, Marginal], noise: Mapping[str, float]) -> dict[str, Moved]:
    """Return the columns that are of another type from some window on, be their values the same."""
    found = {}
    for name, one in known.items():
        kinds = [family(each.type) if each is not None and each.type else "" for each in one.column.windows]
        told = [n for n, kind in enumerate(kinds) if kind]
        changes = [b for a, b in pairwise(told) if kinds[a] != kinds[b]]
        if len(changes) == 1 and changes[0] >= facts.first:
            at = changes[0]
            likelihood = np.where(np.arange(facts.windows) == at, 50.0, 0.0)
            way = signature(one, since=at, noise=noise[name])
            found[name] = Moved(name, "type", 2 * SURE, at, 1, 1.0, likelihood, way)
    return found


def _calm(facts: Facts, known: Mapping[str, Marginal], moved: Mapping[str, Moved]) -> tuple[str, ...]:
    """Return columns that would be said to have moved if nobody knew of the season."""
    with np.errstate(invalid="ignore"):
        apart = {name: one.distances()[facts.reference :] for name, one in known.items()}
    return tuple(name for name, one in apart.items() if name not in moved and np.nanmax(one, initial=0.0) > _SEASONAL)


def _broken(facts: Facts, together: Joint | None, phase: Ints, moved: Mapping[str, Moved]) -> dict[str, Broken]:
    """Return the columns that lost their dependence on others, without those that only depended on such a column."""
    if any(one.signature.artificial for one in moved.values()):
        return {}
    # Columns that really moved bend what they foretell of others, so that little of it is no sign of a bug.
    least = -0.6 if moved else -0.2
    found: dict[str, Broken] = {}
    left_out: frozenset[str] = frozenset()
    for _ in range(_ROUNDS):
        told = _apart(facts, together, phase, least)
        if not told:
            break
        deepest = min(one.change for one in told.values())
        told = {name: one for name, one in told.items() if one.change < 0.6 * deepest}
        groups = _groups(facts, told)
        after = (
            {
                key: len(_apart(facts, joint(facts, left_out=left_out | out), phase, least))
                for key, (_, out) in groups.items()
            }
            if len(groups) > 1
            else {}
        )
        best = min(
            groups,
            key=lambda key: (
                after.get(key, 0),
                -_odd(facts, groups[key][0], told),
                -sum(told[name].z for name in groups[key][0]),
            ),
        )
        mine, out = groups[best]
        found |= {name: told[name] for name in mine}
        left_out |= out
        together = joint(facts, left_out=left_out)
    return found


def _apart(facts: Facts, together: Joint | None, phase: Ints, least: float) -> dict[str, Broken]:
    """Return the columns that no longer go with the others."""
    if together is None or not together.series.names:
        return {}
    of = together.series
    found = breaking.breaks(of, reference=facts.reference, phase=phase, first=facts.first)
    return {
        of.names[i][0]: Broken(
            of.names[i][0],
            float(found.z[i]),
            int(found.at[i]),
            int(found.over[i]),
            float(found.change[i]),
            found.likelihood[i],
        )
        for i in range(len(of.names))
        if found.z[i] >= SURE and found.change[i] < least
    }


def _odd(facts: Facts, names: list[str], told: Mapping[str, Broken]) -> float:
    """Return how odd the runs were that delivered some columns when they broke."""
    at = told[names[0]].at
    odd = 3.0 if any(abs(one.window - at) <= 1 and set(names) & set(one.columns) for one in facts.missed) else 0.0
    for run in facts.runs:
        if run.labels or abs(run.window - at) > 1 or not set(names) & set(run.columns):
            continue
        odd = max(odd, 3.0 if run.is_late else 0.0, 2.5 if run.failed else 0.0)
        odd = max(odd, 2.0 if run.changed_code or run.changed_schema or run.changed_lineage else 0.0)
    return odd


def _groups(facts: Facts, told: Mapping[str, Broken]) -> dict[str, tuple[list[str], frozenset[str]]]:
    """Return which columns may be wrong together: those of one pipeline, which are then all left out, else each alone."""
    found: dict[str, tuple[list[str], frozenset[str]]] = {}
    for name in sorted(told, key=lambda name: -told[name].z):
        column = facts.column(name)
        source = column.source if column is not None else ""
        key = source or name
        others = frozenset(one.name for one in facts.columns if source and one.source == source) | {name}
        mine = [*found[key][0], name] if key in found else [name]
        found[key] = mine, others
        if len(found) >= _ROUNDS:
            break
    return found


def _swaps(known: Mapping[str, Marginal], moved: Mapping[str, Moved]) -> tuple[tuple[str, str], ...]:
    names = [name for name in moved if known[name].column.kind == "number"]
    return tuple(
        (a, b)
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        if abs(moved[a].at - moved[b].at) <= 2 and swapped(known[a], known[b], since=max(moved[a].at, moved[b].at))
    )


def _differs(name: str, of: Compared, facts: Facts) -> Differs | None:
    inside = (of.window >= 0) & (of.window < facts.windows)
    if inside.sum() < 20:
        return None
    other = _unlike(of)
    share, rows = by_window(other.astype(np.float64), of.window, inside, facts.windows)
    healthy = inside & (of.window < facts.reference) if facts.reference else inside & (of.window == TRAINING)
    usual = float(other[healthy].mean()) if healthy.any() else 0.0
    told = max(usual, 0.5 / max(int(healthy.sum()), 1), 0.002)
    one = Series(((name, "unlike"),), share[None, :], rows[None, :], np.array([told * (1 - told)]))
    found = breaking.breaks(
        one, reference=facts.reference, phase=np.zeros(facts.windows, dtype=np.int64), first=facts.first
    )
    at = int(found.at[0]) if found.z[0] >= SURE and found.change[0] > 0.02 else None
    since = inside & (of.window >= (at if at is not None else facts.reference))
    after = float(other[since].mean()) if since.any() else usual
    return Differs(name, after, usual, at, int(since.sum()), found.likelihood[0])


def _unlike(of: Compared) -> Chosen:
    if any(each.dtype == object for each in (of.online, of.offline)):
        return np.array([a != b for a, b in zip(of.online, of.offline, strict=True)])
    a, b = of.online.astype(np.float64), of.offline.astype(np.float64)
    same = np.isclose(a, b, rtol=1e-6, atol=1e-9) | (np.isnan(a) & np.isnan(b))
    return np.asarray(~same)


def _rate(facts: Facts) -> Count | None:
    """Return how the share of rows with a label broke, beyond that young windows wait for theirs."""
    if facts.labelled is None or not facts.rows or not facts.label:
        return None
    rows = np.array([float(n or 0) for n in facts.rows])
    have = np.array([float(n or 0) for n in facts.labelled])
    return arrived(rows, have, reference=facts.reference, delay=facts.delay)


def _volume(facts: Facts, phase: Ints) -> Count | None:
    """Return how the number of rows broke, by more than a fifth."""
    if not facts.rows or not facts.by_windows:
        return None
    rows = np.array([np.nan if n is None else float(max(n, 0)) for n in facts.rows])
    told = np.log1p(rows)
    healthy = told[: facts.reference]
    if not np.isfinite(healthy).any():
        return None
    spread = max(float(np.nanvar(healthy)), 0.02**2)
    one = Series((("", "rows"),), told[None, :], np.where(np.isfinite(told), 1.0, 0.0)[None, :], np.array([spread]))
    found = breaking.breaks(one, reference=facts.reference, phase=phase, first=facts.first)
    if found.z[0] < 4.0 or abs(found.change[0]) < 0.2:
        return None
    before = float(np.expm1(np.nanmean(healthy)))
    after = float(np.expm1(np.nanmean(told[int(found.at[0]) :])))
    return Count(float(found.z[0]), int(found.at[0]), int(found.over[0]), before, after, found.likelihood[0])
