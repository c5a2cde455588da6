"""The native half of the package."""

import builtins
from collections.abc import Iterable
from typing import Any, ClassVar, Literal, final

from ._names import DropReason, ErrorSource, Level, LostReason, OutcomeKind, ReceiptState, State

__all__ = [
    "ERRORS",
    "FOLLOW_MAX_BYTES",
    "FOLLOW_MAX_EVENTS",
    "KINDS",
    "MAX_QUESTIONS",
    "AttemptsExhaustedError",
    "CallbackFailedError",
    "ClosedError",
    "Complete",
    "ConnectFailedError",
    "ConnectTimeoutError",
    "Connected",
    "ConnectionLostError",
    "CredentialsFailedError",
    "Disconnected",
    "DisconnectedError",
    "DnsFailedError",
    "Error",
    "ErrorEvent",
    "ForkedError",
    "Gap",
    "HandshakeFailedError",
    "Heartbeat",
    "HeartbeatTimeoutError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidMessageError",
    "InvalidStateError",
    "InvalidUrlError",
    "LimitReachedError",
    "Log",
    "Lost",
    "Message",
    "MessageRefusedError",
    "MessageTooLargeError",
    "MessageTooLargeToQueueError",
    "Native",
    "Outcome",
    "Overflow",
    "Progress",
    "ProtocolViolationError",
    "ProxyFailedError",
    "QueueFullError",
    "Receipt",
    "RefusedError",
    "Retry",
    "ServerError",
    "StateChange",
    "Status",
    "TaskFailedError",
    "TimeoutError",
    "TlsFailedError",
    "UnauthorizedError",
    "UnknownOptionError",
    "UnsupportedError",
    "WouldDeadlockError",
    "__version__",
    "log_begin",
    "log_end",
    "log_take",
    "run_program",
    "weight",
]

__version__: str
ERRORS: tuple[type[Error], ...]
FOLLOW_MAX_BYTES: int
FOLLOW_MAX_EVENTS: int
KINDS: dict[str, int]
MAX_QUESTIONS: int

def log_begin() -> None: ...
def log_take() -> tuple[list[tuple[Level, str, str]], int] | None: ...
def log_end() -> None: ...
def run_program(words: list[str]) -> int: ...
def weight(events: Iterable[Any], /) -> int: ...

@final
class Progress:
    """How far a task is."""

    kind: ClassVar[Literal["progress"]]
    __match_args__ = ("task_id", "stage", "progress", "message", "timestamp")
    @property
    def task_id(self) -> str:
        """The task."""
    @property
    def stage(self) -> str:
        """The stage it is in, or empty."""
    @property
    def progress(self) -> float:
        """0 to 100."""
    @property
    def message(self) -> str:
        """A text for people, or empty."""
    @property
    def timestamp(self) -> int:
        """Milliseconds since the Unix epoch."""
    def __new__(cls, task_id: str, stage: str, progress: float, message: str, timestamp: int = 0) -> Progress: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...
    def __sizeof__(self) -> int: ...

@final
class Log:
    """A log line of a task."""

    kind: ClassVar[Literal["log"]]
    __match_args__ = ("task_id", "level", "message", "timestamp", "metadata")
    @property
    def task_id(self) -> str:
        """The task."""
    @property
    def level(self) -> Level:
        """`debug`, `info`, `warn` or `error`."""
    @property
    def message(self) -> str:
        """The line."""
    @property
    def timestamp(self) -> int:
        """Milliseconds since the Unix epoch."""
    @property
    def metadata(self) -> Any:
        """What belongs to it: a dict, or None."""
    def __new__(cls, task_id: str, level: Level, message: str, timestamp: int = 0, metadata: Any = ...) -> Log: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...
    def __sizeof__(self) -> int: ...

@final
class Status:
    """What a task says of itself in its own words."""

    kind: ClassVar[Literal["status"]]
    __match_args__ = ("task_id", "timestamp", "data")
    @property
    def task_id(self) -> str:
        """The task."""
    @property
    def timestamp(self) -> int:
        """Milliseconds since the Unix epoch."""
    @property
    def data(self) -> Any:
        """Any JSON."""
    def __new__(cls, task_id: str, timestamp: int, data: Any = ...) -> Status: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...
    def __sizeof__(self) -> int: ...

