"""The nouns of telling people: what is new, the message that says so, the channel it goes through, what became of it."""

import re
from datetime import datetime
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, JsonValue, field_validator

from upriver.catalog.records import Change, Record
from upriver.ids import AssetId

Severity = Literal["warning", "error"]
Event = Literal["alerted", "resolved", "diagnosed", "test"]
Kind = Literal["drift", "dependence", "expectation", "performance", "volume", "refresh", "diagnosis"]
Status = Literal["waiting", "held", "sent", "failed", "silenced"]
_FURTHER = ("slice", "model", "severity", "since", "because", "notify", "silenced_until")
_HARMLESS = ("false_alarm", "not_enough_data")
_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)(?: (\S+))?")


class News(Record):
    """An alert that began or ended, as the log tells it.

    Attributes:
        seq: Its row of the log.
        id: The alert's own number; its end carries the same.
        kind: "drift", "dependence", "expectation", "performance", "volume" or "refresh".
        subject: What it is about: a column, an expectation, a metric.
        slice: Which rows are meant: "region = EU"; empty for all.
        model: The version that predicted; empty for all.
        since: Start of the first window that shows it.
        notify: The channels that shall hear of it; empty for all that listen.
        silenced_until: Nobody is to be told of this one alert before then.
    """

    seq: int
    event: Literal["alerted", "resolved"]
    at: datetime
    id: int
    monitor: str
    asset: AssetId
    kind: str
    subject: str
    slice: str = ""
    model: str = ""
    severity: Severity = "error"
    since: datetime | None = None
    because: str = ""
    notify: tuple[str, ...] = ()
    silenced_until: datetime | None = None

    @classmethod
    def of(cls, change: Change) -> Self | None:
        """Read a row of the log; None where it does not tell of an alert."""
        told = change.after if isinstance(change.after, dict) else {}
        if change.verb not in ("alerted", "resolved") or "alert" not in told:
            return None
        kind, _, subject = change.what.partition("#")
        known = {name: told[name] for name in _FURTHER if told.get(name)}
        return cls.model_validate(
            {
                "seq": change.seq,
                "event": change.verb,
                "at": change.at,
                "id": told["alert"],
                "monitor": told.get("monitor") or change.by.removeprefix("monitor:"),
                "asset": change.asset,
                "kind": told.get("kind") or kind,
                "subject": told.get("subject") or subject,
                **known,
            }
        )


class Trigger(Record):
    """An alert that a diagnosis explains.

    Attributes:
        alert: Its number.
        table: Which it is about; None where the monitor names none.
        subject: A column, an expectation, a metric.
        silenced_until: Nobody is to be told of that alert before then.
    """

    alert: int
    monitor: str = ""
    table: AssetId | None = None
    subject: str = ""
    silenced_until: datetime | None = None


class Blamed(Record):
    """A run of a pipeline that may have done it.

    Attributes:
        run: Its id in its own system.
        job: Which job ran; empty if unknown.
        url: Where the run can be looked at; empty if nowhere.
    """

    run: str
    job: str = ""
    at: datetime | None = None
    because: str = ""
    url: str = ""


class Diagnosed(Record):
    """What a diagnosis found, as the log tells it.

    Attributes:
        seq: Its row of the log.
        id: Number of the diagnosis.
        of: The version of a model that it is about.
        model: The registered model; None if unknown.
        title: What people call the version.
        trigger: "manual", "schedule" or "alert".
        triggers: The alerts that asked for it, or that lasted when one of them did.
        before: Kind of the verdict before this one; empty where there was none.
        kind: Of the verdict: "pipeline_bug", "concept_drift", …
        what: The same in words; several where several causes are at work.
        confidence: 0 to 1.
        sure: False where another cause is nearly as likely.
        story: What happened, in one paragraph.
        doing: What to do, in one sentence.
        since: Start of the first window that shows it.
        columns: The features that it is about, the most suspicious first.
        suspects: Runs to look at, the first in front.
        monitors: Whose windows were looked at.
        notify: The channels that shall hear of it; empty for all that listen.
        url: Its page.
    """

    seq: int
    at: datetime
    id: int
    of: AssetId
    model: AssetId | None = None
    title: str
    trigger: str = "alert"
    triggers: tuple[Trigger, ...] = ()
    before: str = ""
    kind: str
    what: str
    confidence: float
    sure: bool = True
    story: str = ""
    doing: str = ""
    since: datetime | None = None
    columns: tuple[str, ...] = ()
    suspects: tuple[Blamed, ...] = ()
    monitors: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    url: str

    @property
    def severity(self) -> Severity:
        """How much it matters: nothing has to be mended after a false alarm, or where nothing can be said."""
        return "warning" if self.kind in _HARMLESS else "error"

    @classmethod
    def of_row(cls, change: Change) -> Self | None:
        """Read a row of the log; None where it does not tell of a diagnosis."""
        told = change.after if isinstance(change.after, dict) else {}
        if change.verb != "diagnosed" or "diagnosis" not in told:
            return None
        alerts = told.get("alerts")
        asked = [each for each in alerts if isinstance(each, dict)] if isinstance(alerts, list) else []
        return cls.model_validate(
            {
                **{name: told[name] for name in cls.model_fields if told.get(name) not in (None, "")},
                "seq": change.seq,
                "at": change.at,
                "id": told["diagnosis"],
                "of": change.asset,
                "triggers": [{n: each[n] for n in Trigger.model_fields if each.get(n)} for each in asked],
                "before": change.before or "",
                "url": told.get("path") or f"/diagnoses/{told['diagnosis']}",
            }
        )


