"""The terminal program, as `pip install` leaves it: its signals and statuses are those of the program alone."""

import pathlib
import re
import signal
import subprocess
import sys
import threading

import pytest

import steadywire
from conftest import BUILT, PATIENCE

MODULE = (sys.executable, "-X", "faulthandler", "-m", "steadywire")
COMMAND = (str(pathlib.Path(sys.executable).with_name("steadywire")),)
BOTH = pytest.mark.parametrize("program", [MODULE, COMMAND], ids=["module", "command"])


def start(program, *words, **options):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True}
    return subprocess.Popen([*program, *words], **{**pipes, **options})


def ended(process):
    said, told = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in told
    assert "Fatal" not in told
    return process.returncode, said, without_waiting(told)


def without_waiting(told):
    """On a busy machine `run` says that it waits for the hub."""
    return "".join(line for line in told.splitlines(keepends=True) if not line.startswith("steadywire: waiting for "))


@BOTH
def test_it_is_there_and_knows_its_name(program):
    assert ended(start(program, "--version")) == (0, f"steadywire {steadywire.__version__}\n", "")
    status, said, _ = ended(start(program, "watch", "--help"))
    assert (status, said.count("Usage: steadywire watch")) == (0, 1)
    status, said, told = ended(start(program, "watch", "--no-such-option"))
    assert (status, said) == (2, "")
    assert "--no-such-option" in told


@BOTH
def test_serve_run_and_watch(program, task_id):
    with start(program, "serve", "--listen", "127.0.0.1:0") as hub:
        url = re.search(r"wss?://\S+", hub.stdout.readline()).group(0)
        worker = start(program, "run", "--url", url, "--task", task_id, "--", "sh", "-c", "echo hällo; exit 7")
        assert ended(worker) == (7, "hällo\n", "")
        status, said, _ = ended(start(program, "watch", "--url", url, task_id))
        assert status == 1
        assert "hällo" in said
        status, said, _ = ended(start(program, "send", "--url", url, "u", "--complete"))
        assert status == 0
        hub.send_signal(signal.SIGINT)
        assert ended(hub)[0] == 0


@BOTH
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_watch(program, number, url, client, task_id):
    task = client.report(task_id)
    task.log("it has begun")
    watcher = start(program, "watch", "--url", url, task_id)
    too_late = threading.Timer(PATIENCE, watcher.kill)
    too_late.start()
    assert any("it has begun" in line for line in iter(watcher.stdout.readline, "")), (ended(watcher), client.stats())
    too_late.cancel()
    watcher.send_signal(number)
    assert ended(watcher)[0] == 128 + number
    task.complete()


def test_a_signal_reaches_what_run_started(url, task_id):
    # Not `pause`: a signal may come just before it.
    code = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
print("up", flush=True)
while True:
    time.sleep(1)
"""
    worker = start(MODULE, "run", "--url", url, "--task", task_id, "--", sys.executable, "-c", code)
    assert worker.stdout.readline() == "up\n"
    worker.send_signal(signal.SIGTERM)
    assert ended(worker)[0] == 5


def test_what_run_started_may_end_by_a_signal(url, task_id):
    # Not by the signal itself: the interpreter would have taken it for a KeyboardInterrupt.
    worker = start(MODULE, "run", "--url", url, "--task", task_id, "--", "sh", "-c", "echo up; exec sleep 600")
    assert worker.stdout.readline() == "up\n"
    worker.send_signal(signal.SIGINT)
    assert ended(worker)[0] == 128 + signal.SIGINT


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("ignored", [[], [signal.SIGINT, signal.SIGHUP]], ids=["none", "two"])
def test_what_run_started_ignores_what_whoever_started_us_ignores(url, task_id, ignored):
    def ignore():
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)

    words = ("run", "--url", url, "--task", task_id, "--", "grep", "SigIgn", "/proc/self/status")
    alone = ended(start((BUILT / "steadywire",), *words, preexec_fn=ignore))
    assert ended(start(MODULE, *words, preexec_fn=ignore)) == alone
    mask = int(alone[1].split()[1], 16)
    assert [mask >> (number - 1) & 1 for number in (signal.SIGINT, signal.SIGHUP)] == [bool(ignored)] * 2


def test_arguments_need_not_be_text(url, task_id):
    worker = start(MODULE, "run", "--url", url, "--task", task_id, "--", "printf", b"\xff\xfe", text=False)
    said, told = worker.communicate(timeout=PATIENCE)
    assert (said, without_waiting(told.decode())) == (b"\xff\xfe", "")
