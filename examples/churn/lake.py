"""A folder of tables, each of which has a file for each day."""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from examples.churn import world

HISTORY_DAYS = 30
"""The longest look back of any feature: so many days must lie there before the first."""


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
        return self.read_days(name, ending(until, days))

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


def ending(until: date, days: int) -> list[date]:
    """The `days` days that end with `until`.

    Examples:
        >>> [str(day) for day in ending(date(2026, 10, 1), 2)]
        ['2026-09-30', '2026-10-01']
    """
    return [until - timedelta(days=n) for n in reversed(range(days))]


def digest(lake: Lake, name: str) -> str:
    """A name for the content of a table, the same on every machine."""
    parts = sorted(lake.table(name).glob("day=*/*.parquet"))
    found = hashlib.blake2b(digest_size=8)
    for part in parts:
        found.update(pq.ParquetFile(part).read().to_pandas().to_csv(index=False).encode())
    return found.hexdigest()
