"""Follow long-running tasks over a WebSocket that breaks.

    import steadywire

    with steadywire.Client("ws://127.0.0.1:8080/ws") as client:
        for event in client.follow("build-7"):
            print(event)

- `Client`: for threads; `steadywire.aio.Client`: for asyncio
- `Progress`, `Log`, `Complete`, ...: the events; `Outcome` and `Receipt`: how tasks and messages end
- `Error`, and one class per kind of error in `steadywire.errors`
- `steadywire.log.TaskHandler`: sends log records to a task
"""

from __future__ import annotations

from . import errors, events
from ._client import Client, Task
from ._native import __version__
from ._pending import Pending
from ._stream import Stream
from .errors import Error
from .events import (
    Complete,
    Connected,
    Disconnected,
    ErrorEvent,
    Event,
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
    from typing import Any

    from ._asked import CredentialsRequest, Ending

__all__ = [
    "Client",
    "Complete",
    "Connected",
    "CredentialsRequest",
    "Disconnected",
    "Ending",
    "Error",
    "ErrorEvent",
    "Event",
    "Gap",
    "Heartbeat",
    "Log",
    "Lost",
    "Message",
    "Outcome",
    "Overflow",
    "Pending",
    "Progress",
    "Receipt",
    "Retry",
    "StateChange",
    "Status",
    "Stream",
    "Task",
    "__version__",
    "errors",
    "events",
]


def __getattr__(name: str) -> Any:
    if name in {"CredentialsRequest", "Ending"}:
        from . import _asked  # noqa: PLC0415 - slow to import

        return getattr(_asked, name)
    text = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(text)
