"""A task under way: what its worker is told to say, and who follows it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from judge import WORKER_LOST, Followed, Json, Record, Restart, Told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from driver import Driver, Hear
    from plan import Plan

Knows = Callable[[str], Awaitable[bool]]

# What is said before a worker is killed: at once while all goes on, and while nothing passes.
BURST = (("ack", "log"), ("send", "log"), ("ack", "status"), ("report", "progress")) * 3
HELD = (("ack", "log"), ("send", "log")) * 2

# How long to wait for the ends of a task that the hub does not know, in seconds: longer than a client that knew it asks
# (ASK-3 with the stallTimeout of soak.py: 5 and then 10 s).
UNKNOWN_FOR = 20.0


@dataclass
class Strike:
    """What happens to the world in the midst of a task."""

    # The worker is killed in the midst, and another goes on. It is given what the worker says while nothing passes.
    kill: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]] | None = None
    # Nobody goes on: the task is left to the hub.
    is_left: bool = False
    # The followers are cut off before the end, and the hub is killed once it has acknowledged that.
    cut: Callable[[], Awaitable[None]] | None = None
    restart: Callable[[], Awaitable[None]] | None = None


class Task:
    """A task under way."""

    def __init__(self, made: Plan, worker: Driver, followers: list[Driver], knows: Knows, strike: Strike) -> None:
        """Begin nothing yet. `knows` asks the hub, when one is there, whether it knows a task."""
        self.strike = strike
        self.plan = made
        self.worker = worker
        self.followers = {driver.name: driver for driver in followers}
        text, code = f"no {made.task}", "made_up"
        self.end = ("fail", made.task, text, code) if made.fails else ("complete", made.task, json.dumps(made.task))
        outcome: Json = {"event": "complete", "data": made.task}
        if made.fails:
            outcome = {"event": "error", "source": "task", "message": text, "code": code}
        self.record = Record(made.task, worker.name, outcome)
        self._knows = knows
        # What is not answered yet, and a bell for everything that is heard.
        self._open = 0
        self._bell = asyncio.Event()
        self._calls: list[tuple[Driver, str]] = []
        # When each message was said.
        self._said_at: list[float] = []
        # The calls whose receipts are awaited.
        self._sent: dict[str, Told] = {}

    @property
    def is_open(self) -> bool:
        """Whether somebody waits for its end."""
        return self._open > 0

    async def run(self) -> None:
        """Report it, let each follower join when it should, and wait for all answers.

        Who never knew the task and asks a hub that does not know it is left waiting.
        """
        await self._join("before")
        await self.worker.call("report", self.plan.task)
        middle = len(self.plan.steps) // 2
        for at, step in enumerate(self.plan.steps):
            if at == middle:
                await self._join("during")
                if self.strike.kill is not None:
                    await self._kill(self.strike.kill)
                if self.strike.is_left:
                    await self._leave()
                    return
            await self._say(step.way, step.kind, step.words)
            await asyncio.sleep(step.pause)
        if self.strike.cut is not None:
            await self._more([("ack", "log")])
            await self._until(lambda: all(followed.events for followed in self.record.follows))
            await self.strike.cut()
        await self._call(self.worker, *self.end, answer=self.record.receipts.append)
        await self._until(lambda: bool(self.record.receipts))
        if self.strike.restart is not None:
            await self.strike.restart()
        await self._join("after")
        await self._until(lambda: not self._open or self.record.restart is not None)
        await self._end_after_restart()

    async def ended(self) -> None:
        """Wait for all answers."""
        await self._until(lambda: not self._open)

    def hub_died(self) -> None:
        """Note what the hub had acknowledged that was killed."""
        acked = frozenset(told.number for told in self.record.told if told.has_arrived())
        self.record.restart = Restart(len(self.record.told), acked, len(self.record.follows))
        self._bell.set()

    def close(self) -> None:
        """Hear no more of it: what comes now is too much."""
        for driver, name in self._calls:
            driver.forget(name)

    async def _end_after_restart(self) -> None:
        restart = self.record.restart
        if restart is None or not self._open:
            return
        restart.is_known = await self._knows(self.plan.task)
        if restart.is_known:
            await self.ended()
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(UNKNOWN_FOR):
                await self.ended()
        await self._until(lambda: all(followed.ends for followed in self.record.follows if followed.events))

    async def _kill(self, kill: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]) -> None:
        """Say much, and kill the worker before there is a receipt for all of it."""

        async def hold() -> None:
            at = len(self.record.told)
            await self._more(HELD)
            for told in self.record.told[at:]:
                told.is_held = True

        await self._more(BURST)
        await kill(hold)
        for name, told in self._sent.items():
            if not told.receipts:
                told.is_left = True
                self.worker.forget(name)
                self._open -= 1
        if not self.strike.is_left:
            await self.worker.call("report", self.plan.task)

    async def _leave(self) -> None:
        """Wait until the hub ends what nobody reports any more."""
        # The hub had the worker's connection when it took what it acknowledged last, and not before that was said.
        heard = [at for told, at in zip(self.record.told, self._said_at, strict=True) if told.has_arrived()]
        begun = max(heard, default=self._said_at[0])
        self.record.outcome = {"event": "error", "source": "task", "code": WORKER_LOST}
        await self._join("after")
        await self._until(lambda: any(followed.ends for followed in self.record.follows))
        self.record.left_for = time.monotonic() - begun
        await self.ended()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._bell.clear()
            await self._bell.wait()

    async def _join(self, when: str) -> None:
        for name, joins in self.plan.joins.items():
            if joins != when:
                continue
            followed = Followed(name, when)
            self.record.follows.append(followed)

            def ended(_: object, followed: Followed = followed) -> None:
                followed.ends += 1

            def again(followed: Followed = followed) -> bool:
                if followed.ends:
                    return False
                followed.events.clear()
                return True

            def hear(event: Json, followed: Followed = followed) -> None:
                followed.events.append(event)
                self._bell.set()

            await self._call(self.followers[name], "follow", self.plan.task, answer=ended, event=hear, again=again)

    async def _more(self, ways: Iterable[tuple[str, str]]) -> None:
        """Say more than was planned, at once."""
        for way, kind in ways:
            await self._say(way, kind, "")

    async def _say(self, way: str, kind: str, words: str) -> None:
        number = len(self.record.told) + 1
        told = Told(number, way, kind)
        self.record.told.append(told)
        self._said_at.append(time.monotonic())
        text = f"{number}{words}"
        fields = {
            "progress": (str(number), "soak", text),
            "log": ("info", text),
            "status": (json.dumps({"number": number}),),
        }[kind]
        if way == "report":
            await self.worker.call(kind, self.plan.task, *fields)
            return
        ack = json.dumps(way == "ack")
        name = await self._call(self.worker, "send", ack, kind, self.plan.task, *fields, answer=told.receipts.append)
        self._sent[name] = told

    async def _call(
        self,
        driver: Driver,
        *fields: str,
        answer: Hear,
        event: Hear | None = None,
        again: Callable[[], bool] | None = None,
    ) -> str:
        def settle(found: Json) -> None:
            answer(found)
            self._open -= 1
            self._bell.set()

        self._open += 1
        name = await driver.call(*fields, answer=settle, event=event, again=again)
        self._calls.append((driver, name))
        return name
