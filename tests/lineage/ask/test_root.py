from datetime import UTC, datetime

from laid import dataset, job, laying
from upriver import db
from upriver.ids import AssetId
from upriver.lineage.ask import root

VERSION = AssetId("version", "prod", "churn_1")
RAW, CLEAN, SIDE, LOOKUP = (dataset(name) for name in ("raw", "clean", "side", "lookup"))


def at(ms):
    return datetime.fromtimestamp(ms / 1000, UTC)


def source(version):
    return {"sourceCodeLocation": {"version": version}}


def story(laid):
    """Lay raw → clean → a feature, and what happened to them from 1000 to 5000; `side` feeds nothing."""
    laid.statement(CLEAN, [(RAW, "plan", "plan", "IDENTITY")], by=job("tidy"), first=1000)
    laid.statement(VERSION, [(CLEAN, "plan", "plan", "IDENTITY")], how="matched")
    laid.feed(RAW, CLEAN, job("tidy"))
    laid.feed(LOOKUP, RAW, job("load"))
    for of, by in ((RAW, "load"), (CLEAN, "tidy"), (SIDE, "other"), (LOOKUP, "look")):
        laid.reads(job(by), of, side="out")
    schema = {"plan": "string", "age": "int"}
    laid.io(laid.run(job("load"), "load-1", 1000), RAW, 1000, fields=schema)
    laid.io(laid.run(job("tidy"), "tidy-1", 1100, facets=source("a1")), CLEAN, 1100, fields=schema)
    laid.io(laid.run(job("load"), "load-2", 2000), RAW, 2000, fields=schema | {"plan": "int"}, changed=True)
    laid.io(laid.run(job("load"), "load-3", 2500), RAW, 2500, fields={"plan": "int"}, changed=True)
    laid.io(laid.run(job("tidy"), "tidy-2", 3000, facets=source("b2")), CLEAN, 3000, fields=schema)
    laid.io(laid.run(job("tidy"), "tidy-3", 3100, facets=source("b2")), CLEAN, 3100, fields=schema)
    laid.run(job("tidy"), "tidy-4", 3500, state="FAIL", facets={"errorMessage": {"message": "disk full"}})
    laid.io(laid.run(job("other"), "other-1", 3000), SIDE, 3000, fields={"plan": "int"}, changed=True)


def asked(engine, since=1500, until=5000, of=VERSION, column="plan"):
    with db.reading(engine) as tx:
        return root.changes(tx, of, column, since=at(since), until=at(until))


def test_the_most_suspicious_comes_first(engine):
    with laying(engine) as laid:
        story(laid)
    found = asked(engine)
    assert [(c.run.uid, c.sort, c.relevant) for c in found.causes] == [
        ("load-2", "schema", True),
        ("tidy-4", "failure", True),
        ("tidy-2", "code", True),
        ("tidy-3", "write", True),
        ("load-3", "schema", False),
    ]
    assert (found.columns, found.datasets) == (3, 4)


def test_a_cause_says_what_happened(engine):
    with laying(engine) as laid:
        story(laid)
    schema, failure, code, *_ = asked(engine).causes
    assert schema.words == "The schema of raw changed: plan: string → int."
    assert (schema.dataset, schema.columns, schema.distance) == (RAW, ("plan",), 2)
    assert failure.words == "A run that writes clean failed: disk full."
    assert (code.code_before, code.code_after) == ({"source": "a1"}, {"source": "b2"})


def test_nothing_outside_the_window_counts(engine):
    with laying(engine) as laid:
        story(laid)
    assert [c.run.uid for c in asked(engine, 1000, 2000).causes] == ["tidy-1", "load-1"]
    assert asked(engine, 6000, 7000).causes == ()


def test_columns_made_of_others_than_before_are_a_cause(engine):
    with laying(engine) as laid:
        story(laid)
        run = laid.run(job("tidy"), "tidy-5", 4000)
        laid.io(run, CLEAN, 4000)
        laid.statement(CLEAN, [(RAW, "tier", "plan", "IDENTITY")], by=job("tidy"), first=4000, run=run, live=False)
    cause = next(c for c in asked(engine).causes if c.run.uid == "tidy-5")
    assert (cause.sort, cause.columns) == ("lineage", ("plan",))
    assert cause.words == "clean: made of other columns than before: plan."


def test_a_reader_that_finds_another_schema_is_a_witness(engine):
    with laying(engine) as laid:
        story(laid)
        run = laid.run(job("tidy"), "tidy-5", 4000)
        laid.io(run, RAW, 3900, side="in", fields={"plan": "int"}, producer="reader")
        late = laid.run(job("tidy"), "tidy-6", 4500)
        laid.io(late, RAW, 4500, side="in", fields={"name": "int"}, producer="reader", changed=True)
    cause = asked(engine, 4000, 5000).causes[0]
    assert (cause.run.uid, cause.sort) == ("tidy-6", "schema")
    assert str(cause.schema_change) == "dropped plan; added name"


def test_tables_behind_columns_count_too(engine):
    with laying(engine) as laid:
        story(laid)
        laid.io(laid.run(job("look"), "look-1", 2000), LOOKUP, 2000)
    cause = next(c for c in asked(engine).causes if c.dataset == LOOKUP)
    assert (cause.sort, cause.relevant, cause.distance) == ("write", True, 3)


def test_the_fast_way_finds_the_same_schema_changes(engine):
    with laying(engine) as laid:
        story(laid)
    with db.reading(engine) as tx:
        rows = root.changed(tx, VERSION, "plan", since=at(1500), until=at(5000))
        uids = {row.run for row in rows}
    assert len(uids) == 2
