"""A baseline server as a plain ASGI application under uvicorn, with the WebSocket implementation that is named."""

import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn
from baseline import Baseline, say

Message = MutableMapping[str, Any]

baseline = Baseline()


async def app(scope: Message, receive: Callable[[], Awaitable[Message]], deliver: Callable[[Message], Any]) -> None:
    """Serve one connection."""
    if scope["type"] != "websocket":
        return

    async def send(text: str) -> None:
        await deliver({"type": "websocket.send", "text": text})

    while (message := await receive())["type"] != "websocket.disconnect":
        if message["type"] == "websocket.connect":
            offered = dict(scope["headers"]).get(b"sec-websocket-extensions")
            await deliver({"type": "websocket.accept"})
            baseline.opened(offered and offered.decode())
        else:
            await baseline.received(message["text"], send)
    baseline.closed(send)


listener = socket.create_server(("127.0.0.1", int(sys.argv[2])))
host, port = listener.getsockname()
say(f"ws://{host}:{port}/ws")
config = uvicorn.Config(app, ws=sys.argv[1], lifespan="off", log_level="error")
uvicorn.Server(config).run(sockets=[listener])
