"""A task's life through the servers of docs/servers.md, each of which is killed in the midst and started again."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading

import pytest

import steadywire
from conftest import PATIENCE, ROOT

SERVERS = ROOT / "examples/servers/fastapi"
QUICK = {"reconnect_interval": 20, "max_reconnect_backoff": 100}


class Server:
    """One of them, at an address that stays."""

    def __init__(self, module):
        self.module = module
        self.port = 0
        self.start()

    def start(self):
        command = [sys.executable, "-m", "uvicorn", f"{self.module}:app", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--no-access-log", "--no-use-colors"],
            cwd=SERVERS,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for line in self.process.stdout:
            if found := re.search(r"running on http://[^:]+:(\d+)", line):
                self.port = int(found.group(1))
                break
        # Its output is not to fill up.
        self.reading = threading.Thread(target=self.process.stdout.read)
        self.reading.start()
        self.url = f"ws://127.0.0.1:{self.port}/ws"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reading.join()
        self.process.stdout.close()


@contextlib.contextmanager
def begun(module):
    """To the point where a task has survived a restart and both links are up."""
    server = Server(module)
    with (
        contextlib.ExitStack() as stack,
        steadywire.Client(server.url, **QUICK) as worker,
        steadywire.Client(server.url, **QUICK) as follower,
    ):
        stack.callback(server.kill)
        events = iter(follower.follow("build"))
        task = worker.report("build")
        task.progress(40, stage="compile")
        until(events, lambda event: event.kind == "progress" and event.progress == 40)
        server.kill()
        server.start()
        # What is written to a link that has just died is gone: progress is not sent again.
        while worker.stats()["connects"] < 2:
            os.sched_yield()
        task.progress(60, stage="link")
        until(events, lambda event: event.kind == "progress" and event.progress == 60)
        task.log("after")
        until(events, lambda event: event.kind == "log" and event.message == "after")
        yield server, worker, task, events


def until(events, wanted):
    for event in events:
        assert event.kind not in ("lost", "error", "gap"), event
        if wanted(event):
            return event
    pytest.fail("the task ended")


def test_the_outcome_comes_through_a_restart_and_a_late_follower_has_it():
    with begun("server") as (server, _worker, task, events):
        answer = task.complete({"files": 12})
        assert until(events, lambda event: event.kind == "complete").data == {"files": 12}
        assert answer.result(PATIENCE).state == "written"
        with steadywire.Client(server.url) as late:
            assert late.wait("build", timeout=PATIENCE).result() == {"files": 12}


def test_with_ack_an_outcome_that_died_with_the_server_is_sent_again():
    with begun("server_ack") as (server, worker, task, events):
        # It takes what is written to it, and dies before it reads it.
        server.process.send_signal(signal.SIGSTOP)
        written = worker.stats()["framesOut"]
        answer = task.complete({"files": 12})
        while worker.stats()["framesOut"] == written:
            os.sched_yield()
        server.kill()
        server.start()
        assert answer.result(PATIENCE).state == "acked"
        assert until(events, lambda event: event.kind == "complete").data == {"files": 12}
