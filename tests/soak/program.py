"""Programs that say line by line what they do: the drivers, and the servers between them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]

# The longest line that is read.
LINE_LIMIT = 1 << 20

# How often a server tries to listen where it did before, and how long it waits between. A client's socket may have the
# port for a moment.
BINDS = 50
BIND_PAUSE = 0.1

# How long a hub may take to list its tasks.
ANSWER = 10.0


class Gone(Exception):  # noqa: N818 - not an error of this program
    """A program ended, or said what nobody understands."""


class Program:
    """A running program, which says what it does line by line."""

    process: asyncio.subprocess.Process

    def __init__(self, name: str, command: list[str]) -> None:
        """Start nothing yet."""
        self.name = name
        # Whether it was killed and started again since somebody looked.
        self.is_new = False
        self._command = command
        self._reading: asyncio.Task[None] | None = None
        self._is_killed = False

    async def start(self) -> None:
        """Start it. What it complains about goes where we complain."""
        self._is_killed = False
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
        # One that was killed may have begun a line.
        if not line.endswith(b"\n"):
            raise Gone(f"{self.name} ended")
        return line.decode().rstrip("\n")

    def read(self, take: Callable[[str], None], broken: asyncio.Future[None]) -> None:
        """Take every further line. Where there is none any more, what is broken is told."""

        async def read() -> None:
            try:
                while True:
                    take(await self.line())
            except (Gone, ValueError, LookupError) as error:
                is_over = self._is_killed and isinstance(error, Gone)
                if not is_over and not broken.done():
                    broken.set_exception(error if isinstance(error, Gone) else Gone(f"{self.name}: {error!r}"))

        self._reading = asyncio.create_task(read())

    async def kill(self) -> None:
        """Kill it in the midst of its work, and take all that it said before."""
        assert self._reading is not None
        self._is_killed = True
        self.process.kill()
        await self._reading
        await self.process.wait()
        self.is_new = True

    async def end(self) -> None:
        """Kill it."""
        if self._reading is not None:
            self._reading.cancel()
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


class Server(Program):
    """A program that listens on a port, which it says first. A new process of it listens there again."""

    def __init__(self, name: str, command: list[str], listen: str) -> None:
        """Start nothing yet. `listen` is where in the command the address stands."""
        super().__init__(name, command)
        self.url = ""
        self._listen = command.index(listen) + 1

    async def start(self) -> None:
        """Start it, and wait until it listens."""
        for _ in range(BINDS):
            await super().start()
            with suppress(Gone):
                self.url = address(await self.line())
                self._command[self._listen] = urlsplit(self.url).netloc
                return
            await self.process.wait()
            await asyncio.sleep(BIND_PAUSE)
        raise Gone(f"{self.name} cannot listen on {self._command[self._listen]}")

    def tasks(self) -> dict[str, str]:
        """Give the tasks that a hub knows, each with its status."""
        url = f"http://{self._command[self._listen]}/tasks"
        with urllib.request.urlopen(url, timeout=ANSWER) as answer:
            return {task["taskId"]: task["status"] for task in json.load(answer)["tasks"]}

    def hold(self) -> None:
        """Stop it, so that nothing passes and every connection stays."""
        self.process.send_signal(signal.SIGSTOP)


def address(line: str) -> str:
    """Give the URL that a server says first: in JSON, or at the end of a line."""
    return str(json.loads(line)["url"]) if line.startswith("{") else line.rsplit(maxsplit=1)[-1]


def surroundings() -> dict[str, str]:
    """Give the environment without what leads clients elsewhere."""

    def misleads(name: str) -> bool:
        return name.startswith("STEADYWIRE_") or name.lower().endswith("_proxy")

    return {name: value for name, value in os.environ.items() if not misleads(name)}
