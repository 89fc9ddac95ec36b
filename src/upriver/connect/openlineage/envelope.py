"""From bytes to JSON objects that may be events; what they mean is read later.

The door, the command line and whoever works on events open bodies here, so that what the door refuses is
what will be set aside.
"""

import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

import orjson

from upriver.errors import Invalid, TooLarge

SIZE = 20_000_000
DEPTH = 100
MANY = 10_000
NUL = rb"\u0000"
GZIP = b"\x1f\x8b"
_MARK = b"\xef\xbb\xbf"
_SUBJECTS = ("job", "dataset")
_GAP = re.compile(r"[ \t\r\n]*")


def _unread(_number: str) -> None:
    """Numbers are only stepped over, so that none is too long."""


_STEP = json.JSONDecoder(parse_int=_unread, parse_float=_unread, parse_constant=_unread)


class NoJson(Invalid):
    """A body that is not JSON at all."""


def inflated(body: bytes) -> bytes:
    """Return what a gzip body holds; nothing beyond the limit is ever unpacked.

    Raises:
        TooLarge: It holds more than an event may.
        Invalid: It is not gzip, or it ends early.

    Examples:
        >>> import gzip
        >>> inflated(gzip.compress(b"{}"))
        b'{}'
    """
    parts, size = [], 0
    try:
        while body:
            member = zlib.decompressobj(wbits=31)
            parts.append(member.decompress(body, SIZE - size + 1))
            size += len(parts[-1])
            if size > SIZE:
                raise TooLarge(SIZE)
            if not member.eof:
                raise Invalid("The body ends before its gzip data does.", "Send it whole.")
            body = member.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise Invalid(
            "The body says that it is gzip and is not.", "Leave out Content-Encoding, or compress it."
        ) from error
    return b"".join(parts)


def opened(body: bytes) -> dict[str, Any]:
    """Return the JSON object that `body` is.

    Raises:
        Invalid: It is no JSON, too deep, or nothing that an event could be.

    Examples:
        >>> opened(b'{"job": {"namespace": "prod", "name": "load"}}')["job"]["name"]
        'load'
        >>> opened(b"[1]")
        Traceback (most recent call last):
        upriver.errors.Invalid: An event is a JSON object, and this is a list. Send OpenLineage run, job or dataset events.
    """
    try:
        value = orjson.loads(body.removeprefix(_MARK))
    except orjson.JSONDecodeError as error:
        raise NoJson(f"The body is not JSON: {error}.", "Send OpenLineage events as JSON in UTF-8.") from error
    hint = "Send OpenLineage run, job or dataset events."
    if not isinstance(value, dict):
        raise Invalid(f"An event is a JSON object, and this is a {_word(value)}.", hint)
    if not any(isinstance(value.get(subject), dict) for subject in _SUBJECTS):
        raise Invalid("An event tells of a job or a dataset, and this has neither.", hint)
    if _is_deep(body, value):
        raise Invalid(f"The event is nested more than {DEPTH} deep.", "Leave out facets that hold trees.")
    return _without_nul(value) if NUL in body else value


def _without_nul(value: Any) -> Any:
    """Show NUL, which no database keeps in a text, as the sign for what cannot be shown."""
    if isinstance(value, str):
        return value.replace("\0", "�")
    if isinstance(value, list):
        return [_without_nul(each) for each in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(each) for key, each in value.items()}
    return value


def _word(value: object) -> str:
    return {list: "list", str: "text", bool: "truth value", type(None): "null"}.get(type(value), "number")


def _is_deep(body: bytes, value: object) -> bool:
    if body.count(b"{") + body.count(b"[") <= DEPTH:
        return False
    level: list[Any] = [value]
    depth = 0
    while level:
        depth += 1
        if depth > DEPTH:
            return True
        inside = (each.values() if isinstance(each, dict) else each for each in level)
        level = [child for children in inside for child in children if isinstance(child, (dict, list))]
    return False


def is_list(body: bytes) -> bool:
    """Return whether `body` begins as a JSON array does."""
    return body.removeprefix(_MARK).lstrip()[:1] == b"["


def parts(body: bytes, *, most: int = MANY) -> list[bytes]:
    """Return the elements of a JSON array as the bytes that they were sent as; none is judged.

    Raises:
        Invalid: It is not an array, or has too many elements.

    Examples:
        >>> parts(b'[{"a": 1.0}, NaN , []]')
        [b'{"a": 1.0}', b'NaN', b'[]']
    """
    hint = "Send a JSON array of events in UTF-8."
    try:
        return list(_elements(body.removeprefix(_MARK).decode().strip(), most))
    except UnicodeDecodeError as error:
        raise Invalid(f"The body is not UTF-8: {error.reason} at byte {error.start}.", hint) from error
    except json.JSONDecodeError as error:
        raise Invalid(f"The body is not JSON: {error.msg} at character {error.pos}.", hint) from error
    except RecursionError as error:
        raise Invalid(f"The list is nested more than {DEPTH} deep.", hint) from error


def _elements(text: str, most: int) -> Iterator[bytes]:
    at = _next(text, 1)
    if text[at : at + 1] == "]" and not text[at + 1 :]:
        return
    for _ in range(most):
        _, end = _STEP.raw_decode(text, at)
        yield text[at:end].encode()
        at = _next(text, end)
        if text[at : at + 1] == "]" and at + 1 == len(text):
            return
        if text[at : at + 1] != ",":
            raise json.JSONDecodeError("Expecting a comma, or the end behind a bracket", text, at)
        at = _next(text, at + 1)
    raise Invalid(f"The list holds more than {most:,} events.", "Send fewer at a time.")


def _next(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    return gap.end() if gap else at
