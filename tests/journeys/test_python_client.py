"""The Python client of OpenLineage, over each of its ways of sending, to our server and to one that is busy."""

import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from openlineage.client import OpenLineageClient, event_v2, facet_v2
from sqlalchemy import func, select

from serving import serving
from upriver import db
from upriver.connect.openlineage import asides
from upriver.connect.openlineage.inbox import Inbox
from upriver.ids import AssetId
from upriver.lineage.ask import runs
from upriver.lineage.tables import run_io, statements
from upriver.lineage.tables import runs as executions
from upriver.settings import Settings

pytestmark = pytest.mark.journey

HTTP = {"type": "http", "endpoint": "api/v1/lineage", "timeout": 5}
WAYS = {
    "http": HTTP,
    "gzip": {**HTTP, "compression": "gzip"},
    "async": {**HTTP, "type": "async_http"},
    "async gzip": {**HTTP, "type": "async_http", "compression": "gzip"},
}
MANY = 40
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def events(job):
    """START and COMPLETE of many runs of a job."""
    for number in range(MANY):
        run = event_v2.Run(runId=f"01a10000-0000-7000-8000-{number:012d}")
        table = facet_v2.schema_dataset.SchemaDatasetFacet(
            fields=[facet_v2.schema_dataset.SchemaDatasetFacetFields(name="age", type="int")]
        )
        for minute, state in enumerate((event_v2.RunState.START, event_v2.RunState.COMPLETE)):
            yield event_v2.RunEvent(
                eventType=state,
                eventTime=f"2026-10-01T{number % 24:02d}:{minute:02d}:00+00:00",
                run=run,
                job=event_v2.Job(namespace="client", name=job),
                inputs=[event_v2.InputDataset(namespace="file", name="/in", facets={"schema": table})],
                outputs=[event_v2.OutputDataset(namespace="file", name=f"/out/{job}")],
            )


def send(job, transport):
    client = OpenLineageClient(config={"transport": transport})
    for event in events(job):
        client.emit(event)
    assert client.close(30)


def assert_all_there_once(receiver, job):
    with receiver.reading() as tx:
        assert receiver.set_aside() == []
        found = runs.of(tx, AssetId("job", "client", job), limit=1000)
        assert Counter(run.state for run in found.items) == {"COMPLETE": MANY}
        assert {touch.dataset.name for run in found.items for touch in run.outputs} == {f"/out/{job}"}


@every_way
def test_what_is_sent_arrives(receiver, way, request):
    job = request.node.callspec.id
    send(job, {**way, "url": receiver.url})
    assert_all_there_once(receiver, job)


def test_a_prefix_is_kept_only_with_a_slash_at_its_end(receiver):
    send("prefix", {**HTTP, "url": f"{receiver.url}/openlineage/"})
    send("lost prefix", {**HTTP, "url": f"{receiver.url}/openlineage"})  # the client drops it; our root takes it too
    assert_all_there_once(receiver, "prefix")
    assert_all_there_once(receiver, "lost prefix")


class _Busy(BaseHTTPRequestHandler):
    """Turns each event away once with Retry-After, and passes it on when it is brought again.

    Of each third it passes on the first attempt too, as a server does whose answer gets lost.
    """

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.asked[body] += 1
            first, place = self.server.asked[body] == 1, len(self.server.asked)
        if not first or place % 3 == 0:
            headers = {n: v for n, v in self.headers.items() if n in ("Content-Type", "Content-Encoding")}
            urlopen(Request(f"{self.server.behind}/api/v1/lineage", body, headers)).close()
        self.send_response(503 if first else 201)
        if first:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def busy(behind):
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Busy)
    server.behind, server.asked, server.lock = behind, Counter(), threading.Lock()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("kind", ["http", "async_http"])
def test_what_a_busy_server_turned_away_is_neither_lost_nor_doubled(receiver, kind, monkeypatch):
    monkeypatch.setitem(globals(), "MANY", 4 if kind == "http" else MANY)
    with busy(receiver.url) as server:
        send(f"busy {kind}", {**HTTP, "type": kind, "url": f"http://127.0.0.1:{server.server_port}"})
    assert set(server.asked.values()) == {2}
    assert_all_there_once(receiver, f"busy {kind}")


def test_the_same_twice_changes_nothing(receiver):
    send("twice", {**HTTP, "url": receiver.url})
    before = receiver.settled()
    with db.reading(receiver.engine) as tx:
        counted = [
            tx.execute(select(func.count()).select_from(t)).scalar_one() for t in (executions, run_io, statements)
        ]
    send("twice", {**HTTP, "url": receiver.url})
    assert receiver.settled().received == before.received
    with db.reading(receiver.engine) as tx:
        assert counted == [
            tx.execute(select(func.count()).select_from(t)).scalar_one() for t in (executions, run_io, statements)
        ]


def test_a_key_opens_a_server_that_is_closed(fresh_engine, monkeypatch):
    engine = fresh_engine()
    monkeypatch.setenv("UPRIVER_ACCESS_TOKEN", "a-long-enough-secret-for-tests")
    from upriver.settings import settings

    settings.cache_clear()
    assert Settings().access_token is not None
    with serving(engine) as url:
        with pytest.raises(HTTPError, match="401"):
            urlopen(Request(f"{url}/api/v1/lineage", b"{}", {"Content-Type": "application/json"}))
        auth = {"type": "api_key", "apiKey": "a-long-enough-secret-for-tests"}
        send("closed", {**HTTP, "url": url, "auth": auth})
        send("closed async", {**HTTP, "type": "async_http", "url": url, "auth": auth})
    inbox = Inbox(engine)
    with db.reading(engine) as tx:
        assert asides.progress(tx, inbox).received == 4 * MANY
    inbox.close()
