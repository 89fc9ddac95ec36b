"""Names of things, the same in every room.

An asset is named by its kind, the namespace it lives in, and its name there, as in the
OpenLineage naming convention.  The text form quotes each part, because real namespaces
hold every delimiter one might choose:

>>> users = AssetId("dataset", "postgres://db:5432", "public.users")
>>> str(users)
'dataset:postgres%3A%2F%2Fdb%3A5432/public.users'
>>> AssetId.parse(str(users)) == users
True
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple, Self
from urllib.parse import quote, unquote

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from upriver.errors import Invalid

KINDS = {
    "model": "a registered model: the group of its versions",
    "version": "one version of a registered model",
    "logged-model": "a model that a run logged, registered or not",
    "run": "one execution: a training run, a pipeline run",
    "experiment": "a container of runs",
    "dataset": "a table, a folder of files, a topic",
    "job": "a step of a pipeline that runs again and again",
    "prompt": "a registered prompt: the group of its versions",
    "prompt-version": "one version of a registered prompt",
    "scorer": "a registered evaluator",
    "endpoint": "where a model is served",
    "dashboard": "where a model is looked at",
    "tag": "a label of a classification, such as PII",
    "term": "a word of the glossary",
}


_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch


@lru_cache(maxsize=65_536)
def _quoted(text: str) -> str:
    if text in (".", ".."):  # a browser would take them for steps in a path
        return text.replace(".", "%2E")
    return text if _PLAIN(text) else quote(text, safe="")


class AssetId(NamedTuple):
    """The name of one asset; `str` and `parse` are inverse for every possible part."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{_quoted(self.namespace)}/{_quoted(self.name)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form back.

        Raises:
            Invalid: `text` is not `kind:namespace/name` with a known kind.

        Examples:
            >>> AssetId.parse("version:prod/churn_12")
            AssetId(kind='version', namespace='prod', name='churn_12')
        """
        kind, colon, rest = text.partition(":")
        namespace, slash, name = rest.partition("/")
        if not (colon and slash and name and kind in KINDS):
            raise Invalid(
                f"{text!r} is not an asset id.",
                f"Write kind:namespace/name, each part percent-encoded; kinds: {', '.join(sorted(KINDS))}.",
            )
        return cls(kind, unquote(namespace), unquote(name))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Travel as text in JSON, stay a tuple in Python."""
        from_text = core_schema.no_info_after_validator_function(cls._parse, core_schema.str_schema())
        return core_schema.union_schema(
            [core_schema.is_instance_schema(cls), from_text],
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema()),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "format": "asset-id", "examples": ["version:prod/churn_12"]}

    @classmethod
    def _parse(cls, text: str) -> Self:
        try:
            return cls.parse(text)
        except Invalid as problem:
            raise ValueError(str(problem)) from problem
