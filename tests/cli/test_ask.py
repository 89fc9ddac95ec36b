import json
from functools import partial

import pytest

from laid import dataset, job, laying
from upriver import db
from upriver.ids import AssetId
from upriver.settings import settings

VERSION = AssetId("version", "prod", "churn_1")
RAW, CLEAN = dataset("raw"), dataset("clean")
NOW = 1_700_000_000_000


@pytest.fixture
def ask(command_line):
    """Run `upriver lineage` over raw → clean → a feature; give exit code, output, errors."""
    engine = db.connect(settings().url)
    with laying(engine) as laid:
        pairs = [(RAW, "plan", "plan", "IDENTITY"), (RAW, "age", "plan", "FILTER")]
        laid.statement(CLEAN, pairs, by=job("tidy"), how="sql", first=NOW)
        laid.statement(VERSION, [(CLEAN, "plan", "plan", "IDENTITY")], how="matched", first=NOW)
        laid.feed(RAW, CLEAN, job("tidy"))
        laid.edge(CLEAN, VERSION, "matched", source="upriver", mark="computed")
        laid.io(laid.run(job("tidy"), "u1", NOW), CLEAN, NOW, fields={"plan": "string"})
        laid.io(laid.run(job("tidy"), "u2", NOW + 9), CLEAN, NOW + 9, fields={"plan": "int"}, changed=True)
        laid.declare(RAW, "labels", ["PII"], part="plan")
        laid.declare(CLEAN, "owners", ["grace"])
    engine.dispose()

    return partial(command_line, "lineage")


def test_upstream_is_a_tree(ask):
    code, out, _ = ask("upstream", "churn_1", "--column", "plan")
    assert code == 0
    assert out.splitlines() == [
        "version:prod/churn_1#plan",
        "└─ dataset:lake/clean#plan  IDENTITY (matched, computed)",
        "   └─ dataset:lake/raw#plan  IDENTITY (sql, computed, tidy)",
    ]
    _, out, _ = ask("upstream", "churn_1", "--column", "plan", "--all")
    assert "FILTER" in out


def test_downstream_of_a_table_names_the_jobs(ask):
    _, out, _ = ask("downstream", str(RAW))
    assert out.splitlines()[1].startswith("└─ dataset:lake/clean  fed (observed, job:airflow/tidy)")
    _, out, _ = ask("downstream", str(RAW), "--json")
    assert len(json.loads(out)["nodes"]) == 3


def test_impact_names_features_and_owners(ask):
    _, out, _ = ask("impact", str(RAW), "--column", "plan")
    assert "version:prod/churn_1#plan" in out
    assert "To tell: grace (1)." in out
    _, out, _ = ask("impact", "churn_1")
    assert "Nothing is known to be made from" in out


def test_root_puts_the_schema_change_first(ask):
    _, out, _ = ask("root", "churn_1", "--column", "plan", "--since", "2020-01-01", "--until", "2099-01-01")
    assert out.index("The schema of clean changed: plan: string → int.") < out.index("clean was written.")
    assert "3 columns" in out or "4 columns" in out


def test_paths_sensitivity_and_schemas_read_well(ask):
    _, out, _ = ask("paths", f"{RAW}#plan", "churn_1#plan")
    assert out.splitlines()[1] == "  → dataset:lake/clean#plan  IDENTITY by tidy"
    _, out, _ = ask("paths", "churn_1", "churn_1")
    assert "No way is known" in out
    _, out, _ = ask("sensitivity", "churn_1")
    assert "PII" in out
    _, out, _ = ask("sensitivity", str(RAW), "--down")
    assert "version:prod/churn_1#plan" in out
    _, out, _ = ask("schemas", str(CLEAN))
    assert "plan: string → int" in out


def test_an_unknown_column_ends_with_a_hint(ask):
    code, _, err = ask("upstream", str(RAW), "--column", "plann")
    assert code == 1
    assert "Known: age, plan." in err
