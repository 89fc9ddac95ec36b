import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.catalog.records import Asset, Facet
from upriver.ids import AssetId
from upriver.lineage import draw
from upriver.lineage.records import Edge, Graph, Node

AT = datetime(2026, 11, 1, tzinfo=UTC)
LINKS = draw.Links(
    asset=lambda of: "/assets/" + quote(str(of), safe=":/"),
    more=lambda of: f"/assets/{quote(str(of), safe=':/')}?tab=lineage",
)
GOLDEN = Path(__file__).with_name("churn.svg")
SVG = "{http://www.w3.org/2000/svg}"


def asset(kind, name, title="", **facets):
    known = [Facet(name=n, mark="observed", value=v, by="prod", at=AT) for n, v in facets.items()]
    return Asset(id=AssetId(kind, "prod", name), title=title or name, first_seen=AT, changed_at=AT, facets=tuple(known))


def edge(up, down, how, mark="observed", **detail):
    return Edge(up=up.id, down=down.id, how=how, mark=mark, by="prod", first_seen=AT, detail=detail)


@pytest.fixture
def churn():
    data = asset("dataset", "features", schema=[{"name": "age"}])
    run = asset("run", "r1", "gentle-owl-7", run={"status": "FINISHED"})
    version = asset("version", "churn_3", "churn 3", algorithm="forest", aliases={"champion": "3"})
    nodes = (
        Node(asset=data, distance=-1, hidden_up=12),
        Node(asset=run, distance=-1),
        Node(asset=version, distance=0, hidden_down=1),
    )
    edges = (
        edge(data, run, "read", digest="a1", context="training"),
        edge(run, version, "trained"),
        edge(data, version, "matched", "computed", columns=[["age", "age"]]),
    )
    return Graph(of=version.id, nodes=nodes, edges=edges)


def test_the_drawing_is_the_golden_one(churn, request):
    drawn = draw.graph(churn, LINKS).replace("><", ">\n<") + "\n"
    if request.config.getoption("--update-golden", default=False) or not GOLDEN.exists():
        GOLDEN.write_text(drawn, encoding="utf-8")
    assert drawn == GOLDEN.read_text(encoding="utf-8")


def test_every_asset_is_a_link_with_a_name(churn):
    svg = ET.fromstring(draw.graph(churn, LINKS))
    links = [a for a in svg.iter(f"{SVG}a") if a.get("class") is None]
    assert [a.get("aria-label") for a in links] == [
        "dataset features, 1 step upstream, 1 column",
        "run gentle-owl-7, 1 step upstream, finished",
        "version churn 3, @champion · forest",
    ]


def test_what_is_not_drawn_is_counted_and_linked(churn):
    svg = ET.fromstring(draw.graph(churn, LINKS))
    more = {a.get("aria-label"): a.get("href") for a in svg.iter(f"{SVG}a") if a.get("class") == "more"}
    assert more == {
        "12 more that feed it": "/assets/dataset:prod/features?tab=lineage",
        "1 more that it feeds": "/assets/version:prod/churn_3?tab=lineage",
    }


def test_how_an_edge_is_known_shows_in_its_class_and_its_title(churn):
    svg = ET.fromstring(draw.graph(churn, LINKS))
    titles = {g.findtext(f"{SVG}title"): g.get("class") for g in svg.iter(f"{SVG}g") if "edge" in g.get("class")}
    assert titles == {
        "features was read by gentle-owl-7 (context training, digest a1), observed by prod": "edge observed",
        "gentle-owl-7 trained churn 3, observed by prod": "edge observed",
        "features has columns that became features of churn 3 (1 column), computed by prod": "edge computed",
    }


def test_two_edges_between_the_same_assets_are_one_line_that_says_both(churn):
    data, version = churn.nodes[0].asset, churn.nodes[2].asset
    twice = churn.model_copy(update={"edges": (*churn.edges, edge(data, version, "read"))})
    curves = [c for c in draw.curves_of(twice) if c.up == str(data.id) and c.down == str(version.id)]
    assert len(curves) == 1
    assert curves[0].mark == "observed"
    assert "; features was read by churn 3" in curves[0].title


def test_the_drawing_holds_neither_style_nor_script(churn):
    drawn = draw.graph(churn, LINKS)
    assert "style=" not in drawn
    assert "<style" not in drawn
    assert "<script" not in drawn


def test_a_file_that_stands_alone_carries_its_style(churn):
    svg = ET.fromstring(draw.graph(churn, LINKS, style=".a > .b{}</style>"))
    assert svg.findtext(f"{SVG}style") == ".a > .b{}</style>"


@given(title=st.text(min_size=1, max_size=300), name=st.text(min_size=1, max_size=300))
def test_whatever_things_are_called_the_drawing_is_well_formed(title, name):
    one, two = asset("dataset", "a", title), asset("run", name, name)
    found = Graph(
        of=one.id, nodes=(Node(asset=one, distance=0), Node(asset=two, distance=1)), edges=(edge(one, two, "read"),)
    )
    svg = ET.fromstring(draw.graph(found, LINKS))
    assert {e.tag for e in svg.iter()} <= {SVG + t for t in ("svg", "g", "a", "rect", "text", "title", "path")}


def test_a_chosen_column_leads_to_its_feature():
    cards = [
        draw.Card(
            "d", "dataset", "features", "", "/d", rows=(draw.Row("age", "long"), draw.Row("left", is_target=True))
        ),
        draw.Card("v", "version", "churn 3", "", "/v", rows=(draw.Row("age", "long", "/v#age"),)),
    ]
    svg = ET.fromstring(draw.svg(cards, [draw.Curve("d", "v", "computed", "age → age", 0, 0)], "Columns"))
    assert [t.get("class") for t in svg.iter(f"{SVG}text") if "row" in t.get("class")] == [
        "row",
        "row is-target",
        "row",
    ]
    assert "/v#age" in [a.get("href") for a in svg.iter(f"{SVG}a")]
