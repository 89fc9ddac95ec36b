"""Short ways to say what a monitor found, without a table to look at."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np

from upriver import db
from upriver.catalog.history import clock
from upriver.catalog.records import Skipped
from upriver.ids import AssetId
from upriver.monitor import alerts, define, kept, refreshes
from upriver.monitor.kept import BASELINE, INPUT, WHOLE, Contents, Kept, Place, Worked
from upriver.monitor.measure.profile import profile
from upriver.monitor.measure.summary import Summary, counted, numbers_of
from upriver.monitor.records import (
    Baseline,
    Cut,
    Expectation,
    Inference,
    Judgement,
    Limits,
    Location,
    Monitor,
    Outcome,
    Score,
    Window,
)

FEATURES = AssetId("dataset", "s3://lake", "features")
FIRST = datetime(2026, 10, 1, tzinfo=UTC)
DAY = "1 day"
GOLD = Cut(key="plan", value="gold")
MODELS = tuple(Cut(model=name) for name in ("churn_3", "churn_4"))


def day(n):
    """Return the window of one day."""
    return Window(start=FIRST + timedelta(days=n), end=FIRST + timedelta(days=n + 1), granularity=DAY)


def numbers(rng, shift=0.0, rows=1000, nulls=0):
    """Return a column of numbers."""
    return Summary("number", "double", rows, nulls, numbers_of(rng.normal(40 + shift, 12, rows - nulls), 40.0))


def plans(gold, rows=1000, more=()):
    """Return a column of three values."""
    pairs = [("gold", gold), ("free", rows - gold - 100 - sum(n for _, n in more)), ("silver", 100), *more]
    return Summary("category", "string", rows, 0, None, counted(pairs), len(pairs), True)


def features(name="churn features", **more):
    """Return a monitor of a table of features."""
    plain = {
        "name": name,
        "asset": FEATURES,
        "data": Location(uri="s3://lake/features", credentials={"key": "env:LAKE_KEY"}),
        "watch": "time_series",
        "timestamp": "feature_date",
        "baseline": Baseline(version="churn@champion"),
        "slices": ("plan",),
        "expectations": (
            Expectation(kind="not_null", column="age"),
            Expectation(kind="range", column="age", settings={"min": 0, "max": 120}),
        ),
        "schedule": "3600",
        "limits": Limits(windows=1),
        "description": "What churn is predicted **from**.",
    }
    return Monitor(**{**plain, **more})


def predictions(name="churn predictions"):
    """Return a monitor of a log of predictions."""
    return features(
        name,
        watch="inference_log",
        inference=Inference(problem="classification", prediction="churns", label="left", probability="p"),
        expectations=(),
        model=AssetId("model", "prod", "churn"),
    )


def judged(window, column, value, *, cut=WHOLE, metric="psi", against="baseline", limit=0.1):
    """Return what is made of a value."""
    state = "unknown" if value is None else "moved" if value > limit else "steady"
    said = f"{column}: {metric} {value}, limit {limit}." if value is not None else f"{column} has no rows."
    found = {"window": window, "cut": cut, "column": column, "metric": metric, "against": against, "because": said}
    return Judgement(**found, value=value, limit=limit, p=0.5 if state == "steady" else 1e-6, state=state)


def value_of(rng, column, n, breaks):
    """Return a value that is quiet until the day when its column breaks."""
    quiet = abs(rng.normal(0.03, 0.015))
    return quiet if breaks is None or n < breaks else 0.35 * (1 + (n - breaks) / 5) + quiet


def watch(engine, *, monitor=None, days=40, columns=("age", "sessions_7d", "plan", "spend"), breaks=None, cuts=()):
    """Keep what a monitor found in some days; `breaks` says on which day a column began to move."""
    monitor, breaks = monitor or features(), {"sessions_7d": 24, "plan": 30} if breaks is None else breaks
    rng = np.random.default_rng(7)
    with db.writing(engine) as tx:
        define.put(tx, monitor, by="ada", now=clock())
        number = define.row_of(tx, monitor.name).id
        refresh = refreshes.ask(tx, monitor.name, now=clock())
        refreshes.begin(tx, refresh, now=clock())
        place = Place(number, BASELINE, "", 0)
        normal = {name: plans(300) if name == "plan" else numbers(rng) for name in columns}
        kept.put_contents(tx, place, {WHOLE: Contents(normal)})
        for n in range(days):
            _day(tx, number, refresh, monitor, n, rng, columns=columns, breaks=breaks, cuts=(WHOLE, *cuts))
        outcomes = [one for n in range(days) for one in _outcomes(n)] if monitor.expectations else []
        kept.put_outcomes(tx, number, outcomes)
        alerts.bring_up_to_date(tx, number, granularity=DAY, windows=monitor.limits.windows, now=clock())
        said = [Skipped(id="payload", because="A column of type struct cannot be compared.")]
        refreshes.report(
            tx, refresh, now=clock(), status="done", ended_at=clock(), done=days, total=days, rows=days * 1000, skipped=said,
            cpu_seconds=1.5,
        )  # fmt: skip
    return monitor


def _day(tx, number, refresh, monitor, n, rng, *, columns, breaks, cuts):
    place, window = Place(number, INPUT, DAY, int(day(n).start.timestamp() * 1000)), day(n)
    worked, contents = Worked(), {}
    for cut in cuts:
        contents[cut] = Contents({name: _summary(rng, name, n, breaks.get(name)) for name in columns})
        about = {"window": None, "log_type": "INPUT", "monitor_version": 1}
        worked.profile |= {(cut, name): {**about, **profile(of)} for name, of in contents[cut].columns.items()}
        worked.judgements += [judged(window, c, value_of(rng, c, n, breaks.get(c)), cut=cut) for c in columns]
        worked.judgements += [judged(window, c, 0.01, cut=cut, against="consecutive") for c in columns]
    worked.judgements.append(judged(window, ":table", None if n == 11 else 0.02, metric="rows"))
    if len(columns) > 1:
        both = ", ".join(columns[:2])
        worked.judgements.append(judged(window, both, 0.01 if n < 24 else 0.3, metric="correlation", limit=0.1))
    if monitor.inference:
        worked.scores += [score for cut in (WHOLE, *MODELS) for score in _scores(window, n, cut)]
    problems = (Skipped(id="spend", because="It became text in this window."),) if n == 12 else ()
    end = int(window.end.timestamp() * 1000)
    row = Kept(place.start, end, 1000, 900, "m", 1, "measured", "", problems)
    kept.put_contents(tx, place, contents)
    kept.put_window(tx, place, row, refresh=refresh, now=clock())
    kept.put_worked(tx, place, worked)
    kept.done(tx, place)


def _summary(rng, name, n, breaks):
    moved = breaks is not None and n >= breaks
    if name == "plan":
        return plans(520 if moved else 300, more=(("platinum", 40),) if moved else ())
    return numbers(rng, shift=-18 if moved else 0, nulls=120 if name == "spend" and n > 20 else 10)


def _scores(window, n, cut):
    auc = 0.86 - (0.004 * max(0, n - 26)) - (0.03 if cut.model == "churn_3" else 0) + 0.004 * math.sin(n)
    common = {"window": window, "cut": cut, "metric": "roc_auc_score", "rows": 900}
    yield Score(**common, value=auc + 0.01, low=auc - 0.01, high=auc + 0.03, estimated=True)
    if n < 34:
        yield Score(**common, value=auc, low=auc - 0.02, high=auc + 0.02)
        yield Score(**{**common, "metric": "accuracy_score"}, value=auc - 0.1, low=auc - 0.12, high=auc - 0.08)


def _outcomes(n):
    late = n >= 36
    yield Outcome(window=day(n), name="age is not null", kind="not_null", column="age", held=True, failing=0)
    said = "12 rows of age are above 120." if late else ""
    common = {"kind": "range", "column": "age", "failing": 12 if late else 0, "because": said, "severity": "warning"}
    yield Outcome(window=day(n), name="age in range", held=not late, **common)
    yield Outcome(window=day(n), name="orders known", kind="referential", held=None, because="The other table is gone.")
