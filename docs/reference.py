"""Write the reference out of the code, so that neither can say what the other does not.

`make docs` runs this; a test compares what it would write with what is committed.
"""

import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from typer.main import get_command

from upriver import db, errors, plugins
from upriver.catalog.facets import DECLARABLE, SHAPES
from upriver.cli.main import app as cli
from upriver.connect import sources
from upriver.diagnose import clues
from upriver.diagnose.deeds import doing
from upriver.diagnose.records import TITLES
from upriver.ids import KINDS, AssetId
from upriver.monitor.measure import metrics
from upriver.monitor.measure.profile import profile
from upriver.notify import channels
from upriver.notify.records import Filters
from upriver.settings import Settings
from upriver.web.app import create_app

HERE = Path(__file__).parent / "reference"
WIDTH = 100
_MADE = "<!-- Made by `make docs`; do not edit. -->"
_HOME = "the user's data folder, `~/.local/share/upriver` on Linux"


def main(folder: Path = HERE) -> None:
    """Write every page into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
        print(folder / f"{name}.md")


def pages() -> dict[str, str]:
    """Return each page of the reference by its name."""
    made = {
        "cli": _page("Command line", _cli()),
        "settings": _page("Settings", _settings()),
        "kinds": _page("Kinds of assets", _kinds()),
        "facets": _page("Facets", _facets()),
        "api": _page("HTTP API", _api()),
        "errors": _page("Errors", _errors()),
        "metrics": _page("Metrics of profiles and drift", _metrics()),
        "clues": _page("Kinds of verdicts, and clues", _clues()),
    }
    for name in plugins.names(sources):
        made[f"{name}-source"] = _page(f"{plugins.load(sources, name).title} as a source", _source(name))
    made["channels"] = _page("Channels", _channels())
    return made


def _page(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"# {title}", "", _MADE, "", *lines]).rstrip() + "\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the lines of a table, an empty one behind it."""
    heads = tuple(head)
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"
    yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(value: object) -> str:
    """Return `value` as code, nothing for nothing."""
    return f"`{value}`" if value not in ("", None) else ""


# The command line


def _cli() -> Iterator[str]:
    yield "What `--help` says. Every command takes `--home DIR` before its name."
    yield "A failure is two sentences on the error output, and an exit code: see [errors](errors.md)."
    yield ""
    for name, text in _commands(get_command(cli), "upriver"):
        yield from (f"## `{name}`", "", "```text", text.strip(), "```", "")


def _commands(command: Any, name: str, parent: Any = None) -> Iterator[tuple[str, str]]:
    """Yield name and help of a command and of all those beneath it."""
    context = command.context_class(command, info_name=name.rpartition(" ")[2], parent=parent, terminal_width=WIDTH)
    yield name, "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    for each in command.list_commands(context) if hasattr(command, "list_commands") else ():
        yield from _commands(command.get_command(context, each), f"{name} {each}", context)


# Settings and sources


def _settings() -> Iterator[str]:
    yield "Each is an environment variable. `upriver up` takes some as options as well, which win."
    yield ""
    yield from table(
        ("variable", "default", "meaning"),
        (
            (code(f"UPRIVER_{name.upper()}"), _default(field, _HOME), field.description or "")
            for name, field in Settings.model_fields.items()
        ),
    )


def _default(field: FieldInfo, made: str = "") -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return made
    value = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    return "" if value in (None, "", ()) else code(str(value).lower() if isinstance(value, bool) else value)


def _source(name: str) -> Iterator[str]:
    kind = plugins.load(sources, name)
    yield f"What `upriver connect {name}`, the form under *Services* and a block of `upriver.yaml` may say."
    yield ""
    yield from table(
        ("in `upriver.yaml`", "as an option", "default", "meaning"),
        (
            (code(key), code(_flag(key, field)), _default(field), field.description or "")
            for key, field in kind.config.model_fields.items()
        ),
    )
    yield from ("Every service, whatever its kind, also has:", "")
    yield from table(
        ("in `upriver.yaml`", "as an option", "default", "meaning"),
        (
            ("the key of its block", "`--name`", code(name), "What it is called, and the namespace of its assets."),
            ("`kind`", "the word after `connect`", "required", f"`{name}`."),
            ("`every`", "`--every`", "`UPRIVER_READ_EVERY`", "Seconds between two reads; 0 for only when asked."),
        ),
    )
    yield "A list may be given by repeating its option; a mapping by repeating `KEY=VALUE`."
    secret = [code(key) for key, field in kind.config.model_fields.items() if "SecretStr" in str(field.annotation)]
    if secret:
        yield ""
        yield (
            f"{', '.join(secret)} are credentials: `env:NAME` and `file:PATH` are looked up at each read and only the "
            "reference is stored; anything else is stored encrypted and shown as `**********`."
        )


