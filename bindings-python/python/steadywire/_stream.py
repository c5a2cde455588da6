"""Events for one reader, for threads."""

from __future__ import annotations

import threading
from time import monotonic

from . import _checked
from ._base_stream import BaseStream
from ._buffer import Buffer
from ._native import TimeoutError as TimeIsOverError
from ._pending import check_may_wait, slice_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .events import Event


# How long the dispatcher waits for a reader at a time, in seconds.
MOMENT = 0.05


class Queue:
    """What the router holds of a stream, so that a stream that nobody else holds is collected."""

    def __init__(self) -> None:
        self.buffer = Buffer()
        lock = threading.RLock()
        self.ready = threading.Condition(lock)
        self.room = threading.Condition(lock)

    def push(self, events: Sequence[Event]) -> None:
        """Take events."""
        with self.ready:
            self.buffer.push(events)
            self.ready.notify()

    def finish(self, outcome: Event | None) -> None:
        """Take the end."""
        with self.ready:
            self.buffer.finish(outcome)
            self.ready.notify_all()

    def lags(self) -> bool:
        """Whether more had better wait until the reader has made room."""
        return self.buffer.lags()

    def wait_for_room(self) -> None:
        """Wait a moment, or until the reader has taken something."""
        with self.room:
            if self.buffer.lags():
                self.room.wait(MOMENT)

    def wait(self, timeout: float | None) -> None:
        """Wait for news, for so long at most. The lock is held."""
        deadline = None if timeout is None else monotonic() + timeout
        while not self.buffer.has_news():
            left = None if deadline is None else deadline - monotonic()
            if left is not None and left <= 0:
                return
            self.ready.wait(slice_of(left))


class Stream(BaseStream[Queue]):
    """Events for one reader, as an iterator that blocks; ends when nothing will come any more.

    Reading from several threads shares the events out. Leaving it, by `close()`, by the end of a `with` block or by
    dropping it, gives up what it wants.
    """

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Event:
        try:
            return self._taken.pop()
        except IndexError:
            event = self.next()
        if event is None:
            raise StopIteration
        return event

    def next(self, timeout: float | None = None) -> Event | None:
        """Wait for the next event, for `timeout` seconds at most; None = nothing will come any more.

        Raises TimeoutError when the time is over; WouldDeadlockError inside a callback of the same client where none
        is there already. No event is lost by either.
        """
        _checked.seconds(timeout)
        while True:
            try:
                return self._taken.pop()
            except IndexError:
                if not self._refill(timeout):
                    self.close()
                    return None

    def batch(self, timeout: float | None = None) -> list[Event]:
        """Wait for the next events, all that are there; empty = nothing will come any more.

        Raises as `next`.
        """
        _checked.seconds(timeout)
        if self._taken or self._refill(timeout, whole=True):
            with self._queue.ready:
                taken, self._taken = self._taken, []
            taken.reverse()
            return taken
        self.close()
        return []

    def _refill(self, timeout: float | None, *, whole: bool = False) -> bool:
        """Take a chunk over, its last event first. Says whether there was one."""
        with self._queue.ready:
            if self._taken:
                return True
            if not self._queue.buffer.has_news():
                check_may_wait(self._router)
                self._queue.wait(timeout)
                self._chunks.begin()
            if not self._queue.buffer.has_news():
                text = f"no event came within {timeout} s"
                raise TimeIsOverError(text)
            most = 1 << 60 if whole else self._chunks.next_size(self._chunks.size)
            self._taken = self._queue.buffer.take(most)
            self._taken.reverse()
            self._queue.room.notify()
            if self._queue.buffer.has_news():
                self._queue.ready.notify()
            return bool(self._taken)
