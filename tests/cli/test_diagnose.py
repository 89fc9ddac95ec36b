"""Diagnoses on the command line: made, printed, listed, judged."""

import json
from datetime import timedelta

import pytest

import diagnosed
from seen import story, take
from upriver import db
from upriver.cli import explained
from upriver.diagnose import kept
from upriver.settings import settings

EVERY = (diagnosed.bug, diagnosed.thin, diagnosed.outdated, diagnosed.huge)


@pytest.fixture
def run(command_line):
    return command_line


@pytest.fixture
def filled(run):
    """Fill the catalog with a story and two diagnoses."""
    engine = db.connect(settings().url)
    diagnosed.lay(engine)
    with db.writing(engine) as tx:
        kept.put(tx, diagnosed.bug())
        kept.put(tx, diagnosed.outdated().model_copy(update={"made_at": diagnosed.AT + timedelta(hours=2)}))
    engine.dispose()


def text(found, **how):
    return "\n".join(line for line, _ in explained.printed(found, **how))


def test_what_to_do_comes_before_why():
    said = text(diagnosed.bug())
    places = [
        said.index(each)
        for each in ("churn_1: a bug in a pipeline (97 %)", "To do: Revert", "Since 5 Nov", "Why a bug")
    ]
    assert places == sorted(places)


def test_everything_that_speaks_is_said():
    said = " ".join(text(diagnosed.bug()).split())
    for each in (
        "for 36 % of plan is 'platinum'",
        "against clean_customers wrote 40,003 rows",
        f"run {diagnosed.DID_IT}",
        "(code, schema, first)",
        "customers_clean, plan: moved since 5 Nov 2026; it begins here",
        "+0.155 inputs that moved (+0.130 to +0.180)",
        "What was not known Labels of the last 2 days",
        "2 % inputs that really moved",
    ):
        assert each in said


@pytest.mark.parametrize("made", EVERY)
@pytest.mark.parametrize("width", [100, 60])
def test_no_line_is_too_long_unless_a_name_is(made, width):
    said = text(made(), width=width, base="https://upriver.example")
    long = [line for line in said.splitlines() if len(line) > width]
    assert all(any(len(word) > width - 20 for word in line.split()) for line in long)
    assert "\n\n\n" not in said


def test_several_causes_are_each_told_with_what_to_do():
    said = text(diagnosed.outdated())
    assert said.startswith("churn_1: probably concept drift: the model is outdated and wrong labels (58 %)")
    assert said.count("To do: ") == 2
    assert "This was not it, said grace." in " ".join(said.split())


def test_runs_that_cannot_be_told_apart_are_said_to_be():
    assert "(cannot be told apart)" in text(diagnosed.huge())


def test_a_long_diagnosis_fits_on_some_screens():
    assert len(text(diagnosed.huge()).splitlines()) < 250


def test_the_page_is_named_where_there_is_a_server(run, filled, monkeypatch):
    assert "http" not in run("diagnoses", "show", "2")[1]
    monkeypatch.setenv("UPRIVER_PUBLIC_URL", "https://upriver.example/")
    assert "https://upriver.example/diagnoses/2" in run("diagnoses", "show", "2")[1]


def test_a_diagnosis_is_shown_as_it_was_made(run, filled):
    code, out, err = run("diagnoses", "show", "1")
    assert (code, err) == (0, "")
    assert out.strip() == text(diagnosed.bug()).strip()
    assert "\x1b" not in out


def test_a_model_is_diagnosed_kept_and_shown_again(run, filled):
    code, out, err = run("diagnose", "churn@champion", "--rows", "0")
    assert (code, err) == (0, "")
    assert out.startswith(("churn 1: ", "churn_1: "))
    assert "What was not known" in out
    assert all(len(line) <= 100 for line in out.splitlines())
    assert run("diagnoses", "show", "3")[1] == out


def test_the_exit_code_is_what_was_asked_for(run, filled):
    code, out, _ = run("diagnose", "churn@champion", "--rows", "0", "--json")
    kind = json.loads(out)["verdict"]["kind"]
    other = "label_errors" if kind != "label_errors" else "skew"
    assert code == 0
    assert run("diagnose", "churn@champion", "--rows", "0", "--fail-on", kind, "--fail-on", other)[0] == 3
    assert run("diagnose", "churn@champion", "--rows", "0", "--fail-on", other)[0] == 0


def test_a_model_of_which_nothing_is_watched_is_told_what_to_watch(run):
    engine = db.connect(settings().url)
    take(engine, story())
    engine.dispose()
    code, out, _ = run("diagnose", "churn@champion")
    assert code == 0
    assert "not enough data to say" in out
    assert "No monitor watches" in " ".join(out.split())


def test_diagnoses_are_listed_newest_first_and_narrowed(run, filled):
    _, out, _ = run("diagnoses", "list")
    assert out.index("concept drift") < out.index("a bug in a pipeline")
    _, out, _ = run("diagnoses", "list", "churn", "--kind", "pipeline_bug", "--json")
    assert [one["id"] for one in json.loads(out)] == [1]


def test_without_any_the_list_says_how_to_begin(run):
    assert "upriver diagnose MODEL@ALIAS" in run("diagnoses", "list")[1]
    assert "Nothing was diagnosed" in run("diagnoses", "tally")[1]


def test_people_say_whether_it_was_right_and_it_is_counted(run, filled):
    assert run("diagnoses", "right", "1", "--note", "Reverted.")[:2] == (0, "Noted: diagnosis 1 was right.\n")
    assert run("diagnoses", "wrong", "2", "--kind", "label_errors")[0] == 0
    _, out, _ = run("diagnoses", "list")
    assert "yes" in out
    assert "no, label_errors" in out
    _, out, _ = run("diagnoses", "tally", "--json")
    found = {one["kind"]: (one["judged"], one["right"]) for one in json.loads(out)}
    assert found == {"pipeline_bug": (1, 1), "concept_drift": (1, 0)}
    assert "a bug in a pipeline" in run("diagnoses", "tally")[1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("diagnoses", "show", "9"), "There is no diagnosis 9."),
        (("diagnoses", "right", "9"), "There is no diagnosis 9."),
        (("diagnoses", "list", "--kind", "gremlins"), "Known: pipeline_bug"),
        (("diagnoses", "wrong", "1", "--kind", "gremlins"), "gremlins"),
        (("diagnose", "churn@champion", "--fail-on", "gremlins"), "Known: pipeline_bug"),
        (("diagnose", "churn@champion", "--at", "yesterday"), "not a moment"),
        (("diagnose", "nobody@champion"), "nobody"),
    ],
)
def test_what_cannot_be_done_ends_with_a_sentence(run, filled, words, says):
    code, _, err = run(*words)
    assert code in (1, 2)
    assert says in err
