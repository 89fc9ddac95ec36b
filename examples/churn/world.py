"""The business outside: people who sign up, use the product, pay, complain and leave.

Everything follows from the seed and the day, so any day can be made by itself and is the
same each time.  A person who is going to leave uses the product less and less over the last
weeks, which is why the number of sessions in a week tells so much about churn, and the
number of sessions in one day so little.

People are not the same for ever: from `RIVAL_DAY` on somebody else courts those who have been customers
for long, and it is others who redeem coupons.  Nothing that is known of them looks different.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

FIRST_DAY = date(2026, 10, 1)
HORIZON_DAYS = 150
"""People sign up until this many days after the first day of the story."""

LEAVING_DAYS = 7
"""Who is gone within so many days is one of those to be foretold."""

RIVAL_DAY = 36
"""The day of the story, from 1, from which on a rival courts old customers."""

REDEEMING_DAYS = 2
"""A coupon that was not redeemed within so many days lapses."""

PLANS = ("basic", "plus", "pro")
COUNTRIES = ("DE", "FR", "ES", "PL", "US")
_PLAN_SHARES = (0.6, 0.28, 0.12)
_PRICES = np.array([9.90, 19.90, 49.00])
_LIFETIMES = np.array([90.0, 180.0, 320.0])
_SESSIONS_PER_DAY = np.array([0.52, 0.68, 0.86])
_SIGNUPS_PER_DAY = 10
_YEARS_BEFORE = 2
_WORTH = (5, 10, 15, 20)
_FADE_DAYS = 28
_BILLING_DAYS = 30


@dataclass(frozen=True)
class World:
    """All that happens, drawn from a seed.

    Examples:
        >>> World(7).users(FIRST_DAY).equals(World(7).users(FIRST_DAY))
        True
    """

    seed: int

    @cached_property
    def people(self) -> pd.DataFrame:
        """Everyone who ever signs up, with what nobody outside this module may know."""
        rng = np.random.default_rng([self.seed, 0])
        days = _YEARS_BEFORE * 365 + HORIZON_DAYS
        n = _SIGNUPS_PER_DAY * days
        plan = rng.choice(len(PLANS), size=n, p=_PLAN_SHARES)
        joins = np.sort(rng.integers(-_YEARS_BEFORE * 365, HORIZON_DAYS, size=n))
        return pd.DataFrame(
            {
                "user_id": np.arange(100_001, 100_001 + n),
                "plan": plan,
                "country": rng.choice(len(COUNTRIES), size=n, p=(0.4, 0.2, 0.15, 0.1, 0.15)),
                "joins": joins,
                "leaves": joins + 1 + np.ceil(rng.exponential(_LIFETIMES[plan])).astype(int),
                "rate": _SESSIONS_PER_DAY[plan] * rng.gamma(6.0, 1 / 6.0, size=n),
                "length": rng.gamma(8.0, 1.5, size=n),
            }
        )

    def users(self, day: date) -> pd.DataFrame:
        """The customer register as exported at the end of `day`."""
        who = self._present(day)
        return pd.DataFrame(
            {
                "user_id": who["user_id"],
                "email": "user" + who["user_id"].astype(str) + "@example.org",
                "signed_up_on": [str(FIRST_DAY + timedelta(days=int(n))) for n in who["joins"]],
                "plan": [PLANS[p] for p in who["plan"]],
                "country": [COUNTRIES[c] for c in who["country"]],
            }
        )

    def sessions(self, day: date) -> pd.DataFrame:
        """Each use of the product on `day`; some are of no length, as when an app crashes."""
        who, rng = self._present(day), self._rng("sessions", day)
        count = self._session_counts(day)
        times = who.loc[who.index.repeat(count)]
        minutes = np.round(times["length"].to_numpy() * rng.gamma(2.0, 0.5, size=len(times)), 1)
        minutes[rng.random(len(times)) < 0.005] = 0.0
        return pd.DataFrame(
            {
                "session_id": [f"s-{day:%Y%m%d}-{i:05d}" for i in range(len(times))],
                "user_id": times["user_id"].to_numpy(),
                "started_at": _moments(day, rng, len(times)),
                "minutes": minutes,
                "device": rng.choice(["web", "android", "ios"], size=len(times), p=(0.5, 0.3, 0.2)),
            }
        )

    def payments(self, day: date) -> pd.DataFrame:
        """Money that came in on `day`; now and then the provider reports a payment twice."""
        who, rng = self._present(day), self._rng("payments", day)
        age = _number(day) - who["joins"].to_numpy()
        due = who[(age % _BILLING_DAYS == 0) & (age < who["leaves"] - who["joins"])]
        extra = who[rng.random(len(who)) < 0.01 * who["rate"]]
        amount = np.concatenate([_PRICES[due["plan"]], np.full(len(extra), 4.99)])
        paid = pd.DataFrame(
            {
                "payment_id": [f"p-{day:%Y%m%d}-{i:05d}" for i in range(len(amount))],
                "user_id": np.concatenate([due["user_id"], extra["user_id"]]),
                "paid_at": _moments(day, rng, len(amount)),
                "amount": [f"EUR {euros:.2f}" for euros in amount],
                "reason": ["subscription"] * len(due) + ["extra"] * len(extra),
            }
        )
        return pd.concat([paid, paid[rng.random(len(paid)) < 0.02]])

    def tickets(self, day: date) -> pd.DataFrame:
        """Calls for help on `day`; those about to leave call more often."""
        who, rng = self._present(day), self._rng("tickets", day)
        calling = who[rng.random(len(who)) < 0.008 + 0.03 * (1 - self._energy(who, day))]
        return pd.DataFrame(
            {
                "ticket_id": [f"t-{day:%Y%m%d}-{i:04d}" for i in range(len(calling))],
                "user_id": calling["user_id"].to_numpy(),
                "opened_at": _moments(day, rng, len(calling)),
                "topic": rng.choice(["billing", "bug", "question"], size=len(calling)),
            }
        )

    def coupons(self, day: date) -> pd.DataFrame:
        """Coupons of a shop next door that people are shown on `day`, and which of them they redeem.

        Whether they do is known when the coupon lapses.  The story hands it over at once, as it does with outcomes.
        """
        who, rng = self._present(day), self._rng("coupons", day)
        shown = who[rng.random(len(who)) < 0.6]
        worth = rng.choice(_WORTH, size=len(shown))
        loyal = np.log1p((_number(day) - shown["joins"].to_numpy()) / _BILLING_DAYS) - 1.4
        drawn_by = 1.6 if _number(day) + 1 < RIVAL_DAY else -0.3
        inclined = -1.0 + 0.1 * (worth - 12.5) + drawn_by * loyal + 0.3 * shown["plan"].to_numpy()
        return pd.DataFrame(
            {
                "coupon_id": [f"c-{day:%Y%m%d}-{i:05d}" for i in range(len(shown))],
                "user_id": shown["user_id"].to_numpy(),
                "shown_at": _moments(day, rng, len(shown)),
                "worth_eur": worth,
                "redeemed_within_2d": (rng.random(len(shown)) < 1 / (1 + np.exp(-inclined))).astype(int),
            }
        )

    def outcomes(self, day: date) -> pd.DataFrame:
        """What became of each user after `day`.

        A business learns this weeks later.  The story hands it over at once, so that every
        day of features has its label.
        """
        who = self._present(day)
        now, leaves, joins = _number(day), who["leaves"].to_numpy(), who["joins"].to_numpy()
        until = np.minimum(now + 90, leaves - 1)
        bills = (until - joins) // _BILLING_DAYS - (now - joins) // _BILLING_DAYS
        ahead = pd.Series(0, index=who.index)
        for n in range(1, 8):
            later = day + timedelta(days=n)
            counts = pd.Series(self._session_counts(later), index=self._present(later).index)
            ahead = ahead + counts.reindex(who.index, fill_value=0)
        return pd.DataFrame(
            {
                "user_id": who["user_id"],
                "left_within_7d": (leaves - now <= LEAVING_DAYS).astype(int),
                "spend_next_90d": np.round(np.maximum(bills, 0) * _PRICES[who["plan"]], 2),
                "sessions_next_7d": ahead,
            }
        )

    def _present(self, day: date) -> pd.DataFrame:
        """The people who have an account at the end of `day`."""
        now = _number(day)
        return self.people[(self.people["joins"] <= now) & (now < self.people["leaves"])]

    def _session_counts(self, day: date) -> np.ndarray:
        who = self._present(day)
        return self._rng("counts", day).poisson(who["rate"] * self._energy(who, day))

    def _energy(self, who: pd.DataFrame, day: date) -> np.ndarray:
        """How much of their usual use is left: 1 for those who stay, down to almost nothing."""
        left = who["leaves"].to_numpy() - _number(day)
        return 0.04 + 0.96 * np.clip(left / _FADE_DAYS, 0, 1) ** 2

    def _rng(self, what: str, day: date) -> np.random.Generator:
        return np.random.default_rng([self.seed, *what.encode(), day.toordinal()])


TABLES: dict[str, Callable[[World, date], pd.DataFrame]] = {
    "users": World.users,
    "sessions": World.sessions,
    "payments": World.payments,
    "tickets": World.tickets,
    "coupons": World.coupons,
    "outcomes": World.outcomes,
}


def deliver(world: World, folder: Path, day: date) -> None:
    """Write the raw files of `day`, as the systems of the business would drop them."""
    for table, happened in TABLES.items():
        file = raw_file(folder, table, day)
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".jsonl":
            happened(world, day).to_json(file, orient="records", lines=True)
        else:
            happened(world, day).to_csv(file, index=False)


def raw_file(folder: Path, table: str, day: date) -> Path:
    """Where the raw file of a table and day lies."""
    return folder / "raw" / table / f"{day}.{'jsonl' if table == 'sessions' else 'csv'}"


def _number(day: date) -> int:
    return (day - FIRST_DAY).days


def _moments(day: date, rng: np.random.Generator, n: int) -> list[str]:
    midnight = datetime.combine(day, time(), UTC)
    return [(midnight + timedelta(seconds=int(s))).isoformat() for s in np.sort(rng.integers(0, 86_400, size=n))]
