"""Diagnoses as they are kept: of a bug in a pipeline, of an outdated model, of next to nothing, of far too much."""

import math
from datetime import UTC, datetime, timedelta

import riverbed
import watched
from riverbed import AIRFLOW, BUILD, CLEAN, RAW, TIDY
from seen import CHURN, CHURN_1, FEATURES
from upriver import db
from upriver.diagnose import feedback, kept, read
from upriver.diagnose.records import (
    Correlation,
    Decomposition,
    Diagnosis,
    Event,
    Evidence,
    Feedback,
    Hypothesis,
    Onset,
    Share,
    Step,
    Suspect,
    Unknown,
    Verdict,
)
from upriver.ids import AssetId
from upriver.lineage.ask.records import RunRef

BROKE = 35
AT = watched.FIRST + timedelta(days=39)
SINCE = watched.FIRST + timedelta(days=BROKE)
DID_IT = "133f52c7-0000-4000-8000-000000000000"
BUILT = "233f52c7-0000-4000-8000-000000000000"
LONG = "a_very_long_name_without_any_place_to_break_" * 3
ONSET = Onset(at=SINCE, earliest=SINCE - timedelta(days=1), latest=SINCE)
STORY = (
    "Since 5 Nov 2026 the values of plan are not what churn_1 was trained on: 36 % of them are 'platinum', which it has never "
    "seen. plan came into features by build_features, unchanged, out of customers_clean, where it moved on the same day, while "
    "customers.csv did not. The run of clean_customers of 5 Nov 2026, 03:00 was the first of code 9b1d7e0 and changed plan from "
    "varchar to text. Log loss rose from 0.41 to 0.58; 91 % of that is explained by the inputs, none by the label given the "
    "inputs. The model is not broken, and a retrain is not needed."
)


def day(n):
    """Return the start of a day."""
    return watched.FIRST + timedelta(days=n)


def evidence(clue, because, weight=2.0, kind="pipeline_bug", **more):
    """Return one thing that was seen."""
    return Evidence(clue=clue, kind=kind, weight=weight, because=because, **more)


def _bug():
    seen = (
        evidence("new_categories", "36 % of plan is 'platinum', which was in no row of the training data.", 3.1, subject="plan",
                 since=SINCE, numbers={"share": 0.36, "expected": 0.0, "value": "platinum", "rows": 1000}),
        evidence("schema_change", "plan became text where it was varchar, in the run in which it moved.", 2.4, subject="plan",
                 since=SINCE, mark="observed", numbers={"before": "varchar", "after": "text"}),
        evidence("code_change", "clean_customers ran 9b1d7e0 for the first time, after 3 runs of 4f2a9c1.", 2.2,
                 subject=str(TIDY), since=SINCE, mark="observed", numbers={"before": "4f2a9c1", "after": "9b1d7e0"}),
        evidence("calibration", "Where plan is what it used to be, predictions are as good as before: log loss 0.42.", 1.0,
                 numbers={"log_loss": 0.42, "rows": 2560}),
        evidence("row_count", "clean_customers wrote 40,003 rows, as many as it uses to.", -0.6, subject=str(TIDY),
                 numbers={"rows": 40003, "usual": 40001}),
    )  # fmt: skip
    path = (
        Step(asset=CHURN_1, column="plan", title="churn_1", distance=0, state="moved", since=SINCE,
             because="36 % of it is a value that was not there before."),
        Step(asset=FEATURES, column="plan", title="features", distance=1, state="moved", since=SINCE,
             because="PSI 0.41, limit 0.1."),
        Step(asset=CLEAN, column="plan", title="customers_clean", distance=2, state="moved", since=SINCE, by=BUILD, root=True,
             because="It moved on the same day, and nothing that it is made of did."),
        Step(asset=RAW, column="plan", title="customers.csv", distance=3, state="steady", by=TIDY,
             because="PSI 0.02, limit 0.1."),
    )  # fmt: skip
    return Hypothesis(
        kind="pipeline_bug", confidence=0.97, present=True, columns=("plan",), onset=ONSET, evidence=seen, path=path,
        suspects=_suspects(), action="revert",
        doing="Revert clean_customers to 4f2a9c1 and run 5 Nov to 9 Nov again; nothing is to be done about the model.",
        because="plan moved first in customers_clean, in a run that changed code and schema.",
    )  # fmt: skip


