"""Pages of what is watched, over HTTP."""

import html
import re

import pytest
from fastapi.testclient import TestClient

import watched
from seen import CHURN, CHURN_1, story, take
from served import AsServed
from upriver import db
from upriver.catalog.history import clock
from upriver.ids import AssetId
from upriver.monitor import alerts, define, evaluate, glance, read, refreshes, show
from upriver.monitor.records import Cut, Location, Monitor
from upriver.settings import Settings
from upriver.web.app import create_app
from upriver.web.html import href
from upriver.web.watching import monitor_href

ONE = "/monitors/churn%20features"
DAYS = 32


@pytest.fixture
def web(engine):
    """Return a client of an application that unquotes a path once, as a server does."""
    with TestClient(AsServed(create_app(engine, Settings(), worker=False))) as client:
        yield client


@pytest.fixture
def seen(engine):
    """Keep what one monitor found in a month."""
    take(engine, story())
    watched.watch(engine, days=DAYS, cuts=(watched.GOLD,))
    return engine


def text_of(page):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def test_an_empty_list_tells_how_to_begin(web):
    page = web.get("/monitors")
    assert "Nothing is watched yet" in page.text
    assert '"/monitors/new"' in page.text


def test_those_that_need_attention_come_first_in_the_list(web, seen):
    with db.writing(seen) as tx:
        define.put(tx, watched.features("a quiet one", expectations=()), by="ada", now=clock())
    names = re.findall(r'class="asset" href="/monitors/[^"]+">([^<]+)<', web.get("/monitors").text)
    assert names == ["churn features", "a quiet one"]


def test_the_list_is_searched_by_place_as_well_as_by_name(web, seen):
    assert "churn features" in web.get("/monitors?q=lake").text
    assert "No monitor is called that" in web.get("/monitors?q=nothing").text


def test_a_monitor_says_in_one_sentence_how_it_is_doing(web, seen):
    assert "alerts are open; in the newest window 2 of 4 columns have moved." in text_of(web.get(ONE))


def test_the_most_moved_column_comes_first_and_each_cell_leads_to_its_window(web, seen):
    page = web.get(ONE).text
    rows = re.findall(r'<th scope="row" dir="auto"><a href="([^"]+)">([^<]+)</a>', page)
    assert rows[0][1] == "sessions_7d"
    cells = re.findall(r'class="cell cell-(\w+)" href="([^"]+)" title="([^"]+)"', page)
    assert len(cells) == DAYS * 6
    look, to, said = next(cell for cell in cells if cell[2].startswith("sessions_7d, 31 Oct 2026"))
    assert int(look) >= 3
    assert ": moved." in said
    assert "31 Oct 2026, compared with the baseline" in text_of(web.get(html.unescape(to)))


def test_a_window_that_cannot_be_judged_is_unknown_and_not_steady(web, seen):
    said = re.findall(r'class="cell cell-unknown"[^>]*title="([^"]+)"', web.get(ONE).text)
    assert said == ["rows, 12 Oct 2026: unknown. :table has no rows."]


def test_slices_are_judged_by_themselves(web, seen):
    page = web.get(f"{ONE}?slice=plan&value=gold")
    assert "only plan = gold" in text_of(page)
    assert "slice=plan&amp;value=gold&amp;at=" in page.text


def test_a_monitor_of_many_columns_over_many_windows_is_shown_in_parts(web, engine):
    columns = tuple(f"c{n:02}" for n in range(70))
    watched.watch(engine, monitor=watched.features(expectations=()), days=50, columns=columns, breaks={"c69": 10})
    page = web.get(ONE)
    assert page.text.count('class="cell cell-') == 12 * 45 + 7
    assert "60 more columns" in text_of(page)
    more = web.get(html.unescape(re.search(r'href="([^"]+)#moved">60 more', page.text)[1]))
    assert "24 more columns" in text_of(more)
    last = web.get(html.unescape(re.search(r'href="([^"]+)#moved">24 more', more.text)[1]))
    assert "more column" not in text_of(last)
    earlier = web.get(html.unescape(re.search(r'rel="prev" href="([^"]+)#moved"', page.text)[1]))
    assert "in these 6 windows" in text_of(earlier)


def test_expectations_that_fail_come_first_and_say_why(web, engine):
    watched.watch(engine, days=40)
    said = text_of(web.get(ONE))
    assert "1 of 3 expectations failed last time" in said
    assert said.index("age in range range") < said.index("age is not null not null")
    assert "12 rows of age are above 120." in said
    assert "The other table is gone." in said


def test_what_could_not_be_measured_is_listed_with_the_reason(web, seen):
    said = text_of(web.get(ONE))
    assert "payload A column of type struct cannot be compared." in said
    assert "spend, 13 Oct 2026 It became text in this window." in said


