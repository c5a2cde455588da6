"""aiohttp with orjson, and websockets with json: a message in, a dict out, as most programs do it. Both on uvloop.

Each is told what spares it work: aiohttp that orjson reads bytes, websockets to do without compression and to queue
more than 16 messages, which is its default and slower.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager

import uvloop
from tally import WARM_UP, Tally, echo_message, echoed, pin, resident_kib, subscription


class Aiohttp:
    """A connection of aiohttp, read with orjson."""

    @staticmethod
    @asynccontextmanager
    async def connect(url: str):
        import aiohttp

        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, max_msg_size=0, decode_text=False) as socket,
        ):
            yield socket

    @staticmethod
    def parser():
        import orjson

        return lambda message, loads=orjson.loads: loads(message.data)

    @staticmethod
    async def send(socket, message: object) -> None:
        import aiohttp
        import orjson

        await socket.send_frame(orjson.dumps(message), aiohttp.WSMsgType.TEXT)


class Websockets:
    """A connection of websockets, read with the standard library."""

    @staticmethod
    def connect(url: str):
        import websockets

        return websockets.connect(url, compression=None, max_size=None, max_queue=1024)

    @staticmethod
    def parser():
        return json.loads

    @staticmethod
    async def send(socket, message: object) -> None:
        await socket.send(json.dumps(message, separators=(",", ":")))


def read(rival, url: str, tasks: list[str], keep: int) -> Tally:
    """One handler for each type."""
    tally, kept = Tally(), []

    def progress(event: dict) -> None:
        if not tally.progresses:
            tally.begin()
        data = event["data"]
        tally.progresses += 1
        tally.percent += data["progress"]
        tally.chars += len(event["taskId"]) + len(data["stage"]) + len(data["message"])
        tally.stamps += event["timestamp"]
        if keep and not tally.progresses % keep:
            kept.append(event)

    def log(event: dict) -> None:
        data = event["data"]
        tally.logs += 1
        tally.chars += len(event["taskId"]) + len(data["level"]) + len(data["message"])
        tally.stamps += event["timestamp"]

    def status(event: dict) -> None:
        tally.statuses += 1
        tally.chars += len(event["taskId"])
        tally.stamps += event["timestamp"]

    by_kind = {"progress": progress, "log": log, "status": status}

    async def run() -> None:
        parse = rival.parser()
        async with rival.connect(url) as socket:
            for task in tasks:
                await rival.send(socket, subscription(task))
            async for message in socket:
                event = parse(message)
                kind = event["type"]
                if kind == "complete":
                    if tally.complete():
                        return
                else:
                    by_kind[kind](event)

    uvloop.run(run())
    return tally


def echo(rival, url: str, rounds: int) -> dict[str, object]:
    """Send from the task that reads."""
    pin()

    async def run() -> dict[str, object]:
        times: list[int] = []
        parse = rival.parser()
        async with rival.connect(url) as socket:
            began = time.process_time()
            sent = time.perf_counter_ns()
            await rival.send(socket, echo_message(0))
            async for message in socket:
                event = parse(message)
                times.append(time.perf_counter_ns() - sent)
                assert event["data"]["progress"] == (len(times) - 1) % 1000 / 10
                if len(times) == rounds + WARM_UP:
                    break
                sent = time.perf_counter_ns()
                await rival.send(socket, echo_message(len(times)))
            return echoed(times, time.process_time() - began)

    return uvloop.run(run())


def idle(rival, url: str, connections: int) -> dict[str, object]:
    """Many connections in one loop."""

    async def hold(opened: asyncio.Queue, end: asyncio.Event) -> None:
        async with rival.connect(url):
            opened.put_nowait(None)
            await end.wait()

    async def run() -> dict[str, object]:
        opened, end = asyncio.Queue(), asyncio.Event()
        tasks = [asyncio.create_task(hold(opened, end))]
        await opened.get()
        await asyncio.sleep(1)
        before = resident_kib()
        for _ in range(connections // 50):
            tasks += [asyncio.create_task(hold(opened, end)) for _ in range(50)]
            for _ in range(50):
                await opened.get()
        await asyncio.sleep(1)
        grown = resident_kib() - before
        end.set()
        await asyncio.gather(*tasks)
        return {"kib": grown / connections}

    return uvloop.run(run())
