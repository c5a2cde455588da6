"""Takes batches out of the core and hands events and answers to those who want them.

One router per client. `pump` runs on one thread at a time: the client's dispatcher thread, or the thread of its event
loop. Everything else may be called on any thread.
"""

from __future__ import annotations

from time import monotonic, time

from ._buffer import Buffer
from ._log import ERROR, WARNING, described, say
from ._native import CallbackFailedError, ClosedError, Complete, ErrorEvent, Lost, Native, Outcome
from ._registry import Registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from ._options import Providers
    from ._registry import Reader
    from .events import Event

# How long events wait for the first consumer after a connect, in seconds; how many do is bounded by the buffer.
GRACE = 1.0

# How batches grow: events in the core can still be replaced by newer ones, events in a batch cannot.
_FIRST_BATCH = 64
_MAX_BATCH = 2048
_FAST = 0.005
_SLOW = 0.01


class Router(Registry):
    """Who wants what, and the way there."""

    def __init__(self, native: Native, providers: Providers) -> None:
        """Begin with nobody."""
        super().__init__(native, providers)
        self._held_until = 0.0
        self._size = _FIRST_BATCH
        # Whether the core has more, for which it wakes nobody.
        self._more = False
        # What was left of a batch by an interrupt or a defect: events that only listeners have not seen yet, and what
        # comes after these.
        self._untold: list[Event] = []
        self._rest: list[Any] = []

    def pump(self) -> bool:
        """Take one batch and deliver it. Says whether more is left.

        Raises what a callback raised to end the loop it runs in; the next call goes on behind it, as behind a defect.
        """
        while self.abandoned:
            self.leave(self.abandoned.popleft())
        if self._untold or self._rest:
            self._deliver_rest()
        if self._held is not None:
            self._offer_held()
        begun = monotonic()
        self._more = False
        items, settled, self._more = self.native.take(self._size)
        if items:
            self._deliver_all(items, settled)
            took = monotonic() - begun
            self.batch_ms = round(took * 1000)
            self.slowest_batch_ms = max(self.slowest_batch_ms, self.batch_ms)
            if took > _SLOW:
                self._size = max(self._size // 2, 1)
            elif len(items) >= self._size and took < _FAST:
                self._size = min(self._size * 2, _MAX_BATCH)
        return self._more

    def left(self) -> bool:
        """Say whether `pump`, which has raised, is to be called again though nobody is woken for it."""
        return self._more or self.closing or bool(self._untold or self._rest)

    def let_out(self, interrupt: BaseException) -> NoReturn:
        """Raise it, for the loop that runs this."""
        if isinstance(interrupt, SystemExit):
            # The program ends with the first. Its last turns of the loop are for those who clean up.
            self.interrupts = (KeyboardInterrupt,)
        raise interrupt

    def end(self) -> None:
        """Answer everybody who still waits: nothing will come any more."""
        with self.lock:
            self.closing = self.ended = True
            waiters, self._waiters = self._waiters, {}
            readers = [reader for follows in self._follows.values() for _, reader in follows]
            readers += self._taps.values()
        for waiter in waiters.values():
            waiter.settle(ClosedError("the client has been closed"))
        for reader in readers:
            reader.finish(None)

    def _deliver_all(self, items: list[Any], settled: int) -> None:
        """Deliver runs of events, and answers between them."""
        if not settled:
            self._deliver(items)
            return
        run: list[Event] = []
        unsettled: list[Any] = []
        rest = iter(items)
        try:
            for item in rest:
                if type(item) is not tuple:
                    run.append(item)
                    continue
                unsettled = [item]
                if run:
                    self._deliver(run)
                    run = []
                self._settle(item[0], item[1])
                unsettled = []
            if run:
                self._deliver(run)
        except BaseException:
            self._rest = [*unsettled, *rest]
            raise

    def _deliver_rest(self) -> None:
        unheard, self._untold = self._untold, []
        rest, self._rest = self._rest, []
        try:
            self._tell(unheard)
        except BaseException:
            self._rest = rest
            raise
        self._deliver_all(rest, len(rest))

    def _deliver(self, run: list[Event]) -> None:
        for reader in self._taps.values():
            reader.push(run)
        if self._follows:
            self._route(run)
        if self._taps and not any(self._listeners.values()):
            self.delivered += len(run)
            return
        self._tell(run)

    def _tell(self, run: list[Event]) -> None:
        """Call those who listen."""
        unheard = 0
        sole = self._sole
        rest = iter(run)
        try:
            for event in rest:
                callback = sole[type(event)]
                if callback is None:
                    unheard += not self._call_all(event)
                    continue
                try:
                    callback(event)
                except BaseException as error:  # noqa: BLE001 - whatever it is, the next callback is not to blame
                    self._failed(event.kind, error)
        except BaseException:
            self._untold = list(rest)
            raise
        finally:
            self.delivered += len(run) - len(self._untold) - unheard

    def _call_all(self, event: Event) -> bool:
        """Call those who listen, however many they are. Says whether anybody takes the event."""
        wanting = self._listeners.get(type(event))
        if not wanting:
            if self._taps or getattr(event, "task_id", None) in self._follows:
                return True
            self._unheard(event)
            return False
        interrupt: BaseException | None = None
        for listener in wanting:
            if not listener.alive or (listener.once and not self.unlisten(listener)):
                continue
            try:
                listener.callback(event)
            except self.interrupts as error:
                # The others have a right to this event: it does not come again.
                interrupt = interrupt or error
            except BaseException as error:  # noqa: BLE001 - whatever it is, the next callback is not to blame
                self._failed(listener.kind, error)
        if interrupt is not None:
            self.let_out(interrupt)
        return True

    def _route(self, run: list[Event]) -> None:
        """Pass the events of each task to those who follow it, all at once."""
        follows = self._follows
        groups: dict[str, list[Event]] = {}
        for event in run:
            task: str | None = getattr(event, "task_id", None)
            if task in follows and not _is_outcome(event):
                groups.setdefault(task, []).append(event)
        for task, group in groups.items():
            for _, reader in follows.get(task, ()):
                reader.push(group)

    def _failed(self, kind: str, error: BaseException) -> None:
        if isinstance(error, self.interrupts):
            self.let_out(error)
        self.callback_failures += 1
        text = f"a callback for {kind} raised {described(error)}"
        self.last_failures.append(text)
        try:
            say(ERROR, "%s", text, error=error, interrupts=self.interrupts)
        finally:
            if kind != "error":
                now = int(time() * 1000)
                self._deliver([ErrorEvent("callback", CallbackFailedError.kind, text, timestamp=now)])

    def _unheard(self, event: Event) -> None:
        if self._held is not None:
            self._held.push((event,))
        elif type(event) is ErrorEvent and event.source not in {"task", "callback"}:
            text = "%s (%s; nobody listens to errors)"
            say(WARNING, text, event.message, event.code, interrupts=self.interrupts)

    def _settle(self, ticket: int, value: Any) -> None:
        taps: dict[int, Reader] = {}
        with self.lock:
            waiter = self._waiters.pop(ticket, None)
            if ticket in self._connecting:
                self._connecting.discard(ticket)
                if value is None and not self._has_consumer():
                    self._held, self._held_until = self._held or Buffer(), monotonic() + GRACE
                self._want()
            task = self._leases.get(ticket)
            readers = [reader for lease, reader in self._follows.get(task, ()) if lease == ticket] if task else []
            if ticket in self._disconnecting:
                # A consumer that comes now hears of what comes now.
                self._disconnecting.discard(ticket)
                self._held = None
                taps, self._taps = self._taps, {}
                self._want()
        for reader in readers:
            reader.finish(_as_event(value))
        for reader in taps.values():
            reader.finish(None)
        if waiter is not None:
            waiter.settle(value)

    def _offer_held(self) -> None:
        with self.lock:
            if self._held is None or (not self._has_consumer() and monotonic() < self._held_until):
                return
            held, self._held = self._held, None
            self._want()
            found = self._has_consumer()
        if found and held.has_news():
            self._deliver(held.take(1 << 60))


def _is_outcome(event: Event) -> bool:
    """Outcomes come to follows as the answer to their lease, exactly once."""
    cls = type(event)
    return cls is Complete or cls is Lost or (type(event) is ErrorEvent and event.source == "task" and event.fatal)


def _as_event(outcome: Outcome) -> Event:
    if outcome.kind == "complete":
        return Complete(outcome.task_id, outcome.timestamp, outcome.data, outcome.synthetic)
    if outcome.kind == "lost":
        return Lost(outcome.task_id, outcome.reason or "closed")
    return ErrorEvent(
        "task",
        outcome.code or "",
        outcome.message or "",
        outcome.task_id,
        outcome.data,
        fatal=True,
        timestamp=outcome.timestamp,
        synthetic=outcome.synthetic,
    )
