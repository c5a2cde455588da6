"""The examples do what they say."""

import os
import re
import subprocess
import sys
import threading
import urllib.request

import pytest

import steadywire
from conftest import PATIENCE, ROOT

EXAMPLES = ROOT / "examples" / "python"


def start(name, *arguments):
    command = [sys.executable, EXAMPLES / name, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_follow_and_training(url, task_id):
    with start("follow.py", url, task_id) as follow, start("training.py", url, task_id) as training:
        said, _ = training.communicate(timeout=PATIENCE)
        assert training.returncode == 0, said
        said, _ = follow.communicate(timeout=PATIENCE)
    assert follow.returncode == 0, said
    assert "info: epoch 5 of 5" in said
    assert "done: {'loss'" in said


def test_fan_in(url):
    with start("fan_in.py", url) as program:
        said, _ = program.communicate(timeout=PATIENCE)
    assert said == "100 of 100 parts are done\n"


def test_pool(url):
    with start("pool.py", url, "3") as program:
        said, _ = program.communicate(timeout=PATIENCE)
    assert program.returncode == 0, said
    assert said.splitlines()[-1] == "primes: 669 669 669"
    assert said.count(": complete") == 3


@pytest.fixture
def backend():
    """The address of the backend, with its port from the system."""
    command = [sys.executable, "-m", "uvicorn", "backend:app", "--port", "0", "--no-access-log", "--no-use-colors"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=EXAMPLES, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, **pipes) as server:
        for line in server.stdout:
            if found := re.search(r"running on http://(\S+)", line):
                break
        threading.Thread(target=server.stdout.read, daemon=True).start()
        yield found.group(1)
        server.kill()


def begin(backend, task):
    urllib.request.urlopen(urllib.request.Request(f"http://{backend}/tasks/{task}", method="POST")).close()


def test_backend(backend):
    client = steadywire.Client(f"ws://{backend}/ws", heartbeat_interval=10)
    client.connect()
    stream = client.follow("build-7")
    client.subscribe("other")
    client.unsubscribe("other")
    begin(backend, "build-7")
    events = list(stream)
    assert [event.message for event in events if event.kind == "log"][-1] == "compiled file 20 of 20"
    assert events[-1].data == {"files": 20}
    # One who comes late, on another link, and the program.
    late = steadywire.Client(f"ws://{backend}/ws")
    assert [event.kind for event in late.follow("build-7")] == ["progress", "complete"]
    late.close()
    command = [sys.executable, "-m", "steadywire", "watch", "--url", f"ws://{backend}/ws", "build-7"]
    assert subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False).returncode == 0
    assert client.stats()["connects"] == 1
    client.close()
