"""What both kinds of streams share."""

from __future__ import annotations

from ._buffer import Chunks
from ._typing import Generic, TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Protocol, Self

    from ._router import Router
    from .events import Event

    class AnyQueue(Protocol):
        """Where the router puts events."""

        def finish(self, outcome: Event | None) -> None:
            """Take the end."""


Queue = TypeVar("Queue", bound="AnyQueue")


class BaseStream(Generic[Queue]):
    """Events for one reader, until it leaves or nothing will come any more."""

    def __init__(self, router: Router, number: int, queue: Queue) -> None:
        """Begin without events. For the library."""
        self._router = router
        self._number = number
        self._queue = queue
        self._chunks = Chunks()
        # What was taken over from the queue, the last first.
        self._taken: list[Event] = []
        self._left = False

    def close(self) -> None:
        """Want no more. Whoever waits gets the end."""
        if self._left:
            return
        self._left = True
        self._router.leave(self._number)
        self._queue.finish(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._left:
            self._router.abandon(self._number)
