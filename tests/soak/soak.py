"""Workers and followers in several languages over links that break, for as long as is wanted: README.md tells more.

soak.py --minutes N --seed N LANGUAGE=COMMAND...     the commands are those of the conformance drivers
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import signal
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from driver import ROOT, Driver, Gone, Program
from figures import COLD_RESTS, FEWEST, Rest, rest
from judge import Json, ended_once, judge
from plan import TASKS, plan
from report import Totals, show
from task import Task

if TYPE_CHECKING:
    from collections.abc import Awaitable

# How long a task may take, over whatever link. It ends runs that would hang.
PATIENCE = 180.0

# Where all that was measured is written.
RESTS = ROOT / "target/soak/rests.json"

# Tasks that the hub knows: more than are under way, and so few that it is full before the warm-up is over.
HUB_TASKS = 24

# After so many things that are wrong the rest would say no more.
TOO_MUCH = 20

# When a worker and a follower are killed: early, so that much is left to judge the memory of those that take over. On a
# slow machine there is time for so many rounds nevertheless.
KILLING_ROUND = 3
FEWEST_ROUNDS = KILLING_ROUND - 1 + COLD_RESTS + FEWEST

# Languages whose drivers collect their garbage when they are told to.
COLLECTED = ("node",)

# Links that break often are to be brought back soon; all else is as by default.
OPTIONS: Json = {
    "reconnectInterval": 50,
    "maxReconnectBackoff": 1000,
    "connectTimeout": 2000,
    "stallTimeout": 5000,
    # A link that is stalled before the server's hello is given up before the session takes the server for one without
    # acknowledgements, after 1 s (RCP-6): an end that is written then may be lost with the link.
    "heartbeatInterval": 400,
    "heartbeatTimeout": 400,
    # Three links that break by what is no WebSocket before they are stable would stop a client for good.
    "stableAfter": 100,
}


class Soak:
    """One run."""

    def __init__(self, run: Run, url: str, workers: list[Driver], followers: list[Driver]) -> None:
        """Take over drivers that have no client yet."""
        self.run = run
        seed: int = run.arguments.seed
        self.seed = seed
        # Who is killed.
        self.victims = (workers[seed % len(workers)], followers[(seed + 1) % len(followers)])
        self.url = url
        self.workers = workers
        self.followers = followers
        self.drivers = [*workers, *followers]
        self.totals = Totals()
        self.wrong: list[str] = []

    async def client(self, driver: Driver) -> None:
        """Make a client."""
        await driver.call(*self.client_call(driver))

    def client_call(self, driver: Driver) -> list[str]:
        """Give the call that makes it."""
        seed = sum(map(ord, driver.name)) + self.seed
        options = [text for name, value in (OPTIONS | {"seed": seed}).items() for text in (name, json.dumps(value))]
        return ["client", self.url, *options]

    async def kill(self) -> None:
        """Kill a worker and a follower in the midst of their work, and start others in their place."""
        await together(*(driver.restart(self.run.broken, *self.client_call(driver)) for driver in self.victims))

    async def round(self, number: int) -> None:
        """Let every worker do its tasks, and come to rest."""
        followed = {driver.name: set[str]() for driver in self.followers}
        await together(*(self.work(worker, number, followed) for worker in self.workers))
        await together(*(driver.answered("disconnect") for driver in self.drivers))
        # No callback starts after that: all that was heard is there.
        for driver in self.followers:
            self.wrong += ended_once(driver.name, followed[driver.name], driver.heard)
            driver.heard.clear()
        for driver in self.drivers:
            self.wrong += driver.alarms
            driver.alarms.clear()
        # The clients of some live as long as the run, those of the others are new.
        for group, renewed in ((self.workers, 0), (self.followers, 1)):
            for driver in group[renewed::2]:
                await driver.call("free")
                await self.client(driver)

    async def work(self, worker: Driver, number: int, followed: dict[str, set[str]]) -> None:
        """Do the tasks of a worker in this round, one after the other."""
        for place in range(TASKS):
            one = plan(self.seed, f"{worker.name.split()[0]}-{number}-{place}", [one.name for one in self.followers])
            for names in followed.values():
                names.add(one.task)
            task = Task(one, worker, self.followers)
            if number == KILLING_ROUND and place == 1 and worker in self.victims:
                task.kill = self.kill
            try:
                async with asyncio.timeout(PATIENCE):
                    await task.run()
            except TimeoutError:
                self.wrong.append(f"{one.task} has not ended everywhere after {PATIENCE:.0f} s")
                self.wrong += judge(task.record)
                raise
            finally:
                task.close()
            self.totals.add(task.record)
            self.wrong += judge(task.record)


async def together(*parts: Awaitable[object]) -> None:
    """Run all of them; the first that fails ends the others."""

    async def run(part: Awaitable[object]) -> None:
        await part

    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(run(part))


class Run:
    """All programs of a run, and what they have while nothing goes on."""

    def __init__(self, arguments: argparse.Namespace, stack: AsyncExitStack) -> None:
        """Start nothing yet."""
        self.arguments = arguments
        self.programs: list[Program] = []
        self.rests: dict[str, list[Rest]] = {}
        self.faults: Counter[str] = Counter()
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stack = stack

    async def start(self, kind: type[Program], name: str, *command: str) -> Program:
        """Start a program, which is killed at the end of the run."""
        program = kind(name, list(command))
        await program.start()
        self._stack.push_async_callback(program.end)
        self.programs.append(program)
        self.rests[name] = []
        return program

    async def servers(self) -> str:
        """Start the hub and what is between it and the clients. Give where they connect to."""
        steadywire = self.arguments.steadywire
        hub = await self.start(
            Program, "hub", steadywire, "serve", "--listen", "127.0.0.1:0", "--max-tasks", str(HUB_TASKS)
        )
        url = (await hub.line()).removeprefix("listening on ")
        hub.read(lambda _: None, self.broken)
        if self.arguments.calm:
            return url
        chaos = ("--seed", str(self.arguments.seed), "--listen", "127.0.0.1:0", "--json")
        proxy = await self.start(Program, "proxy", steadywire, "faults", "--proxy", url, *chaos)
        url = str(json.loads(await proxy.line())["url"])
        proxy.read(self.strike, self.broken)
        return url

    def strike(self, line: str) -> None:
        """Count what the proxy does to links."""
        told = json.loads(line)
        if told["event"] == "fault":
            self.faults[told["fault"]] += 1

    async def drivers(self, role: str) -> list[Driver]:
        """Start a driver for each language."""
        started = []
        for language in self.arguments.languages:
            name, _, command = language.partition("=")
            driver = await self.start(Driver, f"{name} {role}", *shlex.split(command))
            assert isinstance(driver, Driver)
            driver.read(driver.take, self.broken)
            started.append(driver)
        return started

    async def soak(self) -> Soak:
        """Let them work, round by round, until the time is over or too much is wrong."""
        url = await self.servers()
        soak = Soak(self, url, await self.drivers("worker"), await self.drivers("follower"))
        await together(*(soak.client(driver) for driver in soak.drivers))
        begun = time.monotonic()
        number = 0
        try:
            end = begun + self.arguments.minutes * 60
            while (number < FEWEST_ROUNDS or time.monotonic() < end) and len(soak.wrong) < TOO_MUCH:
                number += 1
                await soak.round(number)
                await self.look(time.monotonic() - begun)
        except* TimeoutError:
            soak.wrong.append(f"round {number} did not come to an end")
        except* Gone as gone:
            soak.wrong += [str(error) for error in gone.exceptions]
        return soak

    async def look(self, when: float) -> None:
        """See what each program has."""
        for program in self.programs:
            unused = 0
            if isinstance(program, Driver) and program.is_new:
                program.is_new = False
                self.rests[program.name].clear()
            if isinstance(program, Driver) and program.name.split()[0] in COLLECTED:
                await program.collect()
                unused = program.unused
            self.rests[program.name].append(rest(program.process.pid, when, unused))


async def run(arguments: argparse.Namespace) -> int:
    """Run, print the figures, and name what is wrong; the exit status."""
    async with AsyncExitStack() as stack:
        running = Run(arguments, stack)
        soaking = asyncio.create_task(running.soak())
        ways: set[asyncio.Future[Soak] | asyncio.Future[None]] = {soaking, running.broken}
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        if not soaking.done():
            soaking.cancel()
            print(f"wrong: {running.broken.exception()}")
            return 1
        soak = soaking.result()
        wrong = soak.wrong + show(soak.totals, soak.drivers, running.rests, running.faults)
        rests = {name: [vars(one) for one in looked] for name, looked in running.rests.items()}
        RESTS.parent.mkdir(parents=True, exist_ok=True)
        RESTS.write_text(json.dumps(rests))
        if not arguments.calm and not running.faults:
            wrong.append("no fault was played")
        for one in wrong:
            print(f"wrong: {one}")
        return 1 if wrong else 0


def main() -> int:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description="workers and followers over links that break")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steadywire", default=str(ROOT / "target/debug/steadywire"), help="the terminal program")
    parser.add_argument("--calm", action="store_true", help="without faults")
    parser.add_argument("languages", nargs="+", metavar="LANGUAGE=COMMAND")
    # What Ctrl-C does, so that the programs are killed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
