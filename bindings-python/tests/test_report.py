"""The worker's side: one end for every task, however it comes."""

import logging

import pytest

import steadywire
import steadywire.log
from conftest import PATIENCE
from steadywire import errors


def test_a_block_that_ends_well_completes_the_task(client, worker, task_id):
    stream = client.follow(task_id)
    with worker.report(task_id) as task:
        task.progress(40, stage="train", message="epoch 3")
        task.log("careful", level="warn", metadata={"line": 12})
        task.status({"gpu": 1})
        assert not task.ended
    assert task.ended
    events = list(stream)
    assert (events[0].stage, events[0].progress, events[0].message) == ("train", 40, "epoch 3")
    assert (events[1].level, events[1].message, events[1].metadata) == ("warn", "careful", {"line": 12})
    assert events[2].data == {"gpu": 1}
    assert events[3].kind == "complete"
    with pytest.raises(errors.InvalidStateError, match="reported already"):
        task.progress(50)


def test_a_block_that_raises_fails_the_task(client, worker, task_id):
    with pytest.raises(ZeroDivisionError), worker.report(task_id):
        _ = 1 // 0
    outcome = client.wait(task_id, timeout=PATIENCE)
    assert (outcome.kind, outcome.code) == ("error", "ZeroDivisionError")
    assert "by zero" in outcome.message


def test_the_end_can_be_said_and_has_a_receipt(client, worker, task_id):
    with worker.report(task_id) as task:
        assert task.complete({"artifact": "app.tar"}).result(PATIENCE).state == "acked"
    assert client.wait(task_id, timeout=PATIENCE).result() == {"artifact": "app.tar"}


def test_a_task_that_is_dropped_was_abandoned(client, worker, task_id):
    task = worker.report(task_id)
    del task
    assert client.wait(task_id, timeout=PATIENCE).code == "abandoned"


def test_an_iterable_is_reported_as_it_is_used_up(client, worker, task_id):
    stream = client.follow(task_id)
    assert list(worker.report(task_id, range(10))) == list(range(10))
    events = list(stream)
    assert events[-2].message == "10/10"
    assert events[-2].progress == 100
    assert events[-1].kind == "complete"


def test_an_iterable_that_is_left_early_was_not_completed(client, worker, task_id):
    for item in worker.report(task_id, iter(range(10)), total=10):
        if item == 3:
            break
    assert client.wait(task_id, timeout=PATIENCE).kind == "error"


def test_log_records_are_streamed_to_a_task(client, worker, task_id, capsys):
    stream = client.follow(task_id)
    log = logging.getLogger("program")
    with worker.report(task_id) as task:
        handler = steadywire.log.TaskHandler(task, logging.INFO)
        log.addHandler(handler)
        log.setLevel(logging.DEBUG)
        log.debug("no")
        log.info("%d of %d", 3, 10)
        log.critical("boom")
        library = logging.getLogger("steadywire")
        library.addHandler(handler)
        library.error("not for the task")
        library.removeHandler(handler)
    log.error("too late")
    log.removeHandler(handler)
    lines = [(event.level, event.message, event.metadata) for event in stream if event.kind == "log"]
    assert lines == [("info", "3 of 10", {"logger": "program"}), ("error", "boom", {"logger": "program"})]
    assert "reported already" in capsys.readouterr().err


def test_an_end_that_the_server_does_not_confirm_is_logged(caplog):
    client = steadywire.Client("ws://127.0.0.1:1/")
    with client.report("t", timeout=0.01):
        pass
    client.close()
    assert "not confirmed the end of task t" in caplog.text


def test_what_a_block_raises_comes_out_of_it(worker, task_id, caplog):
    def block():
        with worker.report(task_id):
            worker.close()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        block()
    assert "could not be reported" in caplog.text
    with pytest.raises(errors.ClosedError):
        worker.report(task_id)


def test_a_loop_that_is_left_abandons_the_task(client, worker, task_id):
    stream = client.follow(task_id)
    steps = worker.report(task_id, range(3))
    next(steps)
    steps.close()
    assert [event.code for event in stream if event.kind == "error"] == ["abandoned"]


def test_a_record_that_cannot_be_formatted_harms_only_itself(worker, task_id, capsys):
    log = logging.getLogger("program.formats")
    log.propagate = False
    handler = steadywire.log.TaskHandler(worker.report(task_id))
    log.addHandler(handler)
    log.error("%d", "three")
    log.removeHandler(handler)
    assert "Logging error" in capsys.readouterr().err
