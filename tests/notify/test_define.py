from datetime import timedelta

import pytest

from messages import NOON, NOW, connect
from upriver import db
from upriver.errors import Conflict, Invalid, NotFound
from upriver.notify import define, silences
from upriver.notify.records import Filters


def test_a_channel_is_remembered_with_its_credentials_masked(engine):
    connect(engine, "on-call", "email", to=["a@b.org"], sender="u@b.org", host="h", username="u", password="pw",
            filters={"severity": "error"})  # fmt: skip
    with db.reading(engine) as tx:
        (found,) = define.every(tx)
        kind, config = define.opened(tx, "on-call")
    assert (found.config["password"], found.filters.severity) == ("**********", "error")
    assert (kind, config.password.get_secret_value()) == ("email", "pw")


def test_a_masked_credential_stays_what_it_was(engine):
    connect(engine, "team", "slack", url="https://hooks.slack.com/x")
    with db.reading(engine) as tx:
        assert define.unmasked(tx, "team", {"url": "**********"}) == {"url": "https://hooks.slack.com/x"}


@pytest.mark.parametrize("name", ["", "new", "a/b", "a\n", "x" * 101])
def test_a_name_that_no_address_can_hold_is_refused(engine, name):
    with pytest.raises(Invalid, match="name of a channel"):
        connect(engine, name, "webhook", url="https://h")


def test_a_channel_is_not_replaced_by_accident(engine):
    connect(engine, "team", "webhook", url="https://h")
    with pytest.raises(Conflict):
        connect(engine, "team", "webhook", url="https://h")


def test_a_kind_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(NotFound, match="email, slack, webhook"):
        define.way("pigeon")


def test_a_file_declares_channels(tmp_path):
    file = tmp_path / "upriver.yaml"
    file.write_text(
        "channels:\n  on-call:\n    kind: slack\n    url: env:SLACK_URL\n    severity: error\n"
        "    monitors: [churn*]\n    quiet: 22:00-07:00 Europe/Berlin\n"
    )
    ((name, kind, config, filters),) = define.declared(file)
    assert (name, kind, config.url.get_secret_value()) == ("on-call", "slack", "env:SLACK_URL")
    assert filters == Filters(severity="error", monitors=("churn*",), quiet="22:00-07:00 Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("channels: {x: {url: h}}", "no kind"),
        ("channels: {x: {kind: slack}}", "url: Field required"),
        ("channels: {x: {kind: webhook, url: h, quiet: always}}", "quiet"),
        ("channels: [1", "not YAML"),
        ("channels: [1]", "declares no channels"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_is_wrong(tmp_path, text, said):
    file = tmp_path / "upriver.yaml"
    file.write_text(text)
    with pytest.raises(Invalid, match=said):
        list(define.declared(file))


def silence(engine, **given):
    with db.writing(engine) as tx:
        return silences.add(tx, **{"until": NOON + timedelta(hours=1), "by": "ada", "now": NOW, **given})


def test_a_silence_lasts_until_its_time(engine):
    silence(engine, monitor="churn*")
    with db.reading(engine) as tx:
        assert [each.monitor for each in silences.lasting(tx, now=NOW + 3_599_999)] == ["churn*"]
        assert silences.lasting(tx, now=NOW + 3_600_000) == ()


def test_a_silence_can_be_ended(engine):
    number = silence(engine, asset="gold.*").id
    with db.writing(engine) as tx:
        silences.end(tx, number, now=NOW + 1)
        assert silences.lasting(tx, now=NOW + 1) == ()
        with pytest.raises(NotFound):
            silences.end(tx, 99, now=NOW)


def test_a_silence_of_everything_needs_a_reason(engine):
    with pytest.raises(Invalid, match="silence every alert"):
        silence(engine)
    assert silence(engine, why="The warehouse moves.").monitor == "*"


def test_a_silence_that_is_over_is_refused(engine):
    with pytest.raises(Invalid, match="has passed"):
        silence(engine, monitor="x", until=NOON)