@final
class Complete:
    """A task ended well."""

    kind: ClassVar[Literal["complete"]]
    __match_args__ = ("task_id", "timestamp", "data", "synthetic")
    @property
    def task_id(self) -> str:
        """The task."""
    @property
    def timestamp(self) -> int:
        """Milliseconds since the Unix epoch."""
    @property
    def data(self) -> Any:
        """Any JSON."""
    @property
    def synthetic(self) -> bool:
        """Made from the task's status because no `complete` message came."""
    def __new__(cls, task_id: str, timestamp: int, data: Any = ..., synthetic: bool = False) -> Complete: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...
    def __sizeof__(self) -> int: ...

@final
class ErrorEvent:
    """A task failed, or the link, or a message, or a callback: `source` says which."""

    kind: ClassVar[Literal["error"]]
    __match_args__ = ("source", "code", "message", "task_id", "data", "fatal", "timestamp", "synthetic")
    @property
    def source(self) -> ErrorSource:
        """`task`, `transport`, `protocol`, `auth` or `callback`."""
    @property
    def code(self) -> str:
        """The task's own code, or the `kind` of an exception class."""
    @property
    def message(self) -> str:
        """A text for people."""
    @property
    def task_id(self) -> str | None:
        """The task it concerns, if any."""
    @property
    def data(self) -> Any:
        """What came with it."""
    @property
    def fatal(self) -> bool:
        """The task, or the connection, is over."""
    @property
    def timestamp(self) -> int:
        """Milliseconds since the Unix epoch."""
    @property
    def synthetic(self) -> bool:
        """Made from the task's status because no `error` message came."""
    def __new__(
        cls,
        source: ErrorSource,
        code: str,
        message: str,
        task_id: str | None = None,
        data: Any = ...,
        fatal: bool = False,
        timestamp: int = 0,
        synthetic: bool = False,
    ) -> ErrorEvent: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...
    def __sizeof__(self) -> int: ...

@final
class Heartbeat:
    """A heartbeat of the server."""

    kind: ClassVar[Literal["heartbeat"]]
    __match_args__ = ("task_id", "timestamp")
    @property
    def task_id(self) -> str:
        """The task it names, or empty."""
    @property
    def timestamp(self) -> int:
        """Milliseconds since the Unix epoch."""
    def __new__(cls, task_id: str, timestamp: int = 0) -> Heartbeat: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...
    def __sizeof__(self) -> int: ...

@final
class Message:
    """A message of a type this protocol does not know."""

    kind: ClassVar[Literal["message"]]
    __match_args__ = ("message_type", "task_id", "raw")
    @property
    def message_type(self) -> str:
        """Its type."""
    @property
    def task_id(self) -> str:
        """The task it names, or empty."""
    @property
    def raw(self) -> str:
        """The whole frame, as it came."""
    def __new__(cls, message_type: str, task_id: str, raw: str) -> Message: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...
    def __sizeof__(self) -> int: ...

@final
class StateChange:
    """The connection's state changed."""

    kind: ClassVar[Literal["state_change"]]
    __match_args__ = ("state", "previous", "reason", "generation", "close_code", "http_status", "will_retry")
    @property
    def state(self) -> State:
        """The state now: `disconnected`, `connecting`, `connected`, `reconnecting` or `error`."""
    @property
    def previous(self) -> State:
        """The state before."""
    @property
    def reason(self) -> str:
        """Why, for people and logs."""
    @property
    def generation(self) -> int:
        """Number of the transport it concerns."""
    @property
    def close_code(self) -> int | None:
        """The close code that caused it, if one did."""
    @property
    def http_status(self) -> int | None:
        """The HTTP status that caused it, if one did."""
    @property
    def will_retry(self) -> bool:
        """Whether the client goes on trying."""
    def __new__(
        cls,
        state: State,
        previous: State,
        reason: str,
        generation: int = 0,
        close_code: int | None = None,
        http_status: int | None = None,
        will_retry: bool = False,
    ) -> StateChange: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...
    def __sizeof__(self) -> int: ...

@final
class Retry:
    """An attempt failed, or a link was lost; the next attempt is set."""

    kind: ClassVar[Literal["retry"]]
    __match_args__ = ("attempt", "next_delay", "cause")
    @property
    def attempt(self) -> int:
        """Which attempt comes next, counted from 1 since the link was last stable."""
    @property
    def next_delay(self) -> int:
        """Milliseconds until it."""
    @property
    def cause(self) -> str:
        """What made it necessary."""
    def __new__(cls, attempt: int, next_delay: int, cause: str) -> Retry: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...
    def __sizeof__(self) -> int: ...