def _channels() -> Iterator[str]:
    yield "What `upriver channels add` with `--set`, the form under *Who hears of alerts*, the API and a block of `upriver.yaml`"
    yield "may say. [Hear of alerts](../howto/hear-of-alerts.md) shows how."
    yield ""
    for name in plugins.names(channels):
        way = plugins.load(channels, name)
        yield from (f"## {way.title}: `{name}`", "")
        yield from _fields(way.config)
    yield from ("## What any of them hears of", "")
    yield from _fields(Filters)
    yield "Credentials may be `env:NAME` or `file:PATH`: they are looked up when a message is sent and only the reference is"
    yield "stored; anything else is stored encrypted and shown as `**********`."


def _fields(model: type[BaseModel]) -> Iterator[str]:
    rows = ((code(key), _default(field), field.description or "") for key, field in model.model_fields.items())
    yield from table(("setting", "default", "meaning"), rows)


def _flag(name: str, field: FieldInfo) -> str:
    flag = name.replace("_", "-")
    return f"--{flag} / --no-{flag}" if field.annotation is bool else f"--{flag}"


# Kinds and facets


def _kinds() -> Iterator[str]:
    yield "An asset id is `kind:namespace/name`, namespace and name percent-encoded."
    yield ""
    yield from table(("kind", "what it is"), ((code(kind), meaning) for kind, meaning in KINDS.items()))
    yield from ("The namespace is the name of the service it lives in, or, for a dataset, what OpenLineage gives:", "")
    shown = (
        AssetId("version", "prod", "churn_12"),
        AssetId("dataset", "s3://lake", "features/customers"),
        AssetId("dataset", "postgres://db:5432", "shop.public.orders"),
    )
    yield from table(("namespace", "name", "id"), ((code(of.namespace), code(of.name), code(of)) for of in shown))


class _Shape(NamedTuple):
    """A record that a facet is made of, to be shown once."""

    name: str
    meaning: str
    rows: list[tuple[str, str, str]]


def _facets() -> Iterator[str]:
    yield "What can be known of an asset. A person may say those marked *yes*; the others are only read from systems."
    yield ""
    records: dict[str, _Shape] = {}
    rows = [
        (code(name), _shape(shape, records), "yes" if name in DECLARABLE else "", meaning)
        for name, (shape, meaning) in SHAPES.items()
    ]
    yield from table(("facet", "shape", "declarable", "meaning"), rows)
    for record in records.values():
        yield from (f"## {record.name}", "", record.meaning, "")
        yield from table(("field", "shape", "meaning"), record.rows)


_NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false", NoneType: "nothing"}


def _shape(kind: Any, records: dict[str, _Shape]) -> str:
    """Return a type in words, and note in `records` what needs a table of its own."""
    if kind in _NAMES:
        return _NAMES[kind]
    parts = get_args(kind)
    if isinstance(kind, UnionType):
        return " or ".join(_shape(part, records) for part in parts if part is not NoneType)
    if get_origin(kind) is dict:
        inner = _shape(parts[1], records)
        return "JSON object" if inner == "any JSON" else f"text → {inner}"
    if get_origin(kind) is tuple:
        inner = _shape(parts[0], records)
        return f"list of {inner}{'s' if inner == 'JSON object' else ''}"
    if isinstance(kind, type) and (issubclass(kind, BaseModel) or hasattr(kind, "_fields")):
        if kind.__name__ not in records:
            _note(kind, records)
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    return "any JSON"


