"""Events for one reader in an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from ._buffer import Buffer, Chunks

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence
    from types import TracebackType

    from ._router import Router
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


class Stream:
    """Events for one reader, for `async for`; ends when nothing will come any more.

    Giving up a step, as `asyncio.wait_for(anext(stream), 1)` does, loses no event. Leaving it, by `close()`, by the end
    of a `with` block or by dropping it, gives up what it wants.
    """

    def __init__(self, router: Router, number: int, queue: Queue) -> None:
        """Begin without events. For the library."""
        self._router = router
        self._number = number
        self._queue = queue
        self._chunks = Chunks()
        self._taken: list[Event] = []
        self._left = False

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

    def close(self) -> None:
        """Want no more. Whoever waits gets the end."""
        if self._left:
            return
        self._left = True
        self._router.leave(self._number)
        self._queue.finish(None)

    async def _wait(self) -> None:
        self._router.native.check_fork()
        await self._queue.wait()
        self._chunks.begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._left:
            self._router.abandon(self._number)
