"""Find the one object a module adds to a family: a connector, a metric, a clue, a check.

A family is a package; a member is a module in it, and the module's name is the member's
name.  The module offers its object as `PLUGIN`.  Members outside this project come from
the entry-point group named after the package, so a third party adds one without touching
us, and we add one by adding a file.
"""

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from upriver.errors import NotFound


@cache
def names(family: ModuleType) -> tuple[str, ...]:
    """List the members of `family` in alphabetical order, without importing them."""
    ours = (m.name for m in iter_modules(family.__path__))
    theirs = (e.name for e in entry_points(group=family.__name__))
    return tuple(sorted({*ours, *theirs}))


def module(family: ModuleType, name: str) -> ModuleType:
    """Import our own member called `name` and return the module itself."""
    return import_module(f"{family.__name__}.{name}")


@cache
def load(family: ModuleType, name: str) -> Any:
    """Import the member called `name`.  A third party may add a name, not replace one.

    Raises:
        NotFound: No member has that name; the hint lists those that exist.
    """
    if any(m.name == name for m in iter_modules(family.__path__)):
        return module(family, name).PLUGIN
    for entry in entry_points(group=family.__name__, name=name):
        return entry.load()
    kind = family.__name__.rpartition(".")[2]
    raise NotFound(f"There is no {name!r} among {kind}.", f"Known: {', '.join(names(family))}.")
