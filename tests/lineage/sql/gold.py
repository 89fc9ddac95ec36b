"""Statements with what they mean, written down by hand: one for each kind that SQL has of saying where values come from.

A column's sources stand behind a letter: I they are passed on, T they are worked out, A they are aggregated.  `*` is
the table as a whole.  What decides is only noted where there is something to learn from it.
"""

from typing import NamedTuple

SCHEMAS = {
    "orders": ("order_id", "customer_id", "amount", "status", "items", "placed_at"),
    "customers": ("customer_id", "name", "country", "manager_id"),
    "payments": ("payment_id", "order_id", "paid", "paid_at"),
    "events": ("event_id", "customer_id", "kind", "payload", "at"),
    "sales": ("region", "q1", "q2", "q3"),
    "totals": ("customer_id", "total", "n_orders"),
}


class Gold(NamedTuple):
    """A statement, its columns by name, and what decides (None where it is not noted)."""

    kind: str
    dialect: str
    sql: str
    direct: dict[str, str]
    whole: str | None = None
    target: str = ""


ORDERS = {name: f"I orders.{name}" for name in SCHEMAS["orders"]}

GOLD = (
    Gold(
        "rename and arithmetic", "postgres",
        "select order_id as id, amount * 1.2 + 1 as gross, 'eur' as currency from orders",
        {"id": "I orders.order_id", "gross": "T orders.amount", "currency": ""}, "",
    ),
    Gold(
        "cast and function", "trino",
        "select cast(placed_at as date) as day, upper(status) as status from orders where amount > 0",
        {"day": "T orders.placed_at", "status": "T orders.status"}, "FILTER orders.amount",
    ),
    Gold(
        "inner join without prefixes", "postgres",
        "select name, amount, paid from orders o join customers c on c.customer_id = o.customer_id "
        "join payments p on p.order_id = o.order_id",
        {"name": "I customers.name", "amount": "I orders.amount", "paid": "I payments.paid"},
        "JOIN customers.customer_id, JOIN orders.customer_id, JOIN payments.order_id, JOIN orders.order_id",
    ),
    Gold(
        "self join", "snowflake",
        "select a.name, b.name as boss from customers a left join customers b on a.manager_id = b.customer_id",
        {"name": "I customers.name", "boss": "I customers.name"}, "JOIN customers.manager_id, JOIN customers.customer_id",
    ),
    Gold(
        "join USING", "postgres",
        "select customer_id, name, amount from orders left join customers using (customer_id)",
        {"customer_id": "I orders.customer_id", "name": "I customers.name", "amount": "I orders.amount"},
        "JOIN orders.customer_id, JOIN customers.customer_id",
    ),
    Gold(
        "full join USING", "duckdb",
        "select customer_id, total from totals full join customers using (customer_id)",
        {"customer_id": "I totals.customer_id, I customers.customer_id", "total": "I totals.total"},
    ),
    Gold(
        "grouping and HAVING", "bigquery",
        "select customer_id, sum(amount) as total, count(*) as n from orders "
        "group by customer_id having max(placed_at) > '2026-01-01'",
        {"customer_id": "I orders.customer_id", "total": "A orders.amount", "n": "A orders.*"},
        "GROUP_BY orders.customer_id, FILTER orders.placed_at",
    ),
    Gold(
        "aggregate with FILTER", "postgres",
        "select sum(amount) filter (where status = 'paid') as paid from orders",
        {"paid": "A orders.amount"}, "CONDITIONAL orders.status",
    ),
    Gold(
        "CASE", "snowflake",
        "select case when country = 'DE' then name when manager_id is null then 'boss' else upper(country) end as label "
        "from customers",
        {"label": "T customers.name, T customers.country"},
        "CONDITIONAL customers.country, CONDITIONAL customers.manager_id",
    ),
    Gold(
        "sum of CASE", "spark",
        "select customer_id, sum(case when status = 'paid' then amount else 0 end) as paid from orders group by 1",
        {"customer_id": "I orders.customer_id", "paid": "A orders.amount"},
        "CONDITIONAL orders.status, GROUP_BY orders.customer_id",
    ),
    Gold(
        "chain of common table expressions", "bigquery",
        "with o as (select customer_id, amount * 100 as cents from orders), "
        "t as (select customer_id, sum(cents) as cents from o group by customer_id) "
        "select c.name, t.cents from t join customers c on c.customer_id = t.customer_id",
        {"name": "I customers.name", "cents": "A orders.amount"},
        "GROUP_BY orders.customer_id, JOIN orders.customer_id, JOIN customers.customer_id",
    ),
    Gold(
        "common table expression named like the table it reads", "postgres",
        "with orders as (select order_id, amount as net from orders) select net from orders",
        {"net": "I orders.amount"}, "",
    ),
    Gold(
        "recursive common table expression", "postgres",
        "with recursive line(who, top, depth) as (select customer_id, name, 1 from customers where manager_id is null "
        "union all select c.customer_id, line.top || '/' || c.name, line.depth + 1 "
        "from customers c join line on c.manager_id = line.who) select who, top, depth from line",
        {"who": "I customers.customer_id", "top": "T customers.name", "depth": ""},
        "FILTER customers.manager_id, JOIN customers.manager_id, JOIN customers.customer_id",
    ),
    Gold(
        "window and QUALIFY", "snowflake",
        "select order_id, row_number() over (partition by customer_id order by placed_at desc) as rank, "
        "sum(amount) over (partition by customer_id) as total from orders qualify rank = 1",
        {"order_id": "I orders.order_id", "rank": "", "total": "A orders.amount"},
        "WINDOW orders.customer_id, WINDOW orders.placed_at",
    ),
    Gold(
        "named window", "postgres",
        "select lag(amount) over w as before from orders window w as (partition by customer_id order by placed_at)",
        {"before": "T orders.amount"}, "WINDOW orders.customer_id, WINDOW orders.placed_at",
    ),
    Gold(
        "UNION ALL by position", "redshift",
        "select customer_id as who, amount from orders union all select customer_id, 0 from events",
        {"who": "I orders.customer_id, I events.customer_id", "amount": "I orders.amount"}, "",
    ),
    Gold(
        "UNION BY NAME", "duckdb",
        "select customer_id, amount from orders union all by name select total as amount, customer_id from totals",
        {"customer_id": "I orders.customer_id, I totals.customer_id", "amount": "I orders.amount, I totals.total"},
    ),
    Gold(
        "EXCEPT", "postgres",
        "select customer_id from customers except select customer_id from orders",
        {"customer_id": "I customers.customer_id"}, "FILTER orders.customer_id",
    ),
    Gold("star", "mysql", "create table copied as select * from orders", ORDERS, "", "copied"),
    Gold(
        "star of one table in a join", "postgres",
        "select o.*, c.country from orders o join customers c on c.customer_id = o.customer_id",
        {**ORDERS, "country": "I customers.country"},
    ),
    Gold(
        "star EXCEPT and REPLACE", "bigquery",
        "select * except (items, placed_at) replace (round(amount) as amount) from orders",
        {n: ORDERS[n] for n in ("order_id", "customer_id", "status")} | {"amount": "T orders.amount"},
    ),
    Gold(
        "star EXCLUDE and RENAME", "snowflake",
        "select * exclude (manager_id) rename (name as full_name) from customers",
        {
            "customer_id": "I customers.customer_id", "full_name": "I customers.name",
            "country": "I customers.country",
        },
    ),
    Gold(
        "FROM first", "duckdb",
        "from orders select customer_id, max(amount) as most group by customer_id",
        {"customer_id": "I orders.customer_id", "most": "A orders.amount"},
    ),
    Gold(
        "LATERAL VIEW explode", "spark",
        "select order_id, item.sku as sku from orders lateral view explode(items) e as item",
        {"order_id": "I orders.order_id", "sku": "T orders.items"}, "",
    ),
    Gold(
        "UNNEST", "bigquery",
        "select order_id, item.sku from orders, unnest(items) as item",
        {"order_id": "I orders.order_id", "sku": "T orders.items"}, "",
    ),
    Gold(
        "FLATTEN", "snowflake",
        "select o.order_id, f.value:sku::string as sku from orders o, lateral flatten(input => o.items) f",
        {"order_id": "I orders.order_id", "sku": "T orders.items"}, "",
    ),
    Gold(
        "explode in SELECT", "databricks",
        "select order_id, explode(items) as item from orders",
        {"order_id": "I orders.order_id", "item": "T orders.items"},
    ),
    Gold(
        "struct, made and opened", "bigquery",
        "select s.whole.amount as amount from (select struct(amount as amount) as whole from orders) as s",
        {"amount": "T orders.amount"},
    ),
    Gold(
        "JSON", "postgres",
        "select payload ->> 'page' as page, payload #>> '{user,id}' as visitor from events",
        {"page": "T events.payload", "visitor": "T events.payload"},
    ),
    Gold(
        "PIVOT", "bigquery",
        "select * from (select customer_id, status, amount from orders) "
        "pivot (sum(amount) for status in ('new' as fresh, 'paid' as paid))",
        {"customer_id": "I orders.customer_id", "fresh": "A orders.amount", "paid": "A orders.amount"},
        "CONDITIONAL orders.status",
    ),
    Gold(
        "UNPIVOT", "snowflake",
        "select region, quarter, sold from sales unpivot (sold for quarter in (q1, q2, q3))",
        {"region": "I sales.region", "quarter": "", "sold": "T sales.q1, T sales.q2, T sales.q3"},
    ),
    Gold(
        "alias used beside its definition", "redshift",
        "select amount * 2 as twice, twice + 1 as more from orders where more > 3",
        {"twice": "T orders.amount", "more": "T orders.amount"}, "FILTER orders.amount",
    ),
    Gold(
        "scalar subquery", "postgres",
        "select name, (select max(o.amount) from orders o where o.customer_id = c.customer_id) as most from customers c",
        {"name": "I customers.name", "most": "A orders.amount"},
        "FILTER orders.customer_id, FILTER customers.customer_id",
    ),
    Gold(
        "EXISTS and IN", "trino",
        "select name from customers c where exists (select 1 from orders o where o.customer_id = c.customer_id) "
        "and country in (select kind from events)",
        {"name": "I customers.name"},
        "FILTER orders.customer_id, FILTER customers.customer_id, FILTER customers.country, FILTER events.kind",
    ),
    Gold(
        "lateral subquery", "postgres",
        "select c.name, l.amount from customers c cross join lateral "
        "(select amount from orders o where o.customer_id = c.customer_id order by placed_at desc limit 1) l",
        {"name": "I customers.name", "amount": "I orders.amount"},
        "FILTER orders.customer_id, FILTER customers.customer_id, SORT orders.placed_at",
    ),
    Gold(
        "CROSS APPLY", "tsql",
        "select c.name, l.paid from customers c cross apply "
        "(select top 1 p.paid from payments p where p.payment_id = c.customer_id) l",
        {"name": "I customers.name", "paid": "I payments.paid"},
    ),
    Gold(
        "ASOF join", "duckdb",
        "select o.order_id, e.kind from orders o asof join events e "
        "on o.customer_id = e.customer_id and o.placed_at >= e.at",
        {"order_id": "I orders.order_id", "kind": "I events.kind"},
        "JOIN orders.customer_id, JOIN events.customer_id, JOIN orders.placed_at, JOIN events.at",
    ),
    Gold(
        "DISTINCT ON", "postgres",
        "select distinct on (customer_id) customer_id, amount from orders order by customer_id, placed_at",
        {"customer_id": "I orders.customer_id", "amount": "I orders.amount"},
        "GROUP_BY orders.customer_id, SORT orders.customer_id, SORT orders.placed_at",
    ),
    Gold("DISTINCT", "mysql", "select distinct country from customers", {"country": "I customers.country"},
         "GROUP_BY customers.country"),
    Gold(
        "VALUES", "postgres",
        "select v.label, c.name from customers c join (values ('DE', 'Germany')) as v(code, label) on v.code = c.country",
        {"label": "", "name": "I customers.name"}, "JOIN customers.country",
    ),
    Gold(
        "ordered aggregate", "postgres",
        "select string_agg(name, ', ' order by country) as names, "
        "percentile_cont(0.5) within group (order by manager_id) as middle from customers",
        {"names": "A customers.name", "middle": "A customers.manager_id"}, "SORT customers.country",
    ),
    Gold(
        "argMax", "clickhouse",
        "select customer_id, argMax(status, placed_at) as last from orders group by customer_id",
        {"customer_id": "I orders.customer_id", "last": "A orders.status"},
        "CONDITIONAL orders.placed_at, GROUP_BY orders.customer_id",
    ),
    Gold(
        "INSERT with a list of columns", "postgres",
        "insert into totals (n_orders, customer_id) select count(*), customer_id from orders group by customer_id",
        {"n_orders": "A orders.*", "customer_id": "I orders.customer_id"}, "GROUP_BY orders.customer_id", "totals",
    ),
    Gold(
        "INSERT by position", "mysql",
        "insert into totals select manager_id, 2 * customer_id, 1 from customers",
        {"customer_id": "I customers.manager_id", "total": "T customers.customer_id", "n_orders": ""}, "", "totals",
    ),
    Gold(
        "INSERT OVERWRITE a partition", "spark",
        "insert overwrite table totals partition (n_orders = 3) select customer_id, amount from orders",
        {"customer_id": "I orders.customer_id", "total": "I orders.amount", "n_orders": ""}, "", "totals",
    ),
    Gold(
        "WITH before INSERT", "redshift",
        "with big as (select customer_id, amount from orders where amount > 9) "
        "insert into totals (customer_id, total) select customer_id, amount from big",
        {"customer_id": "I orders.customer_id", "total": "I orders.amount"}, "FILTER orders.amount", "totals",
    ),
    Gold(
        "CREATE TABLE AS", "bigquery",
        "create or replace table totals as select customer_id, sum(amount) as total, count(order_id) as n_orders "
        "from orders group by customer_id",
        {"customer_id": "I orders.customer_id", "total": "A orders.amount", "n_orders": "A orders.order_id"},
        "GROUP_BY orders.customer_id", "totals",
    ),
    Gold(
        "CREATE VIEW with a list of columns", "postgres",
        "create view who (id, label) as select customer_id, name from customers",
        {"id": "I customers.customer_id", "label": "I customers.name"}, "", "who",
    ),
    Gold(
        "SELECT INTO", "tsql",
        "select o.order_id, o.amount into kept from orders o where o.status = 'paid'",
        {"order_id": "I orders.order_id", "amount": "I orders.amount"}, "FILTER orders.status", "kept",
    ),
    Gold(
        "UPDATE FROM", "postgres",
        "update totals set total = o.amount * 2, n_orders = 0 from orders o where o.customer_id = totals.customer_id",
        {"total": "T orders.amount", "n_orders": ""},
        "FILTER orders.customer_id, FILTER totals.customer_id", "totals",
    ),
    Gold(
        "UPDATE with a join", "mysql",
        "update totals t join orders o on t.customer_id = o.customer_id set t.total = o.amount",
        {"total": "I orders.amount"}, "JOIN orders.customer_id, JOIN totals.customer_id", "totals",
    ),
    Gold(
        "UPDATE by alias", "tsql",
        "update t set t.total = o.amount from totals t join orders o on t.customer_id = o.customer_id",
        {"total": "I orders.amount"}, "JOIN orders.customer_id, JOIN totals.customer_id", "totals",
    ),
    Gold(
        "MERGE", "snowflake",
        "merge into totals t using (select customer_id, sum(amount) as amount from orders group by customer_id) s "
        "on t.customer_id = s.customer_id when matched then update set total = s.amount "
        "when not matched then insert (customer_id, total, n_orders) values (s.customer_id, s.amount, 1)",
        {"total": "A orders.amount", "customer_id": "I orders.customer_id", "n_orders": ""},
        "GROUP_BY orders.customer_id, JOIN orders.customer_id, JOIN totals.customer_id", "totals",
    ),
    Gold(
        "MERGE of stars", "databricks",
        "merge into totals t using (select customer_id, sum(amount) as total, count(order_id) as n_orders from orders "
        "group by customer_id) s on t.customer_id = s.customer_id "
        "when matched then update set * when not matched then insert *",
        {"customer_id": "I orders.customer_id", "total": "A orders.amount", "n_orders": "A orders.order_id"},
        None, "totals",
    ),
    Gold(
        "DELETE USING", "postgres",
        "delete from totals using customers c where c.customer_id = totals.customer_id and c.country = 'DE'",
        {}, "FILTER customers.customer_id, FILTER totals.customer_id, FILTER customers.country", "totals",
    ),
    Gold(
        "COPY of a query", "postgres",
        "copy (select order_id, amount from orders) to '/tmp/orders.csv'",
        {"order_id": "I orders.order_id", "amount": "I orders.amount"}, "", "/tmp/orders.csv",
    ),
    Gold(
        "materialised view with a target", "clickhouse",
        "create materialized view live to totals as select customer_id, sum(amount) as total from orders "
        "group by customer_id",
        {"customer_id": "I orders.customer_id", "total": "A orders.amount"}, "GROUP_BY orders.customer_id", "totals",
    ),
    Gold(
        "STACK", "spark",
        "select region, quarter, sold from sales "
        "lateral view stack(3, 'q1', q1, 'q2', q2, 'q3', q3) s as quarter, sold",
        {"region": "I sales.region", "quarter": "", "sold": "T sales.q1, T sales.q2, T sales.q3"},
    ),
    Gold(
        "comprehension", "duckdb",
        "select order_id, [item.price * 2 for item in items if item.price > amount] as prices from orders",
        {"order_id": "I orders.order_id", "prices": "T orders.items"},
    ),
    Gold(
        "row as a value", "postgres",
        "select to_json(c) as customer from customers c",
        {"customer": "T customers.*"},
    ),
)  # fmt: skip
