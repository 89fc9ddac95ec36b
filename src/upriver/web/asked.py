"""What is to be diagnosed where somebody asks why there is an alert, and what was found of it before."""

from collections.abc import Iterable

from upriver.diagnose import read, unasked
from upriver.errors import NotFound
from upriver.monitor import alerts
from upriver.monitor.records import Alert
from upriver.web.deps import Tx
from upriver.web.diagnosed import Brief, brief


def subject_of(tx: Tx, alert: int) -> str:
    """Return the version that an alert is about.

    Raises:
        NotFound: There is no such alert, or no model is known to read what it is about.
    """
    one = alerts.get(tx, alert)
    found = unasked.versions_of(tx, one)
    if not found:
        raise NotFound(
            f"No model is known to read what {one.monitor} watches.",
            "Say in its settings which model it is about, or ask for a model by its name.",
        )
    return str(found[0])


def whys(tx: Tx, some: Iterable[Alert]) -> dict[int, Brief]:
    """Return the newest diagnosis of each of some alerts, by their numbers; those of which there is none are left out."""
    made = read.explaining(tx, [one.id for one in some])
    return {alert: brief(one) for alert, one in made.items()}
