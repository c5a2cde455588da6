"""What `close()` tells those who wait and listen, whatever is under way."""

import asyncio
import threading
import time

import pytest

import steadywire
from conftest import PATIENCE, SUBSCRIBE, complete, run
from steadywire import aio, errors

STATUS = {"send": {"type": "status", "taskId": "t", "timestamp": 9, "data": 1}}
LINE = {"type": "log", "taskId": "u", "data": {"message": "m"}}
# The link is not to end by itself.
STAYS = {"expect": {"type": "never"}}
KINDS = ("state_change", "disconnected", "lost", "complete")


class Held:
    """A callback for `status` that is under way until it is let go."""

    def __init__(self, client):
        self.begun, self.gate = threading.Event(), threading.Event()
        client.on("status", self)

    def __call__(self, _):
        self.begun.set()
        assert self.gate.wait(PATIENCE)


class Watched:
    """The native client, with some calls of its own."""

    def __init__(self, client, **calls):
        self._native = client._router.native
        self.__dict__.update(calls)
        client._router.native = self

    def __getattr__(self, name):
        return getattr(self._native, name)


def told_by(client):
    told = []
    for kind in KINDS:
        client.on(kind, lambda event: told.append((event.kind, getattr(event, "reason", None))))
    return told


def ended(client):
    """Wait until the client has told everything."""
    thread = client._router.keeper._thread
    thread.join(PATIENCE)
    assert not thread.is_alive()


def in_a_thread(call):
    """Call it on a thread of its own; gives a function that waits for what it gave or raised."""
    answers = []

    def run():
        try:
            answers.append(call())
        except BaseException as error:
            answers.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def answer():
        thread.join(PATIENCE)
        return answers[0]

    return answer


def until(holds):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_close_while_a_callback_runs_loses_nothing_that_waits(scripted):
    """The outcome has come by then, and waits behind the callback; so does all that the close itself tells."""
    other = {"expect": {"type": "status", "taskId": "v", "data": {"action": "subscribe"}}}
    client = steadywire.Client(scripted([SUBSCRIBE, other, STATUS, {"expect": {"type": "log"}}, complete(), STAYS]))
    held, told = Held(client), told_by(client)
    stream = client.follow("t")
    waiting, lost = in_a_thread(lambda: client.wait("t")), in_a_thread(lambda: client.wait("v"))
    until(lambda: client.stats()["callbacks"]["waiting"] == 2)
    assert held.begun.wait(PATIENCE)
    client.send(LINE)
    until(lambda: client.stats()["outcomes"])
    sent = client.send(LINE)
    client.close()
    held.gate.set()
    assert waiting().kind == "complete"
    assert (lost().kind, lost().reason) == ("lost", "closed")
    assert sent.result(PATIENCE).state in {"dropped", "unknown"}
    assert [event.kind for event in stream] == ["status", "complete"]
    ended(client)
    kinds = [kind for kind, _ in told]
    assert ("lost", "closed") in told
    assert kinds.count("complete") == kinds.count("disconnected") == 1
    assert kinds[-1] == "state_change"


@pytest.mark.parametrize("times", [1, 2])
def test_a_close_inside_a_callback_tells_what_it_ends(scripted, times):
    client = steadywire.Client(scripted([SUBSCRIBE, STATUS, STAYS]))
    told = told_by(client)

    @client.on("status")
    def close(_):
        for _ in range(times):
            client.close()

    stream = client.follow("t")
    waiting = in_a_thread(lambda: client.wait("t"))
    assert [event.kind for event in stream] == ["status", "lost"]
    outcome = waiting()
    # Whoever comes after the close is refused.
    assert isinstance(outcome, errors.ClosedError) or outcome.reason == "closed"
    ended(client)
    assert {"disconnected", "lost"} <= {kind for kind, _ in told}
    assert told[-1][0] == "state_change"


