"""How a client is woken inside an event loop, and what must be done with it when the process ends."""

from __future__ import annotations

import threading
import weakref
from asyncio import get_running_loop
from functools import partial
from inspect import isawaitable
from time import monotonic

from . import _life
from ._asked import CredentialsRequest
from ._dispatcher import Flush, fate, meaning, refusal, wake
from ._log import ERROR, say
from ._native import Error, Native
from ._options import checked_credentials
from ._registry import INTERRUPTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Any

    from ._options import Providers
    from ._router import Router

# How soon a reader who lags is looked after again, in seconds.
_MOMENT = 0.01


class Waiter:
    """Puts an answer into a future of the loop."""

    __slots__ = ("_future",)

    def __init__(self, future: asyncio.Future[Any]) -> None:
        self._future = future

    def settle(self, value: Any) -> None:
        """Take the answer."""
        if self._future.done():
            return
        try:
            if isinstance(value, BaseException):
                self._future.set_exception(value)
            else:
                self._future.set_result(value)
        except RuntimeError:
            # Who awaits it cannot be woken: the loop has been closed. It is done nevertheless.
            if not self._future.get_loop().is_closed():
                raise
        if isinstance(value, BaseException):
            # Nobody has to ask: an error that matters comes as an event as well.
            self._future.exception()


