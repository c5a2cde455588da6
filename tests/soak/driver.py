"""A language's driver, which does what it is told line by line: tests/conformance/README.md describes the lines."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

Json = dict[str, Any]

# Hears what becomes of a call: any JSON.
Hear = Callable[[Any], None]

ROOT = Path(__file__).resolve().parents[2]

# The longest line that is read.
LINE_LIMIT = 1 << 20

# How long a driver may take to begin a call. It ends runs that would hang.
PATIENCE = 60.0


class Gone(Exception):  # noqa: N818 - not an error of this program
    """A program ended, or said what nobody understands."""


class Program:
    """A running program, which says what it does line by line."""

    process: asyncio.subprocess.Process

    def __init__(self, name: str, command: list[str]) -> None:
        """Start nothing yet."""
        self.name = name
        self._command = command
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it. What it complains about goes where we complain."""
        self.process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=surroundings(),
            limit=LINE_LIMIT,
        )

    async def line(self) -> str:
        """Wait for the next line."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            raise Gone(f"{self.name} ended")
        return line.decode().rstrip("\n")

    def read(self, take: Callable[[str], None], broken: asyncio.Future[None]) -> None:
        """Take every further line. Where there is none any more, what is broken is told."""

        async def read() -> None:
            try:
                while True:
                    take(await self.line())
            except (Gone, ValueError, LookupError) as error:
                if not broken.done():
                    broken.set_exception(error if isinstance(error, Gone) else Gone(f"{self.name}: {error!r}"))

        self._reading = asyncio.create_task(read())

    async def end(self) -> None:
        """Kill it."""
        if self._reading is not None:
            self._reading.cancel()
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


class Driver(Program):
    """A worker or a follower."""

    def __init__(self, name: str, command: list[str]) -> None:
        """Start nothing yet."""
        super().__init__(name, command)
        # Whether it was killed and started again since somebody looked.
        self.is_new = False
        # The outcomes that the listener for all events heard, by task, and what it heard by kind.
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
            await self.end()
            await self.start()
            self.read(self.take, broken)
            self.is_new = True
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
        if kind == "complete" or (ends and event["source"] == "task"):
            self.heard[event["taskId"]] += 1
        elif ends or kind in ("lost", "overflow"):
            self.alarms.append(f"{self.name}: {event}")


def surroundings() -> dict[str, str]:
    """Give the environment without what leads clients elsewhere."""

    def misleads(name: str) -> bool:
        return name.startswith("STEADYWIRE_") or name.lower().endswith("_proxy")

    return {name: value for name, value in os.environ.items() if not misleads(name)}
