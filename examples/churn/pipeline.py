"""From raw files to tables of features, one day at a time.

Every step reads files and writes the partition of one day of one table: raw files become
typed tables (bronze), clean ones (silver), and features with their labels (gold).  A step
says what it reads and writes, so that whoever runs it can tell others.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from examples.churn import world

HISTORY_DAYS = 30
"""The longest look back of any feature: so many days must lie there before the first."""

SESSION_WINDOW_DAYS = 7


@dataclass(frozen=True)
class Lake:
    """A folder of tables, each a folder of daily partitions."""

    folder: Path

    def table(self, name: str) -> Path:
        """Where a table lies, such as `gold/churn_features`."""
        return self.folder / name

    def write(self, name: str, day: date, frame: pd.DataFrame) -> None:
        """Replace one day of a table."""
        file = self._file(name, day)
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), file)

    def read(self, name: str, until: date, days: int = 1) -> pd.DataFrame:
        """Read the `days` days that end with `until`."""
        return self.read_days(name, [until - timedelta(days=n) for n in reversed(range(days))])

    def read_days(self, name: str, days: list[date]) -> pd.DataFrame:
        """Read some days, one after the other."""
        parts = [pq.ParquetFile(self._file(name, day)).read() for day in days]
        return pa.concat_tables(parts).to_pandas()

    def _file(self, name: str, day: date) -> Path:
        return self.table(name) / f"day={day}" / "part-0.parquet"


@dataclass(frozen=True)
class Step:
    """One job of the pipeline.

    Attributes:
        name: What the job is called.
        reads: The tables it reads.
        writes: The table it writes a day of.
        work: Makes that day.
    """

    name: str
    reads: tuple[str, ...]
    writes: str
    work: Callable[[Lake, date, int], pd.DataFrame]

    def run(self, lake: Lake, day: date, window_days: int = SESSION_WINDOW_DAYS) -> None:
        """Read, work, write."""
        lake.write(self.writes, day, self.work(lake, day, window_days))


def ingest(table: str) -> Step:
    """A step that gives the columns of a raw file their types and changes nothing else; times are UTC."""

    def work(lake: Lake, day: date, _window_days: int) -> pd.DataFrame:
        file = world.raw_file(lake.folder, table, day)
        frame = pd.read_json(file, lines=True) if file.suffix == ".jsonl" else pd.read_csv(file)
        for column in frame.columns:
            if column.endswith(("_at", "_on")):
                frame[column] = pd.to_datetime(frame[column], utc=True).dt.tz_convert(None)
        return frame

    return Step(f"ingest_{table}", (f"raw/{table}",), f"bronze/{table}", work)


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
    recent = sessions[age < window_days].groupby("user_id")["minutes"]
    found = pd.DataFrame({"user_recency_days": age.groupby(sessions["user_id"]).min()})
    found["user_session_count_7d"] = recent.size()
    found["avg_session_minutes"] = recent.mean().round(2)
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
    users["support_tickets_30d"] = tickets.groupby("user_id").size()
    return users.fillna(0).astype({"support_tickets_30d": int}).reset_index()


def labelled(outcome: str, label: str) -> Callable[[Lake, date, int], pd.DataFrame]:
    """Join all features of a user with one outcome, which becomes the label."""

    def work(lake: Lake, day: date, _window_days: int) -> pd.DataFrame:
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

PREPARATION = (
    *(ingest(table) for table in world.TABLES),
    Step("clean_users", ("bronze/users",), "silver/users", clean_users),
    Step("clean_sessions", ("bronze/sessions",), "silver/user_sessions", clean_sessions),
    Step("clean_payments", ("bronze/payments",), "silver/payments", clean_payments),
    Step("clean_tickets", ("bronze/tickets",), "silver/support_tickets", clean_tickets),
)
FEATURES = (
    Step("user_activity", ("silver/users", "silver/user_sessions"), "gold/user_activity", activity),
    Step("user_value", ("silver/users", "silver/payments", "silver/support_tickets"), "gold/user_value", value),
    Step("churn_features", _FEATURES_FROM, "gold/churn_features", labelled("left_within_14d", "is_churned")),
    Step("ltv_features", _FEATURES_FROM, "gold/ltv_features", labelled("spend_next_90d", "spend_next_90d")),
    Step("usage_features", _FEATURES_FROM, "gold/usage_features", labelled("sessions_next_7d", "sessions_next_7d")),
)
STEPS = PREPARATION + FEATURES


def prepare_history(lake: Lake, past: world.World) -> None:
    """Bring the days before the first as far as silver, for features to look back on."""
    for n in reversed(range(1, HISTORY_DAYS)):
        day = world.FIRST_DAY - timedelta(days=n)
        world.deliver(past, lake.folder, day)
        for step in PREPARATION:
            step.run(lake, day)


def run_day(lake: Lake, today: world.World, day: date, window_days: int = SESSION_WINDOW_DAYS) -> Iterator[Step]:
    """Run all steps of one day in order, and yield each when it is done."""
    world.deliver(today, lake.folder, day)
    for step in STEPS:
        step.run(lake, day, window_days)
        yield step


def digest(lake: Lake, name: str) -> str:
    """A name for the content of a table, the same on every machine."""
    parts = sorted(lake.table(name).glob("day=*/*.parquet"))
    found = hashlib.blake2b(digest_size=8)
    for part in parts:
        found.update(pq.ParquetFile(part).read().to_pandas().to_csv(index=False).encode())
    return found.hexdigest()