def _suspects():
    return (
        Suspect(rank=1, run=RunRef(uid=DID_IT, job=TIDY, state="COMPLETE"), at=day(BROKE) + timedelta(hours=3), dataset=CLEAN,
                columns=("plan",), score=4.2, reasons=("code", "schema", "first"), url=AIRFLOW,
                because="It is the first run of 9b1d7e0, it changed plan from varchar to text, and plan moved with it."),
        Suspect(rank=2, run=RunRef(uid=BUILT, job=BUILD, state="COMPLETE"), at=day(BROKE) + timedelta(hours=3, minutes=1),
                dataset=FEATURES, columns=("plan", "age"), score=0.3, reasons=("code", "time"),
                because="It ran 9b1d7e0 for the first time as well, but plan had moved before it."),
        Suspect(rank=3, run=RunRef(uid="bad00000-0000-4000-8000-000000000000", job=BUILD, state="FAIL"),
                at=day(BROKE) + timedelta(hours=3), columns=("plan",), score=-0.4, reasons=("failure",),
                because="It failed, and the run after it did its work."),
    )  # fmt: skip


def _drift():
    return Hypothesis(
        kind="covariate_shift", confidence=0.02, columns=("plan",), action="retrain", doing="Retrain on rows since 5 Nov 2026.",
        because="Customers could have changed their plans.",
        evidence=(
            evidence("moved_distribution", "plan moved.", 0.8, "covariate_shift", subject="plan", since=SINCE),
            evidence("schema_change", "All of it happened in one run, which people do not.", -2.9, "covariate_shift"),
        ),
    )  # fmt: skip


def _decomposition():
    shares = (
        Share(part="inputs", value=0.155, low=0.13, high=0.18, rows=5000),
        Share(part="concept", value=0.004, low=-0.012, high=0.02, rows=5000),
        Share(part="unseen", value=0.011, low=0.002, high=0.021, rows=1800),
        Share(part="feature", subject="plan", value=0.15, low=0.12, high=0.17),
        Share(part="feature", subject="age", value=0.004, low=-0.004, high=0.011),
        Share(part="feature", subject="sessions_7d", value=0.001, low=-0.006, high=0.008),
        Share(part="slice", subject="plan = platinum", value=0.43, low=0.4, high=0.47, rows=1800),
        Share(part="slice", subject="plan = gold", value=0.002, low=-0.01, high=0.014, rows=1500),
    )
    said = (
        "Only 64 % of the rows lie where the good windows had rows, so the two parts can be told apart for these alone."
    )
    return Decomposition(metric="log_loss", before=0.41, after=0.58, overlap=0.64, shares=shares, because=said)


def _correlations():
    def points(offset, count):
        return tuple((0.02 + (0.4 if n > count - 6 else 0.01 * math.sin(n)), 0.41 + offset + (0.17 if n > count - 6 else 0.01
                     * math.cos(n)), f"{day(n):%-d %b}") for n in range(count))  # fmt: skip

    return (
        Correlation(column="plan", metric="log_loss", r=0.83, low=0.7, high=0.91, points=points(0, 39)),
        Correlation(column="age", metric="log_loss", r=0.06, low=-0.26, high=0.37, points=points(0.02, 39)[:20]),
        Correlation(column="plan", metric="auc", over="runs", r=None, because="3 runs are too few to tell.",
                    points=points(0, 3)),
    )  # fmt: skip


