"""What the tests run against: the hub and the scripted server, as programs of their own."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import pathlib
import re
import subprocess
import sys
import threading

import pytest

import steadywire

ROOT = pathlib.Path(__file__).parents[2]
BUILT = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"

# A test that hangs is a failure, and says where it hung.
PATIENCE = 120

# Steps of the scripted server.
SUBSCRIBE = {"expect": {"type": "status", "taskId": "t", "data": {"action": "subscribe"}}}


@pytest.fixture(autouse=True)
def _watchdog():
    faulthandler.dump_traceback_later(PATIENCE * 2, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def patient(monkeypatch):
    """However slow the machine is, those who read are waited for."""
    monkeypatch.setattr(steadywire._buffer, "_READING", PATIENCE)


@pytest.fixture(scope="session", autouse=True)
def _from_the_wheel():
    assert ROOT not in pathlib.Path(steadywire.__file__).parents or "site-packages" in steadywire.__file__


@contextlib.contextmanager
def hub():
    """Run a hub; gives its address."""
    command = [BUILT / "steadywire", "serve", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        found = re.search(r"wss?://\S+", process.stdout.readline())
        # Its output is not to fill up.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield found.group(0)
        process.kill()


@pytest.fixture(scope="session")
def url():
    """The address of a hub."""
    with hub() as address:
        yield address


@pytest.fixture
def scripted(tmp_path):
    """Start a server that plays a script; gives its address."""
    with contextlib.ExitStack() as stack:

        def start(*connections):
            file = tmp_path / "script.json"
            file.write_text(json.dumps([{"name": "script", "server": list(connections)}]))
            command = [BUILT / "steadywire-faults", file, "script"]
            server = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            stack.callback(server.kill)
            return server.stdout.readline().strip()

        yield start


@pytest.fixture
def client(url):
    made = steadywire.Client(url)
    yield made
    made.close()


@pytest.fixture
def worker(url):
    made = steadywire.Client(url)
    yield made
    made.close()


@pytest.fixture
def task_id(request):
    """A task that no other test has."""
    return request.node.name


def run(code, *arguments, **options):
    """Run a program of its own, with the package as it is installed."""
    command = [sys.executable, "-X", "faulthandler", "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, **options)


def complete(task="t"):
    return {"send": {"type": "complete", "taskId": task, "timestamp": 9, "data": {"ok": True}}}
