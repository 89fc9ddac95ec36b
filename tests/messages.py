"""Real servers that take messages: one of the web, one for mail; and what a log of alerts looks like."""

import json
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import NamedTuple

import orjson
from aiosmtpd.controller import Controller

from upriver import db
from upriver.catalog import history
from upriver.catalog.history import Entry
from upriver.ids import AssetId
from upriver.notify import define
from upriver.notify.records import About, Filters, News
from upriver.settings import Settings

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
NOW = int(NOON.timestamp() * 1000)
FEATURES = AssetId("dataset", "lake", "gold.features")
OURS = Settings(
    notify_after=60,
    notify_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
    public_url="https://upriver.example/",
)


def news(number=1, **given):
    """Return one alert that began at noon on the table of features."""
    plain = {
        "seq": number, "event": "alerted", "at": NOON, "id": number, "monitor": "features", "asset": FEATURES,
        "kind": "drift", "subject": "age", "severity": "error", "because": "PSI is 0.31, limit 0.1.",
    }  # fmt: skip
    return News.model_validate({**plain, **given})


def about(asset=FEATURES, **given):
    return About(asset=asset, **{"title": asset.name, **given})


def tell(engine, *alerts, verb="alerted", at=NOW, asset=FEATURES, monitor="features"):
    """Write rows of the log as a monitor writes them; each alert is (id, subject) or (id, subject, severity)."""
    entries = []
    for number, subject, *rest in alerts:
        after = {
            "alert": number, "monitor": monitor, "kind": "drift", "subject": subject,
            "severity": rest[0] if rest else "error", "since": NOON.isoformat(), "because": "PSI is 0.31, limit 0.1.",
        }  # fmt: skip
        entries.append(
            Entry(at, f"monitor:{monitor}", str(asset), verb, f"drift#{subject}", None, orjson.dumps(after).decode())
        )
    with db.writing(engine) as tx:
        history.append(tx, entries)


def connect(engine, name, kind, *, now=NOW, filters=None, **given):
    """Make a channel."""
    with db.writing(engine) as tx:
        define.add(tx, name, kind, define.configured(kind, given), Filters(**(filters or {})), now=now)


class Got(NamedTuple):
    """One request that a server of the web got."""

    path: str
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Web:
    """A server that remembers what it got; `answers` are given in turn, the last one for ever."""

    def __init__(self, url):
        self.url = url
        self.got = []
        self.answers = [(200, {}, b"ok")]
        self.hold = threading.Event()
        self.hold.set()

    def answer(self, got):
        self.got.append(got)
        self.hold.wait(30)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def serving_web(tls=None):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, content = web.answer(Got(self.path, dict(self.headers), body))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    web = Web(f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        web.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Box:
    """What a mail server got, and what it refuses."""

    def __init__(self):
        self.mails = []
        self.refused = set()
        self.port = 0

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):  # noqa: N802 — the server's name for it
        if address in self.refused:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 — the server's name for it
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 kept"


@contextmanager
def serving_mail(**how):
    box = Box()
    with socket.create_server(("127.0.0.1", 0)) as free:
        box.port = free.getsockname()[1]
    control = Controller(box, hostname="127.0.0.1", port=box.port, **how)
    control.start()
    try:
        yield box
    finally:
        control.stop()