class About(Record):
    """What the catalog knows of a table or a version that is in the news.

    Attributes:
        models: The versions that are fed by it, those in use first: "churn 12 (champion)".
        below: What is made from it.
    """

    asset: AssetId
    title: str
    owners: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    below: frozenset[AssetId] = frozenset()


class Part(Record):
    """What one monitor says of one table.

    Attributes:
        asset: Id of the table.
        url: Page of the monitor.
        asset_url: Page of the table.
    """

    monitor: str
    asset: str
    title: str
    url: str
    asset_url: str
    owners: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    news: tuple[News, ...]


class Message(Record):
    """What is sent; a webhook gets it as JSON.

    Attributes:
        id: The same each time that this message is sent: whoever has seen it has had the message.
        severity: The worst of what it tells.
        at: When the last of it was found out.
        subject: In one line.
        text: In sentences.
        url: The page to begin with.
        parts: What happened where; the first is the most upstream, the others are made from it.
        diagnoses: Why, where that has been worked out.
    """

    id: str
    event: Event
    severity: Severity = "warning"
    at: datetime
    subject: str
    text: str
    url: str
    parts: tuple[Part, ...] = ()
    diagnoses: tuple[Diagnosed, ...] = ()


class Filters(Record):
    """What a channel wants to hear of, and when."""

    severity: Severity = Field(
        "warning", title="Severity at least", description="The least that is told: warning or error."
    )
    kinds: tuple[Kind, ...] = Field(
        (),
        description="Only these: drift, dependence, expectation, performance, volume, refresh, diagnosis; all if empty. "
        "Whoever hears of an alert hears of its diagnosis.",
    )
    monitors: tuple[str, ...] = Field((), description="Only monitors whose name matches one of these patterns (*, ?).")
    assets: tuple[str, ...] = Field(
        (), description="Only tables whose id or title matches one of these patterns (*, ?)."
    )
    owners: tuple[str, ...] = Field((), description="Only tables that one of these owns, or patterns of them (*, ?).")
    quiet: str = Field(
        "",
        title="Quiet hours",
        description="Times at which nothing is sent but held until they end: 22:00-07:00 Europe/Berlin; UTC if no zone.",
    )

    @field_validator("quiet")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        found = _QUIET.fullmatch(value)
        if value and not found:
            raise ValueError(f"{value!r} is no stretch of the day: write 22:00-07:00 Europe/Berlin")
        try:
            ZoneInfo(found[5] or "UTC" if found else "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} names no time zone: write one such as Europe/Berlin") from error
        return value


class Channel(Record):
    """One way to reach people.

    Attributes:
        name: What people call it, and what monitors name to be heard through it.
        kind: How: a member of the family `notify.channels`: "email", "slack", "webhook".
        config: Its settings; credentials are shown as "**********".
        declared_in: "file" when `upriver.yaml` declares it, else "here".
    """

    name: str
    kind: str
    config: dict[str, JsonValue]
    filters: Filters = Filters()
    declared_in: str = "here"
    last: "Delivery | None" = None


class Delivery(Record):
    """A message on its way through one channel.

    Attributes:
        status: "waiting" (for its turn, or to be tried again), "held" (until quiet hours end), "sent", "failed" (tried
            for a day) or "silenced" (told to nobody).
        attempts: How often it was tried.
        because: What the other side said, or why it was not sent.
        at: When it was written, or was let go after quiet hours.
        due_at: When it is tried next.
        ended_at: When it was sent or given up.
    """

    id: int
    channel: str
    event: Event
    subject: str
    status: Status
    attempts: int = 0
    because: str = ""
    at: datetime
    due_at: datetime | None = None
    ended_at: datetime | None = None


class Silence(Record):
    """That nobody is to be told of something for a while.  Each pattern may hold `*` and `?`.

    Attributes:
        subject: A column, an expectation or a metric.
        why: For those who wonder.
    """

    id: int
    monitor: str = "*"
    asset: str = "*"
    subject: str = "*"
    until: datetime
    by: str
    why: str = ""
    made_at: datetime
