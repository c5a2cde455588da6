"""Exceptions without a text, and logging that raises: the delivery goes on, and whoever asks is answered."""

import asyncio
import logging
import threading

import pytest

import steadywire
from conftest import PATIENCE, SUBSCRIBE, complete
from steadywire import aio, errors

LINES = 100
FIRST_LINE = {"type": "log", "taskId": "u", "data": {"message": "m"}}
URL = "ws://127.0.0.1:1/"


class WithoutTextError(Exception):
    def __str__(self):
        return self.missing


class ExitsError(Exception):
    def __str__(self):
        raise SystemExit


def line(n):
    return {"send": {"type": "log", "taskId": "t", "timestamp": 1, "data": {"level": "info", "message": str(n)}}}


# The first line comes alone, the others when the client has said that its callback is under way.
SCRIPT = [SUBSCRIBE, line(0), {"expect": {"type": "log"}}, *map(line, range(1, LINES)), complete()]


@pytest.fixture
def noise(monkeypatch):
    """What raised while it was logged goes here."""
    caught = []
    monkeypatch.setattr(threading, "excepthook", lambda raised: caught.append(raised.exc_type))
    return caught


@pytest.fixture
def angry():
    """A filter of the program's that raises what is put here."""
    raised = []

    def look(record):
        if raised:
            raise raised[0]
        return True

    logging.getLogger("steadywire").addFilter(look)
    yield raised
    logging.getLogger("steadywire").removeFilter(look)


def raises(error):
    def callback(event):
        if event.message == "1":
            raise error

    return callback


def listen(client, then=lambda: None):
    """Note the lines; the first is held up until all that comes waits, and then `then` is called."""
    heard = []

    @client.on("log")
    def note(event):
        heard.append(event)
        if event.message == "0":
            client.send(FIRST_LINE)
            while not client.stats()["outcomes"]:
                pass
            then()

    return heard


@pytest.mark.parametrize("error", [WithoutTextError(), ExitsError()])
def test_an_exception_without_a_text_stops_nothing(scripted, error):
    client = steadywire.Client(scripted(SCRIPT))
    begun, gate, heard, said = threading.Event(), threading.Event(), [], []

    @client.on("log")
    def hold(event):
        heard.append(event)
        begun.set()
        assert gate.wait(PATIENCE)

    client.on("log", raises(error))
    client.on("error", said.append)
    client.subscribe("t")
    client.connect()
    assert begun.wait(PATIENCE)
    client.send(FIRST_LINE)
    while not client.stats()["outcomes"]:
        pass
    gate.set()
    assert client.wait("t", timeout=PATIENCE).ok
    assert [event.message for event in heard] == [str(n) for n in range(LINES)]
    assert [type(error).__name__ in event.message for event in said if event.source == "callback"] == [True]
    client.close()


async def test_an_exception_without_a_text_stops_nothing_in_a_loop(scripted):
    client = aio.Client(scripted(SCRIPT))
    heard = listen(client)
    client.on("log", raises(WithoutTextError()))
    client.subscribe("t")
    await client.connect()
    assert (await client.wait("t", timeout=PATIENCE)).ok
    assert [event.message for event in heard] == [str(n) for n in range(LINES)]
    client.close()


@pytest.mark.parametrize("raised", [ZeroDivisionError("on purpose"), SystemExit()])
def test_logging_that_raises_stops_nothing(scripted, angry, noise, raised):
    client = steadywire.Client(scripted(SCRIPT))
    heard = listen(client, lambda: angry.append(raised))
    client.on("log", raises(ValueError()))
    client.subscribe("t")
    client.connect()
    assert client.wait("t", timeout=PATIENCE).ok
    assert [event.message for event in heard] == [str(n) for n in range(LINES)]
    client.close()
    assert type(raised) in noise


async def test_logging_that_raises_stops_nothing_in_a_loop(scripted, angry, noise):
    client = aio.Client(scripted(SCRIPT))
    heard = listen(client, lambda: angry.append(ZeroDivisionError()))
    client.on("log", raises(ValueError()))
    client.subscribe("t")
    await client.connect()
    assert (await client.wait("t", timeout=PATIENCE)).ok
    assert [event.message for event in heard] == [str(n) for n in range(LINES)]
    client.close()
    assert ZeroDivisionError in noise


def test_logging_that_interrupts_a_loop_comes_out_of_it_and_loses_nothing(scripted, angry):
    """As what a callback raises to end the loop."""
    loop = asyncio.new_event_loop()
    client = aio.Client(scripted(SCRIPT))
    heard, said = [], []

    @client.on("log")
    def note(event):
        heard.append(event)
        if event.message == "0":
            client.send(FIRST_LINE)
        if event.message == "1":
            angry.append(KeyboardInterrupt())

    client.on("log", raises(ValueError()))
    client.on("error", said.append)

    async def wait():
        return await client.wait("t")

    waiting = loop.create_task(wait())
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(waiting)
    angry.clear()
    assert loop.run_until_complete(waiting).ok
    assert [event.message for event in heard] == [str(n) for n in range(LINES)]
    assert [event.source for event in said] == ["callback"]
    client.close()
    loop.close()


