"""Adding a service, watching it being read, changing and removing it, without a script."""

import re
import time

import pytest
from fastapi.testclient import TestClient

from upriver import db, secrets
from upriver.catalog.records import Skipped
from upriver.connect import reads, services
from upriver.settings import Settings
from upriver.web.app import create_app

NOWHERE = "sqlite:////nowhere/mlflow.db"


def add(web, **given):
    form = {"kind": "mlflow", "name": "prod", "tracking_uri": NOWHERE, "every": "0", "verify": "yes", **given}
    return web.post("/services", data=form, follow_redirects=False)


def value_of(text, name):
    found = re.search(rf'<input[^>]* value="([^"]*)"[^>]* name="{name}"', text)
    return (found or re.search(rf'name="{name}" value="([^"]*)"', text))[1]


def test_the_form_is_made_of_what_the_source_must_be_told(web):
    text = web.get("/services/new?kind=mlflow").text
    assert "Tracking URI" in text
    assert re.search(r'<input type="password"[^>]*id="f-token"', text)
    assert re.search(r'<textarea[^>]*id="f-include_experiments"', text)
    assert re.search(r'<input type="checkbox"[^>]*id="f-verify"[^>]* checked', text)


def test_saving_asks_for_the_first_read_and_shows_it(web, engine):
    saved = add(web)
    assert saved.headers["location"] == "/services/prod"
    page = web.get("/services/prod").text
    assert "queued" in page
    assert 'hx-trigger="every 1s"' in page
    assert '<noscript><meta http-equiv="refresh"' in page
    with db.reading(engine) as tx:
        assert services.get(tx, "prod").every == 0


def test_a_mistake_brings_the_form_again_with_what_was_entered(web):
    answer = add(web, tracking_uri="gopher://x", include_models="churn*\r\nrisk*", token="t", username="u")
    assert answer.status_code == 422
    assert "cannot be read; use http" in answer.text
    assert value_of(answer.text, "tracking_uri") == "gopher://x"
    assert "churn*\nrisk*" in answer.text
    assert web.get("/services/prod").status_code == 404


@pytest.mark.parametrize("name", ["", "a b", "new", "../x", "x" * 101])
def test_a_name_that_cannot_be_is_refused(web, name):
    answer = add(web, name=name)
    assert answer.status_code == 422
    assert 'id="f--name-wrong"' in answer.text


def test_a_name_is_given_once(web):
    add(web)
    answer = add(web, tracking_uri="sqlite:////elsewhere.db")
    assert answer.status_code == 422
    assert "already" in answer.text


def test_testing_the_connection_says_step_by_step_and_stores_nothing(web):
    form = {"kind": "mlflow", "name": "prod", "tracking_uri": NOWHERE}
    answer = web.post("/services/check", data=form)
    assert answer.status_code == 200
    steps = answer.text.partition('id="steps"')[2]
    assert "fail" in steps
    assert '<ol class="steps">' in steps
    assert value_of(answer.text, "tracking_uri") == NOWHERE
    assert "No services yet" in web.get("/services").text


def test_testing_unusable_settings_says_which(web):
    steps = web.post("/services/check", data={"kind": "mlflow", "name": "x"}).text.partition('id="steps"')[2]
    assert "Tracking uri:" in steps
    assert "This is needed." in steps


def test_editing_keeps_credentials_that_nobody_sees(web, engine):
    add(web, token="s3cret", headers="X-Key: hush\r\nX-Team: env:TEAM")
    page = web.get("/services/prod/edit").text
    assert "s3cret" not in page
    assert "hush" not in page
    assert value_of(page, "token") == secrets.MASK
    form = {
        "tracking_uri": "sqlite:////else.db", "token": secrets.MASK, "headers": "X-Key: **********\nX-New: 1",
        "every": "60",
    }  # fmt: skip
    assert web.post("/services/prod/edit", data=form).url.path == "/services/prod"
    with db.reading(engine) as tx:
        _, config = services.config_of(tx, "prod")
        assert services.get(tx, "prod").every == 60
    assert config.token.get_secret_value() == "s3cret"
    assert {k: v.get_secret_value() for k, v in config.headers.items()} == {"X-Key": "hush", "X-New": "1"}
    assert config.tracking_uri == "sqlite:////else.db"


def test_what_a_file_declares_is_not_changed_here(web, engine):
    with db.writing(engine) as tx:
        config = services.configured("mlflow", {"tracking_uri": NOWHERE})
        services.add(tx, "filed", "mlflow", config, every=0, now=1, declared_in="file")
    assert "Declared in a file" in web.get("/services/filed/edit").text
    assert web.post("/services/filed/edit", data={"tracking_uri": "sqlite:////x.db"}).status_code == 409


def test_removing_asks_first_and_keeps_what_was_read(web):
    add(web)
    assert "stays in the catalog" in web.get("/services/prod/remove").text
    assert web.post("/services/prod/remove").url.path == "/services"
    assert web.get("/services/prod").status_code == 404


def test_a_read_tells_what_it_left_out_part_by_part(web, engine):
    add(web)
    with db.writing(engine) as tx:
        number = reads.begin(tx, "prod", now=1000)
        items = [Skipped(id=f"run {n}", because=f"<b>Reason {n}.") for n in range(150)]
        reads.skip(tx, number, 0, items)
        reads.report(tx, number, now=2000, status="done", skipped=150, ended_at=2000, progress={"runs": (5, 5)})
    first = web.get(f"/services/prod/reads/{number}").text
    assert "&lt;b&gt;Reason 99." in first
    assert "1–100 of 150" in first
    assert "Reason 149." in web.get(f"/services/prod/reads/{number}?offset=100").text
    assert web.get(f"/services/other/reads/{number}").status_code == 404
    assert "150 items of prod" in web.get("/").text
    assert "5 runs." in web.get("/services/prod").text


def test_the_worker_reads_what_is_saved_and_a_failure_is_a_sentence(engine):
    with TestClient(create_app(engine, Settings(), worker=True)) as web:
        add(web)
        until = time.monotonic() + 20
        while "failed" not in web.get("/services/prod").text and time.monotonic() < until:
            time.sleep(0.2)
        page = web.get("/services/prod").text
        assert 'role="alert"' in page
        assert "/nowhere/mlflow.db" in page
        assert "hx-trigger" not in page
        web.post("/services/prod/read")
        assert re.search(r"#2</a>", web.get("/services/prod").text)
