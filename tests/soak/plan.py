"""What the workers do: the same for a seed, whatever the link does meanwhile."""

from __future__ import annotations

import random
from dataclasses import dataclass

# Tasks of a worker between two rests.
TASKS = 3

# What a worker says of a task besides its end.
FEWEST, MOST = 5, 25

# How long it waits between two messages, in seconds.
PAUSES = (0.0, 0.0, 0.005, 0.02, 0.06)

# What messages carry besides their number, in words.
SIZES = (0, 0, 4, 40, 400)
WORD = " naïve 漢字 🚀"

# When followers come: before the task begins, in its midst, and after its end is acknowledged.
JOINS = ("before", "before", "during", "after")

# How a message goes out, and as what: by the reporter, which gives no receipt, or by `send`, with and without `ack`.
WAYS = (
    *[("report", "progress")] * 4,
    *[("report", "log")] * 2,
    *[("send", "progress"), ("send", "log"), ("send", "log")],
    *[("ack", "log")] * 3,
    *[("ack", "status")],
)

# How many of the tasks fail.
FAILING = 0.25


@dataclass(frozen=True)
class Step:
    """A message: how it goes out, as what, what it says, and how long the worker waits then."""

    way: str
    kind: str
    words: str
    pause: float


@dataclass(frozen=True)
class Plan:
    """A task: what is said of it, how it ends, and when each follower joins."""

    task: str
    steps: tuple[Step, ...]
    fails: bool
    joins: dict[str, str]


def plan(seed: int, name: str, followers: list[str]) -> Plan:
    """Make up a task. The name stands for its place in the run."""
    chance = random.Random(f"{seed} {name}")
    steps = []
    for _ in range(chance.randint(FEWEST, MOST)):
        way, kind = chance.choice(WAYS)
        steps.append(Step(way, kind, WORD * chance.choice(SIZES), chance.choice(PAUSES)))
    joins = {follower: chance.choice(JOINS) for follower in followers}
    return Plan(name, tuple(steps), chance.random() < FAILING, joins)
