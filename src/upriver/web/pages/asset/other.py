"""The page of everything that has no page of its own: prompts, logged models, scorers, jobs, tags, terms."""

from upriver.catalog.records import Facet, Record
from upriver.lineage import origins
from upriver.web.deps import Tx
from upriver.web.html import address
from upriver.web.pages.asset.fields import Field, field
from upriver.web.pages.asset.listing import Measures, Related, Versions, measures, pairs, versions
from upriver.web.pages.asset.view import View
from upriver.web.pages.asset.visit import Visit

_SHOWN = frozenset(
    ["description", "owners", "labels", "terms", "domain", "tier", "followers", "synonyms", "links", "tags", "template",
     "metrics", "hyperparameters", "aliases", "requirements", "signature", "flavors", "measured"]
)  # fmt: skip


class Overview(Record):
    """What `asset_overview.html` may use.

    Attributes:
        template: Text of a prompt version.
        versions: Of a prompt.
        facets: What else is known, as it was said.
        uses: Address of a search for what carries this tag or term.
        groups: Runs that logged it, and the like.
    """

    template: str
    versions: Versions | None
    measures: Measures | None
    facets: tuple[Facet, ...]
    tags: dict[str, str]
    synonyms: Field | None
    uses: str
    groups: tuple[Related, ...]


def overview(tx: Tx, visit: Visit) -> Overview:
    """Return the first tab."""
    asset, kind = visit.asset, visit.asset.id.kind
    of, measured = asset.id, asset.get("metrics") or asset.get("hyperparameters")
    hows = ["logged", "registered", "evaluated", "read", "wrote", "trained"]
    groups = (
        Related(title="Made from", found=origins.beside(tx, of, "up", hows, limit=50)),
        Related(title="Became", found=origins.beside(tx, of, "down", hows, limit=50)),
    )
    return Overview(
        template=str(asset.get("template", "")),
        versions=versions(tx, visit, asset) if kind == "prompt" else None,
        measures=measures(visit, asset) if measured else None,
        facets=tuple(f for f in asset.facets if f.name not in _SHOWN and not f.part)[:50],
        tags=dict(pairs(asset.get("tags"))),
        synonyms=field(visit, "synonyms", tx=tx) if kind == "term" else None,
        uses=address("/search", **{kind: asset.title}) if kind in ("tag", "term") else "",
        groups=tuple(group for group in groups if group.found.items),
    )


VIEWS = {"": View("Overview", "asset_overview.html", overview)}
