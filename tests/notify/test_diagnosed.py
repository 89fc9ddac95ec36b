"""That people hear why, and not only that something moved."""

from datetime import timedelta

import pytest

import diagnosed
from messages import FEATURES, NOON, NOW, OURS, connect, serving_web, tell
from seen import CHURN_1, story, take
from upriver import db
from upriver.catalog import edit, history
from upriver.diagnose import announce, unasked
from upriver.monitor.records import Alert
from upriver.notify import deliver, deliveries, silences

MINUTE = 60_000
AGE = Alert(
    id=1, monitor="features", asset=FEATURES, kind="drift", subject="age", severity="error", opened_at=NOON, because=""
)


def explain(engine, made, *, at=NOW, alert=AGE, **more):
    """Write the row of the log that tells of a diagnosis which was made then."""
    asked = {"trigger": "alert", "alert": alert.id} if alert else {"trigger": more.pop("trigger")}
    moment = NOON + timedelta(milliseconds=at - NOW)
    with db.writing(engine) as tx:
        row = announce.entry(made.model_copy(update={**asked, "made_at": moment}), alert=alert, **more)
        history.append(tx, [row])


def listed(engine):
    with db.reading(engine) as tx:
        return deliveries.latest(tx)


def subjects(web):
    return [got.json["subject"] for got in web.got]


@pytest.fixture
def team(engine, receiver):
    """Return a server of the web behind a channel called team."""
    connect(engine, "team", "webhook", url=receiver.url)
    return receiver


def test_an_alert_and_its_diagnosis_are_one_message_that_begins_with_the_verdict(engine, team):
    tell(engine, (1, "age"))
    explain(engine, diagnosed.bug(7), at=NOW + 5000)
    deliver.due(engine, NOW + MINUTE, OURS)
    (got,) = team.got
    assert got.json["subject"] == "churn_1: a bug in a pipeline (97 %), since 5 Nov 2026"
    assert (got.json["event"], got.json["severity"]) == ("alerted", "error")
    assert got.json["url"] == "https://upriver.example/diagnoses/7"
    assert got.json["text"].startswith(
        f"churn_1: a bug in a pipeline (97 %), since 5 Nov 2026. {diagnosed.STORY}\n- Run "
    )
    assert "To do: Revert clean_customers to 4f2a9c1" in got.json["text"]
    assert "- age (drift, error): PSI is 0.31, limit 0.1." in got.json["text"]


def test_a_program_reads_the_verdict_as_data(engine, team):
    explain(engine, diagnosed.bug(7))
    deliver.due(engine, NOW + MINUTE, OURS)
    (told,) = team.got[0].json["diagnoses"]
    assert (team.got[0].json["event"], team.got[0].json["parts"]) == ("diagnosed", [])
    assert (told["kind"], told["confidence"], told["of"]) == ("pipeline_bug", 0.97, str(CHURN_1))
    assert [each["run"] for each in told["suspects"]] == [diagnosed.DID_IT, diagnosed.BUILT]
    assert told["triggers"][0]["alert"] == 1


def test_a_diagnosis_that_comes_later_is_told_to_those_who_heard_of_the_alert(engine, team):
    with serving_web() as other:
        connect(engine, "volume", "webhook", url=other.url, filters={"kinds": ["volume"]})
        connect(engine, "drift", "webhook", url=other.url, filters={"kinds": ["drift"]})
        tell(engine, (1, "age"))
        deliver.due(engine, NOW + MINUTE, OURS)
        explain(engine, diagnosed.bug(), at=NOW + 2 * MINUTE)
        deliver.due(engine, NOW + 4 * MINUTE, OURS)
        assert [got.json["event"] for got in team.got] == ["alerted", "diagnosed"]
        assert [got.json["event"] for got in other.got] == ["alerted", "diagnosed"]


def test_two_causes_and_doubt_are_said(engine, team):
    explain(engine, diagnosed.outdated())
    deliver.due(engine, NOW + MINUTE, OURS)
    assert subjects(team) == [
        "churn_1: probably concept drift: the model is outdated and wrong labels (58 %), since 21 Oct 2026"
    ]


def test_not_enough_data_is_told_but_matters_little(engine, team):
    with serving_web() as strict:
        connect(engine, "strict", "webhook", url=strict.url, filters={"severity": "error", "monitors": ["churn*"]})
        explain(engine, diagnosed.thin())
        deliver.due(engine, NOW + MINUTE, OURS)
        assert [got.json["severity"] for got in team.got] == ["warning"]
        assert strict.got == []


def test_the_last_word_on_a_version_counts(engine, team):
    explain(engine, diagnosed.thin(1))
    explain(engine, diagnosed.bug(2), at=NOW + 1000, alert=AGE.model_copy(update={"id": 2, "subject": "plan"}))
    deliver.due(engine, NOW + 2 * MINUTE, OURS)
    (got,) = team.got
    assert [(each["id"], len(each["triggers"])) for each in got.json["diagnoses"]] == [(2, 2)]


