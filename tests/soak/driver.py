"""A language's driver, which does what it is told line by line: tests/conformance/README.md describes the lines."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

from program import Gone, Program

Json = dict[str, Any]

# Hears what becomes of a call: any JSON.
Hear = Callable[[Any], None]

# How long a driver may take to begin a call. It ends runs that would hang.
PATIENCE = 60.0


class Driver(Program):
    """A worker or a follower."""

    def __init__(self, name: str, command: list[str]) -> None:
        """Start nothing yet."""
        super().__init__(name, command)
        # The ends, outcomes and `lost`, that the listener for all events heard, by task, and what it heard by kind.
        self.heard: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        # What it says is free room in its heap, in KiB.
        self.unused = 0
        # What only a client says that has stopped for good, or that lost something.
        self.alarms: list[str] = []
        self._calls = 0
        self._begun: dict[str, asyncio.Future[None]] = {}
        self._answers: dict[str, Hear] = {}
        self._follows: dict[str, Hear] = {}
        # The follows, and what says whether they are to be begun again by a process that takes over.
        self._again: dict[str, tuple[tuple[str, ...], Callable[[], bool]]] = {}
        self._gate = asyncio.Lock()
        self._collected = asyncio.Event()

    async def call(
        self,
        *fields: str,
        answer: Hear | None = None,
        event: Hear | None = None,
        again: Callable[[], bool] | None = None,
    ) -> str:
        """Begin a call, and give its name. `answer` and `event` hear what becomes of it, however often."""
        self._calls += 1
        name = str(self._calls)
        async with self._gate:
            if answer is not None:
                self._answers[name] = answer
            if event is not None:
                self._follows[name] = event
            if again is not None:
                self._again[name] = (fields, again)
            await self._begin(name, *fields)
        return name

    async def restart(self, broken: asyncio.Future[None], *client: str) -> None:
        """Kill it and start another with a client, which begins the follows again that have not ended."""
        async with self._gate:
            if self.process.returncode is None:
                await self.kill()
            await self.start()
            self.read(self.take, broken)
            await self._begin("0", *client)
            for name, (fields, again) in list(self._again.items()):
                if again():
                    # Its listener may have heard what the follow was not told any more.
                    del self.heard[fields[1]]
                    await self._begin(name, *fields)

    async def _begin(self, name: str, *fields: str) -> None:
        begun = self._begun[name] = asyncio.get_running_loop().create_future()
        assert self.process.stdin is not None
        self.process.stdin.write("\t".join((name, *fields)).encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            await begun

    async def answered(self, *fields: str) -> Any:  # noqa: ANN401 - any JSON
        """Call, and wait for the answer."""
        answers: list[Any] = []
        there = asyncio.Event()

        def hear(found: object) -> None:
            answers.append(found)
            there.set()

        name = await self.call(*fields, answer=hear)
        async with asyncio.timeout(PATIENCE):
            await there.wait()
        self.forget(name)
        return answers[0]

    async def collect(self) -> None:
        """Let it collect its garbage: see collect.mjs."""
        self._collected.clear()
        self.process.send_signal(signal.SIGUSR2)
        async with asyncio.timeout(PATIENCE):
            await self._collected.wait()

    def forget(self, name: str) -> None:
        """Hear no more of a call. An answer that comes nevertheless is an alarm."""
        self._answers.pop(name, None)
        self._follows.pop(name, None)
        self._again.pop(name, None)

    def take(self, line: str) -> None:
        """Take what the driver says."""
        word, *fields = line.split("\t")
        match word, fields:
            case "called", [name]:
                self._begun.pop(name).set_result(None)
            case "refused", [name, kind]:
                self._begun.pop(name).set_exception(Gone(f"{self.name}: call {name} is refused, {kind}"))
            case "answer", [name, text]:
                self._told(self._answers, name, json.loads(text))
            case "failed", [name, kind]:
                self.alarms.append(f"{self.name}: call {name} failed, {kind}")
            case "followed", [name, text]:
                self._told(self._follows, name, json.loads(text))
            case "unused", [kib]:
                self.unused = int(kib)
                self._collected.set()
            case "event", [text]:
                self._hear(json.loads(text))
            case _:
                raise ValueError(line)

    def _told(self, calls: dict[str, Hear], name: str, what: object) -> None:
        if name in calls:
            calls[name](what)
        else:
            self.alarms.append(f"{self.name}: call {name} was told {what} after its end")

    def _hear(self, event: Json) -> None:
        kind = event["event"]
        self.events[kind] += 1
        ends = kind == "error" and event["fatal"]
        if kind in ("complete", "lost") or (ends and event["source"] == "task"):
            self.heard[event["taskId"]] += 1
        elif ends or kind == "overflow":
            self.alarms.append(f"{self.name}: {event}")