def timeline(columns=("plan", "age", "sessions_7d"), days=40):
    """Return what happened when, lane by lane."""
    for n in range(days):
        until = day(n + 1)
        for number, column in enumerate(columns):
            moved = number == 0 and n >= BROKE
            value = 0.9 if moved else 0.1 + 0.05 * math.sin(n + number)
            yield Event(at=day(n), until=until, lane="drift", title=f"{column} {'moved' if moved else 'is steady'}",
                        subject=column, value=value, state="moved" if moved else "steady")  # fmt: skip
        loss = 0.58 if n >= BROKE else 0.41 + 0.01 * math.sin(n)
        if n < days - 2:
            yield Event(at=day(n), until=until, lane="quality", title="log_loss", subject="log_loss", value=loss,
                        state="bad" if n >= BROKE else "good")  # fmt: skip
        state = "bad" if n == BROKE - 4 else "good"
        yield Event(at=day(n) + timedelta(hours=3), lane="runs", title="clean_customers", subject=str(TIDY), state=state,
                    url=f"/pipeline-runs/{DID_IT}" if n == BROKE else "")  # fmt: skip
        yield Event(at=day(n) + timedelta(hours=3, minutes=1), lane="runs", title="build_features", subject=str(BUILD),
                    state="good")  # fmt: skip
    yield Event(
        at=SINCE + timedelta(hours=3), lane="schema", title="plan: varchar → text", subject=str(CLEAN), state="bad"
    )
    yield Event(
        at=SINCE + timedelta(hours=3), lane="code", title="clean_customers: 4f2a9c1 → 9b1d7e0", subject=str(TIDY)
    )
    yield Event(at=day(2), lane="model", title="churn_1 became champion", subject=str(CHURN_1))
    yield Event(at=day(BROKE), until=day(40), lane="alerts", title="plan has drifted", subject="plan", state="bad",
                url="/monitors/churn%20features/columns/plan")  # fmt: skip


def bug(number=1, **more):
    """Return the diagnosis of a bug in a pipeline, with something of everything."""
    verdict = Verdict(
        kind="pipeline_bug", confidence=0.97, sure=True, story=STORY, onset=ONSET, digest="5f3a" * 16,
        hypotheses=(_bug(), _drift(), Hypothesis(kind="concept_drift", confidence=0.01, because="A refit is no better.")),
        decomposition=_decomposition(), correlations=_correlations(), timeline=tuple(timeline()),
        unknown=(
            Unknown(what="Labels of the last 2 days", because="They come 2 days late.", hint="Diagnose again on 11 Nov."),
            Unknown(what="Values as the offline pipeline works them out", because="No offline sample is configured."),
        ),
    )  # fmt: skip
    return of(verdict, id=number, asked="churn@champion", monitors=("churn features", "churn predictions"), **more)


def of(verdict, **more):
    """Return a diagnosis of the champion with this verdict."""
    plain = {"id": 1, "of": CHURN_1, "title": "churn_1", "model": CHURN, "at": AT, "made_at": AT + timedelta(hours=1),
             "by": "ada", "seconds": 0.8}  # fmt: skip
    return Diagnosis(**{**plain, **more}, verdict=verdict)


def thin(number=2):
    """Return a diagnosis that can say nothing."""
    unknown = (
        Unknown(
            what="Windows",
            because="Only one window was measured.",
            hint="Look at the past again on the monitor's page.",
        ),
        Unknown(
            what="Training profile", because="The version has no signature and no training data.", hint="Log a dataset."
        ),
        Unknown(
            what="What feeds the model",
            because="No pipeline has told.",
            hint="Point OPENLINEAGE_URL of your pipelines here.",
        ),
    )
    doing = "Let the monitor look at some more windows, then ask again."
    nothing = Hypothesis(kind="not_enough_data", confidence=1.0, present=True, action="collect", doing=doing)
    story = "Only one window was measured, so nothing can be said of what changed."
    verdict = Verdict(
        kind="not_enough_data", confidence=1.0, sure=False, story=story, hypotheses=(nothing,), unknown=unknown
    )
    return of(verdict, id=number)


