"""What waits for a reader is bounded, and what gives way is decided by class."""

from steadywire._buffer import FOLLOW_MAX_BYTES, FOLLOW_MAX_EVENTS, Buffer
from steadywire.events import Complete, Log, Overflow, Progress, Status

ALL = 1 << 60


def progress(n, task="t"):
    return Progress(task, "", n % 100, str(n))


def test_nothing_is_replaced_below_half_of_the_bound():
    buffer = Buffer()
    buffer.push([progress(n) for n in range(FOLLOW_MAX_EVENTS // 2)])
    assert len(buffer.take(ALL)) == FOLLOW_MAX_EVENTS // 2


def test_above_half_of_the_bound_the_latest_progress_of_each_task_replaces_the_one_that_waits():
    buffer = Buffer()
    for n in range(FOLLOW_MAX_EVENTS):
        buffer.push([progress(n, task=f"t{n % 2}")])
    taken = buffer.take(ALL)
    assert len(taken) < FOLLOW_MAX_EVENTS // 2 + 2
    assert [event.message for event in taken[-2:]] == [str(FOLLOW_MAX_EVENTS - 2), str(FOLLOW_MAX_EVENTS - 1)]


def test_at_the_bound_the_oldest_log_lines_go_and_are_counted():
    buffer = Buffer()
    buffer.push([Complete("first", 1)])
    count = FOLLOW_MAX_EVENTS * 3
    for n in range(count):
        buffer.push([Log("t", "info", str(n))])
        assert len(buffer._pending) <= FOLLOW_MAX_EVENTS
    overflow, complete, *lines = buffer.take(ALL)
    assert overflow == Overflow(count - len(lines))
    assert complete.task_id == "first"
    assert lines[-1].message == str(count - 1)
    assert len(lines) > FOLLOW_MAX_EVENTS // 2


def test_without_log_lines_the_oldest_of_the_rest_goes_and_outcomes_last():
    buffer = Buffer()
    buffer.push([Complete("first", 1)])
    buffer.push([Status("t", n) for n in range(FOLLOW_MAX_EVENTS * 2)])
    taken = buffer.take(ALL)
    assert type(taken[0]) is Overflow
    assert taken[1].task_id == "first"
    assert len(taken) <= FOLLOW_MAX_EVENTS


def test_bytes_are_bounded_but_one_event_alone_may_exceed_them():
    buffer = Buffer()
    big = FOLLOW_MAX_BYTES // 3
    for n in range(10):
        buffer.push([Log("t", "info", str(n) * big)])
        assert buffer._bytes <= FOLLOW_MAX_BYTES
    assert buffer.take(ALL)[-1].message[0] == "9"
    assert buffer._bytes == 0
    buffer.push([Log("t", "info", "x" * FOLLOW_MAX_BYTES * 2)])
    assert len(buffer.take(ALL)) == 1


def test_the_outcome_comes_last_and_nothing_after_it():
    buffer = Buffer()
    buffer.push([progress(n) for n in range(10)])
    buffer.finish(Complete("t", 1))
    buffer.push([progress(11)])
    assert [event.kind for event in buffer.take(6)] == ["progress"] * 6
    assert [event.kind for event in buffer.take(6)] == ["progress"] * 4 + ["complete"]
    assert buffer.take(6) == []
    assert buffer._bytes == 0
