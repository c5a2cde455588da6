"""Callbacks: `on`, `once` and `off`, with the type of event that each name stands for."""

from __future__ import annotations

from ._native import InvalidArgumentError
from ._registry import Listener, kind_of
from ._typing import TypeVar, overload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, TypeAlias

    from ._router import Router
    from .events import (
        Complete,
        Connected,
        Disconnected,
        ErrorEvent,
        EventName,
        Gap,
        Heartbeat,
        Log,
        Lost,
        Message,
        Overflow,
        Progress,
        Retry,
        StateChange,
        Status,
    )

    E = TypeVar("E")
    R = TypeVar("R")
    Callback: TypeAlias = Callable[[E], R]
    Off: TypeAlias = Callable[[], bool]


class Listening:
    """A client, as far as callbacks go."""

    _router: Router

    @overload
    def on(self, event: Literal["progress"], callback: Callback[Progress, object]) -> Off: ...
    @overload
    def on(self, event: Literal["progress"]) -> Callable[[Callback[Progress, R]], Callback[Progress, R]]: ...
    @overload
    def on(self, event: Literal["log"], callback: Callback[Log, object]) -> Off: ...
    @overload
    def on(self, event: Literal["log"]) -> Callable[[Callback[Log, R]], Callback[Log, R]]: ...
    @overload
    def on(self, event: Literal["status"], callback: Callback[Status, object]) -> Off: ...
    @overload
    def on(self, event: Literal["status"]) -> Callable[[Callback[Status, R]], Callback[Status, R]]: ...
    @overload
    def on(self, event: Literal["error"], callback: Callback[ErrorEvent, object]) -> Off: ...
    @overload
    def on(self, event: Literal["error"]) -> Callable[[Callback[ErrorEvent, R]], Callback[ErrorEvent, R]]: ...
    @overload
    def on(self, event: Literal["complete"], callback: Callback[Complete, object]) -> Off: ...
    @overload
    def on(self, event: Literal["complete"]) -> Callable[[Callback[Complete, R]], Callback[Complete, R]]: ...
    @overload
    def on(self, event: Literal["heartbeat"], callback: Callback[Heartbeat, object]) -> Off: ...
    @overload
    def on(self, event: Literal["heartbeat"]) -> Callable[[Callback[Heartbeat, R]], Callback[Heartbeat, R]]: ...
    @overload
    def on(self, event: Literal["message"], callback: Callback[Message, object]) -> Off: ...
    @overload
    def on(self, event: Literal["message"]) -> Callable[[Callback[Message, R]], Callback[Message, R]]: ...
    @overload
    def on(self, event: Literal["state_change"], callback: Callback[StateChange, object]) -> Off: ...
    @overload
    def on(self, event: Literal["state_change"]) -> Callable[[Callback[StateChange, R]], Callback[StateChange, R]]: ...
    @overload
    def on(self, event: Literal["retry"], callback: Callback[Retry, object]) -> Off: ...
    @overload
    def on(self, event: Literal["retry"]) -> Callable[[Callback[Retry, R]], Callback[Retry, R]]: ...
    @overload
    def on(self, event: Literal["connected"], callback: Callback[Connected, object]) -> Off: ...
    @overload
    def on(self, event: Literal["connected"]) -> Callable[[Callback[Connected, R]], Callback[Connected, R]]: ...
    @overload
    def on(self, event: Literal["disconnected"], callback: Callback[Disconnected, object]) -> Off: ...
    @overload
    def on(
        self, event: Literal["disconnected"]
    ) -> Callable[[Callback[Disconnected, R]], Callback[Disconnected, R]]: ...
    @overload
    def on(self, event: Literal["lost"], callback: Callback[Lost, object]) -> Off: ...
    @overload
    def on(self, event: Literal["lost"]) -> Callable[[Callback[Lost, R]], Callback[Lost, R]]: ...
    @overload
    def on(self, event: Literal["gap"], callback: Callback[Gap, object]) -> Off: ...
    @overload
    def on(self, event: Literal["gap"]) -> Callable[[Callback[Gap, R]], Callback[Gap, R]]: ...
    @overload
    def on(self, event: Literal["overflow"], callback: Callback[Overflow, object]) -> Off: ...
    @overload
    def on(self, event: Literal["overflow"]) -> Callable[[Callback[Overflow, R]], Callback[Overflow, R]]: ...
    def on(self, event: str, callback: Callback[Any, object] | None = None) -> Any:
        """Call `callback` for every event of a kind, one at a time; also as a decorator: `@client.on("progress")`.

        Returns a function that takes it off again; the decorator returns the function it decorates. A callback that
        raises is counted and reported as an `error` event of source callback; nothing else changes.
        """
        return self._listen(event, callback, once=False)

    @overload
    def once(self, event: Literal["progress"], callback: Callback[Progress, object]) -> Off: ...
    @overload
    def once(self, event: Literal["progress"]) -> Callable[[Callback[Progress, R]], Callback[Progress, R]]: ...
    @overload
    def once(self, event: Literal["log"], callback: Callback[Log, object]) -> Off: ...
    @overload
    def once(self, event: Literal["log"]) -> Callable[[Callback[Log, R]], Callback[Log, R]]: ...
    @overload
    def once(self, event: Literal["status"], callback: Callback[Status, object]) -> Off: ...
    @overload
    def once(self, event: Literal["status"]) -> Callable[[Callback[Status, R]], Callback[Status, R]]: ...
    @overload
    def once(self, event: Literal["error"], callback: Callback[ErrorEvent, object]) -> Off: ...
    @overload
    def once(self, event: Literal["error"]) -> Callable[[Callback[ErrorEvent, R]], Callback[ErrorEvent, R]]: ...
    @overload
    def once(self, event: Literal["complete"], callback: Callback[Complete, object]) -> Off: ...
    @overload
    def once(self, event: Literal["complete"]) -> Callable[[Callback[Complete, R]], Callback[Complete, R]]: ...
    @overload
    def once(self, event: Literal["heartbeat"], callback: Callback[Heartbeat, object]) -> Off: ...
    @overload
    def once(self, event: Literal["heartbeat"]) -> Callable[[Callback[Heartbeat, R]], Callback[Heartbeat, R]]: ...
    @overload
    def once(self, event: Literal["message"], callback: Callback[Message, object]) -> Off: ...
    @overload
    def once(self, event: Literal["message"]) -> Callable[[Callback[Message, R]], Callback[Message, R]]: ...
    @overload
    def once(self, event: Literal["state_change"], callback: Callback[StateChange, object]) -> Off: ...
    @overload
    def once(
        self, event: Literal["state_change"]
    ) -> Callable[[Callback[StateChange, R]], Callback[StateChange, R]]: ...
    @overload
    def once(self, event: Literal["retry"], callback: Callback[Retry, object]) -> Off: ...
    @overload
    def once(self, event: Literal["retry"]) -> Callable[[Callback[Retry, R]], Callback[Retry, R]]: ...
    @overload
    def once(self, event: Literal["connected"], callback: Callback[Connected, object]) -> Off: ...
    @overload
    def once(self, event: Literal["connected"]) -> Callable[[Callback[Connected, R]], Callback[Connected, R]]: ...
    @overload
    def once(self, event: Literal["disconnected"], callback: Callback[Disconnected, object]) -> Off: ...
    @overload
    def once(
        self, event: Literal["disconnected"]
    ) -> Callable[[Callback[Disconnected, R]], Callback[Disconnected, R]]: ...
    @overload
    def once(self, event: Literal["lost"], callback: Callback[Lost, object]) -> Off: ...
    @overload
    def once(self, event: Literal["lost"]) -> Callable[[Callback[Lost, R]], Callback[Lost, R]]: ...
    @overload
    def once(self, event: Literal["gap"], callback: Callback[Gap, object]) -> Off: ...
    @overload
    def once(self, event: Literal["gap"]) -> Callable[[Callback[Gap, R]], Callback[Gap, R]]: ...
    @overload
    def once(self, event: Literal["overflow"], callback: Callback[Overflow, object]) -> Off: ...
    @overload
    def once(self, event: Literal["overflow"]) -> Callable[[Callback[Overflow, R]], Callback[Overflow, R]]: ...
    def once(self, event: str, callback: Callback[Any, object] | None = None) -> Any:
        """As `on`, for the next event only."""
        return self._listen(event, callback, once=True)

    def off(self, event: EventName, callback: Callback[Any, object]) -> bool:
        """Take a callback off: no call of it begins after this. Says whether it was on."""
        self._router.native.check_fork()
        return self._router.unlisten_callback(kind_of(event), callback)

    def _listen(self, event: str, callback: Callback[Any, object] | None, *, once: bool) -> Any:
        kind = kind_of(event)
        self._router.native.check()
        if callback is None:
            return lambda function: self._decorate(kind, function, once=once)
        listener = self._add(kind, callback, once=once)
        router = self._router
        return lambda: router.unlisten(listener)

    def _decorate(self, kind: str, function: Callable[[E], R], *, once: bool) -> Callable[[E], R]:
        self._add(kind, function, once=once)
        return function

    def _add(self, kind: str, callback: Callback[Any, object], *, once: bool) -> Listener:
        if not callable(callback):
            text = f"a callback is a function, not {type(callback).__name__}"
            raise InvalidArgumentError(text)
        if _begins_only(callback):
            text = (
                "a callback is a plain function; for coroutines there are `follow`, `events` and `batches` of "
                "`steadywire.aio.Client`"
            )
            raise InvalidArgumentError(text)
        return self._router.listen(kind, callback, once=once)


def _begins_only(callback: Any) -> bool:
    """Whether a call runs nothing yet: it gives a coroutine, or a generator. `inspect` is slow to import."""
    while hasattr(callback, "func"):
        callback = callback.func
    code = getattr(callback, "__code__", None) or getattr(type(callback).__call__, "__code__", None)
    return code is not None and bool(code.co_flags & _BEGINS_ONLY)


# Generators, coroutines and generators of those, as the interpreter marks them.
_BEGINS_ONLY = 0x20 | 0x80 | 0x200