def outdated(number=3):
    """Return a diagnosis with two causes at once, neither sure, of which somebody has spoken."""
    onset = Onset(at=day(20), earliest=day(15), latest=day(24), shape="ramp", over=12)
    drift = Hypothesis(kind="concept_drift", confidence=0.58, present=True, onset=onset, action="retrain",
                       doing="Retrain on the rows since 21 Oct 2026; a refit on these is 6 % better.",
                       evidence=(evidence("refit", "A refit on 4,000 recent rows has 0.06 less log loss.", 1.4, "concept_drift"),))  # fmt: skip
    labels = Hypothesis(kind="label_errors", confidence=0.51, present=True, action="fix_labels", columns=("is_churned",),
                        doing="Ask who labels region = north.", onset=onset)  # fmt: skip
    story = "Since about 21 Oct 2026 predictions get worse little by little, though no input moved."
    verdict = Verdict(
        kind="concept_drift", confidence=0.58, sure=False, story=story, onset=onset, hypotheses=(drift, labels)
    )
    said = Feedback(at=AT, by="grace", right=False, kind="label_errors", note="A new team began to label.")
    return of(verdict, id=number, trigger="alert", alert=1, by="", feedback=(said,))


def huge(number=4):
    """Return a diagnosis of 200 columns of long names, with many hypotheses, suspects and events."""
    columns = tuple(f"{LONG}{n}" for n in range(200))
    kinds = ("schema_change", "late_data", "skew", "covariate_shift", "label_delay", "false_alarm")
    seen = tuple(
        evidence("moved_distribution", f"{c} moved: PSI 0.4, limit 0.1.", 1.0, subject=c, since=SINCE) for c in columns
    )
    deep = AssetId("dataset", f"s3://{LONG}", LONG)
    job = AssetId("job", "airflow", LONG)
    path = tuple(
        Step(asset=AssetId("dataset", "lake", f"{LONG}{n}"), column=LONG, title=f"{LONG}{n}", distance=n, by=job if n else None,
             state=("moved", "unwatched", "unknown", "steady")[min(n // 3, 3)], root=n == 8)
        for n in range(12)
    )  # fmt: skip
    suspects = tuple(
        Suspect(rank=1 + n // 2, run=RunRef(uid=f"{LONG}{n}", job=job), at=SINCE, dataset=deep, columns=columns[:90],
                because=f"{LONG} did it.", reasons=("code", "schema", "lineage", "failure", "rows", "time", "first"))
        for n in range(40)
    )  # fmt: skip
    first = Hypothesis(kind="pipeline_bug", confidence=0.71, present=True, columns=columns, evidence=seen, path=path,
                       suspects=suspects, action="fix", doing=f"Fix {LONG}.", onset=ONSET)  # fmt: skip
    others = tuple(
        Hypothesis(kind=kind, confidence=0.3 / (n + 1), columns=columns[:3]) for n, kind in enumerate(kinds * 6)
    )
    shares = tuple(
        Share(part="feature", subject=c, value=0.1 / (n + 1), low=0, high=0.2) for n, c in enumerate(columns)
    )
    correlations = tuple(
        Correlation(column=c, metric=m, r=0.5, low=0.1, high=0.8) for c in columns for m in ("log_loss", "auc")
    )
    verdict = Verdict(
        kind="pipeline_bug", confidence=0.71, sure=False, story=f"{LONG} moved. " * 20, onset=ONSET, hypotheses=(first, *others),
        decomposition=Decomposition(metric="log_loss", before=0.4, after=0.6, overlap=0.04, shares=shares, because="It is thin."),
        correlations=correlations, timeline=tuple(timeline(columns, days=60)),
        unknown=tuple(Unknown(what=c, because="It is not watched.") for c in columns[:60]),
    )  # fmt: skip
    return of(
        verdict,
        id=number,
        title=LONG,
        asked=LONG,
        monitors=(LONG[:100], "churn features"),
        at=datetime(2026, 12, 1, tzinfo=UTC),
    )


def keep(engine, *made):
    """Keep diagnoses, with what people said of them, and return them as they are kept."""
    with db.writing(engine) as tx:
        for one in made:
            number = kept.put(tx, one).id
            for said in one.feedback:
                feedback.say(tx, number, right=said.right, kind=said.kind, note=said.note, by=said.by, now=said.at)
        return read.listing(tx)


def lay(engine):
    """Fill a catalog that the first diagnosis is about: pipelines, a champion, two monitors that have looked."""
    riverbed.lay(engine)
    watched.watch(engine, days=40, breaks={"plan": BROKE})
    watched.watch(engine, monitor=watched.predictions(), days=40, columns=("churns", "p"), breaks={"p": BROKE})
