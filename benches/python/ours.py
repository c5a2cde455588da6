"""Steadywire, in each of its ways."""

from __future__ import annotations

import asyncio
import threading
import time

from tally import TASK, WARM_UP, Tally, echo_message, echoed, pin, resident_kib

import steadywire
from steadywire import aio


def handlers(tally: Tally, kept: list[object], keep: int) -> dict[str, object]:
    """The same work as a rival's, on attributes of events."""

    def progress(event: steadywire.Progress) -> None:
        if not tally.progresses:
            tally.begin()
        tally.progresses += 1
        tally.percent += event.progress
        tally.chars += len(event.task_id) + len(event.stage) + len(event.message)
        tally.stamps += event.timestamp
        if keep and not tally.progresses % keep:
            kept.append(event)

    def log(event: steadywire.Log) -> None:
        tally.logs += 1
        tally.chars += len(event.task_id) + len(event.level) + len(event.message)
        tally.stamps += event.timestamp

    def status(event: steadywire.Status) -> None:
        tally.statuses += 1
        tally.chars += len(event.task_id)
        tally.stamps += event.timestamp

    return {"progress": progress, "log": log, "status": status}


def read_callbacks(url: str, tasks: list[str], keep: int) -> Tally:
    """One callback for each kind."""
    over = threading.Event()
    tally, kept = Tally(), []
    client = steadywire.Client(url, conflate="never")
    for name, handler in handlers(tally, kept, keep).items():
        client.on(name, handler)
    client.on("complete", lambda _: tally.complete() and over.set())
    for task in tasks:
        client.subscribe(task)
    client.connect()
    over.wait()
    return tally


def read_batches(url: str, tasks: list[str], keep: int) -> Tally:
    """Lists of events, on the main thread."""
    tally, kept = Tally(), []
    client = steadywire.Client(url, conflate="never")
    by_kind = handlers(tally, kept, keep)
    for task in tasks:
        client.subscribe(task)
    batches = client.batches()
    client.connect()
    for batch in batches:
        for event in batch:
            kind = event.kind
            if kind == "complete":
                if tally.complete():
                    return tally
            elif kind in by_kind:
                by_kind[kind](event)
    return tally


def read_events(url: str, tasks: list[str], keep: int) -> Tally:
    """Events one by one, on the main thread."""
    tally, kept = Tally(), []
    client = steadywire.Client(url, conflate="never")
    by_kind = handlers(tally, kept, keep)
    for task in tasks:
        client.subscribe(task)
    events = client.events()
    client.connect()
    for event in events:
        kind = event.kind
        if kind == "complete":
            if tally.complete():
                return tally
        elif kind in by_kind:
            by_kind[kind](event)
    return tally


def read_asyncio(url: str, tasks: list[str], keep: int) -> Tally:
    """`async for` over all events."""

    async def run() -> Tally:
        tally, kept = Tally(), []
        by_kind = handlers(tally, kept, keep)
        client = aio.Client(url, conflate="never")
        for task in tasks:
            client.subscribe(task)
        events = client.events()
        await client.connect()
        async for event in events:
            kind = event.kind
            if kind == "complete":
                if tally.complete():
                    return tally
            elif kind in by_kind:
                by_kind[kind](event)
        return tally

    return _run(run())


def echo_callbacks(url: str, rounds: int) -> dict[str, object]:
    """Send from the callback that hears the last."""
    pin()
    over = threading.Event()
    client = steadywire.Client(url)
    times: list[int] = []
    sent = 0

    def heard(event: steadywire.Progress) -> None:
        nonlocal sent
        times.append(time.perf_counter_ns() - sent)
        assert event.progress == (len(times) - 1) % 1000 / 10
        if len(times) == rounds + WARM_UP:
            over.set()
            return
        sent = time.perf_counter_ns()
        client.send(echo_message(len(times)))

    client.on("progress", heard)
    client.connect(TASK)
    began = time.process_time()
    sent = time.perf_counter_ns()
    client.send(echo_message(0))
    over.wait()
    return echoed(times, time.process_time() - began)


def echo_asyncio(url: str, rounds: int) -> dict[str, object]:
    """Send from the task that awaits events."""
    pin()

    async def run() -> dict[str, object]:
        times: list[int] = []
        client = aio.Client(url)
        events = client.events()
        await client.connect(TASK)
        began = time.process_time()
        sent = time.perf_counter_ns()
        client.send(echo_message(0))
        async for event in events:
            if event.kind != "progress":
                continue
            times.append(time.perf_counter_ns() - sent)
            assert event.progress == (len(times) - 1) % 1000 / 10
            if len(times) == rounds + WARM_UP:
                break
            sent = time.perf_counter_ns()
            client.send(echo_message(len(times)))
        return echoed(times, time.process_time() - began)

    return _run(run())


def idle_callbacks(url: str, connections: int) -> dict[str, object]:
    """Many clients with a thread each."""
    clients = []

    def connect() -> None:
        client = steadywire.Client(url)
        client.on("progress", print)
        client.connect()
        clients.append(client)

    connect()
    time.sleep(1)
    before = resident_kib()
    for _ in range(connections):
        connect()
    time.sleep(1)
    return {"kib": (resident_kib() - before) / connections}


def idle_asyncio(url: str, connections: int) -> dict[str, object]:
    """Many clients in one loop."""

    async def run() -> dict[str, object]:
        clients = [aio.Client(url)]
        await clients[0].connect()
        await asyncio.sleep(1)
        before = resident_kib()
        for _ in range(connections // 50):
            more = [aio.Client(url) for _ in range(50)]
            await asyncio.gather(*(client.connect() for client in more))
            clients += more
        await asyncio.sleep(1)
        return {"kib": (resident_kib() - before) / connections}

    return _run(run())


def _run(what):
    import uvloop

    return uvloop.run(what)
