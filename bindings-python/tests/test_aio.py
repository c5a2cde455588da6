"""The client for asyncio."""

import asyncio
import gc
import sys
import time
import weakref

import pytest

import steadywire
from conftest import PATIENCE, SUBSCRIBE, run
from steadywire import aio, errors

PROGRESS = {"send": {"type": "progress", "taskId": "t", "timestamp": 9, "data": {"progress": 1}}}
COMPLETE = {"send": {"type": "complete", "taskId": "t", "timestamp": 9, "data": {"ok": True}}}


async def test_everything_once(url, task_id):
    async with aio.Client(url) as client, aio.Client(url) as worker:
        stream = client.follow(task_id)
        said = []
        client.on("progress", said.append)
        async with worker.report(task_id) as task:
            task.progress(40, stage="s")
            task.log("m")
        kinds = [event.kind async for event in stream]
        assert kinds == ["progress", "log", "complete"]
        assert (await client.wait(task_id)).ok
        assert [event.progress for event in said] == [40]
        assert (await worker.send({"type": "status", "taskId": task_id, "data": 1}, ack=True)).state == "acked"
        await worker.flush()
        assert client.state == "connected"
    with pytest.raises(errors.ClosedError):
        await client.connect()


async def test_a_step_that_is_given_up_loses_no_event(url, task_id):
    """Steps are cancelled at every moment, also after their event has come."""
    async with aio.Client(url) as client, aio.Client(url) as worker:
        stream = client.follow(task_id)
        task = worker.report(task_id)
        count, seen = 200, []

        async def send():
            for n in range(count):
                task.status(n)
                await asyncio.sleep(0)
            task.complete()

        sending = asyncio.create_task(send())
        turns = 0
        while True:
            step = asyncio.ensure_future(anext(stream))
            for _ in range(turns % 7):
                await asyncio.sleep(0)
            turns += 1
            if turns % 2:
                step.cancel()
            try:
                seen.append(await step)
            except asyncio.CancelledError:
                continue
            except StopAsyncIteration:
                break
        await sending
        assert [event.data for event in seen[:-1]] == list(range(count))
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_wait_for_around_a_step(url, task_id):
    async with aio.Client(url) as client, aio.Client(url) as worker:
        stream = client.follow(task_id)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream), 0.01)
        async with worker.report(task_id) as task:
            task.status(1)
        assert [event.kind async for event in stream] == ["status", "complete"]


async def test_a_hundred_tasks_at_once(url, task_id):
    async with aio.Client(url) as client, aio.Client(url) as worker:
        tasks = [f"{task_id}-{n}" for n in range(100)]
        waiting = [asyncio.create_task(client.wait(task)) for task in tasks]
        for n, task in enumerate(tasks):
            worker.report(task).complete(n)
        assert [outcome.data for outcome in await asyncio.gather(*waiting)] == list(range(100))
        assert client.stats()["callbacks"]["waiting"] == 0


async def test_events_and_batches_end_with_disconnect(url, task_id):
    client = aio.Client(url)
    stream = client.events()

    batches = client.batches()

    async def collect():
        return [event async for batch in batches for event in batch]

    collecting = asyncio.create_task(collect())
    await client.connect(task_id)
    await client.disconnect()
    events = [event async for event in stream]
    assert [event.kind for event in events][-1] == "state_change"
    assert await collecting == events
    client.close()


async def test_a_wait_that_is_given_up_gives_up_the_task(url, task_id):
    async with aio.Client(url) as client:
        with pytest.raises(errors.TimeoutError):
            await client.wait(task_id, timeout=0.01)
        waiting = asyncio.create_task(client.wait(task_id))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        stats = client.stats()
        assert (stats["openTasks"], stats["callbacks"]["waiting"]) == (0, 0)


async def test_close_wakes_those_who_wait(url, task_id):
    client = aio.Client(url)
    waiting = [asyncio.create_task(client.wait(task_id)), asyncio.create_task(anext(client.follow(task_id)))]
    await client.connect()
    client.close()
    outcome, event = await asyncio.gather(*waiting)
    assert (outcome.kind, outcome.reason) == ("lost", "closed")
    assert (event.kind, event.reason) == ("lost", "closed")


async def test_credentials_may_come_from_a_coroutine(scripted):
    url = scripted({"accept": {"status": 401, "headers": {}, "body": "no"}}, [SUBSCRIBE, COMPLETE])
    asked = []

    async def token(request):
        await asyncio.sleep(0)
        asked.append(request.force_refresh)
        return "secret"

    client = aio.Client(url, token=token, reconnect_interval=1)
    assert (await client.wait("t", timeout=PATIENCE)).ok
    # The server leaves then, and is dialled again.
    assert asked[:2] == [False, True]
    client.close()


async def test_a_coroutine_that_fails_is_a_failed_attempt(url):
    async def token(request):
        await asyncio.sleep(0)
        raise KeyError

    client = aio.Client(url, token=token, max_connect_attempts=1)
    with pytest.raises(errors.Error):
        await client.connect()
    client.close()


