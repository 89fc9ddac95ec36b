"""What was thanked for is there, whatever happens to the server afterwards."""

import http.client
import os
import re
import signal
import subprocess
import sys
import threading

import pytest

from events import body
from upriver.connect.openlineage.inbox import Inbox

CLIENTS = 4


@pytest.fixture
def server(engine, tmp_path):
    """Start `upriver up` in a process of its own; give it and its port."""
    url = engine.url.render_as_string(hide_password=False)
    environment = os.environ | {"UPRIVER_DATABASE_URL": url, "UPRIVER_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "upriver.cli.main", "up", "--port", "0"]
    running = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    yield running, int(re.search(r":(\d+) ", running.stdout.readline())[1])
    running.kill()
    running.wait()
    running.stdout.close()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_that_ends_in_the_middle_has_kept_what_it_thanked_for(server, engine, end):
    running, port = server
    thanked, enough = [set() for _ in range(CLIENTS)], threading.Event()

    def send(client):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        try:
            for number in range(100_000):
                sent = body(number, job=f"job_{client}")
                connection.request("POST", "/api/v1/lineage", sent)
                if connection.getresponse().read() is not None:
                    thanked[client].add(sent)
                if len(thanked[client]) > 50:
                    enough.set()
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()

    clients = [threading.Thread(target=send, args=(n,)) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    assert enough.wait(30)
    running.send_signal(end)
    for client in clients:
        client.join()
    inbox, kept, at = Inbox(engine), set(), 0
    while some := inbox.after(at, 1000):
        kept.update(raw.body for raw in some)
        at = some[-1].seq
    inbox.close()
    assert len(set().union(*thanked)) > 50
    assert set().union(*thanked) <= kept
