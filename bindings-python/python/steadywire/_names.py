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
