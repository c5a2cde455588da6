"""Wait for 100 tasks at once over one link: `python fan_in.py ws://127.0.0.1:8080/ws`."""

import asyncio
import sys

from steadywire import aio


async def main(url: str, count: int = 100) -> None:
    """Report the tasks with one client, follow them with another, and count how they ended."""
    async with aio.Client(url) as worker, aio.Client(url) as client:
        names = [f"part-{n}" for n in range(count)]
        reports = [work(worker, name) for name in names]
        outcomes = await asyncio.gather(*(watch(client, name) for name in names), *reports)
        print(f"{sum(outcome is True for outcome in outcomes)} of {count} parts are done")


async def work(client: aio.Client, name: str) -> None:
    """Stand for a task that takes its time."""
    async with client.report(name) as task:
        for percent in range(0, 100, 20):
            task.progress(percent)
            await asyncio.sleep(0.01)


async def watch(client: aio.Client, name: str) -> bool:
    """Follow one task to its end."""
    kind = ""
    async for event in client.follow(name):
        kind = event.kind
    return kind == "complete"


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