def test_what_is_over_before_anybody_was_told_is_not_explained(engine, team):
    tell(engine, (1, "age"))
    explain(engine, diagnosed.bug(), at=NOW + 1000)
    tell(engine, (1, "age"), verb="resolved", at=NOW + 2000)
    deliver.due(engine, NOW + 2 * MINUTE, OURS)
    assert team.got == []


def test_who_asks_by_hand_is_told_by_nobody_else(engine, team):
    explain(engine, diagnosed.bug(), alert=None, trigger="manual")
    deliver.due(engine, NOW + 2 * MINUTE, OURS)
    assert team.got == []


@pytest.mark.parametrize(
    ("made", "before", "told"),
    [
        (diagnosed.bug, "", 1),
        (diagnosed.bug, "pipeline_bug", 0),
        (diagnosed.bug, "false_alarm", 1),
        (diagnosed.thin, "", 0),
        (diagnosed.thin, "pipeline_bug", 1),
    ],
)
def test_a_look_by_schedule_is_told_where_it_says_something_new(engine, team, made, before, told):
    explain(engine, made(), alert=None, trigger="schedule", before=before)
    deliver.due(engine, NOW + 2 * MINUTE, OURS)
    assert len(team.got) == told


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ({"kinds": ["diagnosis"]}, 1),
        ({"kinds": ["drift"]}, 0),
        ({"monitors": ["churn f*"]}, 1),
        ({"monitors": ["sales*"]}, 0),
        ({"assets": ["churn"]}, 1),
        ({"assets": ["sales"]}, 0),
        ({"owners": ["ada"]}, 1),
        ({"owners": ["grace"]}, 0),
    ],
)
def test_diagnoses_go_where_they_are_wanted(engine, receiver, filters, told):
    take(engine, story())
    with db.writing(engine) as tx:
        edit.declare(tx, CHURN_1, "owners", ["ada"], by="ada", now=NOW)
    connect(engine, "team", "webhook", url=receiver.url, filters=filters)
    explain(engine, diagnosed.bug(), alert=None, trigger="schedule")
    deliver.due(engine, NOW + 2 * MINUTE, OURS)
    assert len(receiver.got) == told


def test_a_monitor_that_names_its_channels_is_explained_through_these(engine, team):
    explain(engine, diagnosed.bug(), notify=("on-call",))
    deliver.due(engine, NOW + 2 * MINUTE, OURS)
    assert team.got == []


@pytest.mark.parametrize(
    ("silence", "status"),
    [
        ({"subject": "age"}, "silenced"),
        ({"monitor": "feat*"}, "silenced"),
        ({"asset": "*features"}, "silenced"),
        ({"subject": "plan"}, "sent"),
    ],
)
def test_a_silenced_alert_is_explained_to_nobody(engine, team, silence, status):
    with db.writing(engine) as tx:
        silences.add(tx, **silence, until=NOON + timedelta(hours=3), by="ada", why="Known.", now=NOW)
    explain(engine, diagnosed.bug())
    deliver.due(engine, NOW + MINUTE, OURS)
    assert [each.status for each in listed(engine)] == [status]


def test_an_alert_that_is_not_silenced_is_explained_beside_one_that_is(engine, team):
    with db.writing(engine) as tx:
        silences.add(tx, subject="age", until=NOON + timedelta(hours=3), by="ada", why="Known.", now=NOW)
    explain(engine, diagnosed.bug(), others=[AGE.model_copy(update={"id": 2, "subject": "plan"})])
    deliver.due(engine, NOW + MINUTE, OURS)
    assert [each.status for each in listed(engine)] == ["sent"]


def test_whoever_heard_of_one_of_several_alerts_hears_why(engine, receiver):
    connect(engine, "team", "webhook", url=receiver.url, filters={"kinds": ["drift"], "monitors": ["orders"]})
    tell(engine, (2, "plan"), monitor="orders")
    explain(engine, diagnosed.bug(), others=[AGE.model_copy(update={"id": 2, "monitor": "orders"})])
    deliver.due(engine, NOW + MINUTE, OURS)
    (got,) = receiver.got
    assert (len(got.json["parts"]), len(got.json["diagnoses"])) == (1, 1)


def test_an_alert_that_is_silenced_by_itself_is_explained_to_nobody(engine, team):
    explain(engine, diagnosed.bug(), alert=AGE.model_copy(update={"silenced_until": NOON + timedelta(hours=1)}))
    deliver.due(engine, NOW + MINUTE, OURS)
    assert [(each.status, each.because) for each in listed(engine)] == [
        ("silenced", "This alert is silenced until 1 Nov 2026 13:00 UTC.")
    ]


