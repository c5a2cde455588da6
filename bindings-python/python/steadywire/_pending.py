"""Answers that come later, for threads."""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from ._buffer import Buffer, Chunks
from ._native import TimeoutError as TimeIsOverError
from ._native import WouldDeadlockError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from ._router import Router
    from .events import Event

T = TypeVar("T")

# The main thread comes back to the interpreter this often, for signals.
SLICE = 0.1

_making = threading.Lock()


class Pending(Generic[T]):
    """The answer to a call that has begun already. It may be waited for on any thread, or not at all."""

    __slots__ = ("_answer", "_done", "_event", "_router", "_what")

    def __init__(self, router: Router, what: str) -> None:
        """Begin without an answer."""
        self._router = router
        self._what = what
        self._done = False
        self._answer: T | BaseException | None = None
        self._event: threading.Event | None = None

    def done(self) -> bool:
        """Whether the answer is there."""
        return self._done

    def result(self, timeout: float | None = None) -> T:
        """Wait for the answer, for `timeout` seconds at most.

        Raises what the call ended with; TimeoutError when the time is over, after which it can be waited for again;
        WouldDeadlockError inside a callback of the same client, unless the answer is there already.
        """
        if not self._done:
            check_may_wait(self._router)
            if not wait_until(self._make_event(), timeout):
                text = f"{self._what} was not answered within {timeout} s; it goes on"
                raise TimeIsOverError(text)
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer  # type: ignore[return-value]

    def settle(self, value: T | BaseException) -> None:
        """Take the answer. For the library."""
        self._answer = value
        self._done = True
        if self._event is not None:
            self._event.set()

    def _make_event(self) -> threading.Event:
        with _making:
            if self._event is None:
                self._event = threading.Event()
        # The answer may have come before the event was there to be set.
        if self._done:
            self._event.set()
        return self._event

    def __repr__(self) -> str:
        return f"<Pending: {self._what}, {'done' if self._done else 'waiting'}>"


class Stream:
    """Events for one reader, as an iterator that blocks; ends when nothing will come any more.

    Reading from several threads shares the events out. Leaving it, by `close()`, by the end of a `with` block or by
    dropping it, gives up what it wants.
    """

    def __init__(self, router: Router, number: int) -> None:
        """Begin without events. For the library."""
        self._router = router
        self._number = number
        self._buffer = Buffer()
        self._chunks = Chunks()
        self._ready = threading.Condition()
        self._taken: list[Event] = []
        self._left = False

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Event:
        event = self.next()
        if event is None:
            raise StopIteration
        return event

    def next(self, timeout: float | None = None) -> Event | None:
        """Wait for the next event, for `timeout` seconds at most; None = nothing will come any more.

        Raises TimeoutError when the time is over; WouldDeadlockError inside a callback of the same client where none
        is there already. No event is lost by either.
        """
        while True:
            try:
                return self._taken.pop()
            except IndexError:
                if not self._refill(timeout):
                    self.close()
                    return None

    def close(self) -> None:
        """Want no more. Whoever waits gets the end."""
        if self._left:
            return
        self._left = True
        self._router.leave(self._number)
        self.finish(None)

    def push(self, events: Sequence[Event]) -> None:
        """Take events. For the library."""
        with self._ready:
            self._buffer.push(events)
            self._ready.notify()

    def finish(self, outcome: Event | None) -> None:
        """Take the end. For the library."""
        with self._ready:
            self._buffer.finish(outcome)
            self._ready.notify_all()

    def batch(self, timeout: float | None = None) -> list[Event]:
        """Wait for the next events, all that are there; empty = nothing will come any more.

        Raises as `next`.
        """
        if self._taken or self._refill(timeout, whole=True):
            with self._ready:
                taken, self._taken = self._taken, []
            taken.reverse()
            return taken
        self.close()
        return []

    def _refill(self, timeout: float | None, *, whole: bool = False) -> bool:
        """Take a chunk over, its last event first. Says whether there was one."""
        with self._ready:
            if self._taken:
                return True
            if not self._buffer.has_news():
                check_may_wait(self._router)
                self._wait(timeout)
                self._chunks.begin()
            if not self._buffer.has_news():
                text = f"no event came within {timeout} s"
                raise TimeIsOverError(text)
            most = 1 << 60 if whole else self._chunks.next_size(self._chunks.size)
            self._taken = self._buffer.take(most)
            self._taken.reverse()
            if self._buffer.has_news():
                self._ready.notify()
            return bool(self._taken)

    def _wait(self, timeout: float | None) -> None:
        deadline = None if timeout is None else monotonic() + timeout
        while not self._buffer.has_news():
            left = None if deadline is None else deadline - monotonic()
            if left is not None and left <= 0:
                return
            self._ready.wait(_slice(left))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._left:
            self._router.abandon(self._number)


def check_may_wait(router: Router) -> None:
    """Raise where waiting would never end."""
    router.native.check_fork()
    if router.dispatcher == threading.get_ident():
        text = (
            "waiting inside a callback of the same client would never end, because the answer comes through the "
            "thread that runs the callback; wait on another thread, or do not wait"
        )
        raise WouldDeadlockError(text)


def wait_until(event: threading.Event, timeout: float | None) -> bool:
    """Wait for `timeout` seconds at most; the main thread in slices. Says whether the event came."""
    deadline = None if timeout is None else monotonic() + timeout
    while True:
        left = None if deadline is None else deadline - monotonic()
        if left is not None and left <= 0:
            return event.is_set()
        if event.wait(_slice(left)):
            return True


def _slice(left: float | None) -> float | None:
    if threading.current_thread() is not threading.main_thread():
        return left
    return SLICE if left is None else min(left, SLICE)