def test_the_definition_is_shown_as_yaml_without_secrets(web, engine):
    secret = Location(uri="postgresql://db/shop", table="public.orders", credentials={"password": "open sesame"})
    with db.writing(engine) as tx:
        define.put(tx, watched.features(data=secret), by="ada", now=clock())
    page = web.get(ONE)
    assert "uri: postgresql://db/shop" in page.text
    assert "open sesame" not in page.text


def test_predictions_are_shown_by_version_with_what_is_only_estimated(web, engine):
    watched.watch(engine, monitor=watched.predictions(), days=40, columns=("churns", "p"), breaks={})
    page = web.get("/monitors/churn%20predictions?by=model")
    said = text_of(page)
    assert "68 windows with labels and 80 windows estimated without them (dashed)" in said
    assert "model churn_3, estimated" in said
    assert "Accuracy" in said


def test_a_monitor_that_cannot_look_says_why(web, engine):
    with db.writing(engine) as tx:
        define.put(tx, watched.features(), by="ada", now=clock())
        define.say(tx, define.row_of(tx, "churn features").id, "Nothing lies at s3://lake/features.")
    assert "Nothing lies at s3://lake/features." in web.get(ONE).text
    assert "cannot look" in web.get("/monitors").text


def test_who_waits_for_a_refresh_is_told_when_it_is_over(web, seen):
    waiting = {"HX-Request": "true", "HX-Target": "refreshes"}
    assert web.get(ONE, headers=waiting).headers["hx-refresh"] == "true"
    web.post(f"{ONE}/refresh")
    assert "hx-refresh" not in web.get(ONE, headers=waiting).headers


def test_a_column_stands_beside_what_is_normal(web, seen):
    page = web.get(f"{ONE}/columns/plan?at=2026-11-01")
    said = text_of(page)
    assert "1 Nov 2026, compared with the baseline" in said
    assert "platinum 4 % 0 %" in said
    assert "Distinct values 4 3" in said
    assert "not in the baseline" in said
    assert "Total variation distance" in said


def test_a_column_without_a_window_named_is_shown_at_the_newest(web, seen):
    assert "1 Nov 2026" in text_of(web.get(f"{ONE}/columns/age"))


def test_one_goes_from_window_to_window(web, seen):
    page = web.get(f"{ONE}/columns/age?at=2026-10-05")
    before, after = (html.unescape(re.search(rf'rel="{rel}" href="([^"]+)"', page.text)[1]) for rel in ("prev", "next"))
    assert "4 Oct 2026, compared" in text_of(web.get(before))
    assert "6 Oct 2026, compared" in text_of(web.get(after))


@pytest.mark.parametrize("column", [":table", "age, sessions_7d"])
def test_what_is_no_column_has_a_history_and_no_profile(web, seen, column):
    page = web.get(monitor_href("churn features", "columns", column))
    assert page.status_code == 200
    assert "How far it moved" in page.text
    assert "Its profile" not in page.text


@pytest.mark.parametrize("path", ["/monitors/nobody", f"{ONE}/columns/nothing", "/monitors/nobody/columns/age"])
def test_what_is_not_there_is_not_found(web, seen, path):
    assert web.get(path).status_code == 404


def test_names_with_odd_characters_are_reached(web, engine):
    odd, column = "käse: a@b.c", "a/b%2F?&#</b>"
    monitor = watched.features(odd, expectations=(), slices=())
    watched.watch(engine, monitor=monitor, days=3, columns=(column,), breaks={})
    page = web.get(monitor_href(odd))
    assert page.status_code == 200
    assert "</b>" not in page.text.split("<tbody>")[1].split("</tbody>")[0]
    to = html.unescape(re.search(r'<th scope="row" dir="auto"><a href="([^"]+)">a/b', page.text)[1])
    assert f'<h1 dir="auto">{html.escape(column)}</h1>' in web.get(to).text


def test_a_refresh_is_asked_for_and_cancelled(web, seen):
    web.post(f"{ONE}/refresh")
    with db.reading(seen) as tx:
        waiting = refreshes.listed(tx, "churn features")[0]
    assert waiting.status == "queued"
    web.post(f"{ONE}/refreshes/{waiting.id}/cancel")
    with db.reading(seen) as tx:
        assert refreshes.get(tx, waiting.id).status == "cancelled"


def test_days_of_the_past_are_looked_at_again(web, seen):
    web.post(f"{ONE}/backfill", data={"since": "2026-10-02", "until": "2026-10-03", "full": "true"})
    with db.reading(seen) as tx:
        found = refreshes.listed(tx, "churn features")[0]
    assert (found.trigger, found.full, found.since.day, found.until.day) == ("backfill", True, 2, 4)


def test_a_day_that_is_none_is_refused_in_words(web, seen):
    page = web.post(f"{ONE}/backfill", data={"since": "yesterday"})
    assert page.status_code == 422
    assert "is not a day" in page.text


