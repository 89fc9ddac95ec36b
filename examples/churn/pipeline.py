"""From raw files to tables of features, one day at a time.

Every step reads files and writes the partition of one day of one table: raw files become
typed tables (bronze), clean ones (silver), and features with their labels (gold).  A step
says what it reads and writes and which columns become which, and whoever runs it tells others.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from examples.churn import events, world
from examples.churn.columns import Columns, From, kept
from examples.churn.events import Events, Job, Run

HISTORY_DAYS = 30
"""The longest look back of any feature: so many days must lie there before the first."""

SESSION_WINDOW_DAYS = 7
OWNER = "growth-data"
_TIMES = ("_at", "_on")


@dataclass(frozen=True)
class Lake:
    """A folder of tables, each a folder of daily partitions."""

    folder: Path

    def table(self, name: str) -> Path:
        """Where a table lies, such as `gold/churn_features`."""
        return self.folder / name

    def write(self, name: str, day: date, frame: pd.DataFrame) -> None:
        """Replace one day of a table."""
        file = self.part(name, day)
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), file)

    def read(self, name: str, until: date, days: int = 1) -> pd.DataFrame:
        """Read the `days` days that end with `until`."""
        return self.read_days(name, _ending(until, days))

    def read_days(self, name: str, days: list[date]) -> pd.DataFrame:
        """Read some days, one after the other."""
        parts = [pq.ParquetFile(self.part(name, day)).read() for day in days]
        return pa.concat_tables(parts).to_pandas()

    def part(self, name: str, day: date) -> Path:
        """Where a day of a table lies, or a raw file."""
        kind, _, table = name.partition("/")
        if kind == "raw":
            return world.raw_file(self.folder, table, day)
        return self.table(name) / f"day={day}" / "part-0.parquet"


def _ending(until: date, days: int) -> list[date]:
    """The `days` days that end with `until`."""
    return [until - timedelta(days=n) for n in reversed(range(days))]


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
    """

    name: str
    reads: tuple[str, ...]
    writes: str
    work: Callable[[Lake, date, int], pd.DataFrame]
    columns: Columns
    looks_back: tuple[str, ...] = ()

    def run(self, lake: Lake, day: date, window_days: int = SESSION_WINDOW_DAYS) -> None:
        """Read, work, write."""
        lake.write(self.writes, day, self.work(lake, day, window_days))

    def inputs(self, lake: Lake, day: date) -> list[events.Input]:
        """What it reads, for others."""
        return [events.read(lake.folder, name, *self._parts(lake, name, day)) for name in self.reads]

    def _parts(self, lake: Lake, name: str, day: date) -> list[Path]:
        days = HISTORY_DAYS if name in self.looks_back else 1
        return [lake.part(name, each) for each in _ending(day, days)]

    def outputs(self, lake: Lake, day: date) -> list[events.Output]:
        """What it wrote, for others."""
        return [events.written(lake.folder, self.writes, lake.part(self.writes, day), self.columns)]


def ingest(table: str, *columns: str) -> Step:
    """A step that gives the columns of a raw file their types and changes nothing else."""

    def work(lake: Lake, day: date, _window_days: int) -> pd.DataFrame:
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


def clean_users(lake: Lake, day: date, _window_days: int) -> pd.DataFrame:
    """Keep what may be used for analysis: everything but the address."""
    return lake.read("bronze/users", day).drop(columns="email")


def clean_sessions(lake: Lake, day: date, _window_days: int) -> pd.DataFrame:
    """Drop what was reported twice and what took no time."""
    sessions = lake.read("bronze/sessions", day).drop_duplicates("session_id")
    return sessions[sessions["minutes"] > 0]


def clean_payments(lake: Lake, day: date, _window_days: int) -> pd.DataFrame:
    """Drop what was reported twice, and turn `EUR 9.90` into a number."""
    payments = lake.read("bronze/payments", day).drop_duplicates("payment_id")
    payments["amount_eur"] = payments.pop("amount").str.removeprefix("EUR ").astype(float)
    return payments


def clean_tickets(lake: Lake, day: date, _window_days: int) -> pd.DataFrame:
    """Drop what was reported twice."""
    return lake.read("bronze/tickets", day).drop_duplicates("ticket_id")


def activity(lake: Lake, day: date, window_days: int) -> pd.DataFrame:
    """Count the sessions of each user in the window that ends with `day`.

    The column says seven days.  Whether it holds seven is up to `window_days`.
    """
    sessions = lake.read("silver/user_sessions", day, HISTORY_DAYS)
    age = (pd.Timestamp(day) - sessions["started_at"].dt.normalize()).dt.days
    recent = sessions[age < window_days].groupby("user_id")
    found = pd.DataFrame({"user_recency_days": age.groupby(sessions["user_id"]).min()})
    found["user_session_count_7d"] = recent["session_id"].count()
    found["avg_session_minutes"] = recent["minutes"].mean().round(2)
    users = lake.read("silver/users", day)[["user_id"]]
    joined = users.merge(found.reset_index(), on="user_id", how="left")
    return joined.fillna({"user_recency_days": HISTORY_DAYS, "user_session_count_7d": 0}).astype(
        {"user_recency_days": int, "user_session_count_7d": int}
    )


