"""What is not installed with Upriver itself, and how to say so."""

from importlib import import_module
from typing import Any

from upriver.errors import Invalid


def needed(module: str, extra: str, what: str) -> Any:
    """Return a module that comes with an extra.

    Raises:
        Invalid: It is not installed.

    Examples:
        >>> needed("no_such_module", "delta", "Delta tables")
        Traceback (most recent call last):
        upriver.errors.Invalid: Upriver cannot open Delta tables as it is installed. Install it with `pip install 'upriver[delta]'`.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise missing(extra, what) from error


def missing(extra: str, what: str) -> Invalid:
    """Return what to say when an extra is not installed."""
    return Invalid(
        f"Upriver cannot open {what} as it is installed.", f"Install it with `pip install 'upriver[{extra}]'`."
    )
