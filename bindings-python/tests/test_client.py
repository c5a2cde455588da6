"""The client for threads, against the hub and a server that follows a script."""

import functools
import json
import threading
import time

import pytest

import steadywire
from conftest import PATIENCE, SUBSCRIBE, complete
from steadywire import errors


def kinds(events):
    return [event.kind for event in events]


def progress(n, task="t"):
    data = {"taskId": task, "stage": "s", "progress": n, "message": f"m{n}", "timestamp": n}
    return {"send": {"type": "progress", "taskId": task, "timestamp": n, "data": data}}


def test_follow_gives_the_events_of_a_task_and_ends_after_its_outcome(scripted):
    url = scripted([SUBSCRIBE, progress(1), progress(2, task="other"), progress(3), complete()])
    client = steadywire.Client(url, conflate="never")
    events = list(client.follow("t"))
    assert kinds(events) == ["progress", "progress", "complete"]
    assert [event.progress for event in events[:2]] == [1, 3]
    assert events[-1].data == {"ok": True}
    # It is remembered.
    assert kinds(client.follow("t")) == ["complete"]
    assert client.stats()["callbacks"]["follows"] == 0
    client.close()


def test_follow_goes_on_over_a_link_that_breaks(scripted):
    url = scripted([SUBSCRIBE, progress(1), {"do": "rst"}], [SUBSCRIBE, progress(2), complete()])
    client = steadywire.Client(url, reconnect_interval=1, conflate="never")
    assert kinds(client.follow("t")) == ["progress", "progress", "complete"]
    assert client.stats()["connects"] == 2
    client.close()


def test_a_step_of_follow_can_be_limited_in_time_and_loses_nothing(client, worker, task_id):
    stream = client.follow(task_id)
    with pytest.raises(TimeoutError):
        stream.next(timeout=0.01)
    with worker.report(task_id) as task:
        task.status({"a": 1})
    assert kinds(stream) == ["status", "complete"]
    assert stream.next() is None


def test_wait_gives_the_outcome_as_a_value(client, worker, task_id):
    worker.report(task_id).fail("out of memory", code="oom", data={"gb": 8})
    outcome = client.wait(task_id, timeout=PATIENCE)
    assert (outcome.kind, outcome.message, outcome.code) == ("error", "out of memory", "oom")
    assert outcome.data["gb"] == 8
    with pytest.raises(errors.TaskFailedError, match="out of memory"):
        outcome.result()


def test_wait_can_be_limited_in_time_and_gives_the_task_up(client, task_id):
    with pytest.raises(errors.TimeoutError, match=r"0\.01 s"):
        client.wait(task_id, timeout=0.01)
    stats = client.stats()
    assert (stats["openTasks"], stats["callbacks"]["waiting"]) == (0, 0)


def test_unsubscribing_leaves_follows_alone(client, task_id):
    client.connect(task_id)
    assert client.current_task_id == task_id
    stream = client.follow(task_id)
    client.unsubscribe(task_id)
    assert client.current_task_id == task_id
    client.disconnect()
    assert [(event.kind, event.reason) for event in stream if event.kind == "lost"] == [("lost", "disconnected")]
    assert client.state == "disconnected"


def test_callbacks_run_one_at_a_time_on_a_thread_of_their_own(client, worker, task_id):
    seen, done = [], threading.Event()

    @client.on("progress")
    def note(event):
        seen.append((event.progress, threading.current_thread()))

    client.on("complete", lambda _: done.set())
    assert note.__name__ == "note"
    client.connect(task_id)
    with worker.report(task_id) as task:
        task.progress(40)
    assert done.wait(PATIENCE)
    assert [percent for percent, _ in seen] == [40]
    assert seen[0][1].daemon
    assert seen[0][1] is not threading.current_thread()


def test_callbacks_come_off(client, worker, task_id):
    seen = []
    off = client.on("status", seen.append)
    client.once("status", lambda event: seen.append(("once", event.data)))
    client.on("status", print)
    assert client.off("status", print)
    assert not client.off("status", print)
    stream = client.follow(task_id)
    with worker.report(task_id) as task:
        task.status(1)
        assert stream.next(PATIENCE).data == 1
        client.stats()
        task.status(2)
        assert stream.next(PATIENCE).data == 2
        worker.flush(timeout=PATIENCE)
        assert off()
        assert not off()
        task.status(3)
    list(stream)
    client.disconnect()
    assert [getattr(event, "data", event) for event in seen] == [1, ("once", 1), 2]


