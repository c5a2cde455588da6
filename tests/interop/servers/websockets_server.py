"""A baseline server over the Python package `websockets`, as it comes: with compression, which nobody must take."""

import asyncio
import signal
import sys

from baseline import Baseline, say
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed


async def main(port: int) -> None:
    """Serve until SIGTERM, which closes all connections with 1001."""
    baseline = Baseline()

    async def handle(connection: ServerConnection) -> None:
        async def send(text: str) -> None:
            try:
                await connection.send(text)
            except ConnectionClosed:
                baseline.closed(send)

        request = connection.request
        baseline.opened(request.headers.get("Sec-WebSocket-Extensions") if request else None)
        async for text in connection:
            await baseline.received(str(text), send)
        baseline.closed(send)

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with serve(handle, "127.0.0.1", port) as server:
        host, port = next(iter(server.sockets)).getsockname()
        say(f"ws://{host}:{port}/ws")
        await stop.wait()


asyncio.run(main(int(sys.argv[1])))