async def test_a_close_inside_a_callback_tells_what_it_ends_in_a_loop(scripted):
    client = aio.Client(scripted([SUBSCRIBE, STATUS, STAYS]))
    told = told_by(client)
    client.on("status", lambda _: client.close())
    waiting = asyncio.ensure_future(client.wait("t"))
    stream = client.follow("t")
    sent = client.send({"type": "log", "taskId": "u", "data": {"message": "m"}}, ack=True)
    outcome = await asyncio.wait_for(waiting, PATIENCE)
    assert (outcome.kind, outcome.reason) == ("lost", "closed")
    assert [event.kind async for event in stream] == ["status", "lost"]
    assert (await sent).state in {"written", "unknown", "dropped"}
    assert {"disconnected", "lost"} <= {kind for kind, _ in told}
    assert told[-1][0] == "state_change"


def test_what_is_sent_while_another_thread_closes_is_answered():
    client = steadywire.Client("ws://127.0.0.1:1/")
    sent = []

    def close():
        # The thread that delivers has been round once when the second is sent.
        client.flush()
        sent.append(client.send(LINE))
        client._router.native._native.close()

    Watched(client, close=close)
    client.close()
    assert sent[0].result(PATIENCE) == steadywire.Receipt("dropped", "closed")


def test_a_reader_that_comes_while_another_thread_closes_gets_the_end():
    client = steadywire.Client("ws://127.0.0.1:1/")

    def number():
        client.close()
        ended(client)
        return 1

    Watched(client, number=number)
    assert client.events().next(PATIENCE) is None


def test_what_a_close_ends_is_told_before_the_process_ends(scripted):
    client = steadywire.Client(scripted([SUBSCRIBE, STATUS, STAYS]))
    held, told = Held(client), told_by(client)
    client.subscribe("t")
    client.connect()
    assert held.begun.wait(PATIENCE)
    client.close()
    keeper = client._router.keeper
    thread = keeper._thread

    class Joined:
        def join(self, seconds):
            held.gate.set()
            thread.join(seconds)

    keeper._thread = Joined()
    keeper.begin_flush()
    assert keeper.end_flush(PATIENCE) == 0
    keeper.stop()
    held.gate.set()
    thread.join(PATIENCE)
    assert {"disconnected", "lost"} <= {kind for kind, _ in told}
    assert told[-1][0] == "state_change"


def test_a_loop_that_runs_in_another_thread_takes_itself_when_the_process_ends(scripted):
    client = aio.Client(scripted([SUBSCRIBE, STATUS, STAYS]))
    up, done, takers, told = threading.Event(), threading.Event(), set(), told_by(client)
    native = client._router.native

    def take(most):
        takers.add(threading.current_thread())
        return native.take(most)

    Watched(client, take=take)

    async def main():
        waiting = asyncio.ensure_future(client.wait("t"))
        await client.connect()
        up.set()
        outcome = await waiting
        await asyncio.get_running_loop().run_in_executor(None, done.wait, PATIENCE)
        return outcome.reason

    outcome = in_a_thread(lambda: asyncio.run(main()))
    assert up.wait(PATIENCE)
    keeper = client._router.keeper
    keeper.begin_flush()
    assert keeper.end_flush(PATIENCE) == 0
    assert keeper._flush[1].done.is_set()
    assert {"disconnected", "lost"} <= {kind for kind, _ in told}
    keeper.stop()
    done.set()
    assert outcome() == "disconnected"
    assert threading.current_thread() not in takers


def test_a_program_with_a_loop_in_a_daemon_thread_ends_quietly(url, task_id):
    code = f"""
import asyncio, threading
from steadywire import aio
up = threading.Event()
async def main():
    client = aio.Client({url!r})
    client.on("lost", lambda event: print(event.reason, flush=True))
    waiting = asyncio.ensure_future(client.wait("never"))
    await client.connect()
    client.send({{"type": "complete", "taskId": {task_id!r}, "data": 7}})
    up.set()
    await waiting
    await asyncio.Event().wait()
threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
up.wait()
"""
    for _ in range(5):
        done = run(code)
        assert (done.returncode, done.stdout, done.stderr) == (0, "disconnected\n", "")
