"""Many columns of several pipelines that move at once: that is the world, not one pipeline."""

from collections.abc import Iterator

from upriver.diagnose.clue import Clue
from upriver.diagnose.facts import Facts
from upriver.diagnose.findings import Findings
from upriver.diagnose.records import Evidence
from upriver.diagnose.words import columns as named


def look(facts: Facts, findings: Findings) -> Iterator[Evidence]:
    """Tell how many columns moved as data does, of how many pipelines."""
    plain = [
        one for one in findings.moved.values() if not one.signature.artificial and one.column not in findings.broken
    ]
    known = {
        one.column: column.source for one in plain if (column := facts.column(one.column)) is not None and column.source
    }
    sources = set(known.values())
    for one in plain:
        others = [each.column for each in plain if each.column != one.column]
        if not others:
            continue
        apart = len(sources) > 1
        weight = min(4.0, (1.5 if apart else 0.3) + 0.5 * len(others))
        yield Evidence(
            clue="together", kind="covariate_shift", weight=weight, subject=one.column, since=facts.at(one.at),
            because=f"{len(plain)} columns moved, {named(tuple(each.column for each in plain[:4]))}"
            f"{' …' if len(plain) > 4 else ''}, "
            f"{f'of {len(sources)} pipelines' if apart else 'of one pipeline' if sources else 'of unknown pipelines'}.",
            numbers={"columns": len(plain), "pipelines": len(sources)},
        )  # fmt: skip
    for one in plain:
        if one.over > 1:
            yield Evidence(
                clue="together", kind="covariate_shift", weight=1.0, subject=one.column, since=facts.at(one.at),
                because=f"`{one.column}` moved little by little, over about {one.over} windows.",
                numbers={"windows": one.over},
            )  # fmt: skip


PLUGIN = Clue("How much moved together", look)
