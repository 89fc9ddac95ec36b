"""Files of events are read by what is in them."""

import gzip
import io
import json
from pathlib import Path

import orjson
import pytest

from events import body, run_event
from upriver.connect.openlineage import envelope, files
from upriver.errors import Invalid


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (body(1), [":1"]),
        (json.dumps(run_event(1), indent=2).encode(), [""]),
        (body(1) + b"\n" + body(2) + b"\n", [":1", ":2"]),
        (body(1) + b"\r\n\r\n" + body(2), [":1", ":3"]),
        (b"[" + body(1) + b",\n" + body(2) + b"]", [":[0]", ":[1]"]),
        (b"\xef\xbb\xbf[]", []),
        (b"{broken\n" + body(2), [":1", ":2"]),
        (b"", []),
        (b"\n\n", []),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_one_a_list_or_lines(tmp_path, text, places, packed):
    file = tmp_path / ("events.json.gz" if packed else "events.json")
    file.write_bytes(gzip.compress(text) if packed else text)
    found = list(files.read(file))
    assert [f.where.removeprefix(str(file)) for f in found] == places
    assert not any(f.failure for f in found)
    assert all(envelope.opened(f.body) for f in found if f.body.startswith(b'{"') or f.body.startswith(b"{\n"))


def test_a_list_in_a_file_may_be_long(tmp_path):
    file = tmp_path / "many.json"
    file.write_bytes(orjson.dumps([{"job": {"name": str(n)}} for n in range(envelope.MANY + 5)]))
    assert len(list(files.read(file))) == envelope.MANY + 5


def test_what_cannot_be_read_says_so_and_the_rest_is_read(tmp_path, monkeypatch):
    half = tmp_path / "half.jsonl.gz"
    half.write_bytes(gzip.compress(body(1) + b"\n" + bytes(range(256)) * 2000)[:-20])
    assert "cannot be read" in list(files.read(half))[-1].failure
    open_list = tmp_path / "open.json"
    open_list.write_bytes(b"[" + body(1))
    assert "not JSON" in next(files.read(open_list)).failure
    monkeypatch.setattr(envelope, "SIZE", 1000)
    long = tmp_path / "long.jsonl"
    long.write_bytes(b'{"a": 1}\n"' + b"x" * 1100 + b'"\n{"b": 2}\n')
    assert [(f.where[-1], bool(f.failure)) for f in files.read(long)] == [("1", False), ("2", True), ("3", False)]


def test_standard_input(monkeypatch):
    stream = io.BufferedReader(io.BytesIO(body(1) + b"\n" + body(2)))
    monkeypatch.setattr("sys.stdin", type("In", (), {"buffer": stream}))
    assert [f.where for f in files.read(None)] == ["-:1", "-:2"]


def test_folders_mean_all_that_is_in_them(tmp_path):
    for name in ("b/x.jsonl", "a.json", "b/c/y.ndjson.gz", "notes.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = [str(p.relative_to(tmp_path)) for p in files.named([str(tmp_path)])]
    assert found == ["a.json", "b/c/y.ndjson.gz", "b/x.jsonl"]
    assert list(files.named(["-", str(tmp_path / "notes.md")])) == [None, Path(tmp_path / "notes.md")]
    with pytest.raises(Invalid, match="no file 'gone'"):
        list(files.named(["gone"]))
