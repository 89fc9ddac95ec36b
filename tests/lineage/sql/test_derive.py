"""What holds for all queries, and what is odd about some."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from lineage.sql.gold import GOLD, SCHEMAS
from upriver.errors import Invalid
from upriver.lineage.sql import queries
from upriver.lineage.sql.derive import derive, tables
from upriver.lineage.sql.records import Source

QUERIES = [gold for gold in GOLD if not gold.target and isinstance(parse_one(gold.sql, read=gold.dialect), exp.Query)]
IDENTITY = ("DIRECT", "IDENTITY")


def one(query, dialect="postgres", schemas=SCHEMAS):
    [found] = derive(query, dialect, schemas)
    return found


@given(st.sampled_from(QUERIES))
def test_wrapping_a_query_changes_nothing(gold):
    plain = one(gold.sql, gold.dialect)
    wrapped = one(f"select * from ({gold.sql}) as wrapped", gold.dialect)
    assert (wrapped.columns, wrapped.whole, wrapped.tables) == (plain.columns, plain.whole, plain.tables)


@given(st.sampled_from(QUERIES))
def test_a_query_writes_what_it_reads_out(gold):
    plain = one(gold.sql, gold.dialect)
    made = one(f"create table made as {gold.sql}", gold.dialect)
    assert (made.columns, made.whole, made.tables) == (plain.columns, plain.whole, plain.tables)


names = st.text("abcxyz_", min_size=1, max_size=8).filter(lambda name: name.strip("_") and name not in {"as", "by"})


@given(names, names, names)
def test_names_of_aliases_change_nothing(first, second, column):
    found = one(
        f'with "{first}" as (select customer_id as "{column}", amount from orders) '
        f'select "{second}"."{column}" as who, sum("{second}".amount) as total from "{first}" as "{second}" group by 1'
    )
    assert found.columns == {
        "who": (Source("orders", "customer_id", *IDENTITY),),
        "total": (Source("orders", "amount", "DIRECT", "AGGREGATION"),),
    }
    assert found.tables == ("orders",)
    assert found.ctes == (first,)


def wide(steps, columns):
    names = [f"c{n}" for n in range(columns)]
    parts = [f"t0 as (select {', '.join(names)} from source)"]
    parts += [
        f"t{step} as (select {', '.join(f'c0 + {name} as {name}' for name in names)} from t{step - 1})"
        for step in range(1, steps)
    ]
    return f"with {', '.join(parts)} select * from t{steps - 1}"


def test_the_work_grows_with_the_length_of_the_query(monkeypatch):
    calls = []
    read = queries._Resolver._column
    monkeypatch.setattr(queries._Resolver, "_column", lambda *a: calls.append(1) or read(*a))

    def cost(steps, columns):
        calls.clear()
        assert len(one(wide(steps, columns)).columns) == columns
        return len(calls)

    assert cost(20, 40) <= 2.2 * cost(10, 40)
    assert cost(10, 80) <= 2.2 * cost(10, 40)


@pytest.mark.parametrize("query", ["selec a from t", "select (((", "select * from where", "insert into"])
def test_what_is_no_sql_is_said_to_be_none(query):
    with pytest.raises(Invalid, match="could not be read as SQL"):
        derive(query, "postgres")


def test_a_query_nested_beyond_all_measure_is_refused():
    with pytest.raises(Invalid, match="too deeply"):
        derive(f"select {'(' * 5000}1{')' * 5000}")


def test_each_statement_of_a_script_stands_alone():
    found = derive(
        "begin; create temp table paid as select order_id as id, amount from orders where status = 'paid'; "
        "alter table paid add column x int; insert into totals (customer_id, total) select * from paid; commit",
        "postgres",
        SCHEMAS,
    )
    assert [each.target for each in found] == ["paid", "totals"]
    assert found[1].columns["total"] == (Source("paid", "amount", *IDENTITY),)


def test_one_source_may_fill_several_tables():
    first, second = derive("from orders insert into a select amount insert into b select status", "hive", SCHEMAS)
    assert (first.target, second.target) == ("a", "b")
    assert second.columns == {"status": (Source("orders", "status", *IDENTITY),)}


def test_a_star_of_an_unknown_table_is_unresolved():
    found = one("insert into totals select * from stranger")
    assert (found.unresolved, found.columns, found.tables) == (("*",), {}, ("stranger",))


def test_a_column_behind_an_unknown_star_is_found():
    found = one("with s as (select * from stranger) select s.a, o.amount from s join orders o using (k)")
    assert found.columns["a"] == (Source("stranger", "a", *IDENTITY),)


def test_a_column_that_could_be_of_two_tables_is_not_guessed():
    found = one("select a, t.b from s join t on s.k = t.k", schemas={})
    assert found.unresolved == ("a",)
    assert found.columns == {"a": (), "b": (Source("t", "b", *IDENTITY),)}


def test_what_nobody_decides_for_two_tables_schemas_decide():
    found = one("select a from s join t on s.k = t.k", schemas={"s": ["k"]})
    assert found.columns == {"a": (Source("t", "a", *IDENTITY),)}


def test_schemas_that_are_too_small_do_no_harm():
    found = one("with o as (select sum(amount) as total from orders) select * from o", schemas={"orders": ["order_id"]})
    assert found.columns == {"total": (Source("orders", "amount", "DIRECT", "AGGREGATION"),)}
    found = one(
        "select o.a, c.b from orders o join customers c using (k)", schemas={"orders": ["x"], "customers": ["y"]}
    )
    assert found.columns["b"] == (Source("customers", "b", *IDENTITY),)


def test_a_table_is_known_by_more_or_fewer_parts_of_its_name():
    for written, known in (("orders", "wh.public.orders"), ("wh.public.orders", "orders"), ("public.orders", "orders")):
        assert set(one(f"select * from {written}", schemas={known: ["a", "b"]}).columns) == {"a", "b"}
    two = {"wh.old.orders": ["a"], "wh.new.orders": ["b"]}
    assert one("select * from orders", schemas=two).unresolved == ("*",)
    assert set(one("select * from new.orders", schemas=two).columns) == {"b"}


def test_names_are_folded_as_the_dialect_folds_them():
    schemas = {"SHOP.ORDERS": ["ID", "AMOUNT"]}
    assert one("select id from shop.orders", "snowflake", schemas).columns == {
        "ID": (Source("SHOP.ORDERS", "ID", *IDENTITY),)
    }
    assert one('select "customerId" from orders', schemas={"orders": ["customerId"]}).columns == {
        "customerId": (Source("orders", "customerId", *IDENTITY),)
    }
    assert one("select CUSTOMERID as who from Orders", "spark", {"orders": ["customerId"]}).columns == {
        "who": (Source("orders", "customerId", *IDENTITY),)
    }


def test_nameless_columns_take_the_names_of_the_table_they_make():
    found = one("create table totals as select customer_id, sum(amount), count(*) from orders group by 1")
    assert tuple(found.columns) == SCHEMAS["totals"]
    found = one("create table somewhere as select customer_id, sum(amount) from orders group by 1")
    assert (tuple(found.columns), found.unresolved) == (("customer_id",), ("_col_1",))


def test_a_changed_table_is_read_only_if_values_of_it_are_used():
    assert one("update totals set total = 0").tables == ()
    assert one("update totals set total = total + 1").tables == ("totals",)
    assert tables("update totals set total = 0") == ((), ("totals",))


def test_a_unit_of_time_is_no_column():
    found = one("select date_trunc(day, placed_at) as day from orders", "")
    assert found.columns == {"day": (Source("orders", "placed_at", "DIRECT", "TRANSFORMATION"),)}


def test_statements_that_move_nothing_give_nothing():
    for query in ("drop table a", "create table a (b int)", "grant select on a to b", "vacuum a", "-- nothing", ""):
        assert derive(query, "postgres") == ()
