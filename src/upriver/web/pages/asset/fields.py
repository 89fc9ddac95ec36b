"""What people may say about an asset or a part of it: shown with its mark, edited where it stands."""

import hashlib
from collections.abc import Sequence
from typing import Literal

from pydantic import JsonValue

from upriver.catalog import read, search
from upriver.catalog.records import Asset, Facet, Mark, Record
from upriver.errors import Invalid
from upriver.ids import AssetId
from upriver.web.deps import Tx
from upriver.web.html import address, href
from upriver.web.pages.asset.visit import Visit

How = Literal["markdown", "line", "list"]
FIELDS: dict[str, tuple[str, How, str]] = {
    "description": ("Description", "markdown", ""),
    "owners": ("Owners", "list", "owner"),
    "labels": ("Tags", "list", "tag"),
    "terms": ("Terms", "list", "term"),
    "followers": ("Followers", "list", "owner"),
    "synonyms": ("Synonyms", "list", ""),
    "domain": ("Domain", "line", "domain"),
    "tier": ("Tier", "line", "tier"),
    "algorithm": ("Algorithm", "line", ""),
    "target": ("Target", "line", ""),
    "server": ("Server", "line", ""),
    "dashboard": ("Dashboard", "line", ""),
}
_SUGGESTED = 200
LONGEST = 20_000


class Said(Record):
    """One value and who said it."""

    text: str
    mark: Mark
    by: str


class Field(Record):
    """A facet that people may edit where it stands.

    Attributes:
        of: The asset.
        part: The column or feature it is about; empty for the asset itself.
        how: Markdown in several lines, one line, or a list of words.
        family: Under which a word of the list is searched; empty where it is not.
        said: What to show: one text, or each word of the list.
        others: What others say instead of the text that is shown.
        anchor: Of the element on the page.
        back: Query of the page that shows it.
        is_open: Show the form.
        entered: What the form starts with.
        problem: Why what was entered could not be kept.
        known: Words to suggest.
    """

    of: AssetId
    name: str
    part: str = ""
    label: str
    how: How
    family: str = ""
    said: tuple[Said, ...] = ()
    others: tuple[Said, ...] = ()
    anchor: str
    back: str = ""
    is_open: bool = False
    entered: str = ""
    problem: str = ""
    known: tuple[str, ...] = ()

    @property
    def save(self) -> str:
        """Where the form posts to."""
        return f"{href(self.of)}/declare"

    @property
    def open(self) -> str:
        """Address of the page with this field open."""
        return self._page(edit=self.name, part=self.part)

    @property
    def closed(self) -> str:
        """Address of the page with this field closed."""
        return self._page()

    @property
    def alone(self) -> str:
        """Address of this field alone, open, for htmx; `closed` is the same with `show`."""
        return address(_alone(self.of), name=self.name, part=self.part, back=self.back)

    @property
    def alone_closed(self) -> str:
        """Address of this field alone, closed."""
        return address(_alone(self.of), name=self.name, part=self.part, back=self.back, show="1")

    def _page(self, **more: str) -> str:
        query = "&".join(q for q in (self.back, address("", **more).lstrip("?")) if q)
        return f"{href(self.of)}?{query}#{self.anchor}" if query else f"{href(self.of)}#{self.anchor}"


def _alone(of: AssetId) -> str:
    return "/fields/" + href(of).removeprefix("/assets/")


def anchor(name: str, part: str = "") -> str:
    """Return the id of a field's element, whatever its part is called.

    Examples:
        >>> anchor("description"), anchor("labels", "a b")
        ('f-description', 'f-labels-c8687a08aa')
    """
    return f"f-{name}-{hashlib.sha256(part.encode('utf-8', 'replace')).hexdigest()[:10]}" if part else f"f-{name}"


def field(visit: Visit, name: str, part: str = "", tx: Tx | None = None) -> Field:
    """Return a facet of the asset as a field; `tx` to suggest words if it is open."""
    label, how, family = FIELDS[name]
    facets = visit.asset.all(name, part)
    is_open = (visit.asked.edit, visit.asked.part) == (name, part)
    refused = visit.refused if is_open else None
    said, others = _list(visit.asset, facets, name, part) if how == "list" else _one(facets)
    return Field.model_construct(
        of=visit.asset.id,
        name=name,
        part=part,
        label=label,
        how=how,
        family=family,
        said=said,
        others=others,
        anchor=anchor(name, part),
        back=visit.back,
        is_open=is_open,
        entered=refused.entered if refused else _entered(facets),
        problem=refused.problem if refused else "",
        known=known(tx, family) if tx is not None and is_open and family else (),
    )


def _one(facets: Sequence[Facet]) -> tuple[tuple[Said, ...], tuple[Said, ...]]:
    """Return what to show, and what contradicts it."""
    found = [Said(text=str(f.value), mark=f.mark, by=f.by) for f in facets if f.value not in (None, "")]
    return tuple(found[:1]), tuple(said for said in found[1:] if said.text.strip() != found[0].text.strip())


def _list(asset: Asset, facets: Sequence[Facet], name: str, part: str) -> tuple[tuple[Said, ...], tuple[Said, ...]]:
    found: dict[str, Said] = {}
    for facet in facets:
        for word in facet.value if isinstance(facet.value, list) else []:
            found.setdefault(str(word), Said(text=str(word), mark=facet.mark, by=facet.by))
    if name == "labels" and not part:
        for facet in asset.all("stage"):
            word = f"mlflow_{str(facet.value).lower()}"
            found.setdefault(word, Said(text=word, mark=facet.mark, by=facet.by))
    return tuple(found.values()), ()


def _entered(facets: Sequence[Facet]) -> str:
    """Return what a person said so far, as the form shows it."""
    said = next((f.value for f in facets if f.mark == "declared"), "")
    return ", ".join(map(str, said)) if isinstance(said, list) else str(said)


def value_of(name: str, entered: str) -> JsonValue:
    """Return what was typed into the form of field `name` as a value to declare.

    Raises:
        Invalid: It is too long to be kept.

    Examples:
        >>> value_of("labels", " PII, gold,, PII"), value_of("domain", " sales ")
        (['PII', 'gold'], 'sales')
    """
    if len(entered) > LONGEST:
        raise Invalid(f"That is {len(entered):,} characters; at most {LONGEST:,} are kept.", "Shorten it, then save.")
    if name in FIELDS and FIELDS[name][1] == "list":
        return list(dict.fromkeys(word.strip() for word in entered.split(",") if word.strip()))
    return entered.replace("\r\n", "\n").strip()


def known(tx: Tx, family: str) -> tuple[str, ...]:
    """Return words of a family to suggest: those in use, and for tags and terms those that are defined."""
    words = dict.fromkeys(search.labels_in_use(tx, family))
    if family in ("tag", "term"):
        defined = read.children(
            tx, None, family, sort="title", names=["description"], with_gone=False, limit=_SUGGESTED
        )
        words.update(dict.fromkeys(asset.title for asset in defined.items))
    return tuple(words)[:_SUGGESTED]
