"""One name per dataset."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.catalog import names
from upriver.ids import AssetId

PLACES = {
    "s3://b/k": ("s3://b", "k"),
    "s3a://b/k/": ("s3://b", "k"),
    "s3n://b/a/b.parquet": ("s3://b", "a/b.parquet"),
    "s3://b": ("s3://b", "/"),
    "gs://b/k": ("gs://b", "k"),
    "abfss://raw@lake.dfs.core.windows.net/a/b": ("abfss://raw@lake.dfs.core.windows.net", "a/b"),
    "abfs://raw@lake.dfs.core.windows.net/a": ("abfss://raw@lake.dfs.core.windows.net", "a"),
    "wasbs://c@a.blob.core.windows.net/x": ("wasbs://c@a.blob.core.windows.net", "x"),
    "hdfs://NameNode:8020/a/b": ("hdfs://namenode:8020", "/a/b"),
    "dbfs:/a/b": ("dbfs", "/a/b"),
    "dbfs:///a/b/": ("dbfs", "/a/b"),
    "/data/x.csv": ("file", "/data/x.csv"),
    "/data//x/": ("file", "/data/x"),
    "file:///data/a%20b.csv": ("file", "/data/a b.csv"),
    "file:/data/x": ("file", "/data/x"),
    "C:\\data\\x.csv": ("file", "C:/data/x.csv"),
    "https://Host.example/a/b.csv": ("https://host.example", "a/b.csv"),
    "https://h/x.csv?v=3": ("https://h", "x.csv?v=3"),
    "https://h/x.csv#part": ("https://h", "x.csv"),
    "hf://datasets/org/reviews": ("hf://datasets", "org/reviews"),
    "postgresql://db:5432/shop.public.users": ("postgres://db:5432", "shop.public.users"),
    "snowflake://org-account/db/sch/t": ("snowflake://org-account", "db.sch.t"),
    "bigquery://p/d/t": ("bigquery", "p.d.t"),
    "data/x.csv": None,
    "": None,
    "s3://": None,
    "nonsense": None,
    "file:": None,
}


@pytest.mark.parametrize("uri", PLACES)
def test_a_place_has_its_openlineage_name(uri):
    named = names.of_uri(uri)
    assert (named and named[:2]) == PLACES[uri]
    assert named is None or not named.leaked


LEAKS = {
    "https://ada:pw@h/x.csv": "https://h/x.csv",
    "https://token@h/x.csv": "https://h/x.csv",
    "https://h/x.csv?token=SECRET": "https://h/x.csv",
    "https://h/x.csv?v=3&access_token=SECRET": "https://h/x.csv?v=3",
    "https://b.s3.amazonaws.com/k?X-Amz-Signature=SECRET&X-Amz-Credential=SECRET": "https://b.s3.amazonaws.com/k",
    "https://b.s3.amazonaws.com/k?AWSAccessKeyId=SECRET&Expires=1&Signature=SECRET": "https://b.s3.amazonaws.com/k",
    "https://a.blob.core.windows.net/c/x?sv=1&sr=b&sig=SECRET&se=2": "https://a.blob.core.windows.net/c/x",
    "https://h/x?api%5Fkey=SECRET": "https://h/x",
    "s3://SECRET:SECRET@bucket/k": "s3://bucket/k",
    "postgresql://u:SECRET@db:5432/a.b.c": "postgresql://db:5432/a.b.c",
}


@pytest.mark.parametrize("uri", LEAKS)
def test_credentials_are_removed_and_reported(uri):
    named = names.of_uri(uri)
    assert named.leaked
    assert named.uri == LEAKS[uri]
    assert "SECRET" not in "".join(map(str, named))


SOURCES = [
    ("delta_table", {"path": "s3://lake/t"}, ("s3://lake", "t")),
    ("delta_table", {"delta_table_name": "prod.ml.t", "is_databricks_uc_table": True}, ("unitycatalog", "prod.ml.t")),
    ("delta_table", {"delta_table_name": "ml.t"}, ("hive", "ml.t")),
    ("spark", {"table_name": "t"}, ("hive", "default.t")),
    ("spark", {"path": "gs://b/t"}, ("gs://b", "t")),
    ("spark", {"sql": "select 1"}, None),
    ("hugging_face", {"path": "org/reviews", "split": "train"}, ("hf://datasets", "org/reviews")),
    ("uc_volume", {"path": "/Volumes/prod/ml/x.csv"}, ("dbfs", "/Volumes/prod/ml/x.csv")),
    ("http", {"url": "https://h/x.csv"}, ("https://h", "x.csv")),
    ("local", {"uri": "train.csv"}, None),
    ("code", {"tags": {"mlflow.user": "ada"}}, None),
    (
        "warehouse",
        {"namespace": "postgres://wh:5432", "name": "shop.public.users"},
        ("postgres://wh:5432", "shop.public.users"),
    ),
    ("s3", {"uri": None}, None),
    ("s3", {}, None),
]


@pytest.mark.parametrize(("kind", "source", "name"), SOURCES)
def test_a_source_has_the_name_of_its_place(kind, source, name):
    named = names.of_source(kind, source)
    assert (named and named[:2]) == name


@given(st.text())
def test_any_text_is_a_name_or_none(uri):
    named = names.of_uri(uri)
    if named:
        id_ = AssetId("dataset", named.namespace, named.name)
        assert AssetId.parse(str(id_)) == id_
