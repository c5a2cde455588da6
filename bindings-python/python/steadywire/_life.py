"""The end of the process, and its copies: what `atexit` and `fork` mean for clients."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from time import monotonic

from ._log import LogThread, logger
from ._native import Error, InvalidStateError
from ._typing import TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Living(Protocol):
        """A client, as the end of the process sees it."""

        def begin_flush(self) -> None:
            """Begin to write what waits, and to end."""

        def end_flush(self, seconds: float) -> int:
            """Wait for it, for so long at most. Says how many messages are not known to have left."""

        def stop(self) -> None:
            """Free the client."""

        def check_loop(self) -> None:
            """End the client where what delivers its events is gone."""


T = TypeVar("T")

# How long all clients together may take to write what waits, when the process ends.
FLUSH_SECONDS = 1.0

# How long to wait for a thread to leave the core, where it is not held up by a callback: one that comes back from there
# while the interpreter ends would be torn out of Rust's frames.
_JOIN_SECONDS = 0.5


class _State:
    """What there is once per process."""

    def __init__(self) -> None:
        self.ending = False
        self.living: weakref.WeakSet[Living] = weakref.WeakSet()
        self.threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self.lock = threading.Lock()
        self.log: LogThread | None = None


_state = _State()


def enter(client: Living, thread: threading.Thread | None) -> None:
    """A client begins, and its thread if it has one. That may outlive it by a moment.

    Raises InvalidStateError when the process is ending.
    """
    with _state.lock:
        if _state.ending:
            text = "the interpreter is ending; no client can begin any more"
            raise InvalidStateError(text)
        if _state.log is None:
            _state.log = LogThread()
        _state.living.add(client)
        if thread is not None:
            _state.threads.add(thread)


def _at_exit() -> None:
    with _state.lock:
        _state.ending = True
        living, threads = list(_state.living), list(_state.threads)
    deadline = monotonic() + FLUSH_SECONDS
    for one in living:
        _quietly(one.begin_flush)
    for one in living:
        left = _quietly(one.end_flush, deadline - monotonic())
        if left:
            logger().warning("the program ended before %d messages were known to have reached the server", left)
    for one in living:
        _quietly(one.stop)
    for thread in threads:
        if thread.is_alive() and thread is not threading.current_thread():
            thread.join(_JOIN_SECONDS)
    if _state.log is not None:
        _state.log.end()


def _quietly(call: Callable[..., T], *args: Any) -> T | None:
    try:
        return call(*args)
    except Error:
        return None


def _in_child() -> None:
    """Forget the clients of the parent: their threads are not here and their locks may be held for ever."""
    global _state  # noqa: PLW0603 - a lock that a thread of the parent may hold cannot be used again
    _state = _State()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
