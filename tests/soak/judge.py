"""Whether what workers told is what followers saw."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

Json = dict[str, Any]

# The kinds of messages that a server keeps until it says otherwise. Progress is superseded.
KEPT = ("log", "status")

# What may become of a message for which no acknowledgement was asked.
UNCONFIRMED = ("written", "unknown", "dropped")


# The code with which the hub ends a task whose worker stayed away, and for how many seconds it must have (P-PUB-3).
WORKER_LOST = "worker_lost"
LEASE = 60.0


@dataclass
class Told:
    """A message of a worker, and the receipts that came for it. Without `receipts` none was asked for."""

    number: int
    way: str
    kind: str
    receipts: list[Json] = field(default_factory=list)
    # Its worker was killed before a receipt came.
    is_left: bool = False
    # It was said while nothing passed between the worker and the hub, and its worker was killed before anything did.
    is_held: bool = False

    def has_arrived(self) -> bool:
        """Whether its receipt says that the server has it. `written` comes without a proof too (RCP-3)."""
        return [receipt["state"] for receipt in self.receipts] == ["acked"]


@dataclass
class Followed:
    """What one follower saw of a task, and how often it was told that this was all."""

    follower: str
    joined: str
    events: list[Json] = field(default_factory=list)
    ends: int = 0


@dataclass
class Restart:
    """What a hub knew that was killed while the task was under way; the next one knows nothing of it."""

    # How much was told by then, and of which messages there was a receipt.
    told: int
    acked: frozenset[int]
    # How many follows had begun.
    follows: int
    # Whether the next hub knew the task when its end was acknowledged; None is not yet.
    is_known: bool | None = None


@dataclass
class Record:
    """One task, from both ends."""

    task: str
    worker: str
    outcome: Json
    told: list[Told] = field(default_factory=list)
    receipts: list[Json] = field(default_factory=list)
    follows: list[Followed] = field(default_factory=list)
    restart: Restart | None = None
    # How many seconds it had nobody at the most when it ended, where its worker was killed and nobody went on with it.
    left_for: float | None = None


def judge(record: Record) -> list[str]:
    """Name what is wrong with a task."""
    wrong = [f"by {record.worker}: {what}" for what in receipts(record)]
    for at, followed in enumerate(record.follows):
        was_there = record.restart is not None and at < record.restart.follows
        found = follow(record, followed, was_there=was_there)
        wrong += [f"at {followed.follower} ({followed.joined}): {what}" for what in found]
    return [f"{record.task} {what}" for what in wrong]


def receipts(record: Record) -> Iterator[str]:
    """See that each came once that was asked for, and that what is sent until it is acknowledged is."""
    states = [state(receipt) for receipt in record.receipts]
    if record.left_for is not None:
        if record.left_for < LEASE:
            yield f"it is given up after {record.left_for:.1f} s"
        if states:
            yield f"nobody told an end, and it is {states}"
    elif states != ["acked"]:
        yield f"the end is {states or 'not settled'}"
    for told in record.told:
        wanted = {"ack": ("acked",), "send": UNCONFIRMED, "report": ()}[told.way]
        states = [state(receipt) for receipt in told.receipts]
        is_settled = len(states) == bool(wanted) or (told.is_left and not states)
        if not is_settled or not set(states) <= set(wanted):
            yield f"message {told.number} ({told.way} {told.kind}) is {states or 'not settled'}"
        if told.is_held and set(states) & {"acked", "written"}:
            yield f"message {told.number} ({told.way} {told.kind}) is {states} and never left its worker"


def follow(record: Record, followed: Followed, *, was_there: bool) -> Iterator[str]:
    """One outcome, which is the one that was told, and before it what was told, once and in order."""
    outcomes = [event for event in followed.events if is_end(event)]
    if followed.ends != 1 or len(outcomes) != 1 or not is_end(followed.events[-1]):
        kinds = [event["event"] for event in outcomes]
        yield f"{len(outcomes)} outcomes {kinds}, and ended {followed.ends} times"
        return
    seen = {name: outcomes[0].get(name) for name in record.outcome}
    is_lost = may_be_lost(record, followed, outcomes[0].get("reason"), was_there=was_there)
    if seen != record.outcome and not is_lost:
        yield f"the outcome is {outcomes[0]}, not {record.outcome}"
    yield from order(record, followed)
    if not is_lost and not outcomes[0].get("synthetic"):
        yield from missing(record, followed)


def may_be_lost(record: Record, followed: Followed, reason: str | None, *, was_there: bool) -> bool:
    """Whether a follow may end so because a hub was killed.

    Who knew the task is told `unknown` by the next hub until that knows it too, and may give it up before (ASK-3). Who
    has heard nothing of it waits until the client ends it, where the dead hub alone had acknowledged its end.
    """
    restart = record.restart
    if restart is None:
        return False
    if reason == "forgotten":
        return was_there and restart.told > 0
    return reason == "disconnected" and restart.is_known is False and len(followed.events) == 1


def order(record: Record, followed: Followed) -> Iterator[str]:
    """See that what is seen was told, once and in order; what a dead hub had not acknowledged, again in a new run."""
    parts = [[number for _, number in part] for part in runs(followed)]
    if len(parts) > 1 + (record.restart is not None):
        yield f"{len(parts)} runs"
    again = {told.number for told in repeated(record)}
    before = 0
    for numbers in parts:
        late = [number for number in numbers if number <= before and number not in again]
        if late or any(later <= earlier for earlier, later in pairwise(numbers)):
            yield f"twice or out of order: {parts}"
        before = max([before, *numbers])
    made_up = {one for part in runs(followed) for one in part} - {(told.kind, told.number) for told in record.told}
    if made_up:
        yield f"never told: {sorted(made_up)}"
    for event in followed.events:
        if event["event"] == "overflow":
            yield f"overflow: {event}"


def repeated(record: Record) -> list[Told]:
    """Give what is sent to the next hub under the same id, whether the dead one had it or not (RCP-5)."""
    restart = record.restart
    if restart is None:
        return []
    return [told for told in record.told[: restart.told] if told.way == "ack" and told.number not in restart.acked]


def missing(record: Record, followed: Followed) -> Iterator[str]:
    """See that what has arrived by its receipt is seen, unless a gap is told.

    What the dead hub may have taken with it is excused by a gap without end (RES-4), which nobody is told who had seen
    nothing of it: what was acknowledged by then, the next hub does not get.
    """
    seen = {number for part in runs(followed) for _, number in part}
    arrived = [told for told in record.told if told.kind in KEPT and told.has_arrived()]
    if record.restart is not None:
        is_new = len(runs(followed)) > 1 or not seen & record.restart.acked
        arrived = [told for told in arrived if not is_new or told in record.told[record.restart.told :]]
    absent = sorted({told.number for told in arrived} - seen)
    if len(absent) > left_out(followed.events):
        yield f"missing without a gap: {absent} of {sorted(told.number for told in arrived)}"


def runs(followed: Followed) -> list[list[tuple[str, int]]]:
    """Give kinds and numbers of the messages that were seen, parted where a gap without end tells of a new run."""
    parts: list[list[tuple[str, int]]] = [[]]
    for event in followed.events:
        if event["event"] == "gap" and event.get("to") is None:
            parts.append([])
        elif event["event"] in ("progress", *KEPT):
            parts[-1].append((event["event"], number_of(event)))
    return parts


def state(receipt: Json) -> str:
    """Give what became of a message, in a word."""
    return f"{receipt['state']}, unsupported" if receipt.get("ackUnsupported") else str(receipt["state"])


def left_out(events: list[Json]) -> int:
    """Count the messages that are missing by the gaps that are told."""
    gaps = [event for event in events if event["event"] == "gap"]
    return sum(gap["to"] - gap["from"] + 1 for gap in gaps if gap.get("to") is not None)


def is_end(event: Json) -> bool:
    """Whether the event of a follow is the end of its task."""
    return event["event"] in ("complete", "lost") or (event["event"] == "error" and event["fatal"])


def number_of(event: Json) -> int:
    """Give the number that the worker gave the message."""
    said = event["data"]["number"] if event["event"] == "status" else event["message"].split()[0]
    return int(said)


def ended_once(follower: str, followed: set[str], heard: Counter[str]) -> list[str]:
    """Name tasks whose end, an outcome or `lost`, a listener, who hears everything, heard not once."""
    tasks = sorted(followed | set(heard))
    return [
        f"{task} at {follower}: a listener heard {heard[task]} ends"
        for task in tasks
        if heard[task] != (task in followed)
    ]