def test_a_monitor_is_paused_and_goes_on(web, seen):
    for form, paused in (({}, True), ({"on": "true"}, False)):
        web.post(f"{ONE}/pause", data=form)
        with db.reading(seen) as tx:
            assert read.get(tx, "churn features").monitor.paused is paused


def test_an_alert_that_is_silenced_is_no_longer_at_home(web, seen):
    with db.reading(seen) as tx:
        every = alerts.listed(tx)
    assert "churn features" in web.get("/").text
    for one in every:
        web.post(f"{ONE}/alerts/{one.id}/silence")
    assert "churn features" not in web.get("/").text
    assert "Tell again" in web.get(ONE).text


def test_a_monitor_is_deleted_after_a_question(web, seen):
    assert "Delete churn features?" in text_of(web.get(f"{ONE}/remove"))
    web.post(f"{ONE}/remove")
    assert web.get(ONE).status_code == 404


def test_a_dataset_shows_who_watches_it_and_what_moved(web, seen):
    page = text_of(web.get(f"{href(watched.FEATURES)}?tab=watch"))
    assert "churn features" in page
    assert "sessions_7d drift" in page
    columns = text_of(web.get(href(watched.FEATURES)))
    assert "moved since 31 Oct 2026" in columns
    assert "steady" in columns


def test_a_dataset_that_nothing_watches_says_how_to_begin(web, engine):
    take(engine, story())
    assert "Nothing watches it yet" in web.get(f"{href(watched.FEATURES)}?tab=watch").text


@pytest.mark.parametrize("of", [CHURN, CHURN_1])
def test_a_model_and_its_version_show_which_features_moved(web, seen, of):
    said = text_of(web.get(f"{href(of)}?tab=watch"))
    assert "plan features . plan 31 Oct 2026" in said


def test_a_model_shows_how_good_its_predictions_were_by_version(web, engine):
    take(engine, story())
    watched.watch(engine, monitor=watched.predictions(), days=5, columns=("p",), breaks={})
    said = text_of(web.get(f"{href(CHURN)}?tab=watch"))
    assert "ROC AUC of its predictions" in said
    assert "churn_4" in said


@pytest.mark.parametrize(("layer", "said"), [("drift", "2 columns moved"), ("quality", "1 expectation failed")])
def test_lineage_says_what_moved_and_what_failed(web, engine, layer, said):
    take(engine, story())
    watched.watch(engine, days=40, breaks={"plan": 30, "age": 33})
    page = web.get(f"{href(CHURN_1)}?tab=lineage&layer={layer}")
    assert said in page.text


@pytest.mark.parametrize(("layer", "said"), [("drift", "moved since 3 Nov 2026"), ("quality", "1 expectation failed")])
def test_a_column_says_so_too(web, engine, layer, said):
    take(engine, story())
    watched.watch(engine, days=40, breaks={"plan": 30, "age": 33})
    query = f"?tab=lineage&view=columns&column=age&layer={layer}"
    assert said in web.get(href(watched.FEATURES) + query).text


def test_a_dataset_that_is_steady_says_so_in_the_drawing(web, engine):
    take(engine, story())
    watched.watch(engine, days=5, breaks={})
    assert "steady" in web.get(f"{href(CHURN_1)}?tab=lineage&layer=drift").text


def test_cuts_are_those_of_the_newest_windows(seen):
    with db.reading(seen) as tx:
        assert show.cuts(tx, "churn features", watched.DAY) == (Cut(), watched.GOLD)


def test_windows_that_are_added_up_are_known_by_what_was_judged(engine):
    watched.watch(engine, days=3, breaks={})
    with db.reading(engine) as tx:
        assert show.stretch(tx, "churn features", "1 month").windows == ()
        assert len(show.stretch(tx, "churn features", watched.DAY).windows) == 3


def test_an_asset_of_another_monitor_does_not_fail(engine):
    watched.watch(engine, days=40)
    with db.reading(engine) as tx:
        assert glance.failing(tx, [AssetId("dataset", "s3://lake", "other")]) == {}
        (one,) = glance.failing(tx, [watched.FEATURES])[watched.FEATURES]
    assert (one.column, one.severity) == ("age", "warning")


def test_a_table_that_was_looked_at_once_shows_what_its_columns_are_like(web, engine, tmp_path):
    file = tmp_path / "orders.csv"
    file.write_text("amount,plan\n3.5,gold\n4.5,free\n,free\n")
    with db.writing(engine) as tx:
        define.put(tx, Monitor(name="orders", data=Location(uri=str(file))), by="ada", now=clock())
        number = refreshes.ask(tx, "orders", now=clock())
    assert evaluate.run(engine, number).status == "done"
    page = web.get("/monitors/orders")
    assert "none judged yet" in page.text
    assert "amount double 33.33 % 2 3.5 4 4.5" in text_of(page)
    column = text_of(web.get("/monitors/orders/columns/plan"))
    assert "There is nothing to compare it with yet" in column
    assert "free 66.7 %" in column
