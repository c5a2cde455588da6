"""Passes on what workers say of tasks, and keeps the latest of each: `uvicorn server:app --port 8080`."""

import asyncio
import json

from fastapi import FastAPI, WebSocket

MAX_WAITING = 1000  # A client for whom so many messages wait is cut off. It comes back, and gets the latest.
MAX_TASKS = 10_000  # How many tasks are remembered; beyond that the one heard of longest ago is forgotten.

app = FastAPI()
# What waits for each connection, and which tasks it follows.
connections: dict[asyncio.Queue[str], set[str]] = {}
latest: dict[str, dict[str, str]] = {}


@app.websocket("/ws")
async def serve(socket: WebSocket) -> None:
    await socket.accept()
    waiting: asyncio.Queue[str] = asyncio.Queue(MAX_WAITING)
    connections[waiting] = set()
    writing = asyncio.create_task(write(socket, waiting))
    try:
        async for text in socket.iter_text():
            for reply in hear(text, connections[waiting]):
                waiting.put_nowait(reply)
    finally:
        writing.cancel()
        del connections[waiting]


def hear(text: str, followed: set[str]) -> list[str]:
    message = json.loads(text)
    kind, task_id, data = message["type"], message["taskId"], message.get("data")
    if kind == "heartbeat":
        return [] if data == {"received": True} else [json.dumps(message | {"data": {"received": True}})]
    match data:
        case {"action": "subscribe"} if kind == "status":
            followed.add(task_id)
            return list(latest.get(task_id, {}).values())
        case {"action": "unsubscribe"} if kind == "status":
            followed.discard(task_id)
            return []
    if kind in ("progress", "complete", "error"):
        before = latest.pop(task_id, {})
        latest[task_id] = {kind: text} if kind == "progress" else before | {kind: text}
        if len(latest) > MAX_TASKS:
            del latest[next(iter(latest))]
    for waiting, tasks in connections.items():
        if task_id in tasks and not waiting.full():
            waiting.put_nowait(text)
    return []


async def write(socket: WebSocket, waiting: asyncio.Queue[str]) -> None:
    while not waiting.full():
        await socket.send_text(await waiting.get())
    await socket.close(1013)
