"""Worlds with a known illness: made alike from a seed, read without the truth, and verdicts on them marked."""

import importlib
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from upriver.diagnose.facts import TRAINING
from upriver.diagnose.records import Hypothesis, Onset, Suspect, Verdict
from upriver.lineage.ask.records import RunRef

BENCH = Path(__file__).parents[2] / "bench"
SIZE = (200, 8, 14, 6)


@pytest.fixture(scope="module")
def worlds():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCH)
        names = ("make", "read", "score", "page", "peers", "ills")
        yield SimpleNamespace(**{name: importlib.import_module(f"worlds.{name}") for name in names})


@pytest.fixture(scope="module")
def every(worlds, tmp_path_factory):
    """The folder, the facts and the truth of one small scenario of each cause; the facts are read while there is no truth."""
    place, found = tmp_path_factory.mktemp("worlds"), {}
    for cause in worlds.make.CAUSES:
        folder = worlds.make.scenario(place, cause, 3, size=SIZE)
        away = (folder / "truth.json").rename(place / "truth.json")
        facts = worlds.read.facts(folder)
        away.rename(folder / "truth.json")
        found[cause] = SimpleNamespace(folder=folder, facts=facts, truth=worlds.read.truth(folder))
    return found


def variant(worlds, place, cause, wanted, seed):
    """Return a scenario of which it is known that it is of that variant."""
    folder = worlds.make.scenario(place, cause, seed, size=SIZE)
    assert worlds.read.truth(folder).variant == wanted
    return folder


def test_a_seed_makes_the_same_world_twice(worlds, every, tmp_path):
    again = worlds.make.scenario(tmp_path, "pipeline_bug", 3, size=SIZE)
    for name in ("rows.parquet", "train.parquet", "meta.json", "truth.json"):
        assert (again / name).read_bytes() == (every["pipeline_bug"].folder / name).read_bytes()


def test_facts_do_not_name_the_cause(every):
    for cause, known in every.items():
        facts = known.facts
        assert cause not in f"{facts.version} {facts.title} {facts.runs} {facts.changes} {facts.unknown}"


def test_facts_have_all_windows_and_all_features(every):
    for known in every.values():
        facts, meta = known.facts, json.loads((known.folder / "meta.json").read_text())
        assert facts.windows == 14
        assert facts.reference == 8
        assert {column.name for column in facts.columns} == set(meta["num"]) | set(meta["cat"])
        assert all(len(column.windows) == 14 for column in facts.columns)
        assert facts.sample.rows <= 8000 + sum(facts.rows)
        assert (facts.sample.window == TRAINING).any()
        assert all(run.columns for run in facts.runs)


def test_the_truth_lies_within_the_windows(worlds, every):
    for cause, known in every.items():
        truth = known.truth
        if cause in worlds.score.HEALTHY:
            assert (truth.onset, truth.runs) == (None, ())
        else:
            assert all(8 <= onset < 14 for onset in truth.onsets)
        assert len(truth.causes) == (2 if cause == "several" else 1)


def test_a_number_that_came_as_text_says_so_from_the_onset_on(worlds, tmp_path):
    folder = variant(worlds, tmp_path, "schema_change", "text", 104)
    facts, truth = worlds.read.facts(folder), worlds.read.truth(folder)
    types = [summary.type for summary in facts.column(truth.culprits[0]).windows]
    assert types == ["DOUBLE"] * truth.onset + ["VARCHAR"] * (14 - truth.onset)


def test_a_dropped_column_was_not_measured(worlds, tmp_path):
    folder = variant(worlds, tmp_path, "schema_change", "dropped", 102)
    facts, truth = worlds.read.facts(folder), worlds.read.truth(folder)
    there = [summary is not None for summary in facts.column(truth.culprits[0]).windows]
    assert there == [True] * truth.onset + [False] * (14 - truth.onset)


