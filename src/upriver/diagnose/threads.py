"""Small models are fitted on one thread: several would spend their time waiting for each other."""

from contextlib import AbstractContextManager, nullcontext
from importlib import import_module


def one() -> AbstractContextManager[object]:
    """Return a context in which learners use one thread; all of them where they cannot be told.

    scikit-learn is loaded first: only libraries that are loaded by then are told.

    Examples:
        >>> with one():
        ...     sum([1, 2])
        3
    """
    try:
        import_module("sklearn.ensemble")
        found: AbstractContextManager[object] = import_module("threadpoolctl").threadpool_limits(1)
    except ImportError:
        return nullcontext()
    return found
