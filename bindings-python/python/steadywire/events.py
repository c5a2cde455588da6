"""Events, outcomes and receipts: frozen objects with attributes, for `match` and pickling."""

from typing import Literal, TypeAlias

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

EventName: TypeAlias = Literal[
    "progress",
    "log",
    "status",
    "error",
    "complete",
    "heartbeat",
    "message",
    "state_change",
    "retry",
    "connected",
    "disconnected",
    "lost",
    "gap",
    "overflow",
]
"""What `on()` takes."""

Level: TypeAlias = Literal["debug", "info", "warn", "error"]
"""How important a log line is."""

State: TypeAlias = Literal["disconnected", "connecting", "connected", "reconnecting", "error"]
"""The state of a client's connection."""

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