@final
class Connected:
    """A link is up."""

    kind: ClassVar[Literal["connected"]]
    __match_args__ = ("generation",)
    @property
    def generation(self) -> int:
        """Number of its transport."""
    def __new__(cls, generation: int) -> Connected: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...
    def __sizeof__(self) -> int: ...

@final
class Disconnected:
    """A link that was up is gone."""

    kind: ClassVar[Literal["disconnected"]]
    __match_args__ = ("generation", "close_code", "reason")
    @property
    def generation(self) -> int:
        """Number of its transport."""
    @property
    def close_code(self) -> int | None:
        """The close code, if the server sent one."""
    @property
    def reason(self) -> str:
        """Why, for people and logs."""
    def __new__(cls, generation: int, close_code: int | None, reason: str) -> Disconnected: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...
    def __sizeof__(self) -> int: ...

@final
class Lost:
    """A subscription ended without an outcome."""

    kind: ClassVar[Literal["lost"]]
    __match_args__ = ("task_id", "reason")
    @property
    def task_id(self) -> str:
        """The task."""
    @property
    def reason(self) -> LostReason:
        """`disconnected`, `given_up`, `refused`, `forgotten`, `unsubscribed` or `closed`."""
    def __new__(cls, task_id: str, reason: LostReason) -> Lost: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...
    def __sizeof__(self) -> int: ...

@final
class Gap:
    """Messages of a task are known to be missing."""

    kind: ClassVar[Literal["gap"]]
    __match_args__ = ("task_id", "first", "last", "epoch")
    @property
    def task_id(self) -> str:
        """The task."""
    @property
    def first(self) -> int:
        """First missing position."""
    @property
    def last(self) -> int | None:
        """Last missing position; None where nobody can know."""
    @property
    def epoch(self) -> str:
        """The run of the history they belong to."""
    def __new__(cls, task_id: str, first: int, last: int | None, epoch: str) -> Gap: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...
    def __sizeof__(self) -> int: ...

@final
class Overflow:
    """Log lines were dropped because the consumer was too slow."""

    kind: ClassVar[Literal["overflow"]]
    __match_args__ = ("count",)
    @property
    def count(self) -> int:
        """How many."""
    def __new__(cls, count: int) -> Overflow: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...
    def __sizeof__(self) -> int: ...

