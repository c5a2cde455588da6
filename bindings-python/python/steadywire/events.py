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

    from ._names import (
        Disposition,
        DropReason,
        ErrorSource,
        EventName,
        Level,
        LostReason,
        OutcomeKind,
        ReceiptState,
        State,
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

__all__ = [
    "Complete",
    "Connected",
    "Disconnected",
    "Disposition",
    "DropReason",
    "ErrorEvent",
    "ErrorSource",
    "Event",
    "EventName",
    "Gap",
    "Heartbeat",
    "Level",
    "Log",
    "Lost",
    "LostReason",
    "Message",
    "Outcome",
    "OutcomeKind",
    "Overflow",
    "Progress",
    "Receipt",
    "ReceiptState",
    "Retry",
    "State",
    "StateChange",
    "Status",
]


# Types of words, which are made of `typing`.
_WORDS = frozenset(
    {
        "Disposition",
        "DropReason",
        "ErrorSource",
        "EventName",
        "Level",
        "LostReason",
        "OutcomeKind",
        "ReceiptState",
        "State",
    }
)


def __getattr__(name: str) -> Any:
    if name in _WORDS:
        from . import _names  # noqa: PLC0415 - slow to import

        return getattr(_names, name)
    text = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(text)
