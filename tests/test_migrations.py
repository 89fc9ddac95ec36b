import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from upriver import db
from upriver.catalog import tables as catalog_tables
from upriver.connect import tables as connect_tables
from upriver.errors import Invalid, Unreachable
from upriver.lineage import tables as lineage_tables
from upriver.monitor import tables as monitor_tables
from upriver.notify import tables as notify_tables


def test_migrations_lead_to_the_tables_that_the_code_uses(engine):
    rooms = (catalog_tables, connect_tables, lineage_tables, monitor_tables, notify_tables)
    assert {table.name for table in db.metadata.sorted_tables} >= {"assets", "edges", "services"}, rooms
    beside = () if db.beside(engine) is not engine else (connect_tables.inbox,)
    with engine.connect() as tx:
        found = compare_metadata(MigrationContext.configure(tx), [db.metadata, *beside])
    ours = [step for step in found if not _is_text_index(step)]
    assert ours == []


def _is_text_index(step):
    return step[0] in ("remove_table", "remove_index") and "asset_text" in str(step[1].name)


def test_climbing_again_changes_nothing(engine):
    db.upgrade(engine)
    with engine.connect() as tx:
        assert tx.execute(text("select version_num from alembic_version")).scalars().all() == [db.HEAD]
        assert inspect(tx).has_table("assets")


def test_another_kind_of_database_is_refused_in_a_sentence():
    with pytest.raises(Invalid, match="sqlite:/// or postgresql://"):
        db.connect("mysql://root@127.0.0.1/x")


def test_a_database_that_is_not_there_is_named_without_its_password():
    engine = db.connect("postgresql://me:secret@127.0.0.1:1/none")
    with pytest.raises(Unreachable, match="UPRIVER_DATABASE_URL") as problem, db.reading(engine):
        pass
    assert "secret" not in str(problem.value)
