"""What a clue is: a pure look at the facts that speaks for or against what may have happened."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from upriver.diagnose.facts import Facts
from upriver.diagnose.findings import Findings
from upriver.diagnose.records import Evidence


@dataclass(frozen=True)
class Clue:
    """A way to look.

    Args:
        title: What people call it.
        look: Given the facts and what was measured of them; yields what it saw, and nothing where it saw nothing.
    """

    title: str
    look: Callable[[Facts, Findings], Iterable[Evidence]]
