"""The client and servers that nobody here wrote, each with a baseline server of a few lines on top."""

import asyncio
import sys
import unittest
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from life import live
from parts import TARGET, TEST_LIMIT, Part, Quiet, end_on_sigterm, running

SERVERS = Path(__file__).parent / "servers"


def python(script: str, *arguments: str) -> AbstractAsyncContextManager[Part]:
    """Start a server that needs the packages of requirements.txt."""
    return running(script, sys.executable, SERVERS / script, *arguments)


def node(script: str, *arguments: str) -> AbstractAsyncContextManager[Part]:
    """Start a server that needs the packages of package.json."""
    modules = str(TARGET / "interop/node_modules")
    return running(script, "node", SERVERS / script, *arguments, NODE_PATH=modules)


class Servers(Quiet):
    """Each lives through the same life of a task."""

    async def test_websockets(self) -> None:
        """Python's `websockets`, which would compress."""
        async with asyncio.timeout(TEST_LIMIT):
            await live(lambda port: python("websockets_server.py", str(port)))

    async def test_uvicorn_over_websockets(self) -> None:
        """An ASGI application under uvicorn, which would compress."""
        async with asyncio.timeout(TEST_LIMIT):
            await live(lambda port: python("uvicorn_server.py", "websockets-sansio", str(port)))

    async def test_uvicorn_over_wsproto(self) -> None:
        """The same over another implementation of WebSocket."""
        async with asyncio.timeout(TEST_LIMIT):
            await live(lambda port: python("uvicorn_server.py", "wsproto", str(port)))

    async def test_ws(self) -> None:
        """Node's `ws`."""
        async with asyncio.timeout(TEST_LIMIT):
            await live(lambda port: node("ws_server.cjs", "plain", str(port)))

    async def test_ws_that_would_compress(self) -> None:
        """The same, made to compress for those that want it."""
        async with asyncio.timeout(TEST_LIMIT):
            await live(lambda port: node("ws_server.cjs", "deflate", str(port)))


if __name__ == "__main__":
    end_on_sigterm()
    unittest.main(verbosity=2)