@final
class Outcome:
    """The end of a task, as a value."""

    __match_args__ = ("task_id", "kind", "data", "message", "code", "reason", "timestamp", "synthetic")
    @property
    def task_id(self) -> str:
        """The task."""
    @property
    def kind(self) -> OutcomeKind:
        """`complete`, `error` or `lost`."""
    @property
    def data(self) -> Any:
        """What came with the end: any JSON; None for a lost task."""
    @property
    def message(self) -> str | None:
        """The error's text, or None."""
    @property
    def code(self) -> str | None:
        """The error's code, or None."""
    @property
    def reason(self) -> LostReason | None:
        """Why the task was lost, where it was."""
    @property
    def timestamp(self) -> int:
        """Milliseconds since the Unix epoch."""
    @property
    def synthetic(self) -> bool:
        """Made from the task's status because its own last message did not come."""
    def __new__(
        cls,
        task_id: str,
        kind: OutcomeKind,
        data: Any = ...,
        message: str | None = None,
        code: str | None = None,
        reason: LostReason | None = None,
        timestamp: int = 0,
        synthetic: bool = False,
    ) -> Outcome: ...
    @property
    def ok(self) -> bool:
        """Whether the task ended well."""
    def result(self) -> Any:
        """The data of a task that ended well. Raises TaskFailedError for every other end."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...
    def __sizeof__(self) -> int: ...

@final
class Receipt:
    """What became of a message that was sent: its one final state."""

    __match_args__ = ("state", "reason", "message", "ack_unsupported")
    @property
    def state(self) -> ReceiptState:
        """`written`, `acked`, `rejected`, `dropped` or `unknown`."""
    @property
    def reason(self) -> DropReason | None:
        """Why it was dropped, where it was: `superseded`, `overflow`, `disconnected`, `given_up`, `refused`, `closed` or `not_connected`."""
    @property
    def message(self) -> str | None:
        """The server's text, where it rejected the message."""
    @property
    def ack_unsupported(self) -> bool:
        """An acknowledgement was asked for and the server has none to give."""
    def __new__(
        cls,
        state: ReceiptState,
        reason: DropReason | None = None,
        message: str | None = None,
        ack_unsupported: bool = False,
    ) -> Receipt: ...
    @property
    def ok(self) -> bool:
        """Whether the message is known to have reached the server."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type, tuple[Any, ...]]: ...
    def __sizeof__(self) -> int: ...

@final
class Native:
    """One client, told by batches; see the crate's own documentation."""

    def __new__(cls, options: str, credentials: bool, classify: bool) -> Native: ...
    def check(self) -> None: ...
    def check_fork(self) -> None: ...
    def take(self, max: int) -> tuple[list[Any], int, bool]: ...
    def wait_for_batch(self, timeout_ms: int | None = None) -> bool: ...
    def wake(self) -> None: ...
    def hush(self) -> bool: ...
    def wake_fd(self) -> int: ...
    def want(self, kinds: int) -> None: ...
    def want_all(self) -> None: ...
    def number(self) -> int: ...
    def connect(self, ticket: int, task: str | None = None) -> None: ...
    def reconnect(self, ticket: int) -> None: ...
    def disconnect(self, ticket: int) -> None: ...
    def flush(self, ticket: int) -> None: ...
    def subscribe(self, task: str) -> None: ...
    def unsubscribe(self, task: str) -> None: ...
    def lease(self, lease: int, task: str, kind: str) -> None: ...
    def unlease(self, lease: int) -> None: ...
    def send(
        self,
        ticket: int,
        kind: str,
        task: str,
        *,
        timestamp: int | None = None,
        ack: bool = False,
        progress: float = 0.0,
        text: str = "",
        word: str = "",
        data: str | None = None,
    ) -> None: ...
    def state(self) -> State: ...
    def current_task_id(self) -> str | None: ...
    def stats_json(self) -> str: ...
    def cursors_json(self) -> str: ...
    def close(self) -> None: ...
    def question(self) -> tuple[int, Literal["credentials", "classify"], dict[str, Any]] | None: ...
    def questions(self) -> int: ...
    def answer_credentials(
        self,
        id: int,
        url: str | None = None,
        token: str | None = None,
        headers: list[tuple[str, str]] | None = None,
        protocols: list[str] | None = None,
    ) -> None: ...
    def refuse_credentials(self, id: int, message: str, fatal: bool) -> None: ...
    def answer_meaning(self, id: int, disposition: str | None = None) -> None: ...

class Error(Exception):
    """What every error of this package is."""

    kind: ClassVar[str]
    code: ClassVar[int]
    is_retryable: ClassVar[bool]

class InvalidArgumentError(Error, ValueError): ...
class UnknownOptionError(Error, TypeError): ...
class InvalidUrlError(Error, ValueError): ...
class WouldDeadlockError(Error): ...
class ClosedError(Error): ...
class InvalidStateError(Error): ...
class ForkedError(Error): ...
class UnsupportedError(Error): ...
class ConnectFailedError(Error, ConnectionError): ...
class DnsFailedError(Error): ...
class TlsFailedError(Error): ...
class ConnectTimeoutError(Error, builtins.TimeoutError): ...
class ConnectionLostError(Error, ConnectionError): ...
class HeartbeatTimeoutError(Error, builtins.TimeoutError): ...
class ProxyFailedError(Error): ...
class AttemptsExhaustedError(Error): ...
class DisconnectedError(Error): ...
class CredentialsFailedError(Error): ...
class InvalidMessageError(Error): ...
class MessageTooLargeError(Error): ...
class ProtocolViolationError(Error): ...
class HandshakeFailedError(Error): ...
class RefusedError(Error): ...
class UnauthorizedError(Error): ...
class MessageRefusedError(Error): ...
class TaskFailedError(Error): ...
class ServerError(Error): ...
class QueueFullError(Error): ...
class MessageTooLargeToQueueError(Error): ...
class TimeoutError(Error, builtins.TimeoutError): ...
class LimitReachedError(Error): ...
class InternalError(Error): ...
class CallbackFailedError(Error): ...
