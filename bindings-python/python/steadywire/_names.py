"""The words that `events` and `steadywire` give out as types; slow to import."""

from typing import Literal, TypeAlias

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

ErrorSource: TypeAlias = Literal["task", "transport", "protocol", "auth", "callback"]
"""Where an error comes from."""

Disposition: TypeAlias = Literal["while_open", "retry", "slow", "reauth", "protocol", "fatal"]
"""What follows from the end of an attempt or a link."""

OutcomeKind: TypeAlias = Literal["complete", "error", "lost"]
"""How a task ended."""

LostReason: TypeAlias = Literal["disconnected", "given_up", "refused", "forgotten", "unsubscribed", "closed"]
"""Why a subscription ended without an outcome."""

ReceiptState: TypeAlias = Literal["written", "acked", "rejected", "dropped", "unknown"]
"""What became of a message that was sent."""

DropReason: TypeAlias = Literal[
    "superseded", "overflow", "disconnected", "given_up", "refused", "closed", "not_connected"
]
"""Why a message never left."""
