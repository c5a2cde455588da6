"""picows and msgspec structs at their leanest: frames decoded where they were received, only fields that are read."""

from __future__ import annotations

import asyncio
import time

import msgspec
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from tally import WARM_UP, Tally, echo_message, echoed, pin, resident_kib, subscription


class ProgressData(msgspec.Struct, gc=False):
    progress: float
    stage: str = ""
    message: str = ""


class LogData(msgspec.Struct, gc=False):
    level: str
    message: str = ""


class Progress(msgspec.Struct, tag_field="type", tag="progress", rename="camel", gc=False):
    task_id: str
    timestamp: int
    data: ProgressData


class Log(msgspec.Struct, tag_field="type", tag="log", rename="camel", gc=False):
    task_id: str
    timestamp: int
    data: LogData


class Status(msgspec.Struct, tag_field="type", tag="status", rename="camel", gc=False):
    task_id: str
    timestamp: int


class Complete(msgspec.Struct, tag_field="type", tag="complete", rename="camel", gc=False):
    task_id: str
    timestamp: int


decode = msgspec.json.Decoder(Progress | Log | Status | Complete).decode
encode = msgspec.json.Encoder().encode


def read(url: str, tasks: list[str], keep: int) -> Tally:
    """One handler for each type."""
    tally, kept = Tally(), []

    def progress(event: Progress) -> None:
        if not tally.progresses:
            tally.begin()
        data = event.data
        tally.progresses += 1
        tally.percent += data.progress
        tally.chars += len(event.task_id) + len(data.stage) + len(data.message)
        tally.stamps += event.timestamp
        if keep and not tally.progresses % keep:
            kept.append(event)

    def log(event: Log) -> None:
        data = event.data
        tally.logs += 1
        tally.chars += len(event.task_id) + len(data.level) + len(data.message)
        tally.stamps += event.timestamp

    def status(event: Status) -> None:
        tally.statuses += 1
        tally.chars += len(event.task_id)
        tally.stamps += event.timestamp

    class Listener(WSListener):
        def on_ws_connected(self, transport: WSTransport) -> None:
            for task in tasks:
                transport.send(WSMsgType.TEXT, encode(subscription(task)))

        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type != WSMsgType.TEXT:
                return
            message = decode(frame.get_payload_as_memoryview())
            kind = type(message)
            if kind is Progress:
                progress(message)
            elif kind is Log:
                log(message)
            elif kind is Status:
                status(message)
            elif tally.complete():
                transport.disconnect()

    async def run() -> None:
        transport, _ = await ws_connect(Listener, url)
        await transport.wait_disconnected()

    uvloop.run(run())
    return tally


def echo(url: str, rounds: int) -> dict[str, object]:
    """Send from the listener."""
    pin()
    times: list[int] = []
    sent = 0

    class Listener(WSListener):
        def on_ws_connected(self, transport: WSTransport) -> None:
            nonlocal sent
            sent = time.perf_counter_ns()
            transport.send(WSMsgType.TEXT, encode(echo_message(0)))

        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            nonlocal sent
            if frame.msg_type != WSMsgType.TEXT:
                return
            event = decode(frame.get_payload_as_memoryview())
            times.append(time.perf_counter_ns() - sent)
            assert event.data.progress == (len(times) - 1) % 1000 / 10
            if len(times) == rounds + WARM_UP:
                transport.disconnect()
                return
            sent = time.perf_counter_ns()
            transport.send(WSMsgType.TEXT, encode(echo_message(len(times))))

    async def run() -> dict[str, object]:
        began = time.process_time()
        transport, _ = await ws_connect(Listener, url)
        await transport.wait_disconnected()
        return echoed(times, time.process_time() - began)

    return uvloop.run(run())


def idle(url: str, connections: int) -> dict[str, object]:
    """Many connections in one loop."""

    async def run() -> dict[str, object]:
        open_ones = [await ws_connect(WSListener, url)]
        await asyncio.sleep(1)
        before = resident_kib()
        for _ in range(connections // 50):
            open_ones += await asyncio.gather(*(ws_connect(WSListener, url) for _ in range(50)))
        await asyncio.sleep(1)
        return {"kib": (resident_kib() - before) / connections}

    return uvloop.run(run())
