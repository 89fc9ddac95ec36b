"""Open the place where rows lie, as a table to ask questions of.

Who opens it is a member of the family `stores`; whoever asks sees an Ibis table, the name of the engine, and one
function that runs an expression within limits.  Rows stay where they are: what comes back are sums.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from upriver import plugins, secrets
from upriver.errors import Invalid
from upriver.monitor.ask import stores
from upriver.monitor.ask.limited import Bounds
from upriver.monitor.ask.store import Asked, Store
from upriver.monitor.ask.store import Data as Data  # noqa: PLC0414 — what is opened
from upriver.monitor.records import Location


@contextmanager
def opened(
    location: Location, *, secret: Callable[[str, str], str] = secrets.resolved, bounds: Bounds | None = None
) -> Iterator[Data]:
    """Open the table at `location`, and close it at the end.

    Args:
        secret: Looks a credential up; given it and its name.
        bounds: What one query may take.

    Raises:
        Problem: There is no such table, it may not be read, it is of no known kind, or an extra is missing.
    """
    credentials = {name: secret(value, name) for name, value in location.credentials.items()}
    asked = Asked(location, bounds or Bounds(), credentials)
    with _store(location).opened(asked) as data:
        if not data.table.columns:
            raise Invalid(f"The table at {location.uri} has no columns.", "Check the place of the data.")
        yield data


def _store(location: Location) -> Store:
    for name in plugins.names(stores):
        store: Store = plugins.load(stores, name)
        if store.takes(location):
            return store
    known = ", ".join(plugins.load(stores, name).title for name in plugins.names(stores))
    raise Invalid(f"Nothing here can open {location.uri!r}.", f"Known places: {known}.")
