"""A backend that speaks the protocol without any of our code: `uvicorn backend:app`.

It runs tasks (`POST /tasks/build-7`) and tells those who follow them over `/ws` how far they are. The baseline of the
protocol is all there is here: subscribe, unsubscribe, heartbeats. Any Steadywire client follows such tasks:
`steadywire watch build-7 --url ws://127.0.0.1:8000/ws`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import Any

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()

# A follower for whom so many messages wait is cut off. It comes back, and gets the latest.
MAX_WAITING = 1000

# How many tasks that have ended are remembered, for followers who come late or come back.
MAX_ENDED = 1000

Message = dict[str, Any]


class Task:
    """One task: what a follower who comes late must hear, and who follows it now."""

    def __init__(self) -> None:
        """Begin with nothing said."""
        self.latest: dict[str, Message] = {}
        self.followers: set[asyncio.Queue[Message]] = set()

    def tell(self, task_id: str, kind: str, data: Message) -> None:
        """Say something to all who follow."""
        message = {"type": kind, "taskId": task_id, "timestamp": int(time.time() * 1000), "data": data}
        if kind != "log":
            self.latest[kind] = message
        for follower in self.followers:
            # One that is full already is about to be cut off.
            with contextlib.suppress(asyncio.QueueFull):
                follower.put_nowait(message)

    @property
    def ended(self) -> bool:
        """Whether its outcome is known."""
        return not self.latest.keys().isdisjoint({"complete", "error"})


tasks: dict[str, Task] = {}
running: set[asyncio.Task[None]] = set()


@app.post("/tasks/{task_id}", status_code=202)
async def start(task_id: str, steps: int = 20) -> None:
    """Start a task. A client may follow it already."""
    task = tasks.setdefault(task_id, Task())
    task.latest.clear()
    work = asyncio.create_task(build(task_id, task, steps))
    running.add(work)
    work.add_done_callback(running.discard)


async def build(task_id: str, task: Task, steps: int) -> None:
    """Stand for work that takes its time."""
    try:
        for step in range(1, steps + 1):
            await asyncio.sleep(0.01)
            task.tell(
                task_id, "progress", {"stage": "compile", "progress": 100 * step / steps, "message": f"file {step}"}
            )
            task.tell(task_id, "log", {"level": "info", "message": f"compiled file {step} of {steps}"})
        task.tell(task_id, "complete", {"files": steps})
    except Exception as error:
        task.tell(task_id, "error", {"error": str(error), "code": type(error).__name__})
        raise
    ended = [name for name, one in tasks.items() if one.ended and not one.followers]
    for name in ended[:-MAX_ENDED]:
        del tasks[name]


@app.websocket("/ws")
async def follow(socket: WebSocket) -> None:
    """Serve one client: read what it asks for, and write what comes of the tasks that it follows."""
    await socket.accept()
    waiting: asyncio.Queue[Message] = asyncio.Queue(MAX_WAITING)
    followed: set[str] = set()
    writing = asyncio.create_task(write(socket, waiting))
    try:
        async for text in socket.iter_text():
            hear(json.loads(text), waiting, followed)
            if waiting.full():
                break
    finally:
        writing.cancel()
        for task_id in followed:
            tasks[task_id].followers.discard(waiting)


def hear(message: Message, waiting: asyncio.Queue[Message], followed: set[str]) -> None:
    """Do what a client asks for."""
    task_id, data = message.get("taskId", ""), message.get("data") or {}
    match message.get("type"), data.get("action"):
        case "status", "subscribe" if task_id:
            task = tasks.setdefault(task_id, Task())
            task.followers.add(waiting)
            followed.add(task_id)
            # The latest progress, and the outcome last.
            for kind in ("progress", "error", "complete"):
                if kind in task.latest:
                    waiting.put_nowait(task.latest[kind])
        case "status", "unsubscribe" if task_id in followed:
            followed.discard(task_id)
            tasks[task_id].followers.discard(waiting)
        case "heartbeat", _ if not data.get("received"):
            waiting.put_nowait({**message, "data": {"received": True}})


async def write(socket: WebSocket, waiting: asyncio.Queue[Message]) -> None:
    """Write what waits; one that cannot keep up is cut off."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while not waiting.full():
            await socket.send_text(json.dumps(await waiting.get()))
        await socket.close(1013)
