"""Events, outcomes and receipts: frozen objects with attributes, for `match` and pickling."""

from __future__ import annotations

from ._native import (
    Complete,
    Connected,
    Disconnected,
    ErrorEvent,
    Gap,
    Heartbeat,
    Log,
    Lost,
    Message,
    Outcome,
    Overflow,
    Progress,
    Receipt,
    Retry,
    StateChange,
    Status,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from ._names import EventName, Level, State

Event: TypeAlias = (
    Progress
    | Log
    | Status
    | ErrorEvent
    | Complete
    | Heartbeat
    | Message
    | StateChange
    | Retry
    | Connected
    | Disconnected
    | Lost
    | Gap
    | Overflow
)
"""Any event."""

__all__ = [
    "Complete",
    "Connected",
    "Disconnected",
    "ErrorEvent",
    "Event",
    "EventName",
    "Gap",
    "Heartbeat",
    "Level",
    "Log",
    "Lost",
    "Message",
    "Outcome",
    "Overflow",
    "Progress",
    "Receipt",
    "Retry",
    "State",
    "StateChange",
    "Status",
]


def __getattr__(name: str) -> Any:
    if name in {"EventName", "Level", "State"}:
        from . import _names  # noqa: PLC0415 - slow to import

        return getattr(_names, name)
    text = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(text)
