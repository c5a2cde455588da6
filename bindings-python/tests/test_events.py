"""Events as objects: attributes, matching, comparing, pickling, memory."""

import copy
import pickle
import subprocess
import sys

import pytest

import steadywire
from conftest import PATIENCE
from steadywire import Complete, ErrorEvent, Gap, Log, Outcome, Progress, Receipt, StateChange, events
from steadywire._native import weight

SAMPLES = [
    Progress("t", "train", 42.5, "epoch 3", 7),
    Log("t", "warn", "careful", 7, {"line": 12, "deep": [1, None]}),
    steadywire.Status("t", 7, {"a": 1}),
    Complete("t", 7, [1, 2], synthetic=True),
    ErrorEvent("task", "oom", "out of memory", "t", {"gb": 8}, fatal=True, timestamp=7),
    steadywire.Heartbeat("", 7),
    steadywire.Message("custom", "t", "{}"),
    StateChange("connected", "connecting", "up", 1),
    steadywire.Retry(2, 1500, "refused"),
    steadywire.Connected(3),
    steadywire.Disconnected(3, 1006, "cut"),
    steadywire.Lost("t", "forgotten"),
    Gap("t", 3, None, "e"),
    steadywire.Overflow(9),
    Outcome("t", "error", None, "failed", "oom"),
    Receipt("dropped", "overflow"),
]


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: type(event).__name__)
def test_every_class_is_shown_compared_copied_and_pickled(event):
    shown = repr(event)
    namespace = {name: getattr(events, name) for name in events.__all__}
    assert eval(shown, namespace) == event
    assert pickle.loads(pickle.dumps(event)) == event
    assert copy.deepcopy(event) == event
    assert hash(copy.copy(event)) == hash(event)
    assert event != object()
    field = type(event).__match_args__[0]
    with pytest.raises(AttributeError):
        setattr(event, field, getattr(event, field))
    assert type(event).__doc__
    assert type(event).__module__ == "steadywire"


def test_there_is_a_class_for_every_kind():
    kinds = {type(event).kind for event in SAMPLES[:-2]}
    assert kinds == set(steadywire._native.KINDS)


def test_events_differ_by_each_field():
    assert Progress("t", "s", 1, "m", 7) != Progress("t", "s", 2, "m", 7)
    assert Log("t", "info", "m", 7, {"a": 1}) != Log("t", "info", "m", 7, {"a": 2})


def test_events_match_by_place_and_by_name():
    match SAMPLES[0]:
        case Progress(task, stage, percent):
            assert (task, stage, percent) == ("t", "train", 42.5)
    match SAMPLES[4]:
        case Log():
            pytest.fail("it is an error")
        case ErrorEvent(source="task", code=code, fatal=True):
            assert code == "oom"


def test_an_outcome_gives_its_data_or_raises():
    assert Outcome("t", "complete", {"ok": 1}).result() == {"ok": 1}
    assert Outcome("t", "complete").ok
    with pytest.raises(steadywire.errors.TaskFailedError, match="task t failed: failed"):
        SAMPLES[-2].result()
    with pytest.raises(steadywire.errors.TaskFailedError, match=r"^task t failed$"):
        Outcome("t", "error").result()
    with pytest.raises(steadywire.errors.TaskFailedError, match="was lost: forgotten"):
        Outcome("t", "lost", reason="forgotten").result()


def test_sizes_count_the_texts():
    small, large = Progress("t", "", 1, "m"), Progress("t", "", 1, "m" * 1000)
    assert sys.getsizeof(large) - sys.getsizeof(small) == 999


def test_the_weight_of_events_is_the_sum_of_their_sizes():
    events = [*SAMPLES, steadywire.Progress("t", "s", 1.0, "m" * 100), steadywire.Log("t", "info", "m", 0, {"a": 1})]
    assert weight(events) == sum(event.__sizeof__() for event in events)
    assert weight(tuple(events)) == weight(events)
    assert weight([]) == 0


KEEPER = """
import gc, resource, sys, steadywire

# However slow the machine is, the reader is waited for.
steadywire._buffer._READING = 600

def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

client, kept, n, before = steadywire.Client(sys.argv[1], conflate="never"), [], 0, None
events = client.events()
client.connect("t")
for event in events:
    if event.kind == "complete":
        break
    if event.kind != "log":
        continue
    n += 1
    if n == 5000:
        before = resident()
    if n % 100 == 0:
        kept.append(event)
del event
gc.collect()
print(len(kept), resident() - before)
"""


def test_an_event_that_is_kept_keeps_nothing_but_itself(scripted):
    """Of 25,000 events after the first 5,000, 4 KB each and so 100 MB, one in a hundred is kept: 1 MB."""
    line = {"type": "log", "taskId": "t", "timestamp": 1, "data": {"level": "info", "message": "m" * 4096}}
    subscribe = {"expect": {"type": "status", "taskId": "t", "data": {"action": "subscribe"}}}
    complete = {"type": "complete", "taskId": "t", "timestamp": 2, "data": {}}
    url = scripted([subscribe, *[{"send": line}] * 30_000, {"send": complete}])
    told = subprocess.run([sys.executable, "-c", KEEPER, url], check=True, stdout=subprocess.PIPE, text=True).stdout
    kept, grown = map(int, told.split())
    assert kept == 300
    # What is kept, what the core may hold at a time (its bound is 16 MiB), and the allocators' slack.
    assert grown < 30 << 20


def test_data_that_python_cannot_read_stays_text(scripted):
    deep = "[" * 5000 + "]" * 5000
    complete = f'{{"type":"complete","taskId":"t","timestamp":9,"data":{{"result":{deep}}}}}'
    subscribe = {"expect": {"type": "status", "taskId": "t", "data": {"action": "subscribe"}}}
    client = steadywire.Client(scripted([subscribe, {"send": complete}]))
    outcome = client.wait("t", timeout=PATIENCE)
    client.close()
    assert outcome.ok
    assert isinstance(outcome.data, (str, dict))