def test_a_callback_that_raises_is_an_error_event_and_changes_nothing_else(client, worker, task_id, caplog):
    said, later = [], []
    client.on("status", lambda _: 1 // 0)
    client.on("status", later.append)
    client.on("error", said.append)
    client.on("error", lambda _: said[99])
    stream = client.follow(task_id)
    with worker.report(task_id) as task:
        task.status(1)
    assert kinds(stream) == ["status", "complete"]
    client.disconnect()
    assert len(later) == 1
    assert [(event.source, event.code, event.fatal) for event in said] == [("callback", "callback_failed", False)]
    assert "ZeroDivisionError" in said[0].message
    callbacks = client.stats()["callbacks"]
    assert callbacks["failures"] == 2
    assert callbacks["slowestBatchMs"] >= callbacks["batchMs"] >= 0
    assert "IndexError" in callbacks["lastFailures"][1]
    assert "ZeroDivisionError" in caplog.text


def test_waiting_inside_a_callback_is_an_error_and_everything_else_is_legal(client, worker, task_id):
    said = []

    def try_all(_):
        for call in (client.connect, client.flush, lambda: client.wait("x"), lambda: client.follow("y").next()):
            try:
                call()
            except errors.WouldDeadlockError as error:
                said.append(error.kind)
        client.subscribe("z")
        client.send({"type": "log", "taskId": "z", "data": {"message": "m"}})
        client.disconnect()

    client.once("status", try_all)
    stream = client.follow(task_id)
    task = worker.report(task_id)
    task.status(1)
    assert kinds(stream)[-1] == "lost"
    task.complete()
    assert said == ["would_deadlock"] * 4


def test_events_wait_a_moment_for_the_first_consumer(scripted, monkeypatch):
    monkeypatch.setattr(steadywire._router, "GRACE", PATIENCE)
    client = steadywire.Client(scripted([SUBSCRIBE, progress(1), complete()]))
    client.connect("t")
    seen, done = [], threading.Event()
    client.on("complete", lambda _: done.set())
    assert done.wait(PATIENCE)
    client.close()
    client = steadywire.Client(scripted([SUBSCRIBE, progress(1), complete()]))
    client.connect("t")
    while not client.stats()["outcomes"]:
        pass
    stream = client.events()
    while (event := stream.next(PATIENCE)).kind != "complete":
        seen.append(event)
    assert kinds(seen)[-1:] == ["progress"]
    client.close()


def test_events_and_batches_give_everything_until_disconnect(client, worker, task_id):
    stream, batches = client.events(), client.batches()
    client.connect(task_id)
    with worker.report(task_id) as task:
        task.status(1)
    client.wait(task_id, timeout=PATIENCE)
    client.disconnect()
    events = list(stream)
    assert kinds(events)[:2] == ["state_change", "state_change"]
    assert {"connected", "status", "complete", "disconnected"} <= set(kinds(events))
    assert [event for batch in batches for event in batch] == events


def test_send_tells_what_became_of_each_message(client, task_id):
    line = {"type": "log", "taskId": task_id, "data": {"level": "warn", "message": "m", "metadata": {"n": 1}}}
    with pytest.raises(errors.TimeoutError):
        client.send(line).result(timeout=0.01)
    client.connect()
    sent = client.send({"type": "status", "task_id": task_id, "timestamp": 5, "data": [1]}, ack=True)
    assert sent.result(PATIENCE) == steadywire.Receipt("acked")
    assert sent.done()
    client.flush(timeout=PATIENCE)
    client.disconnect()
    dropped = client.send({"type": "heartbeat", "taskId": ""}).result(PATIENCE)
    assert (dropped.state, dropped.reason, dropped.ok) == ("dropped", "not_connected", False)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({}, "`type` and `taskId`"),
        ("log", "`type` and `taskId`"),
        ({"type": "log", "taskId": "t", "timestamp": "now"}, "`timestamp` takes milliseconds since the Unix epoch"),
        ({"type": "log", "taskId": "t", "timestamp": float("nan")}, "`timestamp` takes milliseconds"),
        ({"type": "log", "taskId": ""}, "task id"),
        ({"type": "progress", "taskId": "t"}, "`data.progress` takes a number"),
        ({"type": "progress", "taskId": "t", "data": {"progress": float("nan")}}, "NaN"),
        ({"type": "log", "taskId": "t", "data": {"level": "loud"}}, "`level` takes"),
        ({"type": "log", "taskId": "t", "data": {"text": "m"}}, "takes level, message, metadata, not text"),
        ({"type": "status", "taskId": "t", "data": {1, 2}}, "what JSON can hold"),
        ({"type": "error", "taskId": "t", "data": "m"}, "is a mapping"),
    ],
)
def test_messages_that_make_no_sense_are_refused(client, message, said):
    with pytest.raises(errors.InvalidArgumentError) as caught:
        client.send(message)
    assert said in str(caught.value)
    assert client.stats()["callbacks"]["waiting"] == 0


