"""The steps from raw files to tables of features.

Every step reads files and writes the partition of one day of one table: raw files become
typed tables (bronze), clean ones (silver), and features with their labels (gold).  A step
says what it reads and writes and which columns become which, and whoever runs it tells others.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from examples.churn import events, world
from examples.churn.columns import Columns, From, kept
from examples.churn.lake import HISTORY_DAYS, Lake, ending

OWNER = "growth-data"
SESSION_WINDOW_DAYS = 7
_TIMES = ("_at", "_on")


@dataclass(frozen=True)
class Step:
    """One job of the pipeline.

    Attributes:
        name: What the job is called.
        reads: The tables it reads.
        writes: The table it writes a day of.
        work: Makes that day.
        columns: What its columns are made from.
        looks_back: Those of `reads` of which it reads a month, and not a day.
        settings: What else `work` is given, by the names of its arguments.
    """

    name: str
    reads: tuple[str, ...]
    writes: str
    work: Callable[..., pd.DataFrame]
    columns: Columns
    looks_back: tuple[str, ...] = ()
    settings: dict[str, object] = field(default_factory=dict)

    def run(self, lake: Lake, day: date) -> None:
        """Read, work, write."""
        lake.write(self.writes, day, self.work(lake, day, **self.settings))

    def inputs(self, lake: Lake, day: date) -> list[events.Input]:
        """What it reads, for others."""
        return [events.read(lake.folder, name, *self._parts(lake, name, day)) for name in self.reads]

    def _parts(self, lake: Lake, name: str, day: date) -> list[Path]:
        days = HISTORY_DAYS if name in self.looks_back else 1
        return [lake.part(name, each) for each in ending(day, days)]

    def outputs(self, lake: Lake, *days: date) -> list[events.Output]:
        """What it wrote, for others."""
        parts = [lake.part(self.writes, day) for day in days]
        return [events.written(lake.folder, self.writes, self.columns, *parts)]


def ingest(table: str, *columns: str) -> Step:
    """A step that gives the columns of a raw file their types and changes nothing else."""

    def work(lake: Lake, day: date) -> pd.DataFrame:
        """Give each column its type; times are UTC."""
        file = world.raw_file(lake.folder, table, day)
        frame = pd.read_json(file, lines=True) if file.suffix == ".jsonl" else pd.read_csv(file)
        for column in frame.columns:
            if column.endswith(_TIMES):
                frame[column] = pd.to_datetime(frame[column], utc=True).dt.tz_convert(None)
        return frame

    raw = f"raw/{table}"
    of = {name: (From(raw, name, "TRANSFORMATION" if name.endswith(_TIMES) else "IDENTITY"),) for name in columns}
    return Step(f"ingest_{table}", (raw,), f"bronze/{table}", work, Columns(of))


def clean_users(lake: Lake, day: date) -> pd.DataFrame:
    """Keep what may be used for analysis: everything but the address."""
    return lake.read("bronze/users", day).drop(columns="email")


def clean_sessions(lake: Lake, day: date) -> pd.DataFrame:
    """Drop what was reported twice and what took no time."""
    sessions = lake.read("bronze/sessions", day).drop_duplicates("session_id")
    return sessions[sessions["minutes"] > 0]


def clean_payments(lake: Lake, day: date) -> pd.DataFrame:
    """Drop what was reported twice, and turn `EUR 9.90` into a number."""
    payments = lake.read("bronze/payments", day).drop_duplicates("payment_id")
    payments["amount_eur"] = payments.pop("amount").str.removeprefix("EUR ").astype(float)
    return payments


def clean_tickets(lake: Lake, day: date) -> pd.DataFrame:
    """Drop what was reported twice."""
    return lake.read("bronze/tickets", day).drop_duplicates("ticket_id")


def activity(lake: Lake, day: date, *, window_days: int) -> pd.DataFrame:
    """Look back on the sessions of each user: how long ago, how many in the days that end with `day`, how long."""
    sessions = lake.read("silver/user_sessions", day, HISTORY_DAYS)
    return per_user(lake, day, sessions, sessions[_age(sessions, day) < window_days])


def per_user(lake: Lake, day: date, sessions: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    """Say of each user when the last session was, how many of those to be counted there are, and how long one is."""
    found = pd.DataFrame({"user_recency_days": _age(sessions, day).groupby(sessions["user_id"]).min()})
    found["user_session_count_7d"] = counted.groupby("user_id")["session_id"].count()
    found["avg_session_minutes"] = sessions.groupby("user_id")["minutes"].mean().round(2)
    users = lake.read("silver/users", day)[["user_id"]]
    joined = users.merge(found.reset_index(), on="user_id", how="left")
    return joined.fillna({"user_recency_days": HISTORY_DAYS, "user_session_count_7d": 0}).astype(
        {"user_recency_days": int, "user_session_count_7d": int}
    )


def _age(sessions: pd.DataFrame, day: date) -> pd.Series:
    """How many days ago each session was."""
    return (pd.Timestamp(day) - sessions["started_at"].dt.normalize()).dt.days


def value(lake: Lake, day: date) -> pd.DataFrame:
    """Sum up what each user paid and asked in the last thirty days."""
    users = lake.read("silver/users", day)[["user_id"]].set_index("user_id")
    payments = lake.read("silver/payments", day, HISTORY_DAYS)
    tickets = lake.read("silver/support_tickets", day, HISTORY_DAYS)
    users["spend_30d"] = payments.groupby("user_id")["amount_eur"].sum().round(2)
    users["support_tickets_30d"] = tickets.groupby("user_id")["ticket_id"].count()
    return users.fillna(0).astype({"support_tickets_30d": int}).reset_index()


def labelled(outcome: str, label: str) -> Callable[[Lake, date], pd.DataFrame]:
    """Join all features of a user with one outcome, which becomes the label."""

    def work(lake: Lake, day: date) -> pd.DataFrame:
        """Join all features of a user with what became of them."""
        users = lake.read("silver/users", day)
        users["tenure_days"] = (pd.Timestamp(day) - users.pop("signed_up_on")).dt.days
        outcomes = lake.read("bronze/outcomes", day)[["user_id", outcome]].rename(columns={outcome: label})
        frame = users
        for table in (lake.read("gold/user_activity", day), lake.read("gold/user_value", day), outcomes):
            frame = frame.merge(table, on="user_id")
        frame.insert(1, "feature_date", pd.Timestamp(day))
        return frame

    return work


def coupon_features(lake: Lake, day: date) -> pd.DataFrame:
    """Say of each coupon shown on `day` what it is worth, and who it was shown to."""
    users = lake.read("silver/users", day)
    users["tenure_days"] = (pd.Timestamp(day) - users.pop("signed_up_on")).dt.days
    shown = lake.read("bronze/coupons", day).drop(columns="shown_at")
    frame = shown.merge(users, on="user_id").merge(lake.read("gold/user_value", day), on="user_id")
    frame.insert(2, "feature_date", pd.Timestamp(day))
    frame["is_redeemed"] = frame.pop("redeemed_within_2d")
    return frame


_FEATURES_FROM = ("silver/users", "gold/user_activity", "gold/user_value", "bronze/outcomes")
_COUPONS_FROM = ("bronze/coupons", "silver/users", "gold/user_value")


def _by_user(outcome: str, label: str) -> Columns:
    """What a table of features with one outcome is made from."""
    return Columns(
        {
            **kept("silver/users", "user_id", "plan", "country"),
            "tenure_days": (From("silver/users", "signed_up_on", "TRANSFORMATION"),),
            **kept("gold/user_activity", "user_recency_days", "user_session_count_7d", "avg_session_minutes"),
            **kept("gold/user_value", "spend_30d", "support_tickets_30d"),
            label: (From("bronze/outcomes", outcome),),
        },
        rows=tuple(From(table, "user_id", "JOIN") for table in _FEATURES_FROM),
    )


def activity_columns(decides: str) -> Columns:
    """What the activity of a user is made from, where `decides` says which sessions are in the window."""
    sessions = "silver/user_sessions"
    in_window = From(sessions, decides, "FILTER")
    return Columns(
        {
            **kept("silver/users", "user_id"),
            "user_recency_days": (From(sessions, "started_at", "AGGREGATION"),),
            "user_session_count_7d": (From(sessions, "session_id", "AGGREGATION"), in_window),
            "avg_session_minutes": (From(sessions, "minutes", "AGGREGATION"),),
        },
        rows=(From("silver/users", "user_id", "JOIN"), From(sessions, "user_id", "GROUP_BY")),
    )


_VALUE_COLUMNS = Columns(
    {
        **kept("silver/users", "user_id"),
        "spend_30d": (From("silver/payments", "amount_eur", "AGGREGATION"),),
        "support_tickets_30d": (From("silver/support_tickets", "ticket_id", "AGGREGATION"),),
    },
    rows=(
        From("silver/users", "user_id", "JOIN"),
        From("silver/payments", "user_id", "GROUP_BY"),
        From("silver/support_tickets", "user_id", "GROUP_BY"),
    ),
)

PREPARATION = (
    ingest("users", "user_id", "email", "signed_up_on", "plan", "country"),
    ingest("sessions", "session_id", "user_id", "started_at", "minutes", "device"),
    ingest("payments", "payment_id", "user_id", "paid_at", "amount", "reason"),
    ingest("tickets", "ticket_id", "user_id", "opened_at", "topic"),
    ingest("coupons", "coupon_id", "user_id", "shown_at", "worth_eur", "redeemed_within_2d"),
    ingest("outcomes", "user_id", "left_within_7d", "spend_next_90d", "sessions_next_7d"),
    Step(
        "clean_users",
        ("bronze/users",),
        "silver/users",
        clean_users,
        Columns(kept("bronze/users", "user_id", "signed_up_on", "plan", "country")),
    ),
    Step(
        "clean_sessions",
        ("bronze/sessions",),
        "silver/user_sessions",
        clean_sessions,
        Columns(
            kept("bronze/sessions", "session_id", "user_id", "started_at", "minutes", "device"),
            rows=(From("bronze/sessions", "session_id", "FILTER"), From("bronze/sessions", "minutes", "FILTER")),
        ),
    ),
    Step(
        "clean_payments",
        ("bronze/payments",),
        "silver/payments",
        clean_payments,
        Columns(
            {
                **kept("bronze/payments", "payment_id", "user_id", "paid_at", "reason"),
                "amount_eur": (From("bronze/payments", "amount", "TRANSFORMATION"),),
            },
            rows=(From("bronze/payments", "payment_id", "FILTER"),),
        ),
    ),
    Step(
        "clean_tickets",
        ("bronze/tickets",),
        "silver/support_tickets",
        clean_tickets,
        Columns(
            kept("bronze/tickets", "ticket_id", "user_id", "opened_at", "topic"),
            rows=(From("bronze/tickets", "ticket_id", "FILTER"),),
        ),
    ),
)
_LABELS = (
    ("churn", "left_within_7d", "is_churned"),
    ("ltv", *2 * ("spend_next_90d",)),
    ("usage", *2 * ("sessions_next_7d",)),
)
FEATURES = (
    Step(
        "user_activity",
        ("silver/users", "silver/user_sessions"),
        "gold/user_activity",
        activity,
        activity_columns("started_at"),
        ("silver/user_sessions",),
        {"window_days": SESSION_WINDOW_DAYS},
    ),
    Step(
        "user_value",
        ("silver/users", "silver/payments", "silver/support_tickets"),
        "gold/user_value",
        value,
        _VALUE_COLUMNS,
        ("silver/payments", "silver/support_tickets"),
    ),
    *(
        Step(f"{name}_features", _FEATURES_FROM, f"gold/{name}_features", labelled(of, label), _by_user(of, label))
        for name, of, label in _LABELS
    ),
    Step(
        "coupon_features",
        _COUPONS_FROM,
        "gold/coupon_features",
        coupon_features,
        Columns(
            {
                **kept("bronze/coupons", "coupon_id", "user_id", "worth_eur"),
                **kept("silver/users", "plan", "country"),
                "tenure_days": (From("silver/users", "signed_up_on", "TRANSFORMATION"),),
                **kept("gold/user_value", "spend_30d", "support_tickets_30d"),
                "is_redeemed": (From("bronze/coupons", "redeemed_within_2d"),),
            },
            rows=tuple(From(table, "user_id", "JOIN") for table in _COUPONS_FROM),
        ),
    ),
)
STEPS = PREPARATION + FEATURES
