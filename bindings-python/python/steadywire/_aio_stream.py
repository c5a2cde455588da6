"""Events for one reader in an event loop."""

from __future__ import annotations

from ._base_stream import BaseStream
from ._buffer import Buffer

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from .events import Event


class Queue:
    """What the router holds of a stream, so that a stream that nobody else holds is collected."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.buffer = Buffer()
        self._loop = loop
        self._sleeping: set[asyncio.Future[None]] = set()

    def push(self, events: Sequence[Event]) -> None:
        """Take events."""
        self.buffer.push(events)
        self._wake()

    def finish(self, outcome: Event | None) -> None:
        """Take the end."""
        self.buffer.finish(outcome)
        self._wake()

    def lags(self) -> bool:
        """Whether more had better wait until the reader has made room."""
        return self.buffer.lags()

    def wait_for_room(self) -> None:
        """Not in a loop: it comes back by itself."""

    async def wait(self) -> None:
        """Wait for news."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._sleeping.add(future)
        try:
            await future
        finally:
            self._sleeping.discard(future)

    def _wake(self) -> None:
        if self._loop.is_closed():
            return
        for future in self._sleeping:
            if not future.done():
                future.set_result(None)


class Stream(BaseStream[Queue]):
    """Events for one reader, for `async for`; ends when nothing will come any more.

    Giving up a step, as `asyncio.wait_for(anext(stream), 1)` does, loses no event. Leaving it, by `close()`, by the end
    of a `with` block or by dropping it, gives up what it wants.
    """

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> Event:
        while not self._taken:
            if not self._queue.buffer.has_news():
                await self._wait()
                continue
            self._taken = self._queue.buffer.take(self._chunks.next_size(self._chunks.size))
            self._taken.reverse()
            if not self._taken:
                self.close()
                raise StopAsyncIteration
        return self._taken.pop()

    async def batch(self) -> list[Event]:
        """The next events, all that are there; empty = nothing will come any more."""
        while not self._taken and not self._queue.buffer.has_news():
            await self._wait()
        taken, self._taken = self._taken, []
        taken.reverse()
        taken = taken or self._queue.buffer.take(1 << 60)
        if not taken:
            self.close()
        return taken

    async def _wait(self) -> None:
        self._router.native.check_fork()
        if self._router.keeper is not None:
            self._router.keeper.check_loop()
        if not self._queue.buffer.has_news():
            await self._queue.wait()
        self._chunks.begin()
