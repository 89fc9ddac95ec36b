"""The pages of lineage without scripts: what surrounds an asset, traces of columns, jobs, runs, impact, causes."""

import csv
import io
import re
from html import unescape

import pytest
from fastapi.testclient import TestClient

from laid import dataset, job, laying
from riverbed import BUILD, CHURN_1, CLEAN, EVENTS, FEATURES, PREDICTIONS, RAW, TIDY, lay
from served import AsServed
from upriver import plugins
from upriver.catalog.tables import assets
from upriver.ids import AssetId
from upriver.lineage.tables import queries
from upriver.settings import Settings
from upriver.web import layers
from upriver.web.app import create_app
from upriver.web.html import href, run_href

LAST = "133f52c7-0000-4000-8000-000000000000"
FAILED = "bad00000-0000-4000-8000-000000000000"


def text_of(page):
    """Return what a reader reads."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", page.text, flags=re.DOTALL)))


@pytest.fixture
def river(engine):
    """Return a client of an application over a whole story."""
    lay(engine)
    with TestClient(AsServed(create_app(engine, Settings(), worker=False))) as client:
        yield client


def lineage(river, of, **query):
    page = river.get(href(of), params={"tab": "lineage", **query})
    assert page.status_code == 200, page.text
    return page


def file_of(river, of, sort, **query):
    answer = river.get(href(of).replace("/assets/", "/lineage/", 1), params={"as": sort, **query})
    assert answer.status_code == 200, answer.text
    return answer


def test_tables_feed_each_other_and_jobs_stand_between_them_on_demand(river):
    tables = lineage(river, FEATURES)
    assert f'href="{href(CLEAN)}"' in tables.text
    assert 'class="card kind-job' not in tables.text
    assert (
        "shop.public.customers_clean fed features, observed by openlineage, by job churn_daily.build_features."
        in text_of(tables)
    )
    pipelines = lineage(river, FEATURES, view="pipelines")
    assert 'class="card kind-job' in pipelines.text
    assert "churn_daily.build_features wrote features" in text_of(pipelines)


def test_one_click_leads_from_a_feature_of_the_champion_to_the_raw_column_and_the_runs_on_the_way(river):
    features = river.get(href(CHURN_1), params={"tab": "features"})
    assert "@champion" in features.text
    link = unescape(
        re.search(r'<th scope="row" class="mono name" dir="auto"><a href="([^"]+)"', features.text).group(1)
    )
    trace = river.get(link)
    drawing = re.search(r"<svg class=\"lineage\".*?</svg>", trace.text, re.DOTALL).group()
    assert "birth_date" in drawing
    assert href(RAW) in drawing
    assert "plan" not in re.findall(r'class="row[^>]*><title>([^<]*)', drawing)
    assert re.search(r"↻ clean_customers \d\d \w+", drawing)
    assert re.search(r'<a href="/pipeline-runs/\d+" aria-label="[^"]*Last written by run 133f52c7', drawing)
    assert f'href="{run_href(LAST)}"' in trace.text
    run = river.get(re.search(r'href="(/pipeline-runs/\d+)"', drawing).group(1))
    assert "churn_daily" in text_of(run)


def test_a_trace_shows_what_decides_only_when_asked(river):
    assert "customer_id" not in text_of(lineage(river, FEATURES, column="is_churned"))
    page = text_of(lineage(river, FEATURES, column="is_churned", indirect="true"))
    assert "customer_id" in page
    assert "join indirect" in page


def test_an_edge_says_how_it_is_known_by_which_job_and_run_and_since_when(river):
    rows = list(csv.DictReader(io.StringIO(file_of(river, CLEAN, "csv", column="birth_date").text)))
    up = next(row for row in rows if row["to"] == str(CLEAN))
    assert (up["from"], up["from_column"], up["how"], up["type"]) == (str(RAW), "birth_date", "IDENTITY", "DIRECT")
    assert (up["mark"], up["by"], up["job"], up["run"]) == ("observed", "columnLineage", str(TIDY), LAST)
    assert up["first_seen"].startswith("2026-11-02")
    assert up["last_seen"].startswith("2026-11-05")
    assert next(row for row in rows if row["to"] == str(FEATURES))["mark"] == "computed"


def test_an_edge_of_a_run_carries_the_snapshot(river):
    edges = file_of(river, CHURN_1, "json").json()["edges"]
    known = {(edge["up"]["asset"], edge["how"]): edge["snapshot"] for edge in edges}
    assert known[str(FEATURES), "read"] == "d1"
    assert known[str(CLEAN), "fed"] == "v4"


@pytest.mark.parametrize(
    "query", [{}, {"view": "pipelines"}, {"view": "columns", "column": "birth_date", "indirect": "true"}]
)
def test_files_hold_what_the_page_shows(river, query):
    page = text_of(lineage(river, CLEAN, **query))
    told = file_of(river, CLEAN, "json", **query).json()
    rows = list(csv.DictReader(io.StringIO(file_of(river, CLEAN, "csv", **query).text)))
    drawn = file_of(river, CLEAN, "svg", **query).text
    ends = [
        (e["up"]["asset"], e["up"]["column"], e["down"]["asset"], e["down"]["column"], e["how"]) for e in told["edges"]
    ]
    assert ends == [(r["from"], r["from_column"], r["to"], r["to_column"], r["how"]) for r in rows]
    assert ends
    for node in told["nodes"]:
        assert node["title"] in page
        assert f'href="http://testserver{href(AssetId.parse(node["id"]))}"' in drawn
        assert node["column"] in page


def test_a_cell_of_a_file_is_no_formula(river, engine):
    with laying(engine) as laid:
        laid.numbers[assets.name] = 5000
        laid.numbers |= dict.fromkeys(("columns", "statements"), 5000)
        laid.statement(dataset("sums"), [(dataset("sums_before"), "=1+1", "=2", "IDENTITY")])
    assert "'=1+1" in file_of(river, dataset("sums"), "csv", column="=2").text


def test_files_of_no_known_sort_are_refused(river):
    assert river.get(href(CLEAN).replace("/assets/", "/lineage/", 1), params={"as": "exe"}).status_code == 422


def test_the_past_shows_what_was_known_then(river):
    now = lineage(river, CLEAN)
    assert 'class="card kind-dataset' in now.text
    before = lineage(river, CLEAN, at="2026-11-01")
    assert "Nothing was known at that moment" in before.text
    after = lineage(river, CLEAN, at="2026-11-03", column="birth_date")
    assert "As it was known at the end of 2026-11-03" in after.text
    assert "103f52c7" not in after.text
    assert "113f52c7" in after.text


def test_the_slider_counts_where_the_day_was_left_alone(river, monkeypatch):
    monkeypatch.setattr("time.time_ns", lambda: 1_794_000_000_000 * 1_000_000)  # 2026-11-06
    assert "end of 2026-11-03" in text_of(lineage(river, CLEAN, day=-3, at=""))
    assert "end of 2026-11-02" in text_of(lineage(river, CLEAN, day=-3, at="2026-11-02", was="2026-11-03"))
    assert "end of 2026-11-05" in text_of(lineage(river, CLEAN, day=-1, at="2026-11-03", was="2026-11-03"))
    assert "end of 2026" not in text_of(lineage(river, CLEAN, day=0, at="2026-11-03", was="2026-11-03"))
    assert "end of 2026" not in text_of(lineage(river, CLEAN, at="2030-01-01"))


def test_choosing_a_day_keeps_all_else_that_was_chosen(river):
    page = lineage(river, CLEAN, column="plan", indirect="true", layer="owners", up=2, open=str(RAW))
    form = re.search(r'<form class="asof".*?</form>', page.text, re.DOTALL).group()
    for name, value in (("indirect", "True"), ("layer", "owners"), ("up", "2"), ("column", "plan"), ("open", str(RAW))):
        assert f'name="{name}" value="{value}"' in form
    assert lineage(river, CLEAN, column="plan", indirect="True", at="2026-11-03").status_code == 200


@pytest.mark.parametrize("day", ["yesterday", "2026-13-40", "2026-1-1"])
def test_a_day_that_is_none_is_refused_in_words(river, day):
    page = river.get(href(CLEAN), params={"tab": "lineage", "at": day})
    assert page.status_code == 422
    assert "is not a day" in text_of(page)


def test_a_hub_shows_some_and_leads_to_more(river, engine):
    with laying(engine) as laid:
        laid.numbers[assets.name] = 5000
        for number in range(300):
            laid.feed(dataset("hub"), dataset(f"reader_{number:03d}"), job("j"))
    page = lineage(river, dataset("hub"))
    assert page.text.count('class="card ') == 7
    more = unescape(re.search(r'class="more" href="([^"]+)" aria-label="294 more', page.text).group(1))
    fifty = river.get(more)
    assert fifty.text.count('class="card ') == 51
    most = unescape(re.search(r'class="more" href="([^"]+)" aria-label="250 more', fifty.text).group(1))
    assert river.get(most).text.count('class="card ') == 300


def test_columns_are_folded_until_somebody_asks(river):
    page = lineage(river, CLEAN)
    assert "▸ 3 columns" in text_of(page)
    fold = re.search(rf'<a href="([^"]+)" aria-label="[^"]*show those of {FEATURES.name}"', page.text).group(1)
    opened = river.get(unescape(fold))
    drawing = re.search(r"<svg class=\"lineage.*?</svg>", opened.text, re.DOTALL).group()
    assert "is_churned" in drawing
    assert "column=is_churned" in drawing


def test_layers_say_who_owns_it_and_what_personal_data_reaches_it(river):
    owners = text_of(lineage(river, CLEAN, layer="owners"))
    assert "team-growth" in owners
    assert "no owner" in owners
    marked = lineage(river, CHURN_1, layer="sensitivity", column="age")
    assert 'class="row look-bad"' in marked.text
    assert "PII: Values of crm/customers.csv.birth_date" in marked.text
    plain = lineage(river, CHURN_1, layer="sensitivity", column="plan", down=0)
    assert 'class="row look-bad"' not in plain.text
    assert lineage(river, CHURN_1, layer="nonsense").status_code == 200


@pytest.mark.parametrize("name", plugins.names(layers))
def test_a_layer_is_a_choice_that_explains_itself(river, name):
    layer = plugins.load(layers, name)
    page = lineage(river, CHURN_1, layer=name, view="columns")
    assert layer.legend in text_of(page)
    assert re.search(rf'aria-current="true">{layer.label}<', page.text)


def test_a_link_to_the_same_as_json_asks_for_the_same(river):
    page = river.get(href(CHURN_1), params={"tab": "root", "since": "2026-11-05", "until": "2026-11-05"})
    told = river.get(unescape(re.search(r'href="(/api/v1[^"]+/root[^"]*)"', page.text).group(1))).json()
    assert f"{len(told['causes'])} causes" in text_of(page)


def test_what_nobody_knows_is_a_page_that_helps(river):
    page = river.get(href(CLEAN), params={"tab": "lineage", "column": "nope"})
    assert page.status_code == 404
    assert "birth_date" in text_of(page)
    assert river.get(href(dataset("nobody")), params={"tab": "lineage"}).status_code == 404
    assert river.get("/pipeline-runs/nobody").status_code == 404
    assert river.get("/pipeline-runs/99999999").status_code == 404
    for tab in ("impact", "root"):
        assert river.get(href(CLEAN), params={"tab": tab, "column": "nope"}).status_code == 404


def test_nothing_known_says_how_to_point_a_pipeline_here(river, engine):
    with laying(engine) as laid:
        laid.numbers[assets.name] = 5000
        laid.asset(dataset("lonely"))
        laid.asset(job("idle"))
    for tab in ("lineage", "runs", "schemas", "impact", "root"):
        assert "OPENLINEAGE_URL=http://testserver" in river.get(href(dataset("lonely")), params={"tab": tab}).text
    assert "OPENLINEAGE_URL=http://testserver" in river.get(href(job("idle"))).text


def test_a_schema_history_says_who_changed_what(river):
    page = text_of(river.get(href(CLEAN), params={"tab": "schemas"}))
    assert "retyped plan varchar → text" in page
    assert "added email varchar" in page
    assert "by run 133f52c7" in page
    assert "first seen with 3 columns" in page
    assert "https://example.com/airflow" in page


def test_runs_of_a_dataset_are_narrowed_to_those_that_wrote_it(river):
    every = text_of(river.get(href(CLEAN), params={"tab": "runs"}))
    assert "9 runs" in every
    assert "read 41,203 rows" in every
    wrote = text_of(river.get(href(CLEAN), params={"tab": "runs", "sort": "down"}))
    assert "4 runs" in wrote
    assert "wrote 40,003 rows version v4 schema changed" in wrote


def test_a_job_tells_what_it_does_and_how_it_went(river):
    page = river.get(href(BUILD))
    read = text_of(page)
    for name in (CLEAN.name, EVENTS.name, FEATURES.name, "KeyError: plan", "9b1d7e0"):
        assert name in read
    assert "https://airflow.example" in page.text
    assert "5 runs" in text_of(river.get(href(BUILD), params={"tab": "runs"}))
    assert 'class="card kind-job' in lineage(river, BUILD).text


def test_a_job_shows_the_sql_that_it_was_told_to_run(river, engine):
    with laying(engine) as laid:
        row = {"part": "", "first_run": 0, "last_run": 0, "dialect": "duckdb", "problem": "", "stale": False}
        for number, query in enumerate(("select 0", "select <b>1</b>")):
            seen = {"first_seen": number, "last_seen": number}
            laid.add(queries, job=laid.asset(BUILD), query=query, sha=str(number), **seen, **row)
    page = river.get(href(BUILD))
    assert "select &lt;b&gt;1&lt;/b&gt;" in page.text
    assert "duckdb" in text_of(page)
    assert "select 0" not in page.text


def test_a_run_tells_how_it_went_what_started_it_and_what_it_touched(river):
    page = river.get(run_href(FAILED))
    read = text_of(page)
    for words in (
        "failed",
        "KeyError: plan",
        'File "clean.py", line 12',
        "churn_daily",
        "9b1d7e0",
        CLEAN.name,
        "7.0 s",
    ):
        assert words in read
    assert 'href="https://airflow.example/dags/churn_daily/grid"' in page.text
    wrote = text_of(river.get(run_href(LAST)))
    assert "40,003 rows · version v4" in wrote
    assert "4 columns" in wrote
    parent = text_of(river.get(run_href("d3000000-0000-4000-8000-000000000000")))
    assert "bad00000" in parent


def test_an_address_of_a_run_that_is_no_web_address_is_no_link(river, engine):
    bad = {
        "airflow": {"taskInstance": {"log_url": "javascript:alert(1)"}},
        "sourceCodeLocation": {"url": "javascript:alert(2)"},
    }
    with laying(engine) as laid:
        laid.numbers |= {"runs": 5000, assets.name: 5000}
        laid.run(job("odd"), "a/<b>", 1000, facets=bad)
    page = river.get(run_href("a/<b>"))
    assert page.status_code == 200
    assert 'href="javascript' not in page.text
    assert "<b>" not in page.text


HOSTILE = "</title><script>alert(1)</script>\"'&{{ 7 * 7 }} ../..%2F"


def test_hostile_names_never_become_markup(river, engine):
    up, down, by = dataset(f"up {HOSTILE}"), dataset(f"down {HOSTILE}"), job(HOSTILE)
    said = {"errorMessage": {"message": HOSTILE, "stackTrace": HOSTILE}, HOSTILE: HOSTILE}
    with laying(engine) as laid:
        laid.numbers |= dict.fromkeys((assets.name, "columns", "statements", "runs", "schemas", "producers"), 5000)
        laid.feed(up, down, by)
        laid.edge(up, by, "read")
        laid.edge(by, down, "wrote")
        run = laid.run(by, HOSTILE, 1000, "FAIL", said)
        laid.io(run, down, 1000, fields={HOSTILE: HOSTILE}, producer=HOSTILE, detail={"version": HOSTILE})
        laid.statement(down, [(up, HOSTILE, HOSTILE, "JOIN")], by=by, run=run)
        laid.declare(up, "labels", [HOSTILE], part=HOSTILE)
        laid.declare(up, "owners", [HOSTILE])
    tabs = ["", "lineage", "runs", "schemas", "impact", "root"]
    queries = [{"tab": tab, "column": c, "indirect": "true", "layer": layer, "open": str(up), "view": view}
               for tab in tabs for c, layer, view in (("", "owners", "pipelines"), (HOSTILE, "sensitivity", "columns"))]  # fmt: skip
    pages = [river.get(href(of), params=query) for of in (up, down) for query in queries]
    pages += [river.get(href(by), params={"tab": tab}) for tab in tabs]
    pages += [
        river.get(run_href(HOSTILE)),
        file_of(river, down, "svg", column=HOSTILE, indirect="true", layer="sensitivity"),
    ]
    for page in pages:
        assert page.status_code == 200, page.url
        assert "<script>alert" not in page.text
        assert "49 ../" not in page.text


def test_impact_names_models_by_alias_and_whom_to_tell(river):
    page = text_of(river.get(href(RAW), params={"tab": "impact", "column": "birth_date"}))
    assert "It reaches 1 model in use @champion churn_1 owned by ada" in page
    assert PREDICTIONS.name in page
    assert re.search(r"Whom to tell .*data-platform", page)
    assert "Served by them" in page
    plan = text_of(river.get(href(RAW), params={"tab": "impact", "column": "email"}))
    assert "model in use" not in plan


def test_what_changed_upriver_comes_with_run_code_and_error(river):
    query = {"tab": "root", "since": "2026-11-05", "until": "2026-11-05"}
    page = text_of(river.get(href(CHURN_1), params=query))
    assert page.index("schema changed") < page.index("run failed") < page.index("written")
    assert "4f2a9c1 → 9b1d7e0" in page
    calm = text_of(river.get(href(CHURN_1), params={"tab": "root", "since": "2026-10-01", "until": "2026-10-02"}))
    assert "Nothing changed upriver" in calm
    assert river.get(href(CHURN_1), params={"tab": "root", "since": "soon"}).status_code == 422


def test_two_names_are_joined_and_parted(river, engine):
    other = dataset("customers_clean")
    with laying(engine) as laid:
        laid.numbers[assets.name] = 5000
        laid.asset(other)
    assert "No other name of it is known" in river.get(href(CLEAN)).text
    joined = river.post(f"{href(CLEAN)}/same", data={"other": str(other)})
    assert "This is not the same dataset" in joined.text
    assert f'href="{href(other)}"' in joined.text
    parted = river.post(f"{href(CLEAN)}/same", data={"other": f"http://testserver{href(other)}", "apart": "true"})
    assert "No other name of it is known" in parted.text
    assert river.post(f"{href(CLEAN)}/same", data={"other": "what?"}).status_code == 422
    assert river.post(f"{href(CLEAN)}/same", data={"other": str(dataset("nobody"))}).status_code == 404