def _note(kind: Any, records: dict[str, _Shape]) -> None:
    meaning, said = _docstring(kind.__doc__ or "")
    shape = records[kind.__name__] = _Shape(kind.__name__, meaning, [])
    hints = {n: f.annotation for n, f in kind.model_fields.items()} if issubclass(kind, BaseModel) else {}
    for name, annotation in (hints or kind.__annotations__).items():
        shape.rows.append((code(name), _shape(annotation, records), said.get(name, "")))


def _docstring(text: str) -> tuple[str, dict[str, str]]:
    """Return what a docstring says before its `Attributes:`, and what it says of each."""
    meaning, _, rest = text.partition("Attributes:")
    said: dict[str, str] = {}
    for name, what in re.findall(r"^\s{4,8}(\w+): (.*(?:\n\s{12}.*)*)", rest, re.MULTILINE):
        said[name] = " ".join(what.split())
    return " ".join(meaning.split()), said


# The API


def _api() -> Iterator[str]:
    described = create_app(db.connect("sqlite://"), worker=False).openapi()
    yield "JSON over HTTP under `/api/v1`; the server describes itself at `/api/v1/openapi.json`."
    yield "With an access token set, send it as `Authorization: Bearer …`. Failures look as in [errors](errors.md)."
    yield ""
    by_tag: dict[str, list[str]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation["tags"][0], []).extend(_operation(f"{method.upper()} {path}", operation))
    for tag in sorted(by_tag):
        yield from (f"## {tag}", "", *by_tag[tag])
    yield from ("## Records", "")
    for name, schema in sorted(described["components"]["schemas"].items()):
        if "properties" in schema and name not in ("HTTPValidationError", "ValidationError"):
            yield from _record(name, schema)
        elif "prefixItems" in schema:
            yield from _tuple(name, schema)


def _operation(name: str, operation: dict[str, Any]) -> Iterator[str]:
    yield from (f"### `{name}`", "", operation.get("description") or operation["summary"], "")
    if given := operation.get("parameters"):
        rows = [(code(p["name"]), p["in"], _json(p["schema"]), _unless(p), p.get("description", "")) for p in given]
        yield from table(("parameter", "in", "type", "default", "meaning"), rows)
    if body := operation.get("requestBody"):
        yield from (f"Send: {_json(body['content']['application/json']['schema'])}.", "")
    for status, answer in operation["responses"].items():
        if status != "default":
            content = answer.get("content", {}).get("application/json", {}).get("schema")
            yield f"Answer: {status}{', ' + _json(content) if content else ''}."
            yield ""


def _unless(parameter: dict[str, Any]) -> str:
    if parameter.get("required"):
        return "required"
    value = parameter["schema"].get("default")
    return "" if value in ("", None, []) else code(str(value).lower() if isinstance(value, bool) else value)


