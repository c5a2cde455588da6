"""The programs of a test: they are read line by line, and none outlives its test."""

import asyncio
import json
import os
import signal
import tempfile
import unittest
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "target"

# What a whole test may take, and what one step of it may.
TEST_LIMIT = 120.0
STEP_LIMIT = 30.0

# The longest line that is read.
LINE_LIMIT = 1 << 20

# How much of what happened before a failure tells.
TOLD = 20

Json = dict[str, Any]


class Quiet(unittest.IsolatedAsyncioTestCase):
    """Tests that are slow at times, and need not be told."""

    async def asyncSetUp(self) -> None:
        """Leave the debug mode, which `unittest` turns on."""
        asyncio.get_running_loop().set_debug(enabled=False)


class Part:
    """A running program. Its lines are JSON, except for the first one of a server."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, stderr: Path) -> None:
        """Take over a process that was started with pipes."""
        self.name = name
        self.seen: list[Json] = []
        self._process = process
        self._stderr = stderr

    async def line(self) -> str:
        """Wait for the next line."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            self.fail("ended")
        return line.decode().rstrip("\n")

    async def until(self, *wanted: Json) -> list[Json]:
        """Wait for lines that match, in any order, each its own. Give them in the order that was asked for."""
        found: dict[int, Json] = {}
        try:
            async with asyncio.timeout(STEP_LIMIT):
                while len(found) < len(wanted):
                    line: Json = json.loads(await self.line())
                    self.seen.append(line)
                    waiting = (index for index in range(len(wanted)) if index not in found)
                    match = next((index for index in waiting if matches(wanted[index], line)), None)
                    if match is not None:
                        found[match] = line
        except TimeoutError:
            missing = [one for index, one in enumerate(wanted) if index not in found]
            self.fail(f"did not say {missing} within {STEP_LIMIT} s")
        return [found[index] for index in range(len(wanted))]

    async def write(self, line: Json) -> None:
        """Write a line to its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        await self._process.stdin.drain()

    async def finish(self) -> int:
        """Close its standard input, read the rest, and wait for its exit status."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(STEP_LIMIT):
                while line := await self._process.stdout.readline():
                    self.seen.append(json.loads(line))
                return await self._process.wait()
        except TimeoutError:
            self.fail(f"did not end within {STEP_LIMIT} s")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def events(self, **wanted: object) -> list[Json]:
        """Give what it said that matches."""
        return [line for line in self.seen if matches(wanted, line)]

    def stderr(self) -> str:
        """Give what it complained about."""
        return self._stderr.read_text(errors="replace")

    def fail(self, what: str) -> NoReturn:
        """End the test, telling what came before."""
        last = "\n".join(json.dumps(line)[:300] for line in self.seen[-TOLD:])
        message = f"{self.name} {what}; its last lines:\n{last}\nits standard error:\n{self.stderr()}"
        raise AssertionError(message)


@asynccontextmanager
async def running(name: str, *command: str | Path, stdin: bool = False, **environment: str) -> AsyncIterator[Part]:
    """Start a program, and kill it at the end."""
    with tempfile.TemporaryDirectory() as directory:
        stderr = Path(directory) / "stderr"
        with stderr.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=file,
                env=surroundings() | environment,
                limit=LINE_LIMIT,
            )
        try:
            yield Part(name, process, stderr)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


def surroundings() -> dict[str, str]:
    """Give the environment without what leads clients elsewhere."""

    def misleads(name: str) -> bool:
        return name.startswith("STEADYWIRE_") or name.lower().endswith("_proxy")

    return {name: value for name, value in os.environ.items() if not misleads(name)}


def matches(wanted: Json, line: object) -> bool:
    """Whether the line has everything that is wanted; it may have more. A function says whether a value will do."""
    return isinstance(line, dict) and all(fits(value, line.get(key)) for key, value in wanted.items())


def fits(wanted: object, value: object) -> bool:
    """Whether it is the value that is wanted."""
    if isinstance(wanted, dict):
        return matches(wanted, value)
    return bool(wanted(value)) if callable(wanted) else value == wanted


def end_on_sigterm() -> None:
    """Let SIGTERM do what Ctrl-C does, so that the programs of the test are killed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
