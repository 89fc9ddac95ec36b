import base64
import hashlib
import hmac
import ssl

import orjson
import pytest
import trustme

from messages import FEATURES, NOON, OURS, about, connect, news, serving_mail
from upriver import plugins, secrets
from upriver.errors import Invalid, Unreachable
from upriver.notify import channels as family
from upriver.notify import define, wording
from upriver.notify.channel import Posted
from upriver.notify.records import Message

AT = int(NOON.timestamp())
MESSAGE = wording.message("k1", [news(because="Zürich & <b>")], {FEATURES: about()}, base="https://upriver.example")
every_channel = pytest.mark.parametrize("kind", plugins.names(family))


def send(kind, message=MESSAGE, **given):
    return define.way(kind).send(define.configured(kind, given), Posted(message, AT, OURS.notify_networks))


def mail(box, **given):
    plain = {"to": ["ada@example.org"], "sender": "upriver@example.org", "host": "127.0.0.1", "port": box.port}
    return send("email", **{**plain, "security": "none", **given})


@every_channel
def test_every_setting_says_what_it_is(kind):
    assert all(field.description for field in define.way(kind).config.model_fields.values())


@every_channel
def test_unknown_settings_are_refused_in_a_sentence(kind):
    with pytest.raises(Invalid, match="nonsense"):
        define.configured(kind, {"nonsense": 1})


def test_a_webhook_gets_the_message_as_json(receiver):
    said = send("webhook", url=f"{receiver.url}/hook?x=1", secret="open sesame")
    (got,) = receiver.got
    assert said == "The webhook answered 200 OK: ok"
    assert got.path == "/hook?x=1"
    assert Message.model_validate(got.json) == MESSAGE


def test_a_webhook_is_signed_over_id_time_and_body(receiver):
    secret = "whsec_" + base64.b64encode(b"0123456789abcdef").decode()
    send("webhook", url=receiver.url, secret=secret)
    (got,) = receiver.got
    said = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    expected = base64.b64encode(hmac.digest(b"0123456789abcdef", said, hashlib.sha256)).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"
    assert (got.headers["webhook-id"], got.headers["webhook-timestamp"]) == ("k1", str(AT))


def test_a_webhook_without_a_secret_is_not_signed(receiver):
    send("webhook", url=receiver.url)
    assert "webhook-signature" not in receiver.got[0].headers


def test_headers_and_secrets_may_be_kept_elsewhere(receiver, monkeypatch, tmp_path):
    monkeypatch.setenv("HOOK", receiver.url)
    (tmp_path / "key").write_text("Bearer x\n")
    send("webhook", url="env:HOOK", headers={"Authorization": f"file:{tmp_path}/key"})
    assert receiver.got[0].headers["Authorization"] == "Bearer x"


def test_a_refusal_of_a_webhook_is_quoted(receiver):
    receiver.answers = [(404, {}, b"no such hook")]
    with pytest.raises(Unreachable, match="answered 404 Not Found: no such hook"):
        send("webhook", url=receiver.url)


def test_slack_gets_blocks_in_which_nothing_is_markup(receiver):
    send("slack", url=receiver.url)
    got = receiver.got[0].json
    assert got["text"] == "age of gold.features moved"
    assert [block["type"] for block in got["blocks"]] == ["header", "section", "context"]
    assert "Zürich &amp; &lt;b&gt;" in got["blocks"][1]["text"]["text"]


def test_slack_gets_no_block_that_it_would_refuse(receiver):
    story = [news(n, subject=f"column_{n}" * 20, because="x" * 500) for n in range(1, 40)]
    send("slack", wording.message("k2", story, {FEATURES: about()}, base="https://u"), url=receiver.url)
    blocks = receiver.got[0].json["blocks"]
    assert len(blocks) <= 50
    assert all(len(block["text"]["text"]) <= 3000 for block in blocks if block["type"] == "section")
    assert all(len(block["text"]["text"]) <= 150 for block in blocks if block["type"] == "header")


