"""The client for threads."""

from __future__ import annotations

import threading

from . import _checked, _message
from ._base import BaseClient
from ._dispatcher import Dispatcher
from ._log import logger
from ._native import Error, Outcome, Receipt
from ._native import TimeoutError as TimeIsOverError
from ._pending import Pending, check_may_wait
from ._stream import Queue, Stream
from ._task import BaseTask
from ._typing import TypeVar, overload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import TracebackType
    from typing import Any, Self

    from rich.console import Console

    from .events import Event

T = TypeVar("T")

# How long the end of a `with client.report(...)` block waits for the server's word.
REPORT_SECONDS = 10.0


class Client(BaseClient):
    """A connection to one server that restores itself, and the tasks followed and reported over it.

    Every call may be made on any thread, in any state and inside callbacks; one that waits raises WouldDeadlockError
    there. Callbacks run one at a time on a thread of the client's own, in the order of the events. As a context manager
    it connects at the beginning and disconnects at the end; a client that nobody holds any more disconnects by itself.

        with steadywire.Client("ws://127.0.0.1:8080/ws") as client:
            for event in client.follow("build-7"):
                print(event)
    """

    def _begin(self) -> None:
        self._router.keeper = Dispatcher(self._router)

    def connect(self, task_id: str | None = None, *, timeout: float | None = None) -> None:
        """Connect, and subscribe to a task if one is given; wait until the link is up, at most `timeout` seconds.

        Raises what ended the attempt: AttemptsExhaustedError, UnauthorizedError, RefusedError, DisconnectedError, ...;
        TimeoutError when the time is over (the client goes on trying); WouldDeadlockError inside a callback, where it
        has begun nevertheless.
        """
        task = _checked.text_or_none("task_id", task_id)
        _checked.seconds(timeout)
        self._connect("connect()", lambda ticket: self._router.native.connect(ticket, task)).result(timeout)

    def reconnect(self, *, timeout: float | None = None) -> None:
        """Drop the link and dial now; without a link the same as `connect`. Inside a callback it does not wait."""
        _checked.seconds(timeout)
        pending = self._connect("reconnect()", self._router.native.reconnect)
        if not self._in_callback():
            pending.result(timeout)

    def disconnect(self, *, timeout: float | None = None) -> None:
        """Write what waits if the link is up (3 s at most), close it, end what is open; wait until all is told.

        Inside a callback it begins and does not wait. `connect` works again afterwards.
        """
        _checked.seconds(timeout)
        pending: Pending[None] = Pending(self._router, "disconnect()")
        ticket = self._router.native.number()
        self._router.begin_disconnect(ticket)
        self._call(ticket, pending, self._router.native.disconnect)
        if not self._in_callback():
            pending.result(timeout)

    def close(self) -> None:
        """End the client at once: the link is cut, who waits is answered. Later calls raise ClosedError."""
        self._router.native.check_fork()
        self._router.native.close()
        # Only now all that waits is settled; whoever sees this takes until nothing is left.
        self._router.closing = True
        self._router.native.wake()

    def flush(self, *, timeout: float | None = None) -> None:
        """Wait until every message sent before has its receipt."""
        _checked.seconds(timeout)
        pending: Pending[None] = Pending(self._router, "flush()")
        self._call(self._router.native.number(), pending, self._router.native.flush)
        pending.result(timeout)

    def send(self, message: Mapping[str, Any], *, ack: bool = False) -> Pending[Receipt]:
        """Send a message, now or as soon as there is a link.

        It is a mapping in the shape of the wire, `{"type": "log", "taskId": "t", "data": {"message": "..."}}`; the
        timestamp is filled in. With `ack` the server is asked to acknowledge it, and it is sent again until it does.
        What became of it is the answer, which need not be waited for.

        Raises InvalidArgumentError for a message that makes no sense, QueueFullError where the outbox has no room.
        """
        pending: Pending[Receipt] = Pending(self._router, "send()")
        native = self._router.native
        asked = _checked.flag("ack", ack)
        self._call(native.number(), pending, lambda ticket: _message.send(native, ticket, message, ack=asked))
        return pending

    def follow(self, task_id: str) -> Stream:
        """Iterate over the events of one task, until after its outcome. Connects and subscribes, without limit.

        Of the last 1,024 outcomes, one that is known already comes at once.
        """
        native = self._router.native
        native.check()
        _checked.text("task_id", task_id)
        lease = native.number()
        queue = Queue()
        stream = Stream(self._router, lease, queue)
        # The reader first: its events may come before the call returns.
        self._router.follow(lease, task_id, queue)
        try:
            native.lease(lease, task_id, "follow")
        except BaseException:
            stream.close()
            raise
        return stream

    def wait(self, task_id: str, *, timeout: float | None = None) -> Outcome:
        """Wait for the outcome of a task: complete, error or lost, as a value. Connects as `follow`.

        Raises TimeoutError when the time is over.
        """
        native = self._router.native
        _checked.text("task_id", task_id)
        _checked.seconds(timeout)
        pending: Pending[Outcome] = Pending(self._router, f"wait({task_id!r})")
        lease = native.number()
        self._call(lease, pending, lambda lease: native.lease(lease, task_id, "wait"))
        try:
            return pending.result(timeout)
        finally:
            if not pending.done():
                self._router.give_up(lease)

    @overload
    def track(self, task_id: str, /, *, console: Console | None = None) -> Outcome: ...
    @overload
    def track(self, task_id: str, second: str, /, *more: str, console: Console | None = None) -> list[Outcome]: ...
    def track(self, *task_ids: str, console: Console | None = None) -> Outcome | list[Outcome]:
        """Follow tasks on the terminal, until each has ended. Connects as `follow`.

        A bar for each shows its stage, rate and time left; log lines go above. Gives the outcome, for several tasks a
        list of them in the same order; never raises for a task that failed.

        Bars need the extra `steadywire[rich]`. Without it, and where standard output is no terminal, lines are written
        instead. `console` is one of rich's, to draw elsewhere.

        Raises WouldDeadlockError inside a callback.
        """
        from ._track import Tracked, screen_for  # noqa: PLC0415 - slow to import

        check_may_wait(self._router)
        self._router.native.check()
        queue = Queue()
        stream = Stream(self._router, self._router.native.number(), queue)
        tracked = Tracked(self._router, task_ids, queue)
        try:
            screen = screen_for(task_ids, console)
            try:
                while events := stream.batch():
                    tracked.show(events, screen)
            finally:
                screen.close()
        finally:
            tracked.leave()
        return tracked.result()

    def events(self) -> Stream:
        """Iterate over all events from now on, until `disconnect` or `close`. Does not connect."""
        self._router.native.check()
        number = self._router.native.number()
        queue = Queue()
        self._router.tap(number, queue)
        return Stream(self._router, number, queue)

    def batches(self) -> Iterator[list[Event]]:
        """As `events`, but all that is there at a time: the fastest way."""
        return iter(self.events().batch, [])

    @overload
    def report(self, task_id: str, *, timeout: float = REPORT_SECONDS) -> Task: ...
    @overload
    def report(
        self, task_id: str, iterable: Iterable[T], *, total: int | None = None, timeout: float = REPORT_SECONDS
    ) -> Iterator[T]: ...
    def report(
        self,
        task_id: str,
        iterable: Iterable[T] | None = None,
        *,
        total: int | None = None,
        timeout: float = REPORT_SECONDS,
    ) -> Task | Iterator[T]:
        """Report a task to the server, as its worker. Connects, without limit.

        As a context manager the task ends by itself: complete, or error where the block raises; its end waits
        `timeout` seconds at most until the server has it. With an iterable, yields what that gives and reports how far
        it is.
        """
        _checked.seconds(timeout)
        task = Task(self._router, task_id, timeout)
        return task if iterable is None else _reported(task, iterable, total)

    def __enter__(self) -> Self:
        try:
            self.connect()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._router.closing:
            return
        try:
            try:
                self.disconnect()
            finally:
                if not self._in_callback():
                    self.close()
        except Error as failure:
            if error is None:
                raise
            # What the block raised says more.
            logger().warning("the client could not be disconnected: %s", failure)

    def _connect(self, what: str, begin: Callable[[int], None]) -> Pending[None]:
        pending: Pending[None] = Pending(self._router, what)
        ticket = self._router.native.number()
        self._router.native.check()
        self._router.begin_connect(ticket)
        try:
            self._call(ticket, pending, begin)
        except BaseException:
            self._router.cancel_connect(ticket)
            raise
        return pending

    def _call(self, ticket: int, pending: Pending[Any], begin: Callable[[int], None]) -> None:
        """Begin a call that is answered later."""
        self._router.native.check()
        self._router.expect(ticket, pending)
        try:
            begin(ticket)
        except BaseException:
            self._router.forget(ticket)
            raise

    def _in_callback(self) -> bool:
        return self._router.dispatcher == threading.get_ident()


class Task(BaseTask[Pending[Receipt]]):
    """Reports one task: how far it is, what it says, and exactly one end. Made by `Client.report`.

    One that is dropped without an end reports an error with code `abandoned`.
    """

    def __init__(self, router: Any, task_id: str, timeout: float) -> None:
        """For the library."""
        super().__init__(router, task_id)
        self._timeout = timeout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pending = self._end_by(error)
        if pending is None or kind is GeneratorExit or self._router.dispatcher == threading.get_ident():
            return
        try:
            receipt = pending.result(self._timeout)
        except TimeIsOverError:
            logger().warning("the server has not confirmed the end of task %s within %s s", self.task_id, self._timeout)
        else:
            if not receipt.ok:
                logger().warning("the end of task %s: %r", self.task_id, receipt)

    def _expect(self, ticket: int) -> Pending[Receipt]:
        pending: Pending[Receipt] = Pending(self._router, f"the end of task {self.task_id}")
        self._router.expect(ticket, pending)
        return pending


def _reported(task: Task, iterable: Iterable[T], total: int | None) -> Iterator[T]:
    with task:
        yield from task.over(iterable, total=total)
