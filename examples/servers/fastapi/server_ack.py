"""The same with the extension `ack`: `uvicorn server_ack:app --port 8080`."""

import asyncio
import json

from fastapi import FastAPI, WebSocket

MAX_WAITING = 1000  # A client for whom so many messages wait is cut off. It comes back, and gets the latest.
MAX_TASKS = 10_000  # How many tasks are remembered; beyond that the one heard of longest ago is forgotten.
# How many ids of messages are remembered, the newest. One that comes again is acknowledged and otherwise ignored.
MAX_IDS = 100_000

HELLO = {"type": "status", "taskId": "", "timestamp": 0, "data": {"action": "hello", "version": 1, "features": ["ack"]}}

app = FastAPI()
# What waits for each connection, and which tasks it follows.
connections: dict[asyncio.Queue[str], set[str]] = {}
latest: dict[str, dict[str, str]] = {}
known: dict[tuple[str, str], None] = {}


@app.websocket("/ws")
async def serve(socket: WebSocket) -> None:
    await socket.accept()
    waiting: asyncio.Queue[str] = asyncio.Queue(MAX_WAITING)
    waiting.put_nowait(json.dumps(HELLO))
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
    replies = []
    if (identifier := message.pop("id", None)) is not None:
        ack = {"type": "status", "taskId": task_id, "timestamp": 0, "data": {"action": "ack", "id": identifier}}
        replies.append(json.dumps(ack))
        if (task_id, identifier) in known:
            return replies
        known[task_id, identifier] = None
        if len(known) > MAX_IDS:
            del known[next(iter(known))]
        text = json.dumps(message)
    if kind in ("progress", "complete", "error"):
        before = latest.pop(task_id, {})
        latest[task_id] = {kind: text} if kind == "progress" else before | {kind: text}
        if len(latest) > MAX_TASKS:
            del latest[next(iter(latest))]
    for waiting, tasks in connections.items():
        if task_id in tasks and not waiting.full():
            waiting.put_nowait(text)
    return replies


async def write(socket: WebSocket, waiting: asyncio.Queue[str]) -> None:
    while not waiting.full():
        await socket.send_text(await waiting.get())
    await socket.close(1013)
