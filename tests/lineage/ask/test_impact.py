from laid import dataset, job, laying
from seen import CHURN, CHURN_1, take
from upriver import db
from upriver.catalog.records import Seen
from upriver.ids import AssetId
from upriver.lineage.ask import impact

RAW, CLEAN, FEATURES, REPORT = (dataset(name) for name in ("raw", "clean", "features", "report"))
RUN = AssetId("run", "prod", "r1")
CHURN_2 = AssetId("version", "prod", "churn_2")
ENDPOINT = AssetId("endpoint", "prod", "churn")
PREDICTIONS = dataset("predictions")


def story(engine):
    """Lay raw → clean → features → two versions, of which the first is champion; a report knows only tables."""
    versions = [
        Seen(id=of, title=of.name, parent=CHURN, facets={"registered": {"version": number}})
        for of, number in ((CHURN_1, "1"), (CHURN_2, "2"))
    ]
    take(engine, [Seen(id=CHURN, title="churn", facets={"aliases": {"champion": "1"}, "owners": ["ada"]}), *versions])
    with laying(engine) as laid:
        laid.numbers["assets"] = 10
        laid.statement(
            CLEAN,
            [(RAW, "age", "age", "IDENTITY"), (RAW, "country", "", "FILTER"), (CLEAN, "", "age", "WHOLE"),
             (CLEAN, "", "other", "WHOLE"), (RAW, "other", "other", "IDENTITY")],
            by=job("tidy"),
        )  # fmt: skip
        laid.statement(FEATURES, [(CLEAN, "age", "age", "AGGREGATION")], by=job("build"))
        for of in (CHURN_2, CHURN_1):
            laid.statement(of, [(FEATURES, "age", "age", "IDENTITY")], how="matched")
            laid.edge(FEATURES, of, "matched", source="upriver", mark="computed")
            laid.edge(RUN, of, "trained", source="prod")
        laid.edge(FEATURES, RUN, "read", source="prod")
        laid.edge(CHURN_1, ENDPOINT, "served", source="upriver", mark="declared")
        laid.edge(CHURN_1, PREDICTIONS, "wrote", source="upriver", mark="declared")
        for up, down, by in (
            (RAW, CLEAN, job("tidy")),
            (CLEAN, FEATURES, job("build")),
            (CLEAN, REPORT, job("report")),
        ):
            laid.feed(up, down, by)
            laid.reads(by, up)
        laid.declare(FEATURES, "owners", ["grace"])
        laid.declare(job("build"), "owners", ["grace"])


def asked(engine, of, column=""):
    with db.reading(engine) as tx:
        return impact.of(tx, of, column)


def names(affected):
    return [(a.place.asset.name, a.place.column, a.distance) for a in affected]


def test_a_column_reaches_features_and_versions_the_champion_first(engine):
    story(engine)
    found = asked(engine, RAW, "age")
    assert names(found.features) == [("churn_1", "age", 3), ("churn_2", "age", 3)]
    assert names(found.versions) == [("churn_1", "", 3), ("churn_2", "", 3)]
    assert found.versions[0].aliases == ("champion",)
    assert found.versions[0].is_direct
    assert [str(p) for p in found.features[0].path] == [
        "dataset:lake/raw#age",
        "dataset:lake/clean#age",
        "dataset:lake/features#age",
        "version:prod/churn_1#age",
    ]


def test_what_is_served_from_a_version_is_found_behind_it(engine):
    story(engine)
    found = asked(engine, RAW, "age")
    assert {a.place.asset for a in found.served} == {ENDPOINT, PREDICTIONS}
    assert {a.level for a in found.served} == {"table"}


def test_a_column_that_only_decides_about_rows_breaks_everything_behind_it_indirectly(engine):
    story(engine)
    found = asked(engine, RAW, "country")
    assert {(a.place.asset.name, a.place.column) for a in found.columns} == {
        ("clean", "age"),
        ("clean", "other"),
        ("features", "age"),
    }
    assert not any(a.is_direct for a in (*found.columns, *found.versions))


def test_jobs_that_break_and_owners_to_tell(engine):
    story(engine)
    found = asked(engine, RAW, "age")
    assert {(a.place.asset.name, a.level, a.is_direct) for a in found.jobs} == {
        ("tidy", "column", True),
        ("build", "column", True),
        ("report", "table", False),
    }
    assert found.owners == {"ada": 2, "grace": 2}
    assert next(a for a in found.jobs if a.place.asset == job("build")).owners == ("grace",)


def test_where_a_job_says_nothing_of_columns_its_tables_are_followed(engine):
    story(engine)
    found = asked(engine, RAW, "age")
    report = next(a for a in found.datasets if a.place.asset == REPORT)
    assert (report.level, report.is_direct) == ("table", False)
    assert [p.asset for p in report.path] == [RAW, CLEAN, REPORT]


def test_a_column_that_a_statement_leaves_out_breaks_nothing_behind_it(engine):
    story(engine)
    found = asked(engine, CLEAN, "other")
    assert found.versions == found.features == ()
    assert names(found.datasets) == [("report", "", 1)]


def test_a_dataset_that_goes_breaks_whatever_reads_it(engine):
    story(engine)
    found = asked(engine, CLEAN)
    assert {a.place.asset for a in found.datasets} == {FEATURES, REPORT}
    assert {a.place.asset for a in found.versions} == {CHURN_1, CHURN_2}
    assert {a.place.asset for a in found.jobs} == {job("build"), job("report")}


def test_a_job_that_stops_breaks_what_it_writes(engine):
    story(engine)
    with laying(engine) as laid:
        laid.edge(job("report"), REPORT, "wrote")
    assert [a.place.asset for a in asked(engine, job("report")).datasets] == [REPORT]
