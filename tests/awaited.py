"""Run a coroutine to its end, also where a browser's own event loop already runs in this thread."""

import asyncio
from concurrent.futures import ThreadPoolExecutor


def awaited(coroutine):
    """Return what `coroutine` returns."""
    with ThreadPoolExecutor(1) as other_thread:
        return other_thread.submit(asyncio.run, coroutine).result()