def value(lake: Lake, day: date, _window_days: int) -> pd.DataFrame:
    """Sum up what each user paid and asked in the last thirty days."""
    users = lake.read("silver/users", day)[["user_id"]].set_index("user_id")
    payments = lake.read("silver/payments", day, HISTORY_DAYS)
    tickets = lake.read("silver/support_tickets", day, HISTORY_DAYS)
    users["spend_30d"] = payments.groupby("user_id")["amount_eur"].sum().round(2)
    users["support_tickets_30d"] = tickets.groupby("user_id")["ticket_id"].count()
    return users.fillna(0).astype({"support_tickets_30d": int}).reset_index()


def labelled(outcome: str, label: str) -> Callable[[Lake, date, int], pd.DataFrame]:
    """Join all features of a user with one outcome, which becomes the label."""

    def work(lake: Lake, day: date, _window_days: int) -> pd.DataFrame:
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


_FEATURES_FROM = ("silver/users", "gold/user_activity", "gold/user_value", "bronze/outcomes")


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


def _activity_columns() -> Columns:
    sessions = "silver/user_sessions"
    in_window = From(sessions, "started_at", "FILTER")
    return Columns(
        {
            **kept("silver/users", "user_id"),
            "user_recency_days": (From(sessions, "started_at", "AGGREGATION"),),
            "user_session_count_7d": (From(sessions, "session_id", "AGGREGATION"), in_window),
            "avg_session_minutes": (From(sessions, "minutes", "AGGREGATION"), in_window),
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
    ingest("outcomes", "user_id", "left_within_14d", "spend_next_90d", "sessions_next_7d"),
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
    ("churn", "left_within_14d", "is_churned"),
    ("ltv", *2 * ("spend_next_90d",)),
    ("usage", *2 * ("sessions_next_7d",)),
)
FEATURES = (
    Step(
        "user_activity", ("silver/users", "silver/user_sessions"), "gold/user_activity", activity, _activity_columns()
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
)
STEPS = PREPARATION + FEATURES
DELIVERY = Job("deliver_raw_files", world.deliver, "business-systems")


def prepare_history(lake: Lake, past: world.World) -> None:
    """Bring the days before the first as far as silver, for features to look back on."""
    for n in reversed(range(1, HISTORY_DAYS)):
        day = world.FIRST_DAY - timedelta(days=n)
        world.deliver(past, lake.folder, day)
        for step in PREPARATION:
            step.run(lake, day)


def _delivered(lake: Lake, day: date) -> list[events.Output]:
    return [events.delivered(lake.folder, f"raw/{table}", lake.part(f"raw/{table}", day)) for table in world.TABLES]


def run_day(
    lake: Lake, today: world.World, day: date, window_days: int = SESSION_WINDOW_DAYS, told: Events | None = None
) -> Iterator[Step]:
    """Run all steps of one day in order, and yield each when it is done.

    Args:
        lake: Where the tables are.
        today: Where the raw files come from.
        day: The day.
        window_days: How far the count of sessions looks back.
        told: Who is told what runs; nobody if None.
    """
    told = told or Events(lake.folder)
    with told.run(DELIVERY, day, slot=-1, writes=lambda: _delivered(lake, day)):
        world.deliver(today, lake.folder, day)
    with told.run(Job("churn.daily", run_day, OWNER, "PIPELINE"), day, slot=0, minutes=len(STEPS) + 1) as daily:
        for slot, step in enumerate(STEPS, start=1):
            with _telling(told, daily, step, lake, day, slot, window_days):
                step.run(lake, day, window_days)
            yield step


def _telling(  # noqa: PLR0913, PLR0917  what one run of a step is
    told: Events, daily: Run, step: Step, lake: Lake, day: date, slot: int, window_days: int
) -> AbstractContextManager[Run]:
    return told.run(
        Job(step.name, step.work, OWNER),
        day,
        slot=slot,
        target=lake.table(step.writes),
        reads=lambda: step.inputs(lake, day),
        writes=lambda: step.outputs(lake, day),
        parameters={"day": day, "window_days": window_days},
        parent=daily,
    )


def digest(lake: Lake, name: str) -> str:
    """A name for the content of a table, the same on every machine."""
    parts = sorted(lake.table(name).glob("day=*/*.parquet"))
    found = hashlib.blake2b(digest_size=8)
    for part in parts:
        found.update(pq.ParquetFile(part).read().to_pandas().to_csv(index=False).encode())
    return found.hexdigest()
