"""What a model's own file says of it.  MLflow keeps signatures nowhere else."""

import re
from functools import lru_cache
from typing import Any, NamedTuple

import yaml

from upriver.connect.sources.mlflow.columns import of_specs
from upriver.connect.sources.mlflow.values import parsed, plain

FACETS = frozenset({"signature", "flavors", "requirements", "algorithm"})
LARGEST = 4_000_000
BLOCKS = re.compile(r"^\S.*\n(?:[ \t-].*\n?|\n)*", re.MULTILINE)
ANCHOR = re.compile(r"[:\-\[,]\s*[&*]\w")
ALIASES = re.compile(r"[:\-\[,]\s*\*\w")


class ModelFile(NamedTuple):
    """What was read; `problem` is set where the file is there but makes no sense."""

    signature: dict[str, Any]
    flavors: dict[str, Any]
    algorithm: str
    requirements: tuple[str, ...]
    problem: str = ""


def understood(text: str, requirements: str) -> ModelFile:
    r"""Read an `MLmodel` and a `requirements.txt`.

    Examples:
        >>> understood("flavors: {sklearn: {sklearn_version: '1.9'}}", "scikit-learn==1.9\n").algorithm
        'sklearn'
        >>> understood("]", "").problem
        'Its MLmodel is not YAML.'
    """
    lines = tuple(line for raw in requirements.splitlines() if (line := raw.strip()) and not line.startswith("#"))
    try:
        return _told(_relevant(text))._replace(requirements=lines)
    except ValueError as error:
        return ModelFile({}, {}, "", lines, str(error))


def _relevant(text: str) -> str:
    """Return the blocks that are read; they are alike in most models, unlike ids and times."""
    if not text.startswith(("{", "%", "-")) and not ANCHOR.search(text):
        return "".join(block for block in BLOCKS.findall(text) if block.startswith(("flavors:", "signature:"))) or text
    return text


@lru_cache(1024)
def _told(text: str) -> ModelFile:
    if len(text) > LARGEST or len(ALIASES.findall(text)) > 50:
        raise ValueError("Its MLmodel is too large to be one.")
    try:
        found = yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError("Its MLmodel is not YAML.") from error
    if not isinstance(found, dict):
        raise ValueError("Its MLmodel is not a model's description.")  # noqa: TRY004 -- of the file, not of an argument
    flavors = {
        str(name): plain(value) for name, value in _mapping(found.get("flavors")).items() if isinstance(value, dict)
    }
    return ModelFile(_signature(_mapping(found.get("signature"))), flavors, algorithm(flavors), ())


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _signature(raw: dict[str, Any]) -> dict[str, Any]:
    parts = {
        name: parsed(raw[name]) if isinstance(raw.get(name), str) else raw.get(name)
        for name in ("inputs", "outputs", "params")
    }
    params = [one for one in parts["params"] or () if isinstance(one, dict)]
    found = {"inputs": of_specs(parts["inputs"]), "outputs": of_specs(parts["outputs"]), "params": params}
    return {name: value for name, value in found.items() if value}


def algorithm(flavors: dict[str, Any]) -> str:
    """Return the kind of model: its class where the flavor names it, else the flavor."""
    own = [name for name in flavors if name != "python_function"]
    for name in own:
        for key in ("model_class", "pipeline_model_type", "source_model_name", "model_type"):
            if isinstance(flavors[name].get(key), str) and flavors[name][key]:
                return str(flavors[name][key]).rpartition(".")[2]
    return own[0] if own else next(iter(flavors), "")
