"""Signals, forks, the end of clients and of the process."""

import faulthandler
import gc
import multiprocessing
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import traceback
import weakref

import pytest

import steadywire
from conftest import PATIENCE, run
from steadywire import errors

WAITS = {
    "wait": "client.wait('never')",
    "follow": "next(client.follow('never'))",
    "events": "list(client.events())",
    "track": "client.track('never')",
    "connect": "steadywire.Client('ws://127.0.0.1:1/', max_connect_attempts=None).connect()",
    "result": "client.send({'type': 'log', 'taskId': 't', 'data': {}}).result()",
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS.keys())
def test_an_interrupt_ends_any_wait_soon(wait):
    code = f"""
import signal, steadywire, sys, threading, time, os
client = steadywire.Client("ws://127.0.0.1:1/", max_connect_attempts=None)
def interrupt():
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
try:
    {wait}
except KeyboardInterrupt:
    print("interrupted")
    client.close()
"""
    done = run(code)
    # How soon, the test after this says.
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr


@pytest.mark.parametrize("wait", ["wait", "follow", "events", "track", "result"])
def test_the_main_thread_waits_in_slices_and_others_do_not(monkeypatch, wait):
    client = steadywire.Client("ws://127.0.0.1:1/", max_connect_attempts=None)
    waits = []
    enough = threading.Event()
    real = threading.Condition.wait

    def counted(condition, timeout=None):
        me = threading.current_thread()
        if me in counting:
            waits.append((me, timeout))
            if sum(waiter is threading.main_thread() for waiter, _ in waits) >= 3:
                enough.set()
        return real(condition, timeout)

    def call():
        counting.add(threading.current_thread())
        try:
            exec(WAITS[wait], {"client": client, "steadywire": steadywire})
        except steadywire.Error:
            return
        finally:
            counting.discard(threading.current_thread())

    def end():
        assert enough.wait(PATIENCE)
        client.close()

    counting = set()
    other, closing = threading.Thread(target=call), threading.Thread(target=end)
    monkeypatch.setattr(threading.Condition, "wait", counted)
    other.start()
    closing.start()
    call()
    other.join(PATIENCE)
    closing.join(PATIENCE)
    slices = [timeout for waiter, timeout in waits if waiter is threading.main_thread()]
    assert len(slices) >= 3
    assert all(timeout is not None and timeout <= 0.1 for timeout in slices)
    assert {timeout for waiter, timeout in waits if waiter is other} == {None}


def forked(check):
    """Whether `check` holds in a fork of this process."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            check()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def test_after_a_fork_an_old_client_raises_and_a_new_one_works(client, url, task_id):
    client.connect()
    stream = client.follow("never")
    pending = client.send({"type": "log", "taskId": task_id, "data": {}}, ack=True)
    task = client.report(task_id)

    def check():
        calls = [
            client.connect, client.disconnect, client.flush, client.close, client.stats, client.events,
            lambda: client.state, lambda: client.subscribe("t"), lambda: client.wait("t"), lambda: client.follow("t"),
            lambda: client.on("log", print), lambda: client.off("log", print), stream.next,
            lambda: task.progress(3), lambda: client.send({"type": "heartbeat", "taskId": ""}),
            lambda: pending.done() or pending.result(),
        ]  # fmt: skip
        for call in calls:
            try:
                answer = call()
                assert answer is True, call
            except errors.ForkedError:
                pass
        with steadywire.Client(url) as new, new.report("forked") as reporter:
            reporter.progress(1)
        gc.collect()

    assert forked(check)
    assert client.wait("forked", timeout=10).ok
    assert client.state == "connected"
    task.complete()


def test_a_child_ends_as_any_process_does(client, url):
    client.connect()
    code = f"""
import os, steadywire, sys
client = steadywire.Client({url!r})
client.connect()
child = os.fork()
if child == 0:
    sys.exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), client.state)
"""
    done = run(code)
    assert done.stdout.split() == ["0", "connected"], done.stderr


def test_what_a_block_raises_in_a_child_comes_out_of_it(url, task_id):
    code = f"""
