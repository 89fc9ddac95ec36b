"""The table has the columns that it should have, of the types that they should be of."""

from collections.abc import Mapping
from typing import Any

from upriver.catalog.records import Record
from upriver.errors import Invalid
from upriver.monitor.ask.store import Data
from upriver.monitor.expectation import Asked, Found, Kind

_FAMILIES = {
    "number": "is_numeric", "integer": "is_integer", "float": "is_floating", "decimal": "is_decimal", "string": "is_string",
    "text": "is_string", "boolean": "is_boolean", "time": "is_temporal", "timestamp": "is_timestamp", "date": "is_date",
    "array": "is_array", "struct": "is_struct", "map": "is_map",
}  # fmt: skip
_SAME = {
    "bigint": "int64", "long": "int64", "int": "int32", "smallint": "int16", "tinyint": "int8", "double": "float64",
    "double precision": "float64", "real": "float32", "varchar": "string", "bool": "boolean",
}  # fmt: skip


class Settings(Record):
    """Which columns.

    Attributes:
        columns: Type by name: one of "number", "integer", "float", "decimal", "string", "boolean", "time", "timestamp",
            "date", "array", "struct", "map", or an exact one such as "int64" or "bigint"; empty for any.
        type: Of the expectation's own column.
        only: There must be no others.
    """

    columns: dict[str, str] = {}
    type: str = ""
    only: bool = False


def _answers(asked: Asked, data: Data) -> Mapping[int, Found]:
    wanted = {**({asked.column: asked.settings.type} if asked.column else {}), **asked.settings.columns}
    if not wanted:
        raise Invalid("It names no column.", "Say which columns there must be, in settings.columns.")
    known = dict(data.table.schema().items())
    wrong = [f"{name!r} is missing" for name in wanted if name not in known]
    wrong += [
        f"{name!r} is {_plain(known[name])}, not {kind}"
        for name, kind in wanted.items()
        if name in known and kind and not _is(known[name], kind)
    ]
    if asked.settings.only:
        wrong += [f"{name!r} was not expected" for name in known if name not in wanted]
    seen = {name: _plain(kind) for name, kind in known.items() if name in wanted}
    because = f"{'; '.join(wrong[:10])}{' and more' if len(wrong) > 10 else ''}."
    return {
        0: Found(not wrong, dict(seen), None, because if wrong else f"All {len(wanted):,} columns are as expected.")
    }


def _plain(dtype: Any) -> str:
    return str(dtype).removeprefix("!")


def _is(dtype: Any, kind: str) -> bool:
    """Tell whether a type is of that name or family."""
    said = kind.strip().lower()
    if said in _FAMILIES:
        return bool(getattr(dtype, _FAMILIES[said])())
    return _plain(dtype).lower() == _SAME.get(said, said)


PLUGIN = Kind("Columns and types", Settings, column=False, answers=_answers, whole=True)