def test_a_full_outbox_refuses(url, task_id):
    client = steadywire.Client(url, max_queued_messages=1)
    line = {"type": "log", "taskId": task_id, "data": {"message": "m"}}
    client.send(line)
    with pytest.raises(errors.QueueFullError):
        client.send(line)
    client.close()


def test_a_call_with_something_that_is_no_task_leaves_nothing_behind(client):
    for call in (client.connect, client.follow, client.wait, client.track, client.report):
        with pytest.raises(TypeError):
            call(5)
    assert client._router._connecting == set()
    client.connect()
    counts = client.stats()["callbacks"]
    assert (counts["follows"], counts["waiting"]) == (0, 0)


def test_a_callback_that_would_not_run_is_refused(client):
    async def coroutine(event):
        pass

    def generator(event):
        yield event

    class Called:
        async def __call__(self, event):
            pass

        async def method(self, event):
            pass

    for callback in (coroutine, generator, Called(), Called().method, functools.partial(coroutine)):
        with pytest.raises(errors.InvalidArgumentError, match="plain function"):
            client.on("log", callback)
    assert client.on("log", functools.partial(print))()


def test_connect_fails_when_the_attempts_are_used_up():
    client = steadywire.Client("ws://127.0.0.1:1/", max_connect_attempts=2, reconnect_interval=1)
    with pytest.raises(errors.AttemptsExhaustedError):
        client.connect()
    assert client.state == "error"
    with pytest.raises(errors.TimeoutError):
        steadywire.Client("ws://127.0.0.1:1/", reconnect_interval=60_000, max_reconnect_backoff=60_000).connect(
            timeout=0.01
        )
    client.close()


def test_reconnect_and_connect_again(client):
    client.reconnect(timeout=PATIENCE)
    client.reconnect(timeout=PATIENCE)
    assert client.stats()["connects"] == 2
    client.disconnect()
    with client:
        assert client.state == "connected"
    with pytest.raises(errors.ClosedError):
        client.connect()


def test_an_error_that_nobody_listens_to_is_logged(scripted, caplog):
    client = steadywire.Client(scripted({"accept": {"status": 404, "headers": {}, "body": "no"}}))
    with pytest.raises(errors.RefusedError):
        client.connect()
    client.disconnect()
    client.close()
    assert "nobody listens to errors" in caplog.text


@pytest.mark.parametrize("name", ["progres", "", "Progress"])
def test_an_unknown_event_is_named(client, name):
    with pytest.raises(errors.InvalidArgumentError, match="there is no event"):
        client.on(name, print)
    client.on("stateChange", print)


def test_a_slow_callback_gets_the_latest_progress_and_every_outcome(client, worker, url):
    """10 ms per event against thousands per second: what waits is bounded, and the end is not far behind."""
    gate, seen = threading.Event(), []

    def slow(event):
        gate.wait(10)
        seen.append(event)

    client.on("progress", slow)
    tasks = [f"slow-{n}" for n in range(20)]
    for task in tasks:
        client.subscribe(task)
    client.connect()
    reporters = [worker.report(task) for task in tasks]
    for step in range(400):
        for reporter in reporters:
            reporter.progress(step / 4, message=str(step))
        if step % 20 == 0:
            worker.flush(timeout=20)
    for reporter in reporters:
        reporter.complete()
    worker.flush(timeout=20)
    gate.set()
    assert all(client.wait(task, timeout=20).ok for task in tasks)
    client.disconnect()
    latest = {event.task_id: event.message for event in seen}
    assert latest == dict.fromkeys(tasks, "399")
    assert len(seen) < 20 * 400


def test_a_block_can_close_its_client_and_one_that_cannot_connect_is_closed(url):
    with steadywire.Client(url) as client:
        client.close()
    client = steadywire.Client("ws://127.0.0.1:1/", max_connect_attempts=1)
    with pytest.raises(errors.AttemptsExhaustedError), client:
        pass
    with pytest.raises(errors.ClosedError):
        client.flush()


LINES = 30_000


def flood():
    line = {"type": "log", "taskId": "t", "timestamp": 1, "data": {"level": "info", "message": "m"}}
    return [SUBSCRIBE, *[{"send": line}] * LINES, complete()]


