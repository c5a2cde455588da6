"""Never run: `make check-python` has mypy look at it. Each name of an event stands for its class."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_type

import steadywire
from steadywire import aio


def names(client: steadywire.Client | aio.Client) -> None:
    def gap(event: steadywire.Gap) -> None:
        """Take a gap."""

    assert_type(client.on("gap", gap), Callable[[], bool])
    client.once("progress", lambda event: event.stage)
    client.on("error", lambda event: event.fatal)
    client.on("log", gap)  # type: ignore[call-overload]
    client.on("no such event", print)  # type: ignore[call-overload]


def decorators(client: steadywire.Client) -> None:
    @client.on("complete")
    def complete(event: steadywire.Complete) -> int:
        return event.timestamp

    @client.once("lost")  # type: ignore[arg-type]
    def lost(event: steadywire.Complete) -> None:
        """Not what comes."""

    assert_type(complete(steadywire.Complete("t", 1)), int)


def reports(client: steadywire.Client, rows: list[str]) -> None:
    assert_type(client.report("t"), steadywire.Task)
    for row in client.report("t", rows):
        assert_type(row, str)


def streams(client: steadywire.Client) -> None:
    with client.follow("t") as stream:
        assert_type(next(stream), steadywire.Event)
    assert_type(client.wait("t"), steadywire.Outcome)


async def streams_in_a_loop(client: aio.Client) -> None:
    async for event in client.follow("t"):
        assert_type(event, steadywire.Event)
    assert_type(await client.wait("t"), steadywire.Outcome)
