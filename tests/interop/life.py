"""A task's life, as a follower and a worker see it through a server that is killed and restarted."""

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from parts import TARGET, Part, running

STEADYWIRE = os.environ.get("STEADYWIRE_BINARY", str(TARGET / "debug/steadywire"))

TASK = "täsk"

# Longer than what servers and proxies read at a time, and with characters of every length. A server need not take
# more than 64 KiB.
LONG = "naïve 漢字 🚀 " * 3000

# How much of a line is shown when it is not the right one.
TOLD = 40

# How the server goes, each time, and the close codes that followers may see.
GONE = {signal.SIGKILL: (1006,), signal.SIGTERM: (1001, 1012)}


@dataclass
class Way:
    """How clients get to the server."""

    url: str
    options: tuple[str, ...] = ()
    # What an attempt meets while there is no server.
    refusal: str = "could not connect"


# Starts a server at a port; 0 takes a free one.
Start = Callable[[int], AbstractAsyncContextManager[Part]]

# Leads to the server at a URL.
Front = Callable[[str], AbstractAsyncContextManager[Way]]


@asynccontextmanager
async def directly(url: str) -> AsyncIterator[Way]:
    """Nothing is in between."""
    yield Way(url)


def client(name: str, command: str, way: Way, *arguments: str, task: str = TASK) -> AbstractAsyncContextManager[Part]:
    """Start the terminal program."""
    quick = ("--reconnect-interval", "20ms", "--max-reconnect-backoff", "100ms")
    words = (command, "--url", way.url, *way.options, *quick, *arguments, task)
    return running(name, STEADYWIRE, *words, stdin=command == "send")


async def live(start: Start, front: Front = directly) -> None:
    """Follow a task, and report it, to its end."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(start(0))
        url = await server.line()
        port = int(url.rsplit(":", 1)[1].split("/")[0])
        way = await stack.enter_async_context(front(url))

        # Neither may offer an extension, for it could not keep the promise.
        opened = {"opened": True, "offered": None}
        subscribed = {"type": "status", "taskId": TASK, "data": {"action": "subscribe"}}
        beating = ("--json", "--heartbeat-interval", "50ms")
        follower = await stack.enter_async_context(client("watch", "watch", way, *beating))
        await server.until(opened, subscribed)
        worker = await stack.enter_async_context(client("send", "send", way))
        await server.until(opened)

        await worker.write({"progress": 10, "stage": "train", "message": "epoch 1"})
        await follower.until({"event": "progress", "taskId": TASK, "progress": 10, "message": "epoch 1"})
        await worker.write({"log": LONG, "level": "warn"})
        await follower.until({"event": "log", "message": LONG, "level": "warn"})
        for number, codes in GONE.items():
            server.signal(number)
            await server.finish()
            (gone,) = await follower.until({"event": "disconnected"})
            assert gone["closeCode"] in codes, gone
            await follower.until({"event": "retry", "cause": lambda cause: way.refusal in cause})
            server = await stack.enter_async_context(start(port))
            assert await server.line() == url
            await server.until(opened, opened, subscribed)
            await worker.write({"log": f"after {number.name}"})
            await follower.until({"event": "log", "message": f"after {number.name}"})
        # Besides WebSocket's own pings.
        await server.until(*[{"type": "heartbeat", "data": {}}] * 3)

        await worker.write({"complete": {"files": 12}})
        assert (await worker.finish(), worker.stderr()) == (0, "")
        assert (await follower.finish(), follower.stderr()) == (0, "")
        judge(follower)


def judge(follower: Part) -> None:
    """Nothing was lost, nothing came twice, and there was one outcome."""
    lines = [event["message"] for event in follower.events(event="log")]
    wanted = [LONG, *(f"after {number.name}" for number in GONE)]
    assert lines == wanted, [line[:TOLD] for line in lines]
    outcomes = follower.events(event="complete")
    assert [outcome["data"] for outcome in outcomes] == [{"files": 12}], outcomes
    for wrong in ("lost", "error", "gap", "overflow"):
        assert not follower.events(event=wrong), follower.events(event=wrong)