def test_the_address_at_slack_is_never_shown(engine, receiver):
    connect(engine, "team", "slack", url=f"{receiver.url}/services/T0/B0/secret")
    with engine.connect() as tx:
        assert define.get(tx, "team").config == {"url": secrets.MASK}
        stored = tx.exec_driver_sql("select config from channels").scalar()
    assert "secret" not in stored
    receiver.answers = [(500, {}, b"")]
    assert "secret" not in define.tried(engine, "team", now=AT * 1000, how=OURS).because


def test_a_mail_has_plain_text_and_html(mailbox):
    said = mail(mailbox, to=["ada@example.org", "grace@example.org"])
    (got,) = mailbox.mails
    assert said == "127.0.0.1 took the mail for 2 of 2."
    assert (got["Subject"], got["To"]) == ("age of gold.features moved", "ada@example.org, grace@example.org")
    assert "Zürich & <b>" in got.get_body(("plain",)).get_content()
    assert "Zürich &amp; &lt;b&gt;" in got.get_body(("html",)).get_content()


def test_a_mail_carries_the_id_of_its_message(mailbox):
    mail(mailbox)
    assert mailbox.mails[0]["Message-ID"] == "<k1@upriver.invalid>"
    assert mailbox.mails[0]["Auto-Submitted"] == "auto-generated"


def test_who_cannot_get_mail_is_named_and_the_others_get_it(mailbox):
    mailbox.refused = {"nobody@example.org"}
    said = mail(mailbox, to=["ada@example.org", "nobody@example.org"])
    assert said == "127.0.0.1 took the mail for 1 of 2, but not for nobody@example.org."


def test_a_mail_that_nobody_can_get_has_not_arrived(mailbox):
    mailbox.refused = {"ada@example.org"}
    with pytest.raises(Unreachable, match=r"takes no mail for ada@example\.org"):
        mail(mailbox)


def test_a_mail_server_that_is_not_there_is_named(mailbox):
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1 cannot be reached"):
        mail(mailbox, port=1)


@pytest.mark.parametrize("given", [{"to": ["a\nBcc: b@c"]}, {"to": []}, {"sender": "nobody"}, {"username": "me"}])
def test_settings_of_mail_that_cannot_be_used_are_refused(mailbox, given):
    with pytest.raises(Invalid):
        mail(mailbox, **given)


@pytest.fixture
def authority(tmp_path):
    """Return a certificate authority and the file of it."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    return made, str(tmp_path / "ca.pem")


def trusted(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority[0].issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_a_mail_server_is_spoken_to_in_private_and_knows_who_we_are(authority, monkeypatch):
    given = []

    def knows(_server, _session, _envelope, _mechanism, data):
        from aiosmtpd.smtp import AuthResult

        given.append((data.login, data.password))
        return AuthResult(success=True)

    monkeypatch.setenv("MAIL_PASSWORD", "open sesame")
    how = {"require_starttls": True, "tls_context": trusted(authority), "authenticator": knows, "auth_required": True}
    with serving_mail(**how) as box:
        mail(box, security="starttls", ca_file=authority[1], username="me", password="env:MAIL_PASSWORD")
    assert given == [(b"me", b"open sesame")]
    assert len(box.mails) == 1


def test_a_mail_server_that_nobody_vouches_for_gets_nothing(authority):
    with serving_mail(require_starttls=True, tls_context=trusted(authority)) as box:
        with pytest.raises(Unreachable, match="certificate"):
            mail(box, security="starttls")
        assert box.mails == []


def test_a_mail_server_may_speak_tls_from_the_first_word(authority):
    with serving_mail(ssl_context=trusted(authority)) as box:
        mail(box, security="tls", ca_file=authority[1])
        assert len(box.mails) == 1


def test_a_test_message_says_what_happened(engine, receiver):
    connect(engine, "team", "webhook", url=receiver.url)
    tried = define.tried(engine, "team", now=AT * 1000, how=OURS)
    assert (tried.arrived, tried.because) == (True, "The webhook answered 200 OK: ok")
    assert orjson.loads(receiver.got[0].body)["event"] == "test"


def test_a_test_message_that_does_not_arrive_says_why(engine):
    connect(engine, "team", "webhook", url="https://127.0.0.1:1")
    tried = define.tried(engine, "team", now=AT * 1000)
    assert not tried.arrived
    assert "UPRIVER_NOTIFY_NETWORKS" in tried.because