@pytest.mark.parametrize(
    ("silence", "status"),
    [({"subject": "plan"}, "silenced"), ({"monitor": "churn*"}, "silenced"), ({"monitor": "churn f*"}, "sent")],
)
def test_a_look_by_schedule_keeps_to_silences_too(engine, team, silence, status):
    with db.writing(engine) as tx:
        silences.add(tx, **silence, until=NOON + timedelta(hours=3), by="ada", why="Known.", now=NOW)
    explain(engine, diagnosed.bug(), alert=None, trigger="schedule")
    deliver.due(engine, NOW + MINUTE, OURS)
    assert [each.status for each in listed(engine)] == [status]


def test_a_diagnosis_waits_for_quiet_hours_to_end(engine, receiver):
    connect(engine, "team", "webhook", url=receiver.url, filters={"quiet": "11:00-18:00"})
    explain(engine, diagnosed.bug())
    deliver.due(engine, NOW + MINUTE, OURS)
    assert [each.status for each in listed(engine)] == ["held"]


def test_a_mail_tells_the_verdict_in_text_and_html(engine, mailbox):
    connect(
        engine, "mail", "email", to=["ada@example.org"], sender="upriver@example.org", host="127.0.0.1",
        port=mailbox.port, security="none",
    )  # fmt: skip
    explain(engine, diagnosed.bug(7))
    deliver.due(engine, NOW + MINUTE, OURS)
    (mail,) = mailbox.mails
    assert mail["Subject"] == "churn_1: a bug in a pipeline (97 %), since 5 Nov 2026"
    plain, page = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "The model is not broken, and a retrain is not needed." in plain
    assert "Diagnosis 7: https://upriver.example/diagnoses/7" in plain
    assert '<a href="https://upriver.example/diagnoses/7">Diagnosis 7</a>' in page


def test_slack_gets_the_verdict_first_and_no_markup_of_others(engine, receiver):
    made = diagnosed.bug(7)
    first = made.verdict.hypotheses[0]
    ill = first.suspects[0].model_copy(update={"url": "https://x/|<!channel>", "because": "<!here> did it."})
    bad = first.suspects[1].model_copy(update={"url": "javascript:alert(1)"})
    hypotheses = (first.model_copy(update={"suspects": (ill, bad)}), *made.verdict.hypotheses[1:])
    connect(engine, "team", "slack", url=f"{receiver.url}/services/x")
    explain(engine, made.model_copy(update={"verdict": made.verdict.model_copy(update={"hypotheses": hypotheses})}))
    deliver.due(engine, NOW + MINUTE, OURS)
    got = receiver.got[0].json
    assert got["text"] == "churn_1: a bug in a pipeline (97 %), since 5 Nov 2026"
    section = got["blocks"][1]["text"]["text"]
    assert section.startswith("churn_1: a bug in a pipeline (97 %)")
    assert "<!" not in section
    assert "javascript" not in section


def test_a_diagnosis_of_anything_fits_into_a_message(engine, receiver):
    connect(engine, "team", "slack", url=f"{receiver.url}/services/x")
    explain(engine, diagnosed.huge())
    deliver.due(engine, NOW + MINUTE, OURS)
    blocks = receiver.got[0].json["blocks"]
    assert all(len(block["text"]["text"]) <= 3000 for block in blocks if block["type"] == "section")


def test_what_a_monitor_finds_is_explained_and_told_unasked(engine, team):
    diagnosed.lay(engine)
    now = history.clock()
    for task in unasked.due(engine, now=now, on_alert=True, every=0):
        unasked.work(engine, task, rows=0)
    deliver.due(engine, now + 2 * MINUTE, OURS)
    (got,) = [got.json for got in team.got if got.json["diagnoses"]]
    (why,) = got["diagnoses"]
    assert got["text"].startswith(got["subject"])
    assert got["subject"].startswith(why["title"])
    assert {each["subject"] for part in got["parts"] for each in part["news"]} >= {"plan"}
    assert "plan" in {each["subject"] for each in why["triggers"]}


def test_a_row_that_tells_of_no_diagnosis_stops_nothing(engine, team):
    with db.writing(engine) as tx:
        strange = history.Entry(NOW, "diagnose", str(CHURN_1), "diagnosed", "diagnosis#1", None, '{"diagnosis": "x"}')
        odd = strange._replace(after='{"diagnosis": 1, "alerts": [{"alert": 1, "table": "no id"}], "trigger": "alert"}')
        history.append(tx, [strange, odd, strange._replace(after=None), strange._replace(after="[]")])
    explain(engine, diagnosed.bug())
    deliver.due(engine, NOW + MINUTE, OURS)
    assert len(team.got) == 1


def test_the_log_and_what_was_known_stay_as_they_were(engine):
    take(engine, story())
    with db.reading(engine) as tx:
        before = history.as_of(tx, CHURN_1, NOON + timedelta(days=400))
    explain(engine, diagnosed.bug())
    with db.reading(engine) as tx:
        assert history.verify(tx).broken_at is None
        after = history.as_of(tx, CHURN_1, NOON + timedelta(days=400))
    assert {f.name for f in after.facets} == {f.name for f in before.facets}
