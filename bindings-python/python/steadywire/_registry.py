"""Who wants what of a client: listeners, readers, and those who wait for answers."""

from __future__ import annotations

import threading
from collections import deque

from . import events
from ._native import KINDS, Error, InvalidArgumentError, Native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Protocol

    from ._buffer import Buffer
    from ._life import Living
    from ._options import Providers
    from .events import Event

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

        def lags(self) -> bool:
            """Whether more had better wait until they have made room."""

        def wait_for_room(self) -> None:
            """Wait a moment, or until they have."""


# What a callback raises to end the loop that runs it, as with every callback of a loop.
INTERRUPTS = (KeyboardInterrupt, SystemExit)

# How many of the latest failures of callbacks are remembered.
MAX_FAILURES = 8

_CLASSES: dict[str, type] = {cls.kind: cls for cls in events.Event.__args__}


class Listener:
    """A callback for one kind of event."""

    __slots__ = ("alive", "callback", "kind", "once")

    def __init__(self, kind: str, callback: Callable[[Any], object], *, once: bool) -> None:
        """Begin alive."""
        self.kind = kind
        self.callback = callback
        self.once = once
        self.alive = True


class Registry:
    """Changed from any thread; what the delivery reads is replaced, never changed in place."""

    def __init__(self, native: Native, providers: Providers) -> None:
        """Begin with nobody."""
        self.native = native
        self.providers = providers
        self.lock = threading.RLock()
        # What is left of a client that closes is being told; and all has been.
        self.closing = False
        self.ended = False
        # What the end of the process has to do with this client; lives as long as this, whoever else is dropped.
        self.keeper: Living | None = None
        self.stopping = False
        # The thread that runs the callbacks.
        self.dispatcher = 0
        # What callbacks raise to end the loop that runs them; nothing where a thread of the library does.
        self.interrupts: tuple[type[BaseException], ...] = ()
        self.callback_failures = 0
        self.delivered = 0
        # Milliseconds that callbacks took for the latest batch, and for the slowest.
        self.batch_ms = 0
        self.slowest_batch_ms = 0
        self.last_failures: deque[str] = deque(maxlen=MAX_FAILURES)
        # Leases whose readers were collected. A finalizer may run at any place, so it takes no lock but appends here.
        self.abandoned: deque[int] = deque()
        # Every kind is there from the beginning: the delivery goes over this while it is changed.
        self._listeners: dict[type, tuple[Listener, ...]] = dict.fromkeys(_CLASSES.values(), ())
        # The callback of each kind that has exactly one, for good: most events go there, by the shortest way.
        self._sole: dict[type, Callable[[Any], object] | None] = dict.fromkeys(_CLASSES.values())
        self._follows: dict[str, tuple[tuple[int, Reader], ...]] = {}
        self._leases: dict[int, str] = {}
        self._taps: dict[int, Reader] = {}
        self._waiters: dict[int, Waiter] = {}
        self._connecting: set[int] = set()
        self._disconnecting: set[int] = set()
        self._held: Buffer | None = None
        # Every kind is wanted until this turn of the event loop ends.
        self._turn = False
        self._want()

    def listen(self, kind: str, callback: Callable[[Any], object], *, once: bool) -> Listener:
        """Call `callback` for events of a kind from now on."""
        listener = Listener(kind, callback, once=once)
        cls = _class_of(kind)
        with self.lock:
            self._set_listeners(cls, (*self._listeners.get(cls, ()), listener))
        self._after_adding()
        return listener

    def unlisten(self, listener: Listener) -> bool:
        """No call begins after this. Says whether it was on."""
        cls = _class_of(listener.kind)
        with self.lock:
            known = self._listeners.get(cls, ())
            was_on, listener.alive = listener.alive, False
            self._set_listeners(cls, tuple(one for one in known if one is not listener))
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
            ended = self.ended
            self._taps = {**self._taps, number: reader}
            self._want()
        if ended:
            reader.finish(None)
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

    def answered(self, _future: object) -> None:
        """Called by a future that is done; until then it holds this, and so the client."""

    def forget(self, ticket: int) -> None:
        """Nobody waits for it any more."""
        with self.lock:
            self._waiters.pop(ticket, None)

    def give_up(self, lease: int) -> None:
        """Nobody waits for the outcome under that lease any more."""
        self.forget(lease)
        _quietly(lambda: self.native.unlease(lease))

    def lagging(self) -> Reader | None:
        """Give a reader of everything for whom the delivery had better wait, as it does for a callback that is slow.

        What waits meanwhile waits in the core, which reads no more than it can hold. Readers of one task are not waited
        for, nor is anybody while a call waits for its answer.
        """
        if self._waiters or self.closing or self.stopping:
            return None
        return next((reader for reader in self._taps.values() if reader.lags()), None)

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

    def begin_turn(self) -> bool:
        """Listeners may still be added in this turn of the event loop. Says whether `end_turn` is to follow."""
        with self.lock:
            new = not self._turn
            self._turn = True
            self._want()
        return new

    def end_turn(self) -> None:
        """The turn is over: what nobody listens to now is not wanted."""
        with self.lock:
            self._turn = False
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
                "batchMs": self.batch_ms,
                "slowestBatchMs": self.slowest_batch_ms,
                "lastFailures": list(self.last_failures),
                "listeners": sum(map(len, self._listeners.values())),
                "follows": len(self._leases),
                "waiting": len(self._waiters),
            }

    def _set_listeners(self, cls: type, listeners: tuple[Listener, ...]) -> None:
        self._listeners[cls] = listeners
        sole = len(listeners) == 1 and not listeners[0].once
        self._sole[cls] = listeners[0].callback if sole else None
        self._want()

    def _after_adding(self) -> None:
        if self._held is not None:
            _quietly(self.native.wake)

    def _has_consumer(self) -> bool:
        return bool(self._taps or self._leases or any(self._listeners.values()))

    def _want(self) -> None:
        waits_for_one = not self._has_consumer() and (self._connecting or self._held is not None)
        if self._taps or self._leases or self._turn or waits_for_one:
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


def _quietly(call: Callable[[], object]) -> None:
    """Where the client has been closed already, or belongs to another process, there is nothing to be done."""
    try:
        call()
    except Error:
        return
