"""Where events wait for one reader: bounded, and what gives way is decided by class."""

from __future__ import annotations

from time import monotonic

from ._native import (
    FOLLOW_MAX_BYTES,
    FOLLOW_MAX_EVENTS,
    Complete,
    Connected,
    Disconnected,
    ErrorEvent,
    Heartbeat,
    Log,
    Lost,
    Message,
    Overflow,
    Progress,
    StateChange,
    weight,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .events import Event

# After relieving, so many more events (or bytes) may come before the next look: a look costs a pass over all.
_STEP_EVENTS = FOLLOW_MAX_EVENTS // 20
_STEP_BYTES = FOLLOW_MAX_BYTES // 20

# Which go first when a bound is reached; what is in neither goes last.
_FIRST = frozenset({Log, Message, Heartbeat})
_NEVER_SECOND = frozenset({Complete, ErrorEvent, Lost, StateChange, Connected, Disconnected})

# A reader of everything who has so many events to read is waited for, as long as it has read within so many seconds.
_LAG_EVENTS = FOLLOW_MAX_EVENTS // 5
_READING = 1.0

# How the chunks of a reader grow: taken events can no longer be replaced by newer ones.
_FIRST_CHUNK = 64
_MAX_CHUNK = 65_536
_FAST = 0.005
_SLOW = 0.01


class Buffer:
    """Events for one reader. Not locked.

    Above half of a bound the latest progress of a task replaces the one that waits; at a bound the oldest log lines
    go, then other events, the outcomes last, and an `overflow` event in their place says how many.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.finished = False
        self._pending: list[Event] = []
        self._bytes = 0
        self._overflowed = 0
        self._outcome: Event | None = None
        self._event_limit = FOLLOW_MAX_EVENTS // 2
        self._byte_limit = FOLLOW_MAX_BYTES // 2
        self._read_at = monotonic()

    def push(self, events: Sequence[Event]) -> None:
        """Add events. What comes after the end is ignored."""
        if self.finished:
            return
        self._pending.extend(events)
        self._bytes += weight(events)
        if len(self._pending) > self._event_limit or self._bytes > self._byte_limit:
            self._relieve()

    def finish(self, outcome: Event | None) -> None:
        """Add the last event; None = it ends without one."""
        if not self.finished:
            self.finished = True
            self._outcome = outcome

    def has_news(self) -> bool:
        """Whether a reader need not wait."""
        return bool(self._pending) or self.finished or self._overflowed > 0

    def lags(self) -> bool:
        """Whether more had better wait until the reader has made room; false where it does not read."""
        much = len(self._pending) > _LAG_EVENTS or self._bytes > FOLLOW_MAX_BYTES // 4
        return much and not self.finished and monotonic() - self._read_at < _READING

    def take(self, most: int) -> list[Event]:
        """Take the next events out, about `most`; none after the end."""
        self._read_at = monotonic()
        taken: list[Event] = []
        if self._overflowed:
            taken.append(Overflow(self._overflowed))
            self._overflowed = 0
        if most >= len(self._pending):
            taken += self._pending
            self._pending = []
            self._bytes = 0
            if self._outcome is not None:
                taken.append(self._outcome)
                self._outcome = None
        else:
            first = self._pending[:most]
            del self._pending[:most]
            self._bytes -= weight(first)
            taken += first
        if len(self._pending) <= FOLLOW_MAX_EVENTS // 2 and self._bytes <= FOLLOW_MAX_BYTES // 2:
            self._event_limit = FOLLOW_MAX_EVENTS // 2
            self._byte_limit = FOLLOW_MAX_BYTES // 2
        return taken

    def _relieve(self) -> None:
        seen: set[str] = set()
        kept: list[Event] = []
        for event in reversed(self._pending):
            if type(event) is Progress:
                if event.task_id in seen:
                    continue
                seen.add(event.task_id)
            kept.append(event)
        kept.reverse()
        self._pending = kept
        self._bytes = weight(kept)
        if len(kept) > FOLLOW_MAX_EVENTS or self._bytes > FOLLOW_MAX_BYTES:
            self._shed()
        self._event_limit = min(max(FOLLOW_MAX_EVENTS // 2, len(self._pending) + _STEP_EVENTS), FOLLOW_MAX_EVENTS)
        self._byte_limit = min(max(FOLLOW_MAX_BYTES // 2, self._bytes + _STEP_BYTES), FOLLOW_MAX_BYTES)

    def _shed(self) -> None:
        """Drop a step more than is needed, so that the next look is some way off."""
        for tier in range(3):
            kept: list[Event] = []
            count = len(self._pending)
            for event in self._pending:
                over = count > FOLLOW_MAX_EVENTS - _STEP_EVENTS or (
                    self._bytes > FOLLOW_MAX_BYTES - _STEP_BYTES and count > 1
                )
                if over and tier >= _tier(event):
                    count -= 1
                    self._bytes -= weight((event,))
                    self._overflowed += 1
                else:
                    kept.append(event)
            self._pending = kept


class Chunks:
    """How many events a reader takes at a time, by how fast it is."""

    def __init__(self) -> None:
        """Begin small."""
        self.size = _FIRST_CHUNK
        self._begun = monotonic()

    def next_size(self, taken: int) -> int:
        """Say how many to take now; `taken` came the last time."""
        now = monotonic()
        took = now - self._begun
        self._begun = now
        if took > _SLOW and taken:
            self.size = max(self.size // 2, 1)
        elif taken >= self.size and took < _FAST:
            self.size = min(self.size * 2, _MAX_CHUNK)
        return self.size

    def begin(self) -> None:
        """Start the clock anew, after waiting."""
        self._begun = monotonic()


def _tier(event: Event) -> int:
    if type(event) in _FIRST:
        return 0
    return 2 if type(event) in _NEVER_SECOND else 1
