import hashlib

import pytest
from sqlalchemy import text

from seen import CHURN, CHURN_1, story, take
from upriver import db
from upriver.catalog import edit, history
from upriver.errors import NotFound


def test_every_change_follows_from_the_one_before(engine):
    take(engine, story())
    with db.reading(engine) as tx:
        verdict = history.verify(tx)
        rows = history.log(tx, limit=100)
    assert verdict.broken_at is None
    assert verdict.rows == len(rows)
    assert verdict.head == rows[0].hash


@pytest.mark.parametrize(
    "tampering",
    [
        "update history set after = '{}' where seq = 2",
        "update history set by = 'somebody else' where seq = 2",
        "delete from history where seq = 2",
        "update history set at = at + 1 where seq = 2",
    ],
)
def test_tampering_with_one_row_shows(engine, tampering):
    take(engine, story())
    with db.writing(engine) as tx:
        tx.execute(text(tampering))
    with db.reading(engine) as tx:
        assert history.verify(tx).broken_at == 2


def test_as_of_answers_from_the_log(engine):
    take(engine, story(), now=1000)
    with db.writing(engine) as tx:
        edit.declare(tx, CHURN, "description", "Newer.", by="ada", now=5000)
    with db.reading(engine) as tx:
        assert history.as_of(tx, CHURN, history.moment(4999)).get("description") == "Predicts churn."
        assert history.as_of(tx, CHURN, history.moment(5000)).get("description") == "Newer."
        with pytest.raises(NotFound, match="Nothing was known"):
            history.as_of(tx, CHURN, history.moment(999))


def test_a_failed_transaction_leaves_no_row(engine):
    take(engine, story())
    with db.reading(engine) as tx:
        before = history.verify(tx).rows
    with pytest.raises(NotFound), db.writing(engine) as tx:
        _declare_and_fail(tx)
    with db.reading(engine) as tx:
        assert history.verify(tx).rows == before


def test_pages_of_the_log_meet_without_gap_or_overlap(engine):
    take(engine, story())
    with db.reading(engine) as tx:
        whole = history.log(tx, limit=100)
        first = history.Changes.page(history.log(tx, limit=3), 3)
        rest = history.log(tx, before=first.next, limit=100)
    assert first.items + rest == whole


def _declare_and_fail(tx):
    edit.declare(tx, CHURN, "description", "x", by="ada", now=5000)
    edit.declare(tx, CHURN_1._replace(name="nobody"), "description", "x", by="ada", now=5000)


def test_anybody_can_compute_the_hashes_as_they_are_documented(engine):
    take(engine, story())
    before = "0" * 64
    with engine.connect() as tx:
        rows = tx.execute(
            text('select seq, at, "by", asset, verb, what, before, after, edition, hash from history order by seq')
        ).all()
    for *columns, found in rows:
        texts = ["" if c is None else str(c) for c in columns]
        lengths = ",".join("-" if c is None else str(len(t)) for c, t in zip(columns, texts, strict=True))
        before = hashlib.sha256((before + lengths + ":" + "".join(texts)).encode()).hexdigest()
        assert before == found
