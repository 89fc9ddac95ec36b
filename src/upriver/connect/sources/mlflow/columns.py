"""Columns, as MLflow's three ways of writing a schema state them."""

from collections.abc import Iterable
from typing import Any

from upriver.connect.sources.mlflow.values import parsed

Columns = list[dict[str, Any]]
WORDS = 4000


def of_specs(specs: Any, *, unnamed: str = "") -> Columns:
    """Return the columns of a column or tensor specification; what lies inside an object follows it, dotted.

    Examples:
        >>> of_specs([{"type": "long", "name": "age", "required": True}])
        [{'name': 'age', 'type': 'long', 'required': True}]
        >>> of_specs([{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}])
        [{'name': '[0]', 'type': 'int64', 'shape': [-1]}]
    """
    found: Columns = []
    for position, spec in enumerate(specs if isinstance(specs, list) else []):
        if isinstance(spec, dict):
            found += _of_spec(_name(spec.get("name"), f"{unnamed}[{position}]"), spec)
    return found


def _name(name: Any, otherwise: str) -> str:
    if isinstance(name, list):
        return ".".join(map(str, name))
    return otherwise if name is None or name == "" else str(name)


def _of_spec(name: str, spec: dict[str, Any], depth: int = 0) -> Columns:
    tensor = spec.get("tensor-spec")
    if isinstance(tensor, dict):
        shape = tensor.get("shape")
        return [
            {
                "name": name,
                "type": str(tensor.get("dtype", "")),
                **({"shape": shape} if isinstance(shape, list) else {}),
            }
        ]
    required = spec.get("required", None if "optional" not in spec else not spec["optional"])
    column = {"name": name, "type": _type(spec), **({"required": required} if isinstance(required, bool) else {})}
    return [column, *(_inside(name, spec, depth) if depth < 20 else [])]


def _inside(name: str, spec: dict[str, Any], depth: int) -> Columns:
    while isinstance(spec.get("items"), dict):
        spec = spec["items"]
    inner = spec.get("properties")
    if not isinstance(inner, dict):
        return []
    return [
        one
        for key, value in inner.items()
        if isinstance(value, dict)
        for one in _of_spec(f"{name}.{key}", value, depth + 1)
    ]


def _type(spec: dict[str, Any]) -> str:
    kind = str(spec.get("type", ""))
    inner = spec.get("items") if kind == "array" else spec.get("values") if kind == "map" else None
    return f"{kind}<{_type(inner)}>" if isinstance(inner, dict) else kind


def of_schema(schema: str, targets: Iterable[str] = ()) -> Columns:
    """Return the columns of a dataset as MLflow keeps them: column specs, or tensor specs encoded twice.

    Args:
        schema: The JSON text; anything else yields nothing.
        targets: Columns that some run said it learns to predict.
    """
    outer = parsed(schema)
    if not isinstance(outer, dict):
        return []
    found = of_specs(outer.get("mlflow_colspec"))
    tensors = outer.get("mlflow_tensorspec")
    if isinstance(tensors, dict):
        found += of_specs(_twice(tensors.get("features")))
        found += [{**one, "target": True} for one in of_specs(_twice(tensors.get("targets")), unnamed="target")]
    named = set(targets)
    return [{**one, "target": True} if one["name"] in named else one for one in found]


def _twice(value: Any) -> Any:
    return parsed(value) if isinstance(value, str) else value


def words(columns: Columns) -> str:
    """Return names to find something by, not too many."""
    return " ".join(one["name"] for one in columns)[:WORDS]