import os, steadywire, sys
with steadywire.Client({url!r}) as client, client.report({task_id!r}) as task:
    child = os.fork()
    if child == 0:
        sys.exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = run(code)
    assert done.stdout.split() == ["7"], done.stderr


def in_child(url, task):
    with steadywire.Client(url) as client, client.report(task) as reporter:
        reporter.progress(50)


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_multiprocessing(client, url, task_id, method):
    client.connect()
    child = multiprocessing.get_context(method).Process(target=in_child, args=(url, task_id))
    child.start()
    assert client.wait(task_id, timeout=PATIENCE).ok
    child.join(PATIENCE)
    assert child.exitcode == 0


def test_clients_that_nobody_holds_are_collected(url):
    def begin():
        client = steadywire.Client(url, token=lambda _: "secret" if client else "")
        client.on("progress", lambda event: client)
        client.connect("t")
        return weakref.ref(client), weakref.ref(client._router.keeper._thread)

    gone = [begin() for _ in range(5)]
    # A thread that has told a client something may hold it a moment longer.
    deadline = time.monotonic() + PATIENCE
    while any(client() for client, _ in gone) and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0)
    assert [client() for client, _ in gone] == [None] * 5
    for _, thread in gone:
        if (running := thread()) is not None:
            running.join(PATIENCE)
            assert not running.is_alive()


def test_a_follow_that_nobody_holds_gives_its_task_up(client):
    client.connect()
    stream = client.follow("t")
    assert client.stats()["openTasks"] == 1
    del stream
    gc.collect()
    deadline = time.monotonic() + PATIENCE
    while client.stats()["openTasks"] and time.monotonic() < deadline:
        time.sleep(0.001)
    assert client.stats()["openTasks"] == 0


def test_a_client_that_is_closed_wakes_those_who_wait(url):
    client = steadywire.Client(url)
    stream, events = client.follow("never"), client.events()
    answers = []
    waits = [
        lambda: client.wait("never").reason,
        lambda: stream.next().reason,
        lambda: list(events)[-1].kind,
    ]
    threads = [threading.Thread(target=lambda wait=wait: answers.append(wait())) for wait in waits]
    for thread in threads:
        thread.start()
    client.connect()
    while client.stats()["callbacks"]["waiting"] < 1:
        time.sleep(0.001)
    client.close()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert sorted(answers, key=str).count("closed") == 2
    client._router.keeper._thread.join(PATIENCE)
    assert not client._router.keeper._thread.is_alive()


def test_a_stream_outlives_the_client_it_came_from(url):
    code = f"""
import steadywire
stream = steadywire.Client({url!r}).follow("t")
try:
    stream.next(timeout=0.2)
except TimeoutError:
    print(len(list(steadywire._life._state.living)))
"""
    done = run(code)
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


LOAD = """
import steadywire, sys, threading
url, end = sys.argv[1:]
worker, client = steadywire.Client(url), steadywire.Client(url)
seen, enough = [], threading.Event()
def note(event):
    seen.append(event)
    if len(seen) > 500:
        enough.set()
client.on("log", note)
client.on("progress", note)
client.connect("load")
task = worker.report("load")
def blast():
    n = 0
    while True:
        n += 1
        try:
            task.log(str(n))
            task.progress(n % 100)
        except steadywire.errors.QueueFullError:
            pass
        except steadywire.Error:
            return
threading.Thread(target=blast, daemon=True).start()
assert enough.wait(120)
if end == "disconnect":
    client.disconnect()
elif end == "close":
    client.close()
    worker.close()
elif end == "raise":
    raise SystemExit(3)
"""


# How often each way to end is tried; `make test-all` does more.
EXITS = int(os.environ.get("EXITS", "5"))


@pytest.mark.parametrize("end", ["nothing", "disconnect", "close", "raise"])
def test_the_end_of_the_process_under_load(url, end):
    for _ in range(EXITS):
        faulthandler.dump_traceback_later(PATIENCE * 2, exit=True)
        done = run(LOAD, url, end)
        assert done.returncode == (3 if end == "raise" else 0), done.stderr
        assert "Fatal" not in done.stderr, done.stderr
        assert "Traceback" not in done.stderr, done.stderr