async def test_a_coroutine_that_is_cancelled_is_a_failed_attempt(url):
    async def token(_):
        raise asyncio.CancelledError

    client = aio.Client(url, token=token, max_connect_attempts=1)
    with pytest.raises(errors.AttemptsExhaustedError):
        await client.connect(timeout=PATIENCE)
    client.close()


async def test_a_classify_that_makes_no_sense_leaves_the_end_as_proposed():
    client = aio.Client("ws://127.0.0.1:1/", classify=lambda _: "shrug", max_connect_attempts=1)
    with pytest.raises(errors.AttemptsExhaustedError):
        await client.connect(timeout=PATIENCE)
    client.close()


async def test_what_a_block_raises_comes_out_of_it(url, task_id):
    client = aio.Client(url)

    async def block():
        async with client, client.report(task_id):
            client.close()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await block()


def test_a_second_loop_is_refused(url):
    client = aio.Client(url)
    with asyncio.Runner() as first:
        first.run(client.connect())
        with pytest.raises(errors.InvalidStateError, match="another event loop"):
            asyncio.run(client.connect())
    client.close()


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_in_a_callback_comes_out_of_the_loop_and_loses_nothing(scripted, interrupt):
    """As with every callback of a loop. Where that runs again, the client goes on behind it."""
    url = scripted([SUBSCRIBE, *[PROGRESS] * 3, COMPLETE])
    loop = asyncio.new_event_loop()
    client = aio.Client(url, conflate="never")
    heard, others = [], []

    def stop(event):
        heard.append(event)
        if len(heard) == 1:
            raise interrupt

    client.on("progress", stop)
    client.on("progress", others.append)

    async def wait():
        return await client.wait("t")

    waiting = loop.create_task(wait())
    with pytest.raises(interrupt):
        loop.run_until_complete(waiting)
    assert (len(heard), len(others)) == (1, 1)
    assert loop.run_until_complete(waiting).ok
    assert (len(heard), len(others)) == (3, 3)
    assert client.stats()["callbacks"]["failures"] == 0
    client.close()
    loop.close()


def test_a_program_that_exits_in_a_callback_cleans_up_and_ends(scripted):
    program = """
import asyncio, sys
from steadywire import aio

async def main():
    try:
        async with aio.Client(sys.argv[1]) as client:
            client.on("progress", lambda event: sys.exit(3))
            await client.wait("t")
    finally:
        print("cleaned up", client.stats()["state"], flush=True)

asyncio.run(main())
"""
    ran = run(program, scripted([SUBSCRIBE, *[PROGRESS] * 5]))
    assert (ran.returncode, ran.stdout) == (3, "cleaned up disconnected\n")
    # The first is the end: what callbacks raise while the program cleans up does not keep it from that.
    assert "destroyed" not in ran.stderr


async def test_an_interrupt_in_classify_comes_out_of_the_loop(scripted):
    loop = asyncio.new_event_loop()

    def ask():
        client = aio.Client("ws://127.0.0.1:1/", classify=lambda _: sys.exit(1), max_connect_attempts=1)
        connecting = loop.create_task(client.connect())
        with pytest.raises(SystemExit):
            loop.run_until_complete(connecting)
        # It has been answered nevertheless: the end means what was proposed.
        assert client._router.native.questions() == 0
        with pytest.raises(errors.AttemptsExhaustedError):
            loop.run_until_complete(connecting)
        client.close()
        loop.close()

    await asyncio.to_thread(ask)


def test_the_answer_to_a_send_after_the_loop_was_closed():
    """It stays open until the client is used again, and holds up nothing."""
    client = aio.Client("ws://127.0.0.1:1/")

    async def send():
        return client.send({"type": "status", "taskId": "t", "data": 1})

    sent = asyncio.run(send())
    assert not sent.done()
    with pytest.raises(errors.ClosedError):
        client.events()
    assert sent.result() == steadywire.Receipt("dropped", "closed")


def test_a_program_whose_loop_was_closed_with_a_send_open_ends_quietly():
    program = """
import asyncio
from steadywire import aio

async def main(client):
    return client.send({"type": "status", "taskId": "t", "data": 1})

client = aio.Client("ws://127.0.0.1:1/")
sent = asyncio.run(main(client))
other = aio.Client("ws://127.0.0.1:1/")
loop = asyncio.new_event_loop()
kept = loop.run_until_complete(main(other))
loop.close()
print(sent.done(), kept.done())
"""
    ran = run(program)
    assert (ran.returncode, ran.stdout) == (0, "False False\n")
    assert ran.stderr.count("the program ended before 1 messages were known to have reached the server") == 2
    assert not any(noise in ran.stderr for noise in ("destroyed", "never", "Traceback"))


async def test_callbacks_are_plain_functions(url):
    async def callback(event):
        pass

    client = aio.Client(url)
    with pytest.raises(errors.InvalidArgumentError, match="plain function"):
        client.on("log", callback)
    client.close()


def test_a_loop_that_cannot_watch_descriptors_is_woken_by_a_thread(url, task_id):
    class Loop(asyncio.SelectorEventLoop):
        def add_reader(self, fd, callback, *args):
            raise NotImplementedError

    async def main():
        async with aio.Client(url) as client, aio.Client(url) as worker:
            stream = client.follow(task_id)
            async with worker.report(task_id) as task:
                task.status(1)
            return [event.kind async for event in stream]

    with asyncio.Runner(loop_factory=Loop) as runner:
        assert runner.run(main()) == ["status", "complete"]