@pytest.mark.usefixtures("patient")
def test_a_reader_of_everything_that_lags_is_waited_for(scripted):
    """More than all queues hold comes while the reader sleeps; the server is made to wait instead."""
    client = steadywire.Client(scripted(flood()))
    stream = client.events()
    client.connect("t")
    lines = 0
    for event in stream:
        if lines in {1, 5000}:
            threading.Event().wait(0.3)
        lines += event.kind == "log"
        assert event.kind != "overflow"
        if event.kind == "complete":
            break
    assert lines == LINES
    client.close()


def test_a_reader_that_does_not_read_stalls_nobody(scripted):
    client = steadywire.Client(scripted(flood()))
    abandoned, done = client.events(), threading.Event()
    client.on("complete", lambda _: done.set())
    client.connect("t")
    assert done.wait(PATIENCE)
    kept = abandoned.batch()
    assert kept[0].kind == "overflow"
    assert len(kept) <= 10_001
    assert client.wait("t", timeout=PATIENCE).ok
    client.close()


@pytest.mark.usefixtures("patient")
def test_names_are_one_object_each_and_more_than_are_remembered_are_right_too(scripted):
    """4,096 texts are remembered; at the bound all are forgotten."""
    tasks = [f"task-{n}" for n in range(5000)]
    steps = [SUBSCRIBE, *[progress(1, task) for task in tasks for _ in "ab"], complete()]
    client = steadywire.Client(scripted(steps), conflate="never")
    stream = client.events()
    client.connect("t")
    seen = []
    while (event := stream.next(PATIENCE)).kind != "complete":
        seen += [event] if event.kind == "progress" else []
    assert [event.task_id for event in seen[::2]] == tasks
    assert seen[0].task_id is seen[1].task_id
    assert seen[0].stage is seen[1].stage
    client.close()


def test_the_latest_failures_of_callbacks_are_remembered(client, worker, task_id):
    def fail(event):
        raise ValueError(event.data)

    client.on("status", fail)
    with worker.report(task_id) as task:
        client.connect(task_id)
        for n in range(10):
            task.status(n)
    client.wait(task_id, timeout=PATIENCE)
    client.disconnect()
    callbacks = client.stats()["callbacks"]
    assert callbacks["failures"] == 10
    assert len(callbacks["lastFailures"]) == 8
    assert callbacks["lastFailures"][-1].endswith("ValueError: 9")


def test_cursors_go_to_a_later_client_which_goes_on_there(url, client, worker, task_id):
    task = worker.report(task_id)
    task.log("one")
    stream = client.follow(task_id)
    assert stream.next(timeout=PATIENCE).message == "one"
    cursors = json.loads(json.dumps(client.cursors()))
    assert cursors[task_id]["seq"] == 1
    client.close()
    task.log("two")
    task.complete().result(PATIENCE)
    later = steadywire.Client(url, cursors=cursors)
    assert later.cursors() == cursors
    assert [getattr(event, "message", event.kind) for event in later.follow(task_id)] == ["two", "complete"]
    later.close()


def test_a_burst_of_many_tasks_meets_a_slow_callback(scripted):
    """5,000 messages come at once; the callback takes 10 ms for each that it is given."""
    tasks, steps, bound = [f"t{n}" for n in range(10)], 500, 200
    subscribes = [{"expect": {"type": "status", "taskId": task, "data": {"action": "subscribe"}}} for task in tasks]
    burst = [progress(step, task) for step in range(1, steps + 1) for task in tasks]
    client = steadywire.Client(
        scripted([*subscribes, *burst, *(complete(task) for task in tasks)]), max_pending_events=bound
    )
    seen, most = {task: [] for task in tasks}, []

    @client.on("progress")
    def slow(event):
        most.append(client.stats()["inbox"]["pendingEvents"])
        seen[event.task_id].append((event.timestamp, event.progress))
        time.sleep(0.01)

    for task in tasks:
        client.subscribe(task)
    client.connect()
    assert [client.wait(task, timeout=PATIENCE).kind for task in tasks] == ["complete"] * len(tasks)
    assert max(most) <= bound
    for told in seen.values():
        assert told == sorted(told)
        # The last one came, whatever was left out before it.
        assert told[-1][0] == steps
    assert client.stats()["inbox"]["conflated"] == tasks_left_out(seen, steps)
    client.close()


def tasks_left_out(seen, steps):
    return sum(steps - len(told) for told in seen.values())
