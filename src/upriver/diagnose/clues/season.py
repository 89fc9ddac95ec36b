"""A season: what moves every weekend has not moved."""

from collections.abc import Iterator

from upriver.diagnose.clue import Clue
from upriver.diagnose.facts import Facts
from upriver.diagnose.findings import Findings
from upriver.diagnose.records import Evidence
from upriver.diagnose.words import columns as named


def look(facts: Facts, findings: Findings) -> Iterator[Evidence]:
    """Tell which columns only follow their season."""
    if findings.period and findings.calm:
        yield Evidence(
            clue="season", kind="false_alarm", weight=3.0, subject="",
            because=f"{named(findings.calm)} went up and down with a season of {findings.period} windows, as in healthy times.",
            numbers={"period": findings.period, "columns": len(findings.calm)},
        )  # fmt: skip
    elif not findings.moved and facts.windows > 2:
        yield Evidence(
            clue="season", kind="false_alarm", weight=2.0, subject="",
            because=f"None of {len(findings.marginals)} columns is further from its reference than healthy windows are.",
            numbers={"columns": len(findings.marginals)},
        )  # fmt: skip


PLUGIN = Clue("Whether it is the season", look)
