"""Takes batches out of the core and hands events and answers to those who want them.

One router per client. `pump` runs on one thread at a time: the client's dispatcher thread, or the thread of its event
loop. Everything else may be called on any thread.
"""

from __future__ import annotations

import threading
from collections import deque
from time import monotonic, time
from typing import TYPE_CHECKING, Any, Protocol

from . import _native, events
from ._log import logger
from ._native import (
    KINDS,
    CallbackFailedError,
    ClosedError,
    Complete,
    ErrorEvent,
    InvalidArgumentError,
    Lost,
    Native,
    Outcome,
    StateChange,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._options import Providers
    from .events import Event

# How long events wait for the first consumer after a connect, and how many.
GRACE = 1.0
MAX_HELD_EVENTS = 10_000

# How many of the latest failures of callbacks are remembered.
MAX_FAILURES = 8

_FIRST_BATCH = 64
_MAX_BATCH = 65_536
_FAST = 0.005
_SLOW = 0.01

_CLASSES: dict[str, type] = {cls.kind: cls for cls in events.Event.__args__}


class Waiter(Protocol):
    """Somebody who waits for the answer to a call."""

    def settle(self, value: Any) -> None:
        """Take the answer: a value, or an exception that is not raised."""


class Reader(Protocol):
    """Somebody who takes events out at their own pace."""

    def push(self, events: Sequence[Event]) -> None:
        """Take these."""

    def finish(self, outcome: Event | None) -> None:
        """Nothing comes after this."""


class Listener:
    """A callback for one kind of event."""

    __slots__ = ("alive", "callback", "kind", "once")

    def __init__(self, kind: str, callback: Callable[[Any], object], *, once: bool) -> None:
        """Begin alive."""
        self.kind = kind
        self.callback = callback
        self.once = once
        self.alive = True


class Router:
    """Who wants what, and the way there."""

    def __init__(self, native: Native, providers: Providers) -> None:
        """Begin with nobody."""
        self.native = native
        self.providers = providers
        self.lock = threading.RLock()
        self.closing = False
        self.stopping = False
        # The thread that runs the callbacks.
        self.dispatcher = 0
        self.callback_failures = 0
        self.delivered = 0
        self.last_failures: deque[str] = deque(maxlen=MAX_FAILURES)
        # Leases whose readers were collected. A finalizer may run at any place, so it takes no lock but appends here.
        self.abandoned: deque[int] = deque()
        self._listeners: dict[type, tuple[Listener, ...]] = {}
        self._follows: dict[str, tuple[tuple[int, Reader], ...]] = {}
        self._leases: dict[int, str] = {}
        self._taps: dict[int, Reader] = {}
        self._waiters: dict[int, Waiter] = {}
        self._connecting: set[int] = set()
        self._disconnecting: set[int] = set()
        self._held: list[Event] | None = None
        self._held_until = 0.0
        self._size = _FIRST_BATCH
        self._want()

    # Who wants what

    def listen(self, kind: str, callback: Callable[[Any], object], *, once: bool) -> Listener:
        """Call `callback` for events of a kind from now on."""
        listener = Listener(kind, callback, once=once)
        cls = _class_of(kind)
        with self.lock:
            self._listeners[cls] = (*self._listeners.get(cls, ()), listener)
            self._want()
        self._after_adding()
        return listener

    def unlisten(self, listener: Listener) -> bool:
        """No call begins after this. Says whether it was on."""
        cls = _class_of(listener.kind)
        with self.lock:
            known = self._listeners.get(cls, ())
            was_on, listener.alive = listener.alive, False
            self._listeners[cls] = tuple(one for one in known if one is not listener)
            self._want()
        return was_on

    def unlisten_callback(self, kind: str, callback: Callable[[Any], object]) -> bool:
        """Take the callback off a kind. Says whether it was on."""
        # Bound methods are equal but not identical each time they are read.
        found = [one for one in self._listeners.get(_class_of(kind), ()) if one.callback == callback]
        return sum(map(self.unlisten, found)) > 0

    def follow(self, lease: int, task: str, reader: Reader) -> None:
        """Send the events of a task to a reader from now on."""
        with self.lock:
            self._leases[lease] = task
            self._follows[task] = (*self._follows.get(task, ()), (lease, reader))
            self._want()
        self._after_adding()

    def tap(self, number: int, reader: Reader) -> None:
        """Send every event to a reader from now on."""
        with self.lock:
            self._taps = {**self._taps, number: reader}
            self._want()
        self._after_adding()

    def leave(self, number: int) -> None:
        """Send that reader nothing more. Its lease ends."""
        with self.lock:
            task = self._leases.pop(number, None)
            if task is not None:
                rest = tuple(one for one in self._follows.get(task, ()) if one[0] != number)
                if rest:
                    self._follows[task] = rest
                else:
                    self._follows.pop(task, None)
            self._taps = {key: reader for key, reader in self._taps.items() if key != number}
            self._want()
        if task is not None and not self.closing:
            _quietly(lambda: self.native.unlease(number))

    def abandon(self, number: int) -> None:
        """As `leave`, for finalizers: takes no lock."""
        self.abandoned.append(number)
        _quietly(self.native.wake)

    def expect(self, ticket: int, waiter: Waiter) -> None:
        """Somebody waits for the answer to a call that is about to begin."""
        with self.lock:
            self._waiters[ticket] = waiter

    def forget(self, ticket: int) -> None:
        """Nobody waits for it any more."""
        with self.lock:
            self._waiters.pop(ticket, None)

    def begin_connect(self, ticket: int) -> None:
        """A connect begins: a first consumer may come once it is settled."""
        with self.lock:
            self._connecting.add(ticket)
            self._want()

    def cancel_connect(self, ticket: int) -> None:
        """It did not begin."""
        with self.lock:
            self._connecting.discard(ticket)
            self._want()

    def begin_disconnect(self, ticket: int) -> None:
        """A disconnect begins: when it is answered, readers of everything get the end."""
        with self.lock:
            self._disconnecting.add(ticket)

    def counts(self) -> dict[str, Any]:
        """Say what the delivery counts, with the names that every language uses."""
        with self.lock:
            return {
                "delivered": self.delivered,
                "failures": self.callback_failures,
                "lastFailures": list(self.last_failures),
                "listeners": sum(map(len, self._listeners.values())),
                "follows": len(self._leases),
                "waiting": len(self._waiters),
            }

    # The way there

    def pump(self) -> bool:
        """Take one batch and deliver it. Says whether more is left."""
        while self.abandoned:
            self.leave(self.abandoned.popleft())
        if self._held is not None:
            self._offer_held()
        begun = monotonic()
        items, settled, more = self.native.take(self._size)
        if items:
            self._deliver_all(items, settled)
            took = monotonic() - begun
            if took > _SLOW:
                self._size = max(self._size // 2, 1)
            elif len(items) >= self._size and took < _FAST:
                self._size = min(self._size * 2, _MAX_BATCH)
        return more

    def end(self) -> None:
        """Answer everybody who still waits: nothing will come any more."""
        with self.lock:
            self.closing = True
            waiters, self._waiters = self._waiters, {}
            readers = [reader for follows in self._follows.values() for _, reader in follows]
            readers += self._taps.values()
        for waiter in waiters.values():
            waiter.settle(ClosedError("the client has been closed"))
        for reader in readers:
            reader.finish(None)

    def _deliver_all(self, items: list[Any], settled: int) -> None:
        if settled or self._follows or self._held is not None:
            for item in items:
                if type(item) is tuple:
                    self._settle(item[0], item[1])
                else:
                    self._offer(item)
            return
        # Nobody but listeners and readers of everything: the way that has to be short.
        for reader in self._taps.values():
            reader.push(items)
        listeners = self._listeners
        unheard = 0
        for item in items:
            wanting = listeners.get(type(item))
            if wanting:
                for listener in wanting:
                    if listener.alive:
                        self._call(listener, item)
            elif not self._taps:
                unheard += 1
                self._unheard(item)
        self.delivered += len(items) - unheard

    def _offer(self, event: Event) -> None:
        heard = False
        if self._follows and not _is_outcome(event):
            task = getattr(event, "task_id", None)
            for _, reader in self._follows.get(task, ()) if task else ():
                reader.push((event,))
                heard = True
        for reader in self._taps.values():
            reader.push((event,))
            heard = True
        for listener in self._listeners.get(type(event), ()):
            if listener.alive:
                self._call(listener, event)
                heard = True
        if heard:
            self.delivered += 1
        else:
            self._unheard(event)

    def _call(self, listener: Listener, event: Event) -> None:
        if listener.once and not self.unlisten(listener):
            return
        try:
            listener.callback(event)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the next callback is not to blame
            self._failed(listener, error)

    def _failed(self, listener: Listener, error: BaseException) -> None:
        self.callback_failures += 1
        text = f"a callback for {listener.kind} raised {type(error).__name__}: {error}"
        self.last_failures.append(text)
        logger().error("%s", text, exc_info=error)
        if listener.kind != "error":
            now = int(time() * 1000)
            self._offer(ErrorEvent("callback", CallbackFailedError.kind, text, timestamp=now))

    def _unheard(self, event: Event) -> None:
        if self._held is not None:
            if len(self._held) < MAX_HELD_EVENTS:
                self._held.append(event)
        elif type(event) is ErrorEvent and event.source not in {"task", "callback"}:
            logger().warning("%s (%s; nobody listens to errors)", event.message, event.code)
        elif type(event) is StateChange:
            logger().debug("%s -> %s: %s", event.previous, event.state, event.reason)

    def _settle(self, ticket: int, value: Any) -> None:
        taps: dict[int, Reader] = {}
        with self.lock:
            waiter = self._waiters.pop(ticket, None)
            if ticket in self._connecting:
                self._connecting.discard(ticket)
                if value is None and not self._has_consumer():
                    self._held, self._held_until = self._held or [], monotonic() + GRACE
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

    # Events that wait a moment for the first consumer

    def _offer_held(self) -> None:
        with self.lock:
            if not self._has_consumer() and monotonic() < self._held_until:
                return
            held, self._held = self._held or [], None
            self._want()
            found = self._has_consumer()
        if found:
            for event in held:
                self._offer(event)

    def _after_adding(self) -> None:
        if self._held is not None:
            _quietly(self.native.wake)

    def _has_consumer(self) -> bool:
        return bool(self._taps or self._leases or any(self._listeners.values()))

    def _want(self) -> None:
        waits_for_one = not self._has_consumer() and (self._connecting or self._held is not None)
        if self._taps or self._leases or waits_for_one:
            self.native.want_all()
        else:
            self.native.want(sum(KINDS[found[0].kind] for found in self._listeners.values() if found))


def kind_of(name: str) -> str:
    """Check the name of a kind of event. `stateChange`, as other languages write it, is taken too.

    Raises InvalidArgumentError for any other.
    """
    name = "state_change" if name == "stateChange" else name
    if name not in _CLASSES:
        text = f"there is no event {name!r}; the events are {', '.join(_CLASSES)}"
        raise InvalidArgumentError(text)
    return name


def _class_of(kind: str) -> type:
    return _CLASSES[kind]


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


def _quietly(call: Callable[[], object]) -> None:
    """Where the client has been closed already, or belongs to another process, there is nothing to be done."""
    try:
        call()
    except _native.Error:
        return
