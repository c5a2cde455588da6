"""What both clients share: the options, and the calls that do not wait."""

from __future__ import annotations

from . import _checked
from ._listening import Listening
from ._native import Error, Native
from ._options import Providers, encode, in_python
from ._router import Router

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from typing import Any, Literal, TypeAlias

    from ._asked import CredentialsRequest, Ending, Terminal
    from .events import Disposition, State

    Texts: TypeAlias = Mapping[str, str]
    GiveText: TypeAlias = Callable[[CredentialsRequest], str | Awaitable[str]]
    GiveTexts: TypeAlias = Callable[[CredentialsRequest], Texts | Awaitable[Texts]]
    GiveList: TypeAlias = Callable[[CredentialsRequest], Sequence[str] | Awaitable[Sequence[str]]]


class BaseClient(Listening):
    """What `steadywire.Client` and `steadywire.aio.Client` have in common."""

    def __init__(
        self,
        url: str | GiveText,
        *,
        reconnect_interval: int = 1000,
        reconnect_backoff_multiplier: float = 1.5,
        max_reconnect_backoff: int = 30_000,
        max_connect_attempts: int | Literal["auto"] | None = "auto",
        max_reconnect_attempts: int | None = None,
        stable_after: int = 5000,
        connect_timeout: int = 10_000,
        heartbeat_interval: int = 30_000,
        heartbeat_timeout: int = 10_000,
        max_queued_messages: int = 1000,
        max_queued_bytes: int = 1 << 20,
        overflow: Literal["reject", "drop_oldest", "drop_newest"] = "reject",
        max_pending_events: int = 10_000,
        max_pending_bytes: int = 16 << 20,
        conflate: Literal["lag", "never"] = "lag",
        max_message_size: int = 16 << 20,
        stall_timeout: int = 60_000,
        token: str | GiveText | None = None,
        headers: Texts | GiveTexts | None = None,
        protocols: Sequence[str] | GiveList | None = None,
        tls: Mapping[str, str | bool] | None = None,
        proxy: str | Literal["environment"] | None = "environment",
        dispositions: Mapping[int, Disposition] | None = None,
        classify: Callable[[Ending], Disposition | None] | None = None,
        terminal_status: Mapping[str, Terminal | None] | None = None,
        cursors: Mapping[str, Mapping[str, Any]] | None = None,
        seed: int | None = None,
    ) -> None:
        """Make a client that does nothing yet. All times are whole milliseconds.

        - `url`: the server, `ws://` or `wss://`. It, `token`, `headers` and `protocols` may each be a function
          instead, which is called before every attempt with a `CredentialsRequest`
        - `reconnect_interval`, `reconnect_backoff_multiplier`, `max_reconnect_backoff`: the first delay between
          attempts, its growth (1 to 10) and its ceiling
        - `max_connect_attempts`: tries of the first connect; None = unlimited; "auto" = 5, and unlimited while a
          follow, a wait or a task that is reported needs the link
        - `max_reconnect_attempts`: tries after a link that was up is lost; None = unlimited, 0 = never
        - `stable_after`: a link open for this long begins to count attempts anew
        - `connect_timeout`: for one attempt, from name lookup to upgrade
        - `heartbeat_interval`, `heartbeat_timeout`: how often, and how soon a sign of life must follow; 0 as the
          interval turns heartbeats off
        - `max_queued_messages`, `max_queued_bytes`, `overflow`: the outbox's bounds, and what it does when full
        - `max_pending_events`, `max_pending_bytes`, `conflate`: the bounds of what waits for this program, and whether
          the latest progress may replace what waits when it lags
        - `max_message_size`: a larger inbound message ends the link
        - `stall_timeout`: ask for the status of a task that has said nothing this long; 0 = never
        - `token`: sent as `Authorization: Bearer`; `headers`, `protocols`: further headers and subprotocols
        - `tls`: `ca`, `client_cert`, `client_key` (PEM texts), `min_version` ("1.2" or "1.3"), `server_name`,
          `dangerously_accept_any_certificate`
        - `proxy`: `http://`, `https://` or `socks5://`; None = none; "environment" = as the environment says
        - `dispositions`, `classify`: what close codes and HTTP statuses mean, where it differs from the table
        - `terminal_status`: which status words end a task, and how; None takes a built-in word away
        - `cursors`: exported by an earlier client
        - `seed`: seeds the jitter, for tests

        Raises InvalidArgumentError or InvalidUrlError for a value that an option cannot take.
        """
        options = {name: value for name, value in locals().items() if name not in {"self", "__class__"}}
        providers = Providers(options)
        try:
            native = Native(encode(options), bool(providers.credentials), providers.classify is not None)
        except Error as error:
            raise type(error)(in_python(str(error))) from None
        self._router = Router(native, providers)
        self._begin()

    def _begin(self) -> None:
        """Let a client begin what it needs."""

    @property
    def state(self) -> State:
        """The connection's state now. Events that tell of it may still be waiting."""
        return self._router.native.state()

    @property
    def current_task_id(self) -> str | None:
        """The latest connected or subscribed task that is still wanted."""
        return self._router.native.current_task_id()

    def stats(self) -> dict[str, Any]:
        """Say what the client counts, with the names that every language uses."""
        import json  # noqa: PLC0415 - slow to import

        stats: dict[str, Any] = json.loads(self._router.native.stats_json())
        stats["callbacks"] = self._router.counts()
        return stats

    def cursors(self) -> dict[str, dict[str, Any]]:
        """Say how far each task has been seen: `{task_id: {"epoch": ..., "seq": ...}}`.

        It can be kept as JSON and given to a later client as the option `cursors`, which goes on from there. Only tasks
        of servers that number their messages have one.
        """
        import json  # noqa: PLC0415 - slow to import

        cursors: dict[str, dict[str, Any]] = json.loads(self._router.native.cursors_json())
        return cursors

    def subscribe(self, task_id: str) -> None:
        """Want a task until `unsubscribe`. Does not connect.

        Raises InvalidArgumentError for an id that is empty or longer than 1024 bytes, TypeError for one that is no str.
        """
        self._router.native.subscribe(_checked.text("task_id", task_id))

    def unsubscribe(self, task_id: str) -> None:
        """No longer want a task on account of `subscribe` or `connect`. Follows and waits of it go on."""
        self._router.native.unsubscribe(_checked.text("task_id", task_id))

    def __repr__(self) -> str:
        try:
            state = self.state
        except Error as error:
            state = error.kind  # type: ignore[assignment]
        return f"<{type(self).__module__}.{type(self).__qualname__} {state}>"
