"""A task under way: what its worker is told to say, and who follows it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from judge import Followed, Json, Record, Told

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from driver import Driver, Hear
    from plan import Plan, Step


class Task:
    """A task under way."""

    def __init__(self, made: Plan, worker: Driver, followers: list[Driver]) -> None:
        """Begin nothing yet. `kill` is what happens in the midst."""
        self.kill: Callable[[], Awaitable[None]] | None = None
        self.plan = made
        self.worker = worker
        self.followers = {driver.name: driver for driver in followers}
        text, code = f"no {made.task}", "made_up"
        self.end = ("fail", made.task, text, code) if made.fails else ("complete", made.task, json.dumps(made.task))
        outcome: Json = {"event": "complete", "data": made.task}
        if made.fails:
            outcome = {"event": "error", "source": "task", "message": text, "code": code}
        self.record = Record(made.task, worker.name, outcome)
        # What is not answered yet, and a bell for when nothing is left.
        self._open = 0
        self._settled = asyncio.Event()
        self._calls: list[tuple[Driver, str]] = []

    async def run(self) -> None:
        """Report it, let each follower join when it should, and wait for all answers."""
        await self._join("before")
        await self.worker.call("report", self.plan.task)
        middle = len(self.plan.steps) // 2
        for at, step in enumerate(self.plan.steps):
            if at == middle:
                await self._join("during")
                if self.kill is not None:
                    await self._rest()
                    await self.kill()
                    await self.worker.call("report", self.plan.task)
            await self._say(step)
            await asyncio.sleep(step.pause)
        acknowledged = asyncio.Event()

        def settle(receipt: Json) -> None:
            self.record.receipts.append(receipt)
            self._settle()
            acknowledged.set()

        await self._call(self.worker, *self.end, answer=settle)
        await acknowledged.wait()
        await self._join("after")
        while self._open:
            self._settled.clear()
            await self._settled.wait()

    def close(self) -> None:
        """Hear no more of it: what comes now is too much."""
        for driver, name in self._calls:
            driver.forget(name)

    async def _rest(self) -> None:
        """Wait until nothing of the worker is under way: it could arrive after what another one says."""
        await self.worker.answered("flush")
        while not all(told.receipts for told in self.record.told if told.way != "report"):
            self._settled.clear()
            await self._settled.wait()

    async def _join(self, when: str) -> None:
        for name, joins in self.plan.joins.items():
            if joins != when:
                continue
            followed = Followed(name, when)
            self.record.follows.append(followed)

            def ended(_: object, followed: Followed = followed) -> None:
                followed.ends += 1
                self._settle()

            def again(followed: Followed = followed) -> bool:
                if followed.ends:
                    return False
                followed.events.clear()
                return True

            driver = self.followers[name]
            hear = followed.events.append
            self._open += 1
            call = await driver.call("follow", self.plan.task, answer=ended, event=hear, again=again)
            self._calls.append((driver, call))

    async def _say(self, step: Step) -> None:
        told = Told(step.number, step.way, step.kind)
        self.record.told.append(told)
        text = f"{step.number}{step.words}"
        words = {
            "progress": (str(step.number), "soak", text),
            "log": ("info", text),
            "status": (json.dumps({"number": step.number}),),
        }[step.kind]
        if step.way == "report":
            await self.worker.call(step.kind, self.plan.task, *words)
            return

        def settle(receipt: Json) -> None:
            told.receipts.append(receipt)
            self._settle()

        ack = json.dumps(step.way == "ack")
        await self._call(self.worker, "send", ack, step.kind, self.plan.task, *words, answer=settle)

    async def _call(self, driver: Driver, *fields: str, answer: Hear) -> None:
        self._open += 1
        self._calls.append((driver, await driver.call(*fields, answer=answer)))

    def _settle(self) -> None:
        self._open -= 1
        self._settled.set()