async def test_a_client_nobody_holds_is_collected(url):
    client = aio.Client(url, token=lambda _, held=None: "secret" if held else "")
    client.on("progress", lambda event, client=client: client)
    await client.connect()
    gone = weakref.ref(client)
    del client
    # While another thread collects, a call does nothing.
    deadline = time.monotonic() + PATIENCE
    while gone() is not None and time.monotonic() < deadline:
        gc.collect()
        await asyncio.sleep(0)
    assert gone() is None
    await asyncio.sleep(0)


async def test_an_error_of_a_block_fails_the_task(url, task_id):
    async with aio.Client(url) as client:
        with pytest.raises(KeyError):
            async with client.report(task_id):
                raise KeyError(task_id)
        assert (await client.wait(task_id)).code == "KeyError"
    assert isinstance(client, steadywire._base.BaseClient)


@pytest.mark.usefixtures("patient")
async def test_a_reader_of_everything_that_lags_is_waited_for(scripted):
    line = {"type": "log", "taskId": "t", "timestamp": 1, "data": {"level": "info", "message": "m"}}
    client = aio.Client(scripted([SUBSCRIBE, *[{"send": line}] * 30_000, COMPLETE]))
    stream = client.events()
    await client.connect("t")
    lines = 0
    async for event in stream:
        if lines in {1, 5000}:
            await asyncio.sleep(0.3)
        lines += event.kind == "log"
        if event.kind == "complete":
            break
    assert lines == 30_000
    client.close()


def test_a_loop_that_is_closed_with_events_pending_is_lost_and_closed(scripted):
    client = aio.Client(scripted([SUBSCRIBE, PROGRESS, PROGRESS]))

    async def begin():
        stream = client.follow("t")
        assert (await anext(stream)).progress == 1
        waiting = asyncio.ensure_future(client.wait("u"))
        await asyncio.sleep(0)
        return stream, waiting

    loop = asyncio.new_event_loop()
    stream, waiting = loop.run_until_complete(begin())
    loop.close()

    async def go_on():
        rest = [event async for event in stream]
        assert (rest[-1].kind, rest[-1].reason) == ("lost", "closed")
        assert {event.kind for event in rest[:-1]} <= {"progress"}
        with pytest.raises(errors.ClosedError):
            await client.connect()
        with pytest.raises(errors.ClosedError):
            client.follow("t")

    asyncio.run(go_on())
    assert not waiting.done()
    waiting._log_destroy_pending = False


def test_a_call_after_the_loop_was_closed_says_so(url):
    client = aio.Client(url)
    asyncio.run(client.connect("t"))
    with pytest.raises(errors.ClosedError):
        asyncio.run(client.connect())


async def test_a_future_keeps_its_client_until_it_is_done(url, task_id):
    async def post():
        client = aio.Client(url)
        await client.connect()
        return client.send({"type": "status", "taskId": task_id, "data": 1}, ack=True), weakref.ref(client._router)

    sent, router = await post()
    gc.collect()
    assert router() is not None
    assert (await asyncio.wait_for(sent, PATIENCE)).state == "acked"
    await asyncio.sleep(0)
    gc.collect()
    assert router() is None


async def test_a_future_that_nobody_holds_keeps_no_client():
    client = aio.Client("ws://127.0.0.1:1/", max_connect_attempts=None)
    client.send({"type": "status", "taskId": "t", "data": 1})
    router = weakref.ref(client._router)
    del client
    gc.collect()
    assert router() is None


async def test_a_listener_that_is_added_in_the_same_turn_hears_all(scripted):
    """Also what comes before it is there, while the loop is held up; and for a client that has listeners already."""
    client = aio.Client(scripted([SUBSCRIBE, PROGRESS, COMPLETE, {"expect": {"type": "never"}}]))
    client.on("log", print)
    await client.connect()
    heard = []
    client.subscribe("t")
    while not client.stats()["outcomes"]:
        pass
    client.on("progress", heard.append)
    assert (await client.wait("t", timeout=PATIENCE)).ok
    assert [event.progress for event in heard] == [1]
    # What nobody listens to in that turn costs nothing after it.
    assert client._router._turn is False
    client.close()


@pytest.mark.parametrize("begin", ["connect", "wait"])
async def test_a_listener_that_is_added_right_after_a_call_begins_hears_all(scripted, begin):
    client = aio.Client(scripted([SUBSCRIBE, PROGRESS, COMPLETE, {"expect": {"type": "never"}}]))
    client.on("log", print)
    heard = []
    begun = asyncio.ensure_future(getattr(client, begin)("t"))
    await asyncio.sleep(0)
    while not client.stats()["outcomes"]:
        pass
    client.on("progress", heard.append)
    await asyncio.wait_for(begun, PATIENCE)
    assert (await client.wait("t", timeout=PATIENCE)).ok
    assert [event.progress for event in heard] == [1]
    client.close()