def break_once(stream):
    """A defect: what comes first cannot be handed to this reader."""
    push = stream._queue.push

    def broken(run):
        stream._queue.push = push
        raise ZeroDivisionError

    stream._queue.push = broken


def test_a_defect_loses_no_answer_behind_it(scripted, monkeypatch, caplog):
    monkeypatch.setattr(steadywire._router, "_FIRST_BATCH", 1)
    client = steadywire.Client(scripted(SCRIPT))
    begun, gate = threading.Event(), threading.Event()

    @client.on("log")
    def hold(_):
        begun.set()
        assert gate.wait(PATIENCE)

    stream = client.follow("t")
    assert begun.wait(PATIENCE)
    client.send(FIRST_LINE)
    while not client.stats()["outcomes"]:
        pass
    # All has come, so nobody is woken for the rest.
    break_once(stream)
    gate.set()
    assert [event.message for event in stream if event.kind == "log"][-1] == str(LINES - 1)
    assert client.wait("t", timeout=PATIENCE).ok
    client.close()
    assert "a defect in steadywire" in caplog.text


async def test_a_defect_loses_no_answer_behind_it_in_a_loop(scripted, monkeypatch, caplog):
    monkeypatch.setattr(steadywire._router, "_FIRST_BATCH", 1)
    client = aio.Client(scripted(SCRIPT))
    stream = client.follow("t")

    @client.on("log")
    def wait(event):
        if event.message == "0":
            client.send(FIRST_LINE)
            while not client.stats()["outcomes"]:
                pass
            break_once(stream)

    kinds = await asyncio.wait_for(asyncio.ensure_future(_kinds(stream)), PATIENCE)
    assert kinds[-1] == "complete"
    client.close()
    assert "ZeroDivisionError" in caplog.text


async def _kinds(stream):
    return [event.kind async for event in stream]


def test_an_error_that_nobody_listens_to_and_nobody_can_log_stops_nothing(scripted, angry, noise):
    refuse = {"send": {"type": "error", "taskId": "", "timestamp": 1, "data": {"error": "no"}}}
    client = steadywire.Client(scripted([SUBSCRIBE, refuse, complete()]))
    client.on("log", print)
    angry.append(ZeroDivisionError())
    client.on("complete", print)
    assert client.wait("t", timeout=PATIENCE).ok
    client.close()
    assert ZeroDivisionError in noise


GIVES = {
    "no text": lambda _: (_ for _ in ()).throw(WithoutTextError()),
    "exits": lambda _: (_ for _ in ()).throw(ExitsError()),
    "no utf-8": lambda _: "hunter2\udc80",
    "a text that is no utf-8": lambda _: (_ for _ in ()).throw(OSError("/tmp/\udc80")),
}


@pytest.mark.parametrize("token", GIVES.values(), ids=GIVES.keys())
def test_a_question_that_cannot_be_answered_is_a_failed_attempt(token):
    client = steadywire.Client(URL, token=token, max_connect_attempts=1)
    with pytest.raises(errors.AttemptsExhaustedError) as caught:
        client.connect(timeout=PATIENCE)
    assert "hunter2" not in str(caught.value)
    assert client._router.native.questions() == 0
    client.close()


@pytest.mark.parametrize("token", GIVES.values(), ids=GIVES.keys())
async def test_a_question_that_cannot_be_answered_is_a_failed_attempt_in_a_loop(token):
    client = aio.Client(URL, token=token, max_connect_attempts=1)
    with pytest.raises(errors.AttemptsExhaustedError) as caught:
        await client.connect(timeout=PATIENCE)
    assert "hunter2" not in str(caught.value)
    assert client._router.native.questions() == 0
    client.close()


class Incomparable:
    def __eq__(self, other):
        raise WithoutTextError

    __hash__ = None


@pytest.mark.parametrize("classify", [lambda _: Incomparable(), lambda _: (_ for _ in ()).throw(WithoutTextError())])
def test_a_meaning_that_cannot_be_read_leaves_the_end_as_proposed(classify, caplog):
    client = steadywire.Client(URL, classify=classify, max_connect_attempts=1)
    with pytest.raises(errors.AttemptsExhaustedError):
        client.connect(timeout=PATIENCE)
    assert "the function given as `classify` failed" in caplog.text
    assert client._router.native.questions() == 0
    client.close()


async def test_a_question_whose_task_is_cancelled_before_it_begins_is_a_failed_attempt():
    client = aio.Client(URL, token=lambda _: "secret", max_connect_attempts=1)
    connecting = asyncio.ensure_future(client.connect(timeout=PATIENCE))
    loop, create_task = asyncio.get_running_loop(), asyncio.get_running_loop().create_task

    def cancelled(coroutine):
        task = create_task(coroutine)
        task.cancel()
        return task

    await asyncio.sleep(0)
    loop.create_task = cancelled
    with pytest.raises(errors.AttemptsExhaustedError):
        await connecting
    del loop.create_task
    assert client._router.native.questions() == 0
    client.close()


@pytest.mark.parametrize("error", [WithoutTextError(), OSError("/tmp/\udc80")])
def test_a_block_that_ends_by_an_exception_without_a_text_fails_its_task(client, worker, task_id, error):
    with pytest.raises(type(error)), worker.report(task_id):
        raise error
    assert client.wait(task_id, timeout=PATIENCE).code == type(error).__name__
