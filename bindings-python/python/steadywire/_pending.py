"""Answers that come later, and how threads wait for them."""

from __future__ import annotations

import threading
from time import monotonic

from . import _checked
from ._native import TimeoutError as TimeIsOverError
from ._native import WouldDeadlockError
from ._typing import Generic, TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._router import Router

T = TypeVar("T")

# The main thread comes back to the interpreter this often, for signals.
SLICE = 0.1


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
        _checked.seconds(timeout)
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
        with self._router.lock:
            if self._event is None:
                self._event = threading.Event()
        # The answer may have come before the event was there to be set.
        if self._done:
            self._event.set()
        return self._event

    def __repr__(self) -> str:
        return f"<Pending: {self._what}, {'done' if self._done else 'waiting'}>"


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
        if event.wait(slice_of(left)):
            return True


def slice_of(left: float | None) -> float | None:
    """Say for how long to wait at a time."""
    if threading.current_thread() is not threading.main_thread():
        return left
    return SLICE if left is None else min(left, SLICE)
