"""The lineage tab: what surrounds the asset as a drawing and the same as lists, by tables, by pipelines, by columns."""

from urllib.parse import parse_qsl

from markupsafe import Markup

from upriver import plugins
from upriver.web import layers
from upriver.web.choice import Choice
from upriver.web.deps import Tx
from upriver.web.html import href
from upriver.web.pages.asset.lineage import columns, tables
from upriver.web.pages.asset.lineage.asof import asof
from upriver.web.pages.asset.lineage.matched import matched
from upriver.web.pages.asset.lineage.records import Chosen, Picked, Picture
from upriver.web.pages.asset.lineage.shown import layer_of, settled, shown
from upriver.web.pages.asset.view import View
from upriver.web.pages.asset.visit import Visit

_LINES, _PICKS = 500, 400
_FILES = (("SVG", "svg"), ("CSV", "csv"), ("JSON", "json"))


def picture(tx: Tx, visit: Visit) -> Picture:
    """Return what surrounds the asset."""
    visit = settled(visit)
    asked, it = visit.asked, shown(tx, visit)
    by_columns = asked.view == "columns"
    wider = visit.to(tab="lineage", fan=min(asked.fan * 2, 50)) if it.hides and asked.fan < 50 else ""
    files = href(visit.asset.id).replace("/assets/", "/lineage/", 1)
    return Picture(
        drawing=Markup(it.draw()),  # noqa: S704 — `draw` escapes all that it is given
        listed=tuple(it.listed),
        ties=tuple(it.ties[:_LINES]),
        ties_total=len(it.ties),
        is_columns=by_columns,
        column=asked.column,
        cut=it.cut,
        chosen=_chosen(visit),
        asof=asof(visit, [tie.first_seen for tie in it.ties if tie.first_seen]),
        keep=tuple(parse_qsl(visit.query(tab=None, at=None))),
        files=tuple((label, f"{files}?{visit.query(**{'tab': None, 'as': sort})}") for label, sort in _FILES),
        legend=layer_of(visit).legend,
        matched=matched(tx, visit) if not by_columns else None,
        picks=_picks(tx, visit) if by_columns and not asked.column else (),
        wider=wider,
        server=visit.site,
    )


def _chosen(visit: Visit) -> tuple[Chosen, ...]:
    asked = visit.asked
    views = [("tables", "Tables"), ("pipelines", "Pipelines"), ("columns", "Columns")]
    views = views[1:2] if visit.asset.id.kind == "job" else views
    by_columns = asked.view == "columns"
    found = [
        Chosen(label="View", choices=tuple(_choice(visit, "view", name, label, asked.view, up=None, down=None) for name, label in views))
    ]  # fmt: skip
    for name, label, usual in (("up", "Upstream", tables.UP), ("down", "Downstream", tables.DOWN)):
        numbers = [0, 1, 2, 3, *([columns.ALL] if by_columns else [])]
        given = getattr(asked, name)
        current = given if given is not None else columns.ALL if by_columns else usual
        choices = [
            _choice(visit, name, n, "all" if n == columns.ALL else str(n), current, hint=f"steps {label.lower()}")
            for n in numbers
        ]
        found.append(Chosen(label=label, choices=tuple(choices)))
    offered = [("", "None"), *((n, plugins.load(layers, n).label) for n in plugins.names(layers))]
    chosen = asked.layer if asked.layer in plugins.names(layers) else ""
    found.append(
        Chosen(label="Layer", choices=tuple(_choice(visit, "layer", n, label, chosen) for n, label in offered))
    )
    if by_columns:
        kinds = [(None, "Values only"), ("true", "Also what decides")]
        now = "true" if asked.indirect else None
        found.append(
            Chosen(label="Show", choices=tuple(_choice(visit, "indirect", n, label, now) for n, label in kinds))
        )
    return tuple(found)


def _choice(  # noqa: PLR0913, PLR0917 — one link
    visit: Visit, name: str, value: object, label: str, current: object, hint: str = "", **also: object
) -> Choice:
    changes = {"tab": "lineage", **also, name: value}
    return Choice(label=label, to=visit.to(**changes), is_current=value == current, hint=hint)


def _picks(tx: Tx, visit: Visit) -> tuple[Picked, ...]:
    names = tables.columns_of(tx, visit.asset.id)[:_PICKS]
    return tuple(Picked(name=name, to=visit.to(tab="lineage", view="columns", column=name)) for name in names)


VIEW = View("Lineage", "asset_lineage.html", picture)
