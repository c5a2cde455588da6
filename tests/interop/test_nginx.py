"""The client behind nginx as a reverse proxy, also through TLS, with an authority of our own."""

import asyncio
import os
import shutil
import socket
import tempfile
import unittest
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from authority import Authority
from life import STEADYWIRE, Way, client, live
from parts import TEST_LIMIT, Part, Quiet, end_on_sigterm, running
from test_servers import python

# How often a link that is idle for too long is seen to be cut, while the other one stays.
CUTS = 2

# The exit status when something could not be delivered.
LOST = 3

# One process, so that killing it is enough. All that it writes is in its directory. The port is reserved by a socket
# that does not listen, hence `reuseport`.
CONFIGURATION = """
daemon off;
master_process off;
pid pid;
error_log stderr crit;
events {{}}
http {{
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy;
  fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{port} reuseport{tls};
    location /ws {{
      proxy_pass {upstream};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_read_timeout 8s;
    }}
  }}
}}
"""

TLS = " ssl; ssl_certificate {authority.certificate}; ssl_certificate_key {authority.key}"


@dataclass
class Nginx:
    """A proxy that can be started and killed, and how clients get to it."""

    directory: Path
    way: Way

    def start(self) -> AbstractAsyncContextManager[Part]:
        """Start it."""
        program = shutil.which("nginx", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
        assert program, "nginx is missing"
        return running("nginx", program, "-p", self.directory, "-c", self.directory / "conf", "-e", "stderr")


@contextmanager
def configured(url: str, *, secure: bool) -> Iterator[Nginx]:
    """Configure a proxy that leads to the server at the URL."""
    with tempfile.TemporaryDirectory() as name, socket.socket() as reserving:
        directory = Path(name)
        reserving.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserving.bind(("127.0.0.1", 0))
        port = reserving.getsockname()[1]
        way, tls = Way(f"ws://127.0.0.1:{port}/ws"), ""
        if secure:
            authority = Authority(directory)
            way = Way(f"wss://localhost:{port}/ws", ("--ca", str(authority.ca)))
            tls = TLS.format(authority=authority)
        way.refusal = "502"
        upstream = url.replace("ws://", "http://")
        (directory / "conf").write_text(CONFIGURATION.format(port=port, tls=tls, upstream=upstream))
        yield Nginx(directory, way)


@asynccontextmanager
async def hub() -> AsyncIterator[Way]:
    """Start the hub. It remembers what is said while nobody listens."""
    async with running("hub", STEADYWIRE, "serve", "--listen", "127.0.0.1:0") as part:
        yield Way((await part.line()).removeprefix("listening on "))


async def say(way: Way, *what: str) -> None:
    """Report something about the task, and wait until the hub has it."""
    async with client("send", "send", way, *what) as sender:
        assert (await sender.finish(), sender.stderr()) == (0, "")


class Plain(Quiet):
    """Without TLS."""

    secure = False

    async def test_a_server_behind_it_that_is_restarted(self) -> None:
        """Who connects meanwhile is refused with 502 and tries again."""

        @asynccontextmanager
        async def front(url: str) -> AsyncIterator[Way]:
            with configured(url, secure=self.secure) as nginx:
                async with nginx.start():
                    yield nginx.way

        async with asyncio.timeout(TEST_LIMIT):
            await live(lambda port: python("websockets_server.py", str(port)), front)

    async def test_heartbeats_keep_an_idle_link_and_without_them_nothing_is_lost(self) -> None:
        """It cuts what is idle for 8 s. Then it dies itself, and the outcome comes while it is away."""
        async with asyncio.timeout(TEST_LIMIT), AsyncExitStack() as stack:
            direct = await stack.enter_async_context(hub())
            nginx = stack.enter_context(configured(direct.url, secure=self.secure))
            alive = await stack.enter_async_context(AsyncExitStack())
            await alive.enter_async_context(nginx.start())
            beating, idle = [
                await stack.enter_async_context(client(name, "watch", nginx.way, "--json", *heartbeat))
                for name, heartbeat in (
                    ("beating", ("--heartbeat-interval", "400ms")),
                    ("idle", ("--heartbeat-interval", "0")),
                )
            ]
            for part in (beating, idle):
                await part.until({"event": "connected"})
            said = []
            for cut in range(CUTS):
                await idle.until({"event": "disconnected", "closeCode": 1006})
                said.append(f"after cut {cut}")
                await say(direct, "--log", said[-1])
                await beating.until({"event": "log", "message": said[-1]})
                await idle.until({"event": "log", "message": said[-1]})
            assert not beating.events(event="disconnected"), beating.events(event="disconnected")

            await alive.aclose()
            for part in (beating, idle):
                await part.until({"event": "disconnected"})
            said.append("nobody listens")
            await say(direct, "--log", said[-1])
            await say(direct, "--complete", "7")
            await stack.enter_async_context(nginx.start())
            for part in (beating, idle):
                assert (await part.finish(), part.stderr()) == (0, "")
                assert [event["message"] for event in part.events(event="log")] == said, part.seen
                assert [event["data"] for event in part.events(event="complete")] == [7], part.seen
                assert not part.events(event="gap"), part.seen


class Tls(Plain):
    """The same through TLS."""

    secure = True

    async def test_an_authority_that_is_not_trusted(self) -> None:
        """The client tells nothing to a server that it cannot check."""
        async with asyncio.timeout(TEST_LIMIT), AsyncExitStack() as stack:
            direct = await stack.enter_async_context(hub())
            nginx = stack.enter_context(configured(direct.url, secure=True))
            await stack.enter_async_context(nginx.start())
            stranger = client("stranger", "send", Way(nginx.way.url), "--log", "to whom?")
            sender = await stack.enter_async_context(stranger)
            assert await sender.finish() == LOST
            assert "authority that is not trusted" in sender.stderr(), sender.stderr()


if __name__ == "__main__":
    end_on_sigterm()
    unittest.main(verbosity=2)