class Attached:
    """One client in one event loop."""

    def __init__(self, router: Router, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        router.interrupts = INTERRUPTS
        self._native = router.native
        self._router = weakref.ref(router)
        self._flush: tuple[int, Flush] | None = None
        weakref.finalize(router, wake, self._native).atexit = False
        self._reader = _Reader(router, loop)
        try:
            loop.add_reader(self._native.wake_fd(), self._reader)
        except (NotImplementedError, AttributeError):
            waking = threading.Thread(target=_wake_loop, args=(self._native, loop, self._reader), daemon=True)
            _life.enter(self, waking)
            waking.start()
        else:
            self._reader.remove = loop.remove_reader
            _life.enter(self, None)

    def expect(self, ticket: int) -> asyncio.Future[Any]:
        """Somebody waits for the answer to a call that is about to begin."""
        future: asyncio.Future[Any] = self.loop.create_future()
        router = self._router()
        if router is not None:
            router.expect(ticket, Waiter(future))
            # Whoever holds the future alone holds the client with it: who else would bring the answer?
            future.add_done_callback(router.answered)
        return future

    def runs_here(self) -> bool:
        """Whether this is called inside the loop."""
        try:
            return get_running_loop() is self.loop
        except RuntimeError:
            return False

    def begin_turn(self) -> None:
        """Something begins of which events come: keep them for listeners that are added in this turn of the loop."""
        router = self._router()
        if router is not None and router.begin_turn():
            self.loop.call_soon(router.end_turn)

    def check_loop(self) -> None:
        """Where the loop has been closed, end the client: nobody else tells those who wait."""
        router = self._router()
        if router is None or router.closing or not self.loop.is_closed():
            return
        self._reader.gone = True
        self._native.close()
        # Everything is settled by that call already.
        while router.pump():
            pass
        router.end()

    def begin_flush(self) -> None:
        """Begin to write what waits, and to end."""
        router = self._router()
        if router is None or router.closing:
            return
        flush = Flush(fate(self._native)[0])
        ticket = self._native.number()
        router.expect(ticket, flush)
        self._native.disconnect(ticket)
        self._flush = ticket, flush

    def end_flush(self, seconds: float) -> int:
        """Wait for it, for so long at most.

        A loop that still runs, in a daemon thread, takes what comes and tells it. One that is over does not: then it is
        taken here and told to nobody.
        """
        if self._flush is None:
            return 0
        ticket, flush = self._flush
        deadline = monotonic() + seconds
        while not flush.done.is_set() and (left := deadline - monotonic()) > 0:
            if self.loop.is_running() and not self.runs_here():
                # It may end at any time.
                flush.done.wait(min(left, _MOMENT))
                continue
            # Nobody is woken for what the loop has left.
            self._take_until(ticket, flush)
            if not flush.done.is_set():
                self._native.wait_for_batch(int(left * 1000))
        return sum(fate(self._native)) - flush.gone

    def stop(self) -> None:
        """Free the client."""
        router = self._router()
        if router is not None:
            router.stopping = True
        self._reader.gone = True
        self._native.close()
        wake(self._native)

    def _take_until(self, ticket: int, flush: Flush) -> None:
        more = True
        while more and not flush.done.is_set():
            items, _, more = self._native.take(65_536)
            if any(type(item) is tuple and item[0] == ticket for item in items):
                flush.done.set()


class _Reader:
    """Called by the loop when something waits. It holds the client weakly, and goes when that has gone."""

    def __init__(self, router: Router, loop: asyncio.AbstractEventLoop) -> None:
        self._native = router.native
        self._router = weakref.ref(router)
        self._loop = loop
        self._asking: set[asyncio.Task[None]] = set()
        self.gone = False
        self.remove: Any = None

    def __call__(self) -> None:
        router = self._router()
        if self.gone:
            return
        if router is None or router.stopping:
            self._go()
            return
        try:
            self._native.hush()
            self._answer_questions(router)
            if router.lagging() is not None:
                self._loop.call_later(_MOMENT, self)
                return
            # What a callback that closes it leaves is for the next call.
            closing = router.closing
            # One batch at a time: readers have their turn in between.
            more = router.pump()
        except INTERRUPTS:
            # Where the loop runs again, what is left has its turn.
            self._loop.call_soon(self)
            raise
        except Error as error:
            say(ERROR, "the client can go on no more", error=error)
            self._go()
            return
        except BaseException:
            # The loop tells of it.
            if router.left():
                self._loop.call_soon(self)
            raise
        if more:
            self._loop.call_soon(self)
        elif closing:
            router.end()
            self._go()

    def _go(self) -> None:
        self.gone = True
        if self.remove is not None:
            self.remove(self._native.wake_fd())
        else:
            wake(self._native)

    def _answer_questions(self, router: Router) -> None:
        while (asked := self._native.question()) is not None:
            number, kind, known = asked
            if kind == "credentials":
                task = self._loop.create_task(self._answer(number, router.providers, CredentialsRequest(**known)))
                self._asking.add(task)
                task.add_done_callback(partial(self._asked, number))
            else:
                try:
                    self._native.answer_meaning(number, meaning(router.providers, known, router.interrupts))
                except INTERRUPTS as interrupt:
                    self._native.answer_meaning(number, None)
                    router.let_out(interrupt)

    def _asked(self, number: int, task: asyncio.Task[None]) -> None:
        self._asking.discard(task)
        if task.cancelled():
            # Maybe before it began to run; an answer that was given stays.
            text = "the function that gives credentials was cancelled"
            self._native.refuse_credentials(number, text, fatal=False)

    async def _answer(self, number: int, providers: Providers, request: CredentialsRequest) -> None:
        values = {}
        try:
            for name, ask in providers.credentials.items():
                value = ask(request)
                values[name] = checked_credentials(name, await value if isawaitable(value) else value)
            self._native.answer_credentials(number, **values)
        except BaseException as error:
            # Whatever it is, there are no credentials: nobody is to wait for them.
            self._native.refuse_credentials(number, refusal(error), fatal=False)
            if not isinstance(error, Exception):
                raise


def _wake_loop(native: Native, loop: asyncio.AbstractEventLoop, reader: _Reader) -> None:
    """For loops that cannot watch a descriptor."""
    while not reader.gone:
        native.wait_for_batch()
        try:
            loop.call_soon_threadsafe(reader)
        except RuntimeError:
            return  # the loop has been closed
