"""Ten thousand malformed and odd events leave the server answering, its memory bounded, and nothing lost."""

import asyncio
import copy
import gzip
import random
import resource
from itertools import count

import httpx2
import orjson
import pytest
from fastapi.testclient import TestClient

from awaited import awaited
from events import run_event
from upriver import db
from upriver.connect.openlineage import asides, envelope, take
from upriver.errors import Invalid
from upriver.settings import Settings
from upriver.web.app import create_app

MANY = 10_000
TOGETHER = 50
GROWTH_MB = 150
DOOR = "/api/v1/lineage"
ODD = (
    None, True, 0, -1, 2**63, 1e308, "", "a\0b", "🦉" * 50, "x" * 5000, [], {}, [[]], [None], {"a": None}, [1, "a", {}],
    {"": ""}, {"namespace": 1, "name": []}, {"_producer": None}, "2026-02-30T25:61:00Z", "yesterday", "COMPLETE\n",
    "../../etc/passwd", "' or 1=1 --", "<script>", "%s%n", "NaN", {"fields": {"a": {"inputFields": [None, 7]}}},
)  # fmt: skip
RAW = (
    b"", b"\0", b"\xff\xfe{}", b"NaN", b"{" * 500, b"[" * 3000, b'"', b"{}", b"[]", b"null", b'{"job": ', b"\x1f\x8b",
    b'{"job": {}, "job": {}}', b'{"run": {"runId": NaN}, "job": {}}', b'{"job": {"name": "\\ud800"}}', b"[[[],[]],{}]",
    b'{"job": {"namespace": "a", "name": "b"}, "x": ' + b"[" * 120 + b"]" * 120 + b"}", b" " * 100, b"-", b"1e999",
)  # fmt: skip


def valid():
    column = {"inputFields": [{"namespace": "postgres://db:5432", "name": "shop.public.orders", "field": "id"}]}
    lineage = run_event(2, job="columns")
    lineage["outputs"][0]["facets"]["columnLineage"] = {"fields": {"column_0": column}, "dataset": []}
    told = run_event(3, kind="START", job="sql")
    told["job"]["facets"]["sql"] = {"query": "insert into a select id, sum(b) from c group by id", "dialect": "duckdb"}
    told["run"]["facets"]["parent"] = {"run": {"runId": "r"}, "job": {"namespace": "prod", "name": "dag"}}
    dataset = {k: lineage[k] for k in ("eventTime", "producer", "schemaURL")} | {"dataset": lineage["outputs"][0]}
    job = {k: v for k, v in told.items() if k not in ("run", "eventType")}
    return [run_event(), lineage, told, dataset, job]


def places(value, at=()):
    yield at
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from places(each, (*at, key))


def mutated(chance, events):
    event = copy.deepcopy(chance.choice(events))
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        at = chance.choice(list(places(event)))
        if not at:
            continue
        holder = event
        for key in at[:-1]:
            holder = holder[key]
        match chance.randrange(4):
            case 0:
                del holder[at[-1]]
            case 1:
                holder[at[-1]] = copy.deepcopy(chance.choice(ODD))
            case 2:
                holder[at[-1]] = [holder[at[-1]]] * chance.randrange(3)
            case 3 if isinstance(holder, dict):
                holder[chance.choice(("", "name", "facets", "_deleted", "x" * 300, "\0"))] = holder[at[-1]]
    return event


def malformed(chance, events):
    """Yield one body after the other: two thirds of them JSON that is not quite an event, the rest no JSON."""
    for number in count():
        event = {"serial": number, **mutated(chance, events)}
        try:
            body = orjson.dumps(event)
        except TypeError:  # a number that JSON can hold and orjson cannot write
            continue
        match chance.randrange(9):
            case 0:
                cut = chance.randrange(len(body))
                body = body[:cut] + chance.choice((b"", bytes([chance.randrange(256)]), b"\0", b",")) + body[cut + 1 :]
            case 1:
                body = body[: chance.randrange(len(body))]
            case 2:
                body = chance.choice(RAW)
        yield body


def rss():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


async def post_all(app, bodies, chance):
    """Post some alone, some packed, some in lists; return the answers."""
    answers = []
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for at in range(0, len(bodies), TOGETHER):
            some = bodies[at : at + TOGETHER]
            listed = [body for body in some if chance.random() < 0.8 and may_stand_in_a_list(body)]
            alone = [body for body in some if body not in listed]
            packed = (gzip.compress(body) if n % 9 == 0 else body for n, body in enumerate(alone))
            posts = [client.post(f"{DOOR}/batch", content=b"[" + b",".join(listed) + b"]")]
            answers += await asyncio.gather(*posts, *(client.post(DOOR, content=body) for body in packed))
    return answers


def may_stand_in_a_list(body):
    try:
        return envelope.parts(b"[" + body + b"]") == [body]
    except Invalid:
        return False


def test_nothing_malformed_stops_the_server_or_is_lost(engine):
    chance = random.Random(20261121)
    events = valid()
    source = malformed(chance, events)
    bodies = [next(source) for _ in range(MANY)]
    with TestClient(create_app(engine, Settings(), worker=False)) as web:
        inbox = web.app.state.inbox
        for event in events:
            assert web.post(DOOR, content=orjson.dumps(event)).status_code == 201
        take.work(engine, inbox)
        before = rss()
        answers = awaited(post_all(web.app, bodies, chance))
        assert {answer.status_code for answer in answers} <= {200, 201, 204, 422}
        kept = {raw.body: raw.seq for raw in everything(inbox)}
        while take.work(engine, inbox):
            pass
        assert rss() - before < GROWTH_MB
        with db.reading(engine) as tx:
            assert asides.reached(tx) == inbox.last()
            aside = {item.seq: item.because for item in asides.waiting(tx, limit=MANY * 2)}
        refused = {seq for body, seq in kept.items() if not is_event(body)}
        assert refused <= aside.keys()
        assert [because for because in aside.values() if "mistake of ours" in because] == []
        lost = {body for body in bodies if body and not envelope.is_list(body) and body not in kept}
        assert lost == set()
        assert len(kept) > MANY * 0.7
        assert web.get("/events").status_code == 200
        assert web.post(DOOR, content=orjson.dumps(run_event(99))).status_code == 201


def everything(inbox):
    at = 0
    while some := inbox.after(at, 1000):
        yield from some
        at = some[-1].seq


def is_event(body):
    try:
        envelope.opened(body)
    except Invalid:
        return False
    return True


@pytest.mark.parametrize("body", [b for b in RAW if b])
def test_each_odd_body_alone_is_kept_and_answered(engine, body):
    with TestClient(create_app(engine, Settings(), worker=False)) as web:
        answer = web.post(DOOR, content=body)
        assert answer.status_code in (200, 201, 422)
        kept = [raw.body for raw in everything(web.app.state.inbox)]
        assert kept in ([body], envelope.parts(body) if envelope.is_list(body) and answer.status_code < 400 else [body])
