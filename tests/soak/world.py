"""The programs of a run: a hub, proxies before it, and a driver for each language at both ends."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections import Counter
from typing import TYPE_CHECKING, Any

from driver import Driver
from figures import Rest, rest
from program import Program, Server

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from contextlib import AsyncExitStack

# Tasks that the hub knows: more than are under way, and so few that it is full before the warm-up is over.
HUB_TASKS = 24

# Languages whose drivers collect their garbage when they are told to.
COLLECTED = ("node",)


class World:
    """All programs of a run, and what they have while nothing goes on."""

    def __init__(self, arguments: argparse.Namespace, stack: AsyncExitStack) -> None:
        """Start nothing yet."""
        self.arguments = arguments
        self.programs: list[Program] = []
        self.workers: list[Driver] = []
        self.followers: list[Driver] = []
        self.rests: dict[str, list[Rest]] = {}
        self.faults: Counter[str] = Counter()
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stack = stack

    async def start(self) -> None:
        """Start all of them. Without faults there are no proxies."""
        steadywire = self.arguments.steadywire
        bound = ("--max-tasks", str(HUB_TASKS))
        self.hub = await self._server("hub", self._no_news, steadywire, "serve", *bound)
        self.worker_proxy, self.proxy = None, None
        if not self.arguments.calm:
            chaos = (steadywire, "faults", "--proxy", self.hub.url, "--seed", str(self.arguments.seed), "--json")
            self.worker_proxy = await self._server("worker proxy", self._strike, *chaos)
            self.proxy = await self._server("proxy", self._strike, *chaos)
        for role, drivers in (("worker", self.workers), ("follower", self.followers)):
            for language in self.arguments.languages:
                name, _, command = language.partition("=")
                driver = Driver(f"{name} {role}", shlex.split(command))
                await self._begin(driver, driver.take)
                drivers.append(driver)

    def url(self, driver: Driver) -> str:
        """Give where a client connects to."""
        proxy = self.worker_proxy if driver in self.workers else self.proxy
        return (proxy or self.hub).url

    async def again(self, server: Server) -> None:
        """Start a server that was killed: a new process, where the old one was."""
        await server.start()
        server.read(self._no_news if server is self.hub else self._strike, self.broken)

    async def look(self, when: float) -> None:
        """See what each program has."""
        for program in self.programs:
            unused = 0
            if program.is_new:
                program.is_new = False
                self.rests[program.name].clear()
            if isinstance(program, Driver) and program.name.split()[0] in COLLECTED:
                await program.collect()
                unused = program.unused
            self.rests[program.name].append(rest(program.process.pid, when, unused))

    def measured(self) -> dict[str, list[dict[str, Any]]]:
        """Give all that was seen of the programs, as JSON."""
        return {name: [vars(one) for one in looked] for name, looked in self.rests.items()}

    async def _server(self, name: str, take: Callable[[str], None], *command: str) -> Server:
        server = Server(name, [*command, "--listen", "127.0.0.1:0"], "--listen")
        await self._begin(server, take)
        return server

    async def _begin(self, program: Program, take: Callable[[str], None]) -> None:
        """Start a program, which is killed at the end of the run."""
        self._stack.push_async_callback(program.end)
        await program.start()
        program.read(take, self.broken)
        self.programs.append(program)
        self.rests[program.name] = []

    def _no_news(self, _: str) -> None:
        """Take what the hub says besides where it is: nothing that is counted."""

    def _strike(self, line: str) -> None:
        """Count what a proxy does to links."""
        told = json.loads(line)
        if told["event"] == "fault":
            self.faults[told["fault"]] += 1
