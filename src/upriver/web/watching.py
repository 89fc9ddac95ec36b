"""How pages speak of what monitors found: windows, cuts, metrics and states in words, and where their pages are."""

from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote, unquote

from pydantic import AfterValidator

from upriver import plugins
from upriver.catalog.records import Record
from upriver.diagnose.records import EXPLAINED
from upriver.errors import NotFound
from upriver.monitor.ask.grain import zone
from upriver.monitor.measure import metrics
from upriver.monitor.records import Against, Alert, Cut, Watched, Window
from upriver.web.diagnosed import Brief
from upriver.web.html import address, day

AGAINST: dict[Against, str] = {
    "baseline": "the baseline",
    "consecutive": "the window before",
    "season": "the same phase of earlier periods",
}
TABLE = ":table"
BUSY = ("queued", "running")
At = Annotated[datetime | None, AfterValidator(lambda at: at.replace(tzinfo=UTC) if at and at.tzinfo is None else at)]
"""A moment in an address, in UTC where it does not say."""

_WORDS = {
    "correlation": "Correlation", "rows": "Rows", "volume": "Rows", "nulls": "Share of nulls",
    "accuracy_score": "Accuracy", "roc_auc_score": "ROC AUC", "log_loss": "Log loss", "f1_score": "F1", "precision": "Precision",
    "recall": "Recall", "brier_score": "Brier score", "expected_calibration_error": "Calibration error",
    "mean_squared_error": "Mean squared error", "root_mean_squared_error": "Root mean squared error",
    "mean_average_error": "Mean absolute error", "mean_absolute_error": "Mean absolute error", "r2_score": "R²",
    "mean_absolute_percentage_error": "Mean absolute percentage error",
}  # fmt: skip


class Rows(Record):
    """Which rows of a monitor a page shows, as its address says.

    Attributes:
        slice: The slicing expression, with its `value`; or the version of a `model`.
    """

    granularity: str = ""
    slice: str = ""
    value: str = ""
    model: str = ""

    @property
    def cut(self) -> Cut:
        """Which rows."""
        return Cut(key=self.slice, value=self.value, model=self.model)

    def query(self, **changes: Any) -> dict[str, Any]:
        """Return this as a query, with some of it changed."""
        given = self.model_dump(exclude_defaults=True) | changes
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in given.items()}


def monitor_href(name: str, *more: str, **query: object) -> str:
    """Return the address of a monitor's page, or of one below it; parts are quoted twice, as the server unquotes once.

    Examples:
        >>> monitor_href("churn features", "columns", "a/b", at=5)
        '/monitors/churn%20features/columns/a%252Fb?at=5'
    """
    path = "/".join(quote(quote(part, safe=" :@,."), safe="") for part in (name, *more))
    return address(f"/monitors/{path}", **query)


def unquoted(part: str) -> str:
    """Return the name that a part of a path stands for."""
    return unquote(part)


def span(window: Window, timezone: str = "UTC") -> str:
    """Return which stretch of time a window is, as people say it.

    Examples:
        >>> from datetime import UTC
        >>> span(Window(start=datetime(2026, 10, 24, tzinfo=UTC), granularity="1 day"))
        '24 Oct 2026'
        >>> span(Window(start=datetime(2026, 10, 24, 13, tzinfo=UTC), granularity="1 hour")), span(Window())
        ('24 Oct 2026, 13:00', 'the table as a whole')
    """
    if window.start is None:
        return "the table as a whole"
    return moment(window.start, window.granularity, timezone)


def moment(start: datetime, granularity: str, timezone: str = "UTC") -> str:
    """Return the beginning of a window as people say it."""
    local = start.astimezone(zone(timezone))
    if not granularity or granularity.endswith(("hour", "minutes")):
        return f"{day(local.date())}, {local:%H:%M}"
    if granularity == "1 month":
        return f"{local:%b %Y}"
    if granularity == "1 year":
        return f"{local:%Y}"
    return f"{'week of ' if 'week' in granularity else ''}{day(local.date())}"


