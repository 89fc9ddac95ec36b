"""Which process does a piece of work, so that another can take it up when that one was killed."""

import os
import socket


def this() -> str:
    """Return the name of this process, among all machines that share the catalog."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_dead(worker: str) -> bool:
    """Return whether `worker` was a process of this machine that is no more.

    Examples:
        >>> is_dead(this()), is_dead("elsewhere:1")
        (False, False)
    """
    host, _, pid = worker.rpartition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
