"""Events out of files, by hand."""

import gzip
import io
import json
import sys

import pytest

from events import body, plain_work, run_event, stand_in
from upriver import db
from upriver.connect.openlineage.inbox import Inbox
from upriver.settings import settings


@pytest.fixture
def run(command_line, monkeypatch):
    stand_in(monkeypatch)
    return command_line


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "sent"
    made.mkdir()
    (made / "a.jsonl").write_bytes(body(1) + b"\n" + body(2) + b"\n")
    (made / "b.json").write_bytes(b"[" + body(2) + b"," + body(3) + b"]")
    (made / "c.json.gz").write_bytes(gzip.compress(json.dumps(run_event(4), indent=2).encode()))
    return made


def test_files_are_taken_in_and_again_does_no_harm(run, folder):
    code, out, _ = run("lineage", "replay", str(folder))
    assert (code, out) == (0, "5 received, 4 new, 1 known already, 0 set aside.\n")
    code, out, _ = run("lineage", "replay", str(folder / "a.jsonl"), str(folder / "b.json"))
    assert (code, out) == (0, "4 received, 0 new, 4 known already, 0 set aside.\n")
    _, out, _ = run("lineage", "events")
    assert out.startswith("4 received, 4 worked on, 0 waiting, 0 set aside.")


def test_what_cannot_be_understood_is_named_by_file_and_line(run, folder):
    (folder / "d.jsonl").write_bytes(body(9) + b"\n\n{}\nnonsense [red]\n")
    (folder / "e.json.gz").write_bytes(gzip.compress(b"{}" * 5000)[:-15])
    code, out, _ = run("lineage", "replay", str(folder))
    assert code == 1
    assert "3 set aside" in out
    assert "d.jsonl:3: An event tells of a job or a dataset" in out
    assert "d.jsonl:4: The body is not JSON" in out
    assert "e.json.gz: The file cannot be read" in out
    code, out, _ = run("lineage", "events", "--json")
    said = json.loads(out)
    assert (said["received"], said["set_aside"], len(said["asides"])) == (7, 2, 2)
    _, out, _ = run("lineage", "events")
    assert "upriver lineage replay --asides" in out


def test_only_the_first_are_listed(run, tmp_path):
    (tmp_path / "bad.jsonl").write_text("".join(f"{{{n}\n" for n in range(30)))
    code, out, _ = run("lineage", "replay", str(tmp_path / "bad.jsonl"))
    assert (code, out.count("bad.jsonl:")) == (1, 20)
    assert "and 10 more" in out


def test_standard_input_is_read(run, monkeypatch):
    stream = io.BufferedReader(io.BytesIO(body(1) + b"\n" + body(2)))
    monkeypatch.setattr(sys, "stdin", type("In", (), {"buffer": stream, "isatty": lambda _: False})())
    assert run("lineage", "replay", "-")[1].startswith("2 received, 2 new")


def test_what_was_set_aside_is_tried_again_when_asked(run, tmp_path, monkeypatch):
    (tmp_path / "bad.jsonl").write_text("{}\n")
    assert run("lineage", "replay", str(tmp_path / "bad.jsonl"))[0] == 1
    code, out, _ = run("lineage", "replay", "--asides")
    assert (code, out) == (0, "1 set aside earlier is tried again.\n")
    assert "1 set aside" in run("lineage", "events")[1]


def test_what_a_server_has_in_hand_is_waited_for(run, folder, monkeypatch):
    calls = []

    def busy_elsewhere(engine, inbox, *, most=500):
        calls.append(1)
        return 0 if len(calls) < 4 else plain_work(engine, inbox, most=most)

    stand_in(monkeypatch, busy_elsewhere)
    assert "0 set aside.\n" in run("lineage", "replay", str(folder))[1]
    monkeypatch.setattr("upriver.cli.lineage.PATIENCE", 0.2)
    stand_in(monkeypatch, lambda *_, **__: 0)
    (folder / "new.json").write_bytes(body(77))
    assert "1 still waiting for the server" in run("lineage", "replay", str(folder))[1]


def test_mistakes_are_answered_with_what_to_do(run, tmp_path):
    code, _, err = run("lineage", "replay")
    assert (code, "- for standard input" in err) == (2, True)
    code, _, err = run("lineage", "replay", str(tmp_path / "gone.json"))
    assert (code, "no file" in err) == (2, True)
    assert "OPENLINEAGE_URL" in run("lineage", "events")[1]


def test_events_are_on_disk_before_they_are_worked_on(run, folder, monkeypatch):
    def dies(*_, **__):
        raise MemoryError

    stand_in(monkeypatch, dies)
    with pytest.raises(MemoryError):
        run("lineage", "replay", str(folder))
    inbox = Inbox(db.connect(settings().url))
    assert inbox.last() == 4
    inbox.close()