def sliced(cut: Cut) -> str:
    """Return which rows are meant; empty for all.

    Examples:
        >>> sliced(Cut(key="plan", value="gold", model="churn_4")), sliced(Cut())
        ('plan = gold, model churn_4', '')
    """
    parts = [f"{cut.key} = {cut.value}"] if cut.key else []
    return ", ".join([*parts, f"model {cut.model}"] if cut.model else parts)


def metric_title(name: str) -> str:
    """Return what people call a metric.

    Examples:
        >>> metric_title("roc_auc_score"), metric_title("estimated_f1_score.macro"), metric_title("my_own")
        ('ROC AUC', 'F1, macro, estimated', 'My own')
    """
    if name.startswith("estimated_"):
        return f"{metric_title(name.removeprefix('estimated_'))}, estimated"
    if "." in name:
        whole, _, part = name.partition(".")
        return f"{metric_title(whole)}, {part.replace('_', ' ').replace('.', ' ')}"
    if name in _WORDS:
        return _WORDS[name]
    try:
        title: str = plugins.load(metrics, name).title
    except NotFound:
        return name.replace("_", " ").capitalize()
    return title


def column_title(column: str) -> str:
    """Return what people call a column, the table, or two columns together.

    Examples:
        >>> column_title("age"), column_title(":table"), column_title("age, plan")
        ('age', 'rows', 'age × plan')
    """
    if column == TABLE:
        return "rows"
    if column.startswith(":"):
        return metric_title(column[1:])
    return " × ".join(column.split(", ")) if ", " in column else column


def alert_href(alert: Alert) -> str:
    """Return where an alert is looked into: the page of its column, or its part of the monitor's page."""
    if alert.kind in ("drift", "dependence", "volume", "performance"):
        cut = {"slice": alert.cut.key, "value": alert.cut.value, "model": alert.cut.model}
        subject = {"volume": TABLE, "performance": f":{alert.subject}"}.get(alert.kind, alert.subject)
        return monitor_href(alert.monitor, "columns", subject, **cut)
    part = "expectations" if alert.kind == "expectation" else "refreshes"
    return f"{monitor_href(alert.monitor)}#{part}"


def began(alert: Alert) -> str:
    """Return when what an alert is about began, as people say it: the day, and the hour where windows are hours."""
    at = (alert.since or alert.opened_at).astimezone(UTC)
    return day(at.date()) if (at.hour, at.minute) == (0, 0) else f"{day(at.date())}, {at:%H:%M}"


class Opened(Record):
    """An alert: what it is about, in words, since when, and where it is looked into.

    Attributes:
        why: Its newest diagnosis; None where there is none.
    """

    alert: Alert
    about: str
    since: str
    to: str
    why: Brief | None

    @property
    def asks(self) -> bool:
        """Whether it can be asked why."""
        return self.alert.kind in EXPLAINED


def opened(alert: Alert, why: Brief | None = None) -> Opened:
    """Return an alert as pages show it."""
    about = metric_title(alert.subject) if alert.kind == "performance" else column_title(alert.subject)
    return Opened.model_construct(alert=alert, about=about, since=began(alert), to=alert_href(alert), why=why)


class State(NamedTuple):
    """A word and how it looks: good, warn, bad, busy or idle."""

    word: str
    look: str


def state(of: Watched) -> State:
    """Return how a monitor is doing, in a word."""
    if of.last and of.last.status in BUSY:
        return State("looking" if of.last.status == "running" else "waiting", "busy")
    if of.because:
        return State("cannot look", "bad")
    if of.last is None:
        return State("not looked yet", "idle")
    if of.alerts:
        return State("needs attention", "warn")
    if of.monitor.paused:
        return State("paused", "idle")
    return State("steady", "good")
