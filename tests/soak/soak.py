"""Workers and followers in several languages over links that break, for as long as is wanted: README.md tells more.

soak.py --minutes N --seed N LANGUAGE=COMMAND...     the commands are those of the conformance drivers
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from figures import COLD_RESTS, FEWEST
from judge import Json, ended_once, judge
from plan import TASKS, plan
from program import ROOT, Gone
from report import Totals, show
from task import Strike, Task
from world import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from driver import Driver
    from plan import Plan

# How long a task may take, over whatever link. It ends runs that would hang.
PATIENCE = 180.0

# Where all that was measured is written.
RESTS = ROOT / "target/soak/rests.json"

# After so many things that are wrong the rest would say no more.
TOO_MUCH = 20

# When a worker and a follower are killed: early, so that much is left to judge the memory of those that take over. On a
# slow machine there is time for so many rounds nevertheless, from the last kill on.
KILLING_ROUND = 3
# And when a worker is killed whose task nobody takes over, where there is time for that.
LEAVING_ROUND = 4
ROUNDS_AFTER_KILL = COLD_RESTS + FEWEST - 1

# Which of a worker's tasks is struck in a round that has it.
STRUCK = 1

# From so many minutes on a task is left to the hub, and the hub is killed in the middle of the run.
MINUTES_WITH_RESTART = 2.0

# How long nothing passes before a worker is killed, in seconds: long enough for its heartbeats to find out.
HELD_FOR = 2.5

# Links that break often are to be brought back soon; all else is as by default.
OPTIONS: Json = {
    "reconnectInterval": 50,
    "maxReconnectBackoff": 1000,
    # An attempt that is held up is given up soon.
    "connectTimeout": 2500,
    "heartbeatInterval": 1000,
    "heartbeatTimeout": 1000,
    "stallTimeout": 5000,
    # Three links that break by what is no WebSocket before they are stable would stop a client for good.
    "stableAfter": 100,
}

# Every second client finds out dead links sooner than a proxy that stalls lets go what it holds: what the client said
# on the older link then arrives when the newer one is there, and the hub must not take it for news (P-PUB-7).
HASTY: Json = {"heartbeatInterval": 400, "heartbeatTimeout": 400}


class Soak:
    """One run."""

    def __init__(self, world: World) -> None:
        """Take over programs that run, and drivers that have no client yet."""
        self.world = world
        self.seed: int = world.arguments.seed
        self.workers, self.followers = world.workers, world.followers
        self.drivers = [*self.workers, *self.followers]
        # Who is killed, and whose task has ended when the hub is.
        self.killed = (self._chosen(self.workers, 0), self._chosen(self.followers, 1))
        self.bereft = self._chosen(self.workers, 1)
        self.totals = Totals()
        self.wrong: list[str] = []
        # The round in which the hub is killed, once that is known.
        self.restart_round: int | None = None
        # The tasks under way, and those that were left open: nobody tells their followers of an end.
        self._current: dict[str, Task] = {}
        self._left: list[Task] = []
        self._hub_is_up = asyncio.Event()
        self._hub_is_up.set()

    async def run(self) -> None:
        """Let them work, round by round, until the time is over or too much is wrong."""
        await together(*(self._client(driver) for driver in self.drivers))
        begun = time.monotonic()
        minutes = self.world.arguments.minutes
        number = 0
        try:
            while self._goes_on(number, time.monotonic() - begun) and len(self.wrong) < TOO_MUCH:
                number += 1
                is_middle = time.monotonic() - begun >= minutes * 30 and number > LEAVING_ROUND
                if self.world.arguments.restart and is_middle and self.restart_round is None:
                    self.restart_round = number
                await self._round(number)
                await self.world.look(time.monotonic() - begun)
        except* TimeoutError:
            self.wrong.append(f"round {number} did not come to an end")
        except* Gone as gone:
            self.wrong += [str(error) for error in gone.exceptions]

    def _goes_on(self, number: int, seconds: float) -> bool:
        if self.world.arguments.restart and self.restart_round is None:
            return True
        return number < (self.restart_round or KILLING_ROUND) + ROUNDS_AFTER_KILL or seconds < (
            self.world.arguments.minutes * 60
        )

    def _chosen(self, drivers: list[Driver], further: int) -> Driver:
        return drivers[(self.seed + further) % len(drivers)]

    async def _client(self, driver: Driver) -> None:
        """Make a client."""
        await driver.call(*self._client_call(driver))
        await self._greet(driver)

    async def _greet(self, driver: Driver) -> None:
        """Let a worker whose client is new end a task that nobody follows, until it is acknowledged.

        A server that has never said hello to a client has a second to do so, and is else one that acknowledges nothing
        (RCP-6, RCP-7). Proxies can hold it back for longer.
        """
        task = f"{driver.name.split()[0]}-greeting"
        is_greeted = driver not in self.workers
        while not is_greeted:
            await driver.call("report", task)
            receipt = await driver.answered("complete", task, "null")
            is_greeted = receipt["state"] == "acked" and not receipt.get("ackUnsupported")

    def _client_call(self, driver: Driver) -> list[str]:
        """Give the call that makes it."""
        seed = sum(map(ord, driver.name)) + self.seed
        options = OPTIONS | (HASTY if driver in self.drivers[1::2] else {}) | {"seed": seed}
        fields = [text for name, value in options.items() for text in (name, json.dumps(value))]
        return ["client", self.world.url(driver), *fields]

    async def _kill(self, killed: tuple[Driver, ...], say: Callable[[], Awaitable[None]]) -> None:
        """Kill a worker that says something while nothing passes, and others with it; start others in their place.

        What the proxy holds dies with the worker, as with a machine: it could arrive after what another one says.
        """
        proxy = self.world.worker_proxy
        if proxy is not None:
            proxy.hold()
        await say()
        await asyncio.sleep(HELD_FOR)
        if proxy is not None:
            await together(killed[0].kill(), proxy.kill())
            await self.world.again(proxy)
        await together(*(driver.restart(self.world.broken, *self._client_call(driver)) for driver in killed))
        await together(*(self._greet(driver) for driver in killed))

    async def _cut(self) -> None:
        """Take the followers' links away."""
        if self.world.proxy is not None:
            await self.world.proxy.kill()

    async def _restart(self) -> None:
        """Kill the hub, and start another in its place, which followers can reach again."""
        self._hub_is_up.clear()
        await self.world.hub.kill()
        for task in self._current.values():
            task.hub_died()
        await self.world.again(self.world.hub)
        if self.world.proxy is not None:
            await self.world.again(self.world.proxy)
        self._hub_is_up.set()

    async def _knows(self, task: str) -> bool:
        """Whether the hub knows a task."""
        await self._hub_is_up.wait()
        return task in await asyncio.to_thread(self.world.hub.tasks)

    async def _round(self, number: int) -> None:
        """Let every worker do its tasks, and come to rest."""
        followed = {driver.name: set[str]() for driver in self.followers}
        await together(*(self._work(worker, number, followed) for worker in self.workers))
        await together(*(driver.answered("disconnect") for driver in self.drivers))
        for task in self._left:
            async with asyncio.timeout(PATIENCE):
                await task.ended()
            self._close(task)
        self._left.clear()
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
                await self._client(driver)

    async def _work(self, worker: Driver, number: int, followed: dict[str, set[str]]) -> None:
        """Do the tasks of a worker in this round, one after the other."""
        for place in range(TASKS):
            one = plan(self.seed, f"{worker.name.split()[0]}-{number}-{place}", [one.name for one in self.followers])
            strike = self._strike(worker, number) if place == STRUCK else Strike()
            if strike.restart is not None:
                one = joined_in_turn(one)
            for names in followed.values():
                names.add(one.task)
            task = self._current[worker.name] = Task(one, worker, self.followers, self._knows, strike)
            try:
                async with asyncio.timeout(PATIENCE):
                    await task.run()
            except BaseException as error:
                if isinstance(error, TimeoutError):
                    self.wrong.append(f"{one.task} has not ended everywhere after {PATIENCE:.0f} s")
                    self.wrong += judge(task.record)
                task.close()
                raise
            if task.is_open:
                self._left.append(task)
            else:
                self._close(task)

    def _strike(self, worker: Driver, number: int) -> Strike:
        """Give what happens in the midst of a worker's task in this round."""
        if number == KILLING_ROUND and worker is self.killed[0]:
            return Strike(kill=partial(self._kill, self.killed))
        if number == LEAVING_ROUND and worker is self.bereft and self.world.arguments.restart:
            return Strike(kill=partial(self._kill, (worker,)), is_left=True)
        if number == self.restart_round and worker is self.bereft:
            return Strike(cut=self._cut, restart=self._restart)
        return Strike()

    def _close(self, task: Task) -> None:
        """Judge a task that has ended everywhere."""
        task.close()
        self.totals.add(task.record)
        self.wrong += judge(task.record)


