"""Queries as producers send them, and the dialects that they are in."""

import pytest

from upriver.lineage.sql.derive import derive
from upriver.lineage.sql.dialects import infer, known, prepared

SENT = (  # namespaces of the datasets, the query, the columns that come out
    (["postgres://db:5432"], "insert into t (id, name) values (%s, %s), (%s, %s)", {"id", "name"}),
    (["postgres://db:5432"], "select id from public.o where at > %(since)s and note like '50%%'", {"id"}),
    (["snowflake://acme-x1"], 'create or replace transient table "A"."B"."C" as (select id from r)', {"ID"}),
    (["bigquery"], '/* {"app": "dbt"} */ create or replace table `p-1`.`d`.`t` as (select id from `p-1`.`d`.`s`)', {"id"}),
    (["duckdb:///data/shop.duckdb"], 'create table "shop"."main"."t__dbt_tmp" as (select c.id from "shop"."main"."c" c)', {"id"}),
    (["s3://lake"], "CREATE TABLE IF NOT EXISTS t2 AS SELECT id FROM t1;", {"id"}),
    (["hive://metastore:9083"], "INSERT OVERWRITE TABLE t PARTITION (dt = '{{ ds }}') SELECT id FROM s", {"id", "dt"}),
    (["trino://t:8080"], "select id from {{ ref('orders') }} where dt = {{ var('day') }} {# later #}", {"id"}),
    (["redshift://c.eu:5439"], "create table t distkey(id) as select id, getdate() as at from s", {"id", "at"}),
    (["food_delivery"], "SELECT d.id AS driver_id FROM o INNER JOIN drivers AS d ON d.id = o.driver_id;", {"driver_id"}),
    (["mysql://db:3306"], "replace into `t` (`id`) select `id` from `s`", {"id"}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("namespaces", "query", "columns"),
    SENT,
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value)[:40],
)
def test_queries_are_read_as_they_are_sent(namespaces, query, columns):
    [found] = derive(query, infer(namespaces, query))
    assert found.columns.keys() == columns


@pytest.mark.parametrize(
    ("namespaces", "dialect"),
    [
        (["postgresql://h:1"], "postgres"),
        (["mssql://h:1433"], "tsql"),
        (["sqlserver://h:1433"], "tsql"),
        (["unitycatalog://host"], "spark"),
        (["abfss://c@s.dfs.core.windows.net"], "spark"),
        (["arn:aws:glue:eu:1"], "spark"),
        (["gs://bucket", "bigquery"], "bigquery"),
        (["kafka://h:9092"], ""),
        ([], ""),
    ],
)
def test_namespaces_tell_the_dialect(namespaces, dialect):
    assert infer(namespaces) == dialect


def test_a_dialect_without_a_name_here_is_no_reason_to_fail():
    assert known("Cobol SQL") == ""
    assert derive("select a from t", "Cobol SQL")[0].columns.keys() == {"a"}


def test_what_stands_in_quotes_or_comments_stays():
    for text in ("select '{{ ds }} %s'", "select 1 -- {{ ds }}", "select 1 /* %s */", "select 5 % 2"):
        assert prepared(text) == text
