"""What is to be watched is said once, checked, kept with its credentials sealed, and changed."""

import orjson
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from upriver import db
from upriver.errors import Invalid, NotFound
from upriver.monitor import define, read
from upriver.monitor.records import Location, Monitor

PLAIN = {"name": "orders", "data": {"uri": "/lake/orders"}, "watch": "time_series", "timestamp": "at"}


def put(tx, **more):
    define.put(tx, define.read({**PLAIN, **more}), by="ada", now=1000)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"timestamp": ""}, "has no timestamp"),
        ({"granularities": []}, "has no length"),
        ({"granularities": ["1 fortnight"]}, "fortnight"),
        ({"watch": "inference_log"}, "which columns hold predictions"),
        ({"inference": {"problem": "regression", "prediction": "p"}}, "which columns hold predictions"),
        ({"timezone": "Europe/Atlantis"}, "Atlantis"),
        ({"schedule": "now and then"}, "is no schedule"),
        ({"schedule": "3"}, "too often"),
        ({"season": "a while"}, "is no period"),
        ({"baseline": {"first": 3, "version": "churn@champion"}}, "must be one thing"),
        ({"baseline": {}}, "must be one thing"),
        ({"expectations": [{"kind": "lucky"}]}, "'lucky'"),
        ({"limits": {"alarms": 2}}, "limits.alarms"),
        ({"limits": {"metrics": {"age.luck": 0.1}}}, "age.luck"),
        ({"name": "a/b"}, "name"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_monitor_that_contradicts_itself_is_refused_with_a_sentence(changed, said):
    with pytest.raises(Invalid, match=said):
        define.read({**PLAIN, **changed})


def test_credentials_are_sealed_and_never_shown(engine):
    with db.writing(engine) as tx:
        put(tx, data={"uri": "/lake/orders", "credentials": {"password": "s3cret", "user": "env:SHOP_USER"}})
        kept = tx.execute(text("select definition from monitors")).scalar()
        assert "s3cret" not in kept
        assert "env:SHOP_USER" in kept
        shown = read.get(tx, "orders").monitor.data.credentials
        assert shown == {"password": "**********", "user": "env:SHOP_USER"}
        assert define.usable(tx, "orders").monitor.data.credentials["password"] == "s3cret"


def test_a_masked_credential_that_comes_back_stays_what_it_was(engine):
    with db.writing(engine) as tx:
        put(tx, data={"uri": "/lake/orders", "credentials": {"password": "s3cret"}})
        shown = read.get(tx, "orders").monitor.model_copy(update={"description": "Orders of the shop."})
        define.put(tx, shown, by="ada", now=2000)
        assert define.usable(tx, "orders").monitor.data.credentials == {"password": "s3cret"}


def test_only_what_makes_older_results_incomparable_counts_up_the_version(engine):
    with db.writing(engine) as tx:
        put(tx)
        put(tx, description="Orders of the shop.", limits={"effect": 0.1})
        assert read.get(tx, "orders").version == 1
        put(tx, slices=["plan"])
        assert read.get(tx, "orders").version == 2


def test_a_schedule_makes_it_due_and_a_pause_does_not(engine):
    with db.writing(engine) as tx:
        put(tx, schedule="3600")
        assert read.get(tx, "orders").due_at is not None
        define.pause(tx, "orders", paused=True, now=2000)
        assert read.get(tx, "orders").due_at is None
        define.pause(tx, "orders", paused=False, now=2000)
        assert read.get(tx, "orders").due_at is not None


def test_one_that_is_not_there_is_named_with_those_that_are(engine):
    with db.writing(engine) as tx:
        put(tx)
        with pytest.raises(NotFound, match="Known: orders"):
            read.get(tx, "order")


def test_a_file_declares_monitors_with_paths_from_its_own_folder(tmp_path):
    file = tmp_path / "upriver.yaml"
    file.write_text(
        "monitors:\n  orders: {data: {uri: lake/orders}}\n  shop: {data: {uri: 'postgresql://db/shop', table: t}}\n"
    )
    orders, shop = define.declared(file)
    assert (orders.name, orders.data.uri) == ("orders", str(tmp_path / "lake/orders"))
    assert shop.data == Location(uri="postgresql://db/shop", table="t")


@pytest.mark.parametrize(
    "content", ["monitors: [1]", "monitors: {a: 1}", "monitors: {a: {}}", "a: [", "monitors: {a: {data: 3}}"]
)
def test_a_file_that_makes_no_sense_is_refused_with_a_sentence(tmp_path, content):
    file = tmp_path / "upriver.yaml"
    file.write_text(content)
    with pytest.raises(Invalid):
        list(define.declared(file))


names = st.from_regex(r"[a-z][a-z0-9 ._-]{0,20}", fullmatch=True)


@given(names, st.text(max_size=20), st.sampled_from(["", "3600", "*/5 * * * *"]), st.booleans())
def test_what_is_written_as_yaml_is_read_back_the_same(name, description, schedule, paused):
    monitor = Monitor(name=name, description=description, data=Location(uri="/lake"), schedule=schedule, paused=paused)
    plain = yaml.safe_load(yaml.safe_dump(monitor.model_dump(mode="json", exclude_defaults=True)))
    assert define.read(plain) == monitor
    assert define.read(orjson.loads(monitor.model_dump_json())) == monitor