def test_lost_rows_are_lost_for_everything(worlds, tmp_path):
    folder = variant(worlds, tmp_path, "pipeline_bug", "partial", 106)
    facts, truth = worlds.read.facts(folder), worlds.read.truth(folder)
    assert np.mean(facts.rows[truth.onset :]) < np.mean(facts.rows[: truth.onset])


def test_only_skew_tells_the_offline_rows_from_the_online_ones(worlds, tmp_path):
    skewed = worlds.make.scenario(tmp_path, "skew", 100, size=SIZE)
    facts, truth = worlds.read.facts(skewed), worlds.read.truth(skewed)
    assert facts.compared
    for name, compared in facts.compared.items():
        both = [values[compared.window >= 8].astype(str) for values in (compared.online, compared.offline)]
        differing = float(np.mean(both[0] != both[1]))
        assert differing > 0.05 if name in truth.culprits else differing < 0.05


# Marks


def verdict(worlds, known, **other):
    """Return a verdict that knows the truth of a scenario with one cause, but for what is said otherwise."""
    facts, truth = known.facts, known.truth
    kind = other.get("kind", worlds.score.MEANT.get(truth.cause, truth.cause))
    suspects = tuple(
        Suspect(rank=1, run=RunRef(uid=uid, job=None), at=facts.starts[0], because="")
        for uid in other.get("runs", truth.runs)
    )
    onset = Onset(at=facts.at(other.get("onset", truth.onset)))
    first = Hypothesis(kind=kind, confidence=0.9, present=True, columns=truth.culprits, suspects=suspects)
    said = Verdict(kind=kind, confidence=0.9, sure=True, story="", hypotheses=(first,), onset=onset)
    return worlds.score.marked(known.folder.name, facts, said, truth, (0.0, 0.0))


def test_the_truth_is_marked_right(worlds, every):
    for cause, known in every.items():
        if cause == "several":
            continue
        marked = verdict(worlds, known)
        assert marked.right
        assert not marked.alarm
        assert marked.feature in (None, 1)
        assert marked.run in (None, 1)
        assert worlds.score.near(marked) in (None, True)
        assert worlds.page.misses([marked]) == []


def test_what_is_wrong_is_marked_wrong(worlds, every):
    assert not verdict(worlds, every["concept_drift"], kind="covariate_shift").right
    assert verdict(worlds, every["none"], kind="covariate_shift").alarm
    assert not verdict(worlds, every["seasonal"], kind="not_enough_data").alarm
    assert verdict(worlds, every["label_flip"], runs=("another",)).run == 0
    assert not worlds.score.near(verdict(worlds, every["concept_drift"], onset=0))


def test_two_suspects_in_the_first_place_are_worth_half(worlds, every):
    truth = every["label_flip"].truth
    assert verdict(worlds, every["label_flip"], runs=(*truth.runs, "another")).run == 0.5


def test_confidence_that_means_what_it_says_has_no_error(worlds, every):
    right = verdict(worlds, every["skew"])
    wrong = verdict(worlds, every["skew"], kind="concept_drift")
    bins, error = worlds.score.reliability([right] * 9 + [wrong])
    assert [(name, many) for name, many, _, _ in bins] == [("0.9–0.95", 10)]
    assert error == pytest.approx(0.0)


def test_the_page_tells_of_every_cause_and_every_miss(worlds, every):
    outcomes = [verdict(worlds, known) for cause, known in every.items() if cause != "several"]
    outcomes.append(verdict(worlds, every["none"], kind="skew"))
    figures = {**worlds.score.figures(outcomes), "held_out": True}
    page = worlds.page.document(outcomes, figures, {"nannyml": "skipped: no network"}, "python bench/diagnose.py")
    for cause in worlds.ills.CAUSES:
        assert f"| {worlds.page.WORDS[cause]} |" in page
    assert "said skew (0.90)" in page
    assert "nannyml was skipped: no network." in page


def test_three_alerts_in_a_row_count_from_the_first(worlds):
    alerts = {"a": [True, False, True, True, True], "b": [True, True, False, True, True]}
    assert worlds.peers._persistent(alerts) == {"a": 2}
