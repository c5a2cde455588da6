"""Whether what workers told is what followers saw."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

Json = dict[str, Any]

# The kinds of messages that a server keeps until it says otherwise. Progress is superseded.
KEPT = ("log", "status")

# What may become of a message for which no acknowledgement was asked.
UNCONFIRMED = ("written", "unknown", "dropped")


# What becomes of a message with `ack` where the hello of a link takes more than a second (RCP-6, RCP-7).
WITHOUT_HELLO = "without hello"


@dataclass
class Told:
    """A message of a worker, and the receipts that came for it. Without `receipts` none was asked for."""

    number: int
    way: str
    kind: str
    receipts: list[Json] = field(default_factory=list)

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
class Record:
    """One task, from both ends."""

    task: str
    worker: str
    outcome: Json
    told: list[Told] = field(default_factory=list)
    receipts: list[Json] = field(default_factory=list)
    follows: list[Followed] = field(default_factory=list)


def judge(record: Record) -> list[str]:
    """Name what is wrong with a task."""
    wrong = [f"by {record.worker}: {what}" for what in receipts(record)]
    for followed in record.follows:
        wrong += [f"at {followed.follower} ({followed.joined}): {what}" for what in follow(record, followed)]
    return [f"{record.task} {what}" for what in wrong]


def receipts(record: Record) -> Iterator[str]:
    """See that each came once that was asked for, and that what is sent until it is acknowledged is."""
    states = [state(receipt) for receipt in record.receipts]
    if states not in (["acked"], [WITHOUT_HELLO]):
        yield f"the end is {states or 'not settled'}"
    for told in record.told:
        wanted = {"ack": ("acked", WITHOUT_HELLO), "send": UNCONFIRMED, "report": ()}[told.way]
        states = [state(receipt) for receipt in told.receipts]
        if len(states) != bool(wanted) or not set(states) <= set(wanted):
            yield f"message {told.number} ({told.way} {told.kind}) is {states or 'not settled'}"


def follow(record: Record, followed: Followed) -> Iterator[str]:
    """One outcome, which is the one that was told, and before it what was told, once and in order."""
    outcomes = [event for event in followed.events if is_end(event)]
    if followed.ends != 1 or len(outcomes) != 1 or not is_end(followed.events[-1]):
        kinds = [event["event"] for event in outcomes]
        yield f"{len(outcomes)} outcomes {kinds}, and ended {followed.ends} times"
        return
    seen = {name: outcomes[0].get(name) for name in record.outcome}
    if seen != record.outcome:
        yield f"the outcome is {outcomes[0]}, not {record.outcome}"
    yield from messages(record, followed, synthetic=bool(outcomes[0].get("synthetic")))


def messages(record: Record, followed: Followed, *, synthetic: bool) -> Iterator[str]:
    """See that what has arrived by its receipt is seen, unless a gap is told or the outcome had to be asked for."""
    seen = [(event["event"], number_of(event)) for event in followed.events if event["event"] in ("progress", *KEPT)]
    numbers = [number for _, number in seen]
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        yield f"twice or out of order: {numbers}"
    made_up = set(seen) - {(told.kind, told.number) for told in record.told}
    if made_up:
        yield f"never told: {sorted(made_up)}"
    arrived = {told.number for told in record.told if told.kind in KEPT and told.has_arrived()}
    missing = sorted(arrived - set(numbers))
    if not synthetic and len(missing) > left_out(followed.events):
        yield f"missing without a gap: {missing} of {sorted(arrived)}"
    for event in followed.events:
        if event["event"] == "overflow":
            yield f"overflow: {event}"


def state(receipt: Json) -> str:
    """Give what became of a message, in a word."""
    return WITHOUT_HELLO if receipt.get("ackUnsupported") else str(receipt["state"])


def left_out(events: list[Json]) -> float:
    """Count the messages that are missing by the gaps that are told."""
    gaps = [event for event in events if event["event"] == "gap"]
    return sum(inf if gap.get("to") is None else gap["to"] - gap["from"] + 1 for gap in gaps)


def is_end(event: Json) -> bool:
    """Whether the event of a follow is the end of its task."""
    return event["event"] in ("complete", "lost") or (event["event"] == "error" and event["fatal"])


def number_of(event: Json) -> int:
    """Give the number that the worker gave the message."""
    said = event["data"]["number"] if event["event"] == "status" else event["message"].split()[0]
    return int(said)


def ended_once(follower: str, followed: set[str], heard: Counter[str]) -> list[str]:
    """Name tasks whose end a listener, who hears everything, heard not once."""
    tasks = sorted(followed | set(heard))
    return [
        f"{task} at {follower}: a listener heard {heard[task]} outcomes"
        for task in tasks
        if heard[task] != (task in followed)
    ]