def _json(schema: dict[str, Any]) -> str:
    """Return a JSON schema in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return "any JSON" if name == "JsonValue" else f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return " or ".join(code(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_json(each) for each in schema["anyOf"] if each.get("type") != "null")
    if schema.get("type") == "array":
        items = schema.get("items") or {}
        return f"list of {_json(items)}" if items else "list"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        inner = _json(values) if isinstance(values, dict) else "any JSON"
        return "JSON object" if inner == "any JSON" else f"text → {inner}"
    limits = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    return " ".join([schema.get("format") or schema.get("type", "any JSON"), *limits])


def _record(name: str, schema: dict[str, Any]) -> Iterator[str]:
    meaning, said = _docstring(_indented(schema.get("description", "")))
    yield from (f"### {name}", "", meaning, "")
    required = schema.get("required", ())
    rows = [
        (code(key), _json(value), "always" if key in required else "", said.get(key, ""))
        for key, value in schema["properties"].items()
    ]
    yield from table(("field", "type", "given", "meaning"), rows)


def _tuple(name: str, schema: dict[str, Any]) -> Iterator[str]:
    fields = (f"{item['title'].lower()} ({item['type']})" for item in schema["prefixItems"])
    yield from (f"### {name}", "", f"A list of {', '.join(fields)}.", "")


def _indented(text: str) -> str:
    """Return a docstring that pydantic dedented as it stands in the code."""
    return "\n".join("    " + line for line in text.splitlines())


# Metrics


def _metrics() -> Iterator[str]:
    yield "What can be said of one window of a column, and of two. How a difference is judged is told"
    yield "[in words](../explanation/how-drift-is-judged.md)."
    yield from ("", "## Profile", "")
    for text in (sys.modules[profile.__module__].__doc__, profile.__doc__):
        yield from ("\n\n".join(_sections(text or "")[""].split("\n\n")[1:]), "")
    yield from (
        "## Drift",
        "",
        "A metric is given a fixed limit by its name: `psi: 0.25`, or `age.psi: 0.1` for one column.",
        "",
    )
    every = {name: plugins.load(metrics, name) for name in plugins.names(metrics)}
    yield from table(
        ("name", "metric", "column", "unit", "of"),
        ((code(n), m.title, code(m.column), m.unit or "none", ", ".join(sorted(m.kinds))) for n, m in every.items()),
    )
    for metric in every.values():
        yield from _metric(metric)


def _metric(metric: Any) -> Iterator[str]:
    """Yield how a metric looks at columns, and its formula, which is in the one docstring that names a source."""
    yield from (f"### {metric.title}", "", _sections(metric.compare.__doc__ or "")[""], "")
    module = sys.modules[metric.compare.__module__]
    ours = (each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__)
    for said in map(_sections, (each.__doc__ or "" for each in ours)):
        if "Source" in said:
            yield from (said[""], "")
            yield from (f"- Range: {_cell(said['Returns'])}", f"- Laws: {', '.join(sorted(metric.laws))}.")
            yield from (f"- Source: {_cell(said['Source'])}", "")


# Clues


def _clues() -> Iterator[str]:
    yield "What a diagnosis may say, and what it looks at before it does. How the one follows from the other is told"
    yield "[in words](../explanation/how-a-verdict-is-reached.md)."
    yield from ("", "## Kinds", "")
    rows = ((code(kind), title, code(doing(kind)[0]), doing(kind)[1]) for kind, title in TITLES.items())
    yield from table(("kind", "in words", "action", "what to do, where nothing more is known"), rows)
    yield from ("## Clues", "", "A clue is a pure function of the facts: it asks no database and no clock.", "")
    for name in plugins.names(clues):
        clue = plugins.load(clues, name)
        module = sys.modules[clue.look.__module__]
        yield from (f"### {clue.title}: `{name}`", "")
        yield from (_sections(module.__doc__ or "")[""], "")
        said = _sections(clue.look.__doc__ or "")[""]
        if said:
            yield from (said, "")


def _sections(text: str) -> dict[str, str]:
    """Return the parts of a docstring by their heads; what comes before the first is of no head."""
    parts = re.split(r"^(Args|Returns|Raises|Source|Attributes|Examples):$", inspect.cleandoc(text), flags=re.MULTILINE)
    return {head: inspect.cleandoc(part) for head, part in zip(["", *parts[1::2]], parts[::2], strict=True)}


# Errors


def _errors() -> Iterator[str]:
    yield "Every failure says what happened, to what, and what to do next."
    yield "The command line prints the two sentences and ends with the exit code."
    yield "The API answers with the status and `application/problem+json`; a page says the same in HTML."
    yield ""
    for kind in (errors.Problem, *_kinds_of_problem()):
        name = kind.__name__
        yield from (f"## {name}", "", (kind.__doc__ or "").strip().splitlines()[0], "")
        yield f"HTTP status {kind.status}, exit code {kind.exit_code}, `type` `urn:upriver:problem:{name.lower()}`."
        yield ""
    yield from ("## Unauthorized", "", "The server wants an access token, and none or another one was given.", "")
    yield from ("HTTP status 401, `type` `urn:upriver:problem:unauthorized`.", "", "## Wrong usage", "")
    yield "A command that is spelled wrongly ends with exit code 2 and names the option."


def _kinds_of_problem() -> tuple[type[errors.Problem], ...]:
    found = (value for value in vars(errors).values() if isinstance(value, type))
    return tuple(kind for kind in found if issubclass(kind, errors.Problem) and kind is not errors.Problem)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
