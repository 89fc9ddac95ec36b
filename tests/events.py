"""OpenLineage events for tests, and something that works on them where only the intake is meant."""

import orjson

from upriver import db
from upriver.catalog.history import clock
from upriver.connect.openlineage import asides, envelope, take
from upriver.errors import Invalid

SPEC = "https://openlineage.io/spec"
RUN = "0190b6a0-0000-7000-8000-{:012d}"


def run_event(number=1, kind="COMPLETE", job="load_orders", namespace="prod"):
    """Return a run event as a producer would send it."""
    facet = {"_producer": "https://pipelines.example", "_schemaURL": f"{SPEC}/facets/1-2-0/SchemaDatasetFacet.json"}
    fields = [{"name": f"column_{n}", "type": "bigint", "description": f"Column {n}"} for n in range(5)]
    return {
        "eventType": kind,
        "eventTime": f"2026-11-01T12:{number // 60 % 60:02d}:{number % 60:02d}.000Z",
        "run": {"runId": RUN.format(number), "facets": {}},
        "job": {"namespace": namespace, "name": job, "facets": {}},
        "inputs": [{"namespace": "postgres://db:5432", "name": "shop.public.orders", "facets": {}}],
        "outputs": [
            {"namespace": "s3://lake", "name": f"orders/{job}", "facets": {"schema": {**facet, "fields": fields}}}
        ],
        "producer": "https://pipelines.example",
        "schemaURL": f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
    }


def body(number=1, **how):
    """Return a run event as bytes."""
    return orjson.dumps(run_event(number, **how))


def plain_work(engine, inbox, *, most=500):
    """Open each event and set aside what does not open: what `take.work` does, without the meaning."""
    with db.writing(engine) as tx:
        again = [(seq, inbox.body(seq)) for seq in asides.asked(tx, limit=most)]
        fresh = [(raw.seq, raw.body) for raw in inbox.after(asides.reached(tx), most)]
        for seq, sent in [*again, *fresh]:
            try:
                envelope.opened(sent)
            except Invalid as problem:
                asides.aside(tx, seq, str(problem), clock())
            else:
                asides.settle(tx, [seq])
        if fresh:
            asides.reach(tx, fresh[-1][0])
    return len(again) + len(fresh)


def stand_in(monkeypatch, work=plain_work):
    """Let `work` stand where the server and the command line look for it."""
    monkeypatch.setattr(take, "work", work)
