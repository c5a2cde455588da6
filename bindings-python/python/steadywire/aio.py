"""The client for asyncio: `steadywire.aio.Client`.

It belongs to the event loop in which it is first awaited, and is woken there by a file descriptor.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from . import _checked, _message
from ._aio_loop import Attached
from ._aio_stream import Queue, Stream
from ._base import BaseClient
from ._log import logger
from ._native import Error, InvalidStateError, Outcome, Receipt
from ._native import TimeoutError as TimeIsOverError
from ._task import BaseTask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from types import TracebackType

    from rich.console import Console

    from ._router import Router
    from .events import Event

__all__ = ["Client", "Stream", "Task"]

T = TypeVar("T")

# How long the end of an `async with client.report(...)` block waits for the server's word.
REPORT_SECONDS = 10.0


class Client(BaseClient):
    """As `steadywire.Client`, for asyncio.

    Everything happens on one event loop; use from a second one raises InvalidStateError. Callbacks are plain functions,
    called by the loop; `async for` is there for the rest. The functions for `url`, `token`, `headers` and `protocols`
    may be coroutine functions.

        async with steadywire.aio.Client("ws://127.0.0.1:8080/ws") as client:
            async for event in client.follow("build-7"):
                print(event)
    """

    def _begin(self) -> None:
        self._attached: Attached | None = None

    async def connect(self, task_id: str | None = None, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Connect, and subscribe to a task if one is given; until the link is up, at most `timeout` seconds.

        Raises what ended the attempt: AttemptsExhaustedError, UnauthorizedError, RefusedError, DisconnectedError, ...;
        TimeoutError when the time is over (the client goes on trying).
        """
        native = self._router.native
        task = _checked.text_or_none("task_id", task_id)
        _checked.seconds(timeout)
        await _within(timeout, "connect()", self._connect(lambda ticket: native.connect(ticket, task)))

    async def reconnect(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Drop the link and dial now; without a link the same as `connect`."""
        _checked.seconds(timeout)
        await _within(timeout, "reconnect()", self._connect(self._router.native.reconnect))

    async def disconnect(self) -> None:
        """Write what waits if the link is up (3 s at most), close it, end what is open; until all is told."""
        ticket = self._router.native.number()
        self._router.begin_disconnect(ticket)
        await self._call(ticket, self._router.native.disconnect)

    def close(self) -> None:
        """End the client at once: the link is cut, who waits is answered. Later calls raise ClosedError."""
        self._router.native.check_fork()
        self._router.native.close()
        # Only now all that waits is settled; whoever sees this takes until nothing is left.
        self._router.closing = True
        self._router.native.wake()

    async def flush(self) -> None:
        """Until every message sent before has its receipt."""
        await self._call(self._router.native.number(), self._router.native.flush)

    def subscribe(self, task_id: str) -> None:
        """Want a task until `unsubscribe`. Does not connect. As `steadywire.Client.subscribe`."""
        # Before there is a loop there is no link. On another thread there is no turn of this one.
        if self._attached is not None and self._attached.runs_here():
            self._attached.begin_turn()
        super().subscribe(task_id)

    def send(self, message: Mapping[str, Any], *, ack: bool = False) -> asyncio.Future[Receipt]:
        """Send a message, now or as soon as there is a link; what became of it can be awaited, but need not be.

        As `steadywire.Client.send`.
        """
        native = self._router.native
        asked = _checked.flag("ack", ack)
        return self._call(native.number(), lambda ticket: _message.send(native, ticket, message, ack=asked))

    def follow(self, task_id: str) -> Stream:
        """Iterate over the events of one task, until after its outcome. Connects and subscribes, without limit."""
        attached = self._attach()
        native = self._router.native
        _checked.text("task_id", task_id)
        lease = native.number()
        queue = Queue(attached.loop)
        stream = Stream(self._router, lease, queue)
        self._router.follow(lease, task_id, queue)
        try:
            native.lease(lease, task_id, "follow")
        except BaseException:
            stream.close()
            raise
        return stream

    async def wait(self, task_id: str, *, timeout: float | None = None) -> Outcome:  # noqa: ASYNC109
        """The outcome of a task: complete, error or lost, as a value. Connects as `follow`.

        Raises TimeoutError when the time is over.
        """
        native = self._router.native
        _checked.text("task_id", task_id)
        _checked.seconds(timeout)
        lease = native.number()
        self._attach().begin_turn()
        future: asyncio.Future[Outcome] = self._call(lease, lambda lease: native.lease(lease, task_id, "wait"))
        try:
            return await _within(timeout, f"wait({task_id!r})", future)
        finally:
            if not future.done() or future.cancelled():
                self._router.give_up(lease)

    @overload
    async def track(self, task_id: str, /, *, console: Console | None = None) -> Outcome: ...
    @overload
    async def track(
        self, task_id: str, second: str, /, *more: str, console: Console | None = None
    ) -> list[Outcome]: ...
    async def track(self, *task_ids: str, console: Console | None = None) -> Outcome | list[Outcome]:
        """Follow tasks on the terminal, until each has ended: as `steadywire.Client.track`."""
        from ._track import Tracked, screen_for  # noqa: PLC0415 - slow to import

        queue = Queue(self._attach().loop)
        stream = Stream(self._router, self._router.native.number(), queue)
        tracked = Tracked(self._router, task_ids, queue)
        try:
            screen = screen_for(task_ids, console)
            try:
                while events := await stream.batch():
                    tracked.show(events, screen)
            finally:
                screen.close()
        finally:
            tracked.leave()
        return tracked.result()

    def events(self) -> Stream:
        """Iterate over all events from now on, until `disconnect` or `close`. Does not connect."""
        attached = self._attach()
        number = self._router.native.number()
        queue = Queue(attached.loop)
        self._router.tap(number, queue)
        return Stream(self._router, number, queue)

    def batches(self) -> AsyncIterator[list[Event]]:
        """As `events`, but all that is there at a time: the fastest way."""
        return _batches(self.events())

    def report(self, task_id: str, *, timeout: float = REPORT_SECONDS) -> Task:
        """Report a task to the server, as its worker. Connects, without limit. As `steadywire.Client.report`."""
        _checked.seconds(timeout)
        return Task(self._router, task_id, timeout, self._attach())

    async def __aenter__(self) -> Self:
        try:
            await self.connect()
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._router.closing:
            return
        try:
            try:
                await self.disconnect()
            finally:
                self.close()
        except Error as failure:
            if error is None:
                raise
            # What the block raised says more.
            logger().warning("the client could not be disconnected: %s", failure)

    def _attach(self) -> Attached:
        if self._attached is not None:
            self._attached.check_loop()
        self._router.native.check()
        loop = asyncio.get_running_loop()
        if self._attached is None:
            self._attached = self._router.keeper = Attached(self._router, loop)
        elif self._attached.loop is not loop:
            text = "this client belongs to another event loop; make one for each"
            raise InvalidStateError(text)
        return self._attached

    def _connect(self, begin: Callable[[int], None]) -> asyncio.Future[None]:
        self._attach().begin_turn()
        ticket = self._router.native.number()
        self._router.begin_connect(ticket)
        try:
            return self._call(ticket, begin)
        except BaseException:
            self._router.cancel_connect(ticket)
            raise

    def _call(self, ticket: int, begin: Callable[[int], None]) -> asyncio.Future[Any]:
        """Begin a call that is answered later."""
        waiter = self._attach().expect(ticket)
        try:
            begin(ticket)
        except BaseException:
            self._router.forget(ticket)
            raise
        return waiter


class Task(BaseTask["asyncio.Future[Receipt]"]):
    """Reports one task: how far it is, what it says, and exactly one end. Made by `Client.report`."""

    def __init__(self, router: Router, task_id: str, timeout: float, attached: Attached) -> None:
        """For the library."""
        super().__init__(router, task_id)
        self._timeout = timeout
        self._attached = attached

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ending = self._end_by(error)
        if ending is None:
            return
        try:
            receipt = await _within(self._timeout, "the end", ending)
        except TimeIsOverError:
            logger().warning("the server has not confirmed the end of task %s within %s s", self.task_id, self._timeout)
        else:
            if not receipt.ok:
                logger().warning("the end of task %s: %r", self.task_id, receipt)

    def _expect(self, ticket: int) -> asyncio.Future[Receipt]:
        return self._attached.expect(ticket)


async def _batches(stream: Stream) -> AsyncIterator[list[Event]]:
    with stream:
        while batch := await stream.batch():
            yield batch


async def _within(seconds: float | None, what: str, future: asyncio.Future[T]) -> T:
    # Not wait_for, which would raise the built-in class.
    done, _ = await asyncio.wait([future], timeout=seconds)
    if not done:
        future.cancel()
        text = f"{what} was not answered within {seconds} s"
        raise TimeIsOverError(text)
    return future.result()
