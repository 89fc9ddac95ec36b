"""A form out of a settings model: one field for each setting, with its title, its help and what was entered."""

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from starlette.datastructures import FormData

from upriver.catalog.records import Record

Look = Literal["text", "number", "password", "lines", "pairs", "check", "choice"]


class Field(Record):
    """One field of a form.

    Attributes:
        look: "lines" holds one value per line, "pairs" one `name: value` per line.
        value: What stands in it.
        choices: What a "choice" can be.
        wrong: Why what was entered cannot be used; empty if it can.
        rare: Most people leave it as it is.
    """

    name: str
    title: str
    help: str = ""
    look: Look = "text"
    required: bool = False
    value: str = ""
    choices: tuple[str, ...] = ()
    wrong: str = ""
    rare: bool = False

    @property
    def checked(self) -> bool:
        """Whether a "check" is ticked."""
        return self.value == "yes"


def fields(
    config: type[BaseModel], values: Mapping[str, Any] | None = None, wrong: Mapping[str, str] | None = None
) -> tuple[Field, ...]:
    r"""Return the form of `config`, filled with `values`.

    Args:
        config: The settings; those without a default come first in it and are required.
        values: By name, as `entered` returns them; defaults stand in for what is absent.
        wrong: Why a value cannot be used, by name.

    Examples:
        >>> class Config(BaseModel):
        ...     url: str
        ...     token: SecretStr = SecretStr("")
        ...     only: tuple[str, ...] = ()
        >>> [(f.name, f.look, f.required, f.value) for f in fields(Config, {"only": ["a*", "b"]})]
        [('url', 'text', True, ''), ('token', 'password', False, ''), ('only', 'lines', False, 'a*\nb')]
    """
    given, problems = values or {}, wrong or {}
    return tuple(_field(name, info, given, problems.get(name, "")) for name, info in config.model_fields.items())


def _field(name: str, info: FieldInfo, given: Mapping[str, Any], wrong: str) -> Field:
    look = _look(info.annotation)
    default = info.get_default(call_default_factory=True)
    value = given.get(name, "" if default is PydanticUndefined else default)
    return Field(
        name=name,
        title=info.title or name.replace("_", " ").capitalize(),
        help=info.description or "",
        look=look,
        required=info.is_required(),
        value=_shown(look, value),
        choices=tuple(map(str, get_args(info.annotation))) if look == "choice" else (),
        wrong=wrong,
        rare=not info.is_required() and look in ("lines", "pairs", "check"),
    )


def _look(annotation: Any) -> Look:
    origin = get_origin(annotation) or annotation
    if origin is Literal:
        return "choice"
    looks: dict[Any, Look] = {
        bool: "check", SecretStr: "password", int: "number", float: "number", dict: "pairs",
        tuple: "lines", list: "lines", set: "lines", frozenset: "lines",
    }  # fmt: skip
    return looks.get(origin, "text")


def _shown(look: Look, value: Any) -> str:
    if look == "check":
        return "yes" if value is True else ""
    if look == "lines":
        return "\n".join(map(str, value))
    if look == "pairs":
        return "\n".join(f"{k}: {_plain(v)}" for k, v in dict(value).items())
    return "" if value is None else _plain(value)


def _plain(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def entered(config: type[BaseModel], form: FormData) -> dict[str, Any]:
    """Return what was entered into the form of `config`, by name; empty fields are left to their defaults."""
    found: dict[str, Any] = {}
    for name, info in config.model_fields.items():
        look, text = _look(info.annotation), str(form.get(name, "")).replace("\r\n", "\n").strip()
        if look == "check":
            found[name] = text == "yes"
        elif look == "lines":
            found[name] = [line.strip() for line in text.split("\n") if line.strip()]
        elif look == "pairs":
            found[name] = dict(_pair(line) for line in text.split("\n") if line.strip())
        elif text:
            found[name] = text
    return {name: value for name, value in found.items() if value not in ([], {})}


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def mistakes(config: type[BaseModel], given: Mapping[str, Any]) -> dict[str, str]:
    """Return why values cannot be used, by field; under "" what is wrong with several together.

    Examples:
        >>> class Config(BaseModel):
        ...     port: int
        >>> mistakes(Config, {"port": "x"})["port"]
        'Input should be a valid integer, unable to parse string as an integer.'
    """
    try:
        config.model_validate(dict(given))
    except ValidationError as error:
        return {str(e["loc"][0]) if e["loc"] else "": _sentence(e["msg"]) for e in reversed(error.errors())}
    return {}


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ").rstrip(".")
    return "This is needed." if text == "Field required" else f"{text[:1].upper()}{text[1:]}."
