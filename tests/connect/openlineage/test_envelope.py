"""What may be an event, and what may not."""

import gzip

import pytest

from upriver.connect.openlineage import envelope
from upriver.errors import Invalid, TooLarge

EVENT = b'{"job": {"namespace": "a", "name": "b"}%s}'


@pytest.mark.parametrize(
    ("body", "because"),
    [
        (b"", "not JSON"), (b"nope", "not JSON"), (b'{"a": NaN}', "not JSON"), (b'"\xff"', "not JSON"),
        (b'{"job": {"a": "\\ud800"}}', "not JSON"), (EVENT[:20], "not JSON"), (b"[" * 100_000, "not JSON"),
        (b"[]", "this is a list"), (b"1", "this is a number"), (b"true", "this is a truth value"),
        (b"null", "this is a null"), (b'"a"', "this is a text"), (b"{}", "neither"), (b'{"job": "a"}', "neither"),
        (EVENT % (b', "x": ' + b"[" * 101 + b"]" * 101), "100 deep"),
        (EVENT % (b', "x": ' + b'{"a":' * 101 + b"1" + b"}" * 101), "100 deep"),
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused_with_the_reason(body, because):
    with pytest.raises(Invalid, match=because):
        envelope.opened(body)


@pytest.mark.parametrize(
    "body",
    [
        EVENT % b"", b"\xef\xbb\xbf" + EVENT % b"", b'{"dataset": {}}', EVENT % (b', "x": ' + b"[" * 98 + b"]" * 98),
        EVENT % (b', "x": [' + b"[{}]," * 500 + b"1]"), EVENT % b', "n": 123456789012345678901234567890',
    ],
)  # fmt: skip
def test_what_could_be_an_event_is_opened(body):
    assert isinstance(envelope.opened(body), dict)


def test_what_no_database_keeps_is_shown_as_such():
    sent = rb'{"job": {"na\u0000me": ["a\u0000b", "\\u0000", 1, {"x": null}]}}'
    assert envelope.opened(sent) == {"job": {"na�me": ["a�b", "\\u0000", 1, {"x": None}]}}


def test_elements_of_a_list_are_the_bytes_that_were_sent():
    assert envelope.parts('[ {"a":  1.0} ,"é", NaN]'.encode()) == [b'{"a":  1.0}', '"é"'.encode(), b"NaN"]
    assert envelope.parts(b"[" + b"9" * 10_000 + b"]") == [b"9" * 10_000]


@pytest.mark.parametrize(
    "body", [b"[", b"[1", b"[1,", b"[1 2]", b"[,]", b"[1]]", b"[\xff]", b"[" * 10**6, b"[" + b"1," * 10_001 + b"1]"]
)
def test_a_list_that_does_not_end_well_is_refused_whole(body):
    with pytest.raises(Invalid):
        envelope.parts(body)


def test_nothing_beyond_the_limit_is_unpacked(monkeypatch):
    monkeypatch.setattr(envelope, "SIZE", 1000)
    assert envelope.inflated(gzip.compress(b"a" * 1000)) == b"a" * 1000
    assert envelope.inflated(gzip.compress(b"a") + gzip.compress(b"b")) == b"ab"
    for bomb in (gzip.compress(b"a" * 1001), gzip.compress(b"a" * 600) * 2):
        with pytest.raises(TooLarge):
            envelope.inflated(bomb)
    for broken in (b"no gzip", gzip.compress(b"a" * 100)[:-10], b"\x1f\x8b"):
        with pytest.raises(Invalid):
            envelope.inflated(broken)
