"""What a server must know of the protocol to be of use: sections 2 to 5 of spec/PROTOCOL.md, nothing else.

Each server here prints its address first. Then it prints, as JSON, what connections offered and what they sent.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

Send = Callable[[str], Awaitable[None]]


def say(line: str) -> None:
    """Tell the test."""
    print(line, flush=True)  # noqa: T201


class Baseline:
    """Who follows which task. A connection is its way of sending."""

    def __init__(self) -> None:
        """Nobody follows anything."""
        self._followers: dict[str, set[Send]] = {}

    def opened(self, offered: str | None) -> None:
        """Note a new connection and the extensions it offered."""
        say(json.dumps({"opened": True, "offered": offered}))

    async def received(self, text: str, send: Send) -> None:
        """Do what the text of a connection asks for."""
        say(text)
        message: dict[str, Any] = json.loads(text)
        data = message["data"] if isinstance(message.get("data"), dict) else {}
        followers = self._followers.setdefault(message["taskId"], set())
        match message["type"], data.get("action"):
            case "status", "subscribe":
                followers.add(send)
            case "status", "unsubscribe":
                followers.discard(send)
            case "heartbeat", _:
                if data.get("received") is not True:
                    await send(json.dumps(message | {"data": {"received": True}}))
            case _:
                for follower in list(followers):
                    await follower(text)

    def closed(self, send: Send) -> None:
        """Forget a connection."""
        for followers in self._followers.values():
            followers.discard(send)