def test_a_callback_that_is_under_way_does_not_hold_the_end_up(url):
    code = f"""
import steadywire, threading, time
client = steadywire.Client({url!r})
begun = threading.Event()
def slow(event):
    begun.set()
    time.sleep(600)
client.on("connected", slow)
threading.Thread(target=client.connect, daemon=True).start()
begun.wait()
"""
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_a_fork_while_locks_are_held(url):
    """Threads of the parent are in the middle of everything; the child must not wait for them."""
    code = f"""
import os, steadywire, sys, threading
old = steadywire.Client({url!r})
old.connect()
def busy():
    while True:
        old.send({{"type": "progress", "taskId": "t", "data": {{"progress": 1}}}}).done()
        old.on("log", print)()
for _ in range(3):
    threading.Thread(target=busy, daemon=True).start()
for _ in range(20):
    child = os.fork()
    if child == 0:
        try:
            old.stats()
        except steadywire.errors.ForkedError:
            new = steadywire.Client({url!r})
            new.connect(timeout=20)
            new.disconnect()
            os._exit(0)
        os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        os._exit(2)
os._exit(0)
"""
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_what_waits_is_written_before_the_process_ends(client, url, task_id):
    code = f"""
import steadywire
client = steadywire.Client({url!r})
client.connect()
client.send({{"type": "complete", "taskId": {task_id!r}, "data": 7}})
"""
    done = run(code)
    assert (done.returncode, done.stderr) == (0, "")
    assert client.wait(task_id, timeout=10).data == 7


def test_what_was_dropped_at_the_end_is_logged():
    code = """
import steadywire
client = steadywire.Client("ws://127.0.0.1:1/")
for n in range(3):
    client.send({"type": "log", "taskId": "t", "data": {}})
"""
    begun = time.monotonic()
    done = run(code)
    assert done.returncode == 0
    assert "before 3 messages" in done.stderr
    assert time.monotonic() - begun < PATIENCE


def test_an_asyncio_program_that_ends_under_way(url):
    code = f"""
import asyncio, steadywire.aio
async def main():
    global client
    client = steadywire.aio.Client({url!r})
    await client.connect("t")
    client.send({{"type": "log", "taskId": "t", "data": {{}}}})
    asyncio.create_task(client.wait("t"))
asyncio.run(main())
"""
    for _ in range(5):
        done = run(code)
        assert (done.returncode, done.stderr) == (0, "")


def test_subinterpreters_are_refused():
    module = "_xxsubinterpreters" if sys.version_info < (3, 13) else "_interpreters"
    code = f"""
import {module} as interpreters, steadywire
one = interpreters.create()
failed = interpreters.run_string(one, "import steadywire")
if failed is not None:
    raise SystemExit(failed.msg)
"""
    done = run(code)
    assert done.returncode == 1
    # From Python 3.12 on the interpreter says so itself.
    assert "subinterpreters" in done.stderr, done.stderr


SLOW_TO_IMPORT = {"asyncio", "dataclasses", "enum", "inspect", "json", "logging", "re", "rich", "traceback", "typing"}


def test_importing_leaves_alone_what_is_slow_to_import():
    # Without `site`, which imports what it likes; the package is found by its path.
    where = pathlib.Path(steadywire.__file__).parents[1]
    code = f"import sys; sys.path.append({str(where)!r}); import steadywire; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert "steadywire" in done.stdout.split()
    assert SLOW_TO_IMPORT & set(done.stdout.split()) == set()


def test_names_that_are_slow_to_import_are_there_when_asked_for():
    done = run("""
from steadywire import CredentialsRequest, Ending
from steadywire.events import EventName, Level, State
import steadywire
print(CredentialsRequest._fields[0], Ending._fields[0], "debug" in Level.__args__, hasattr(steadywire, "nothing"))
""")
    assert done.stdout.split() == ["attempt", "close_code", "True", "False"], done.stderr


def test_the_typing_marker_is_installed():
    assert pathlib.Path(steadywire.__file__).with_name("py.typed").exists()
    assert subprocess.run([sys.executable, "-c", "import steadywire"], cwd="/", check=True).returncode == 0