def joined_in_turn(one: Plan) -> Plan:
    """Let followers join a task at all times, the first before it begins."""
    times = ("before", "after", "during")
    return replace(one, joins={name: times[at % len(times)] for at, name in enumerate(one.joins)})


async def together(*parts: Awaitable[object]) -> None:
    """Run all of them; the first that fails ends the others."""

    async def run(part: Awaitable[object]) -> None:
        await part

    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(run(part))


async def run(arguments: argparse.Namespace) -> int:
    """Run, print the figures, and name what is wrong; the exit status."""
    async with AsyncExitStack() as stack:
        world = World(arguments, stack)
        await world.start()
        soak = Soak(world)
        soaking = asyncio.create_task(soak.run())
        ways: set[asyncio.Future[None]] = {soaking, world.broken}
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        if not soaking.done():
            soaking.cancel()
            print(f"wrong: {world.broken.exception()}")
            return 1
        soaking.result()
        wrong = soak.wrong + show(soak.totals, soak.drivers, world.rests, world.faults)
        RESTS.parent.mkdir(parents=True, exist_ok=True)
        RESTS.write_text(json.dumps(world.measured()))
        if not arguments.calm:
            wrong += missed(soak, world, is_restarted=arguments.restart)
        for one in wrong:
            print(f"wrong: {one}")
        return 1 if wrong else 0


def missed(soak: Soak, world: World, *, is_restarted: bool) -> list[str]:
    """Name what was to happen and did not."""
    happened = {
        "no fault was played": world.faults.total(),
        "the killed worker left nothing": soak.totals.left,
        "no task was left to the hub": not is_restarted or soak.totals.left_tasks,
        "nobody missed what the killed hub had": not is_restarted or soak.totals.outcomes["lost (forgotten)"],
    }
    return [what for what, count in happened.items() if not count]


def main() -> int:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description="workers and followers over links that break")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steadywire", default=str(ROOT / "target/debug/steadywire"), help="the terminal program")
    parser.add_argument("--calm", action="store_true", help="without faults")
    parser.add_argument(
        "--restart",
        action="store_true",
        help="also in less than two minutes: leave a task to the hub, and kill the hub",
    )
    parser.add_argument("languages", nargs="+", metavar="LANGUAGE=COMMAND")
    # What Ctrl-C does, so that the programs are killed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = parser.parse_args()
    arguments.restart |= arguments.minutes >= MINUTES_WITH_RESTART
    return asyncio.run(run(arguments))


if __name__ == "__main__":
    sys.exit(main())
