"""Run the server as people meet it: over HTTP, in a thread of the test."""

import socket
import threading
import time
from contextlib import contextmanager

import uvicorn

from upriver.web.app import create_app


@contextmanager
def serving(engine, *, worker=False):
    """Give the URL of a server over `engine`, until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(engine, worker=worker), log_level="critical", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()
