"""Short ways to lay lineage straight into the tables, without any event."""

import hashlib
import json
from contextlib import contextmanager

from sqlalchemy import select

from upriver import db
from upriver.catalog import edit
from upriver.catalog.nodes import ASSET
from upriver.catalog.tables import assets
from upriver.ids import AssetId
from upriver.lineage import tables
from upriver.lineage.observed import KINDS

PRODUCER = "https://example.com/airflow"


def dataset(name):
    return AssetId("dataset", "lake", name)


def job(name):
    return AssetId("job", "airflow", name)


class Laid:
    """A catalog that is filled row by row; every method may be called again."""

    def __init__(self, tx):
        self.tx = tx
        self.numbers = {}

    def add(self, table, **row):
        db.bulk(self.tx, table, list(row), [tuple(row.values())])

    def next(self, table):
        self.numbers[table.name] = self.numbers.get(table.name, 0) + 1
        return self.numbers[table.name]

    def asset(self, of, parent=None):
        row = edit.find(self.tx, of)
        if row:
            return row.id
        node = self.next(assets)
        up = self.asset(parent) if parent else None
        node = self.next(assets) if up and up >= node else node
        db.bulk(self.tx, assets, ASSET, [(node, *of, of.name, "", up, None, 1, 1, None, 1, 0)])
        return node

    def declare(self, of, name, value, part=""):
        edit.declare(self.tx, of, name, value, part=part, by="ada", now=1)

    def column(self, of, name):
        node = self.asset(of)
        query = select(tables.columns.c.id).where(tables.columns.c.asset == node, tables.columns.c.name == name)
        found = self.tx.execute(query).scalar()
        if found is None:
            found = self.next(tables.columns)
            self.add(tables.columns, id=found, asset=node, name=name)
        return found

    def statement(self, target, pairs, *, by=None, how="columnLineage", first=1000, last=2000, live=True, run=0):
        """State that columns became columns: pairs of (dataset, column, column of the target, kind by name)."""
        number = self.next(tables.statements)
        stored = [[self.asset(up), a, b, KINDS[kind]] for up, a, b, kind in pairs]
        text = json.dumps(stored)
        self.add(
            tables.statements,
            id=number,
            job=self.asset(by) if by else 0,
            target=self.asset(target),
            how=how,
            sha=hashlib.sha256(f"{number}{text}".encode()).hexdigest(),
            pairs=text,
            first_seen=first,
            last_seen=last,
            first_run=run,
            last_run=run,
            live=live,
        )
        for up, a, b, kind in pairs:
            ends = {"up": self.column(up, a), "down": self.column(target, b)}
            if live:
                self.add(tables.column_edges, **ends, statement=number, kind=KINDS[kind])
        return number

    def feed(self, up, down, by=None, at=1000):
        self.add(tables.feeds, down=self.asset(down), up=self.asset(up), job=self.asset(by) if by else 0, first_seen=at)

    def edge(self, up, down, how, source="openlineage", mark="observed", at=1000, detail="{}"):
        ends = {"up": self.asset(up), "down": self.asset(down)}
        self.add(tables.edges, **ends, how=how, source=source, mark=mark, first_seen=at, detail=detail)

    def reads(self, by, of, side="in", *, first=1000, last=1000, run=0):
        row = {
            "how": "run",
            "first_seen": first,
            "last_seen": last,
            "first_run": run,
            "last_run": run,
            "phantom": False,
        }
        self.add(tables.job_io, job=self.asset(by), other=self.asset(of), side=side, **row)

    def run(self, by, uid, at, state="COMPLETE", facets=None, parent=None, took=10):
        number = self.next(tables.runs)
        stamped = {name: [at, 1, value] for name, value in (facets or {}).items()}
        self.add(
            tables.runs,
            id=number,
            job=self.asset(by),
            uid=uid,
            state=state,
            ending=state,
            started=at - took,
            restarted=None,
            ended=at,
            last_at=at,
            parent=parent,
            facets=json.dumps(stamped),
        )
        return number

    def schema(self, fields):
        text = json.dumps([[name, kind, ""] for name, kind in fields.items()])
        sha = hashlib.sha256(text.encode()).digest()
        found = self.tx.execute(select(tables.schemas.c.id).where(tables.schemas.c.sha == sha)).scalar()
        if found is None:
            found = self.next(tables.schemas)
            self.add(tables.schemas, id=found, sha=sha, fields=text)
        return found

    def producer(self, name):
        found = self.tx.execute(select(tables.producers.c.id).where(tables.producers.c.name == name)).scalar()
        if found is None:
            found = self.next(tables.producers)
            self.add(tables.producers, id=found, name=name)
        return found

    def io(self, run, of, at, side="out", fields=None, *, changed=False, producer=PRODUCER, opened=None, detail=None):
        self.add(
            tables.run_io,
            run=run,
            dataset=self.asset(of),
            side=side,
            at=at,
            producer=self.producer(producer),
            opened=self.schema(opened) if opened else None,
            opened_at=at if opened else None,
            schema=self.schema(fields) if fields else None,
            schema_at=at if fields else None,
            changed=changed,
            detail=json.dumps({name: [at, 1, value] for name, value in (detail or {}).items()}),
        )


@contextmanager
def laying(engine):
    """Give something to lay lineage with, in one transaction."""
    with db.writing(engine) as tx:
        yield Laid(tx)
