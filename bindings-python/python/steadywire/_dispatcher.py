"""The thread that takes a client's batches and runs its callbacks.

It is a daemon thread made in Python. It holds the native handle and a weak reference to the router, so that a client
nobody holds is collected, with callbacks that close over it; the thread ends then.
"""

from __future__ import annotations

import itertools
import threading
import weakref

from . import _life
from ._log import ERROR, described, say
from ._native import Error, Native
from ._options import camel, checked_credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._options import Providers
    from ._router import Router

_numbers = itertools.count(1)


class Dispatcher:
    """The thread of one client, and what must be done with it when the process ends."""

    def __init__(self, router: Router) -> None:
        """Start it."""
        self._native = router.native
        self._router = weakref.ref(router)
        self._flush: Flush | None = None
        weakref.finalize(router, wake, self._native).atexit = False
        name = f"steadywire-{next(_numbers)}"
        self._thread = threading.Thread(target=_run, args=(self._native, self._router), name=name, daemon=True)
        _life.enter(self, self._thread)
        self._thread.start()

    def begin_flush(self) -> None:
        """Begin to write what waits, and to end."""
        router = self._router()
        if router is None or router.closing:
            return
        flush = Flush(fate(self._native)[0])
        ticket = self._native.number()
        router.expect(ticket, flush)
        self._native.disconnect(ticket)
        self._flush = flush

    def end_flush(self, seconds: float) -> int:
        """Wait for it, for so long at most. Says how many messages are not known to have left."""
        router = self._router()
        if router is not None and router.closing:
            # Closed already: what that ended is still to be told.
            self._thread.join(max(seconds, 0))
        if router is None or self._flush is None:
            return 0
        self._flush.done.wait(max(seconds, 0))
        return sum(fate(self._native)) - self._flush.gone

    def check_loop(self) -> None:
        """A thread does not go away."""

    def stop(self) -> None:
        """Let the thread end as soon as it comes back from what it does."""
        router = self._router()
        if router is not None:
            router.stopping = True
        self._native.close()
        wake(self._native)


class Flush:
    """Waits for the end of a disconnect."""

    def __init__(self, gone: int) -> None:
        self.done = threading.Event()
        self.gone = gone

    def settle(self, _value: object) -> None:
        self.done.set()


def _run(native: Native, ref: weakref.ref[Router]) -> None:
    more = False
    router = reader = None
    while True:
        try:
            if not more:
                native.wait_for_batch()
            router = ref()
            if router is None or router.stopping:
                break
            router.dispatcher = threading.get_ident()
            answer_questions(router)
            if (reader := router.lagging()) is not None:
                more = True
                reader.wait_for_room()
                continue
            # A callback that runs now, or another thread, may close it: what that leaves is for the next round.
            closing = router.closing
            more = router.pump()
            if closing and not more:
                router.end()
                break
        except BaseException as error:  # noqa: BLE001 - the thread must go on: without it nothing is delivered
            say(ERROR, "a defect in steadywire", error=error)
            more = router is not None and router.left()
        finally:
            # Held over the wait it would keep the client alive.
            router = reader = None


def answer_questions(router: Router) -> None:
    """Ask the functions that the program gave, and answer the core."""
    native, providers = router.native, router.providers
    while (asked := native.question()) is not None:
        number, kind, known = asked
        if kind == "credentials":
            from ._asked import CredentialsRequest  # noqa: PLC0415 - slow to import

            request = CredentialsRequest(**known)
            try:
                values = {name: checked_credentials(name, ask(request)) for name, ask in providers.credentials.items()}
                native.answer_credentials(number, **values)
            except BaseException as error:  # noqa: BLE001 - whatever it is, there are no credentials
                native.refuse_credentials(number, refusal(error), fatal=False)
        else:
            native.answer_meaning(number, meaning(providers, known))


def fate(native: Native) -> tuple[int, int]:
    """Count the messages that never left or may not have arrived, and those not yet known to have arrived."""
    import json  # noqa: PLC0415 - slow to import

    stats = json.loads(native.stats_json())
    dropped = sum(count for reason, count in stats["receipts"]["dropped"].items() if reason != "superseded")
    return dropped + stats["receipts"]["unknown"], stats["outboxMessages"] + stats["inFlight"]


def refusal(error: BaseException) -> str:
    """Say why there are no credentials."""
    return f"the function that gives credentials raised {described(error)}"


def meaning(
    providers: Providers, known: dict[str, Any], interrupts: tuple[type[BaseException], ...] = ()
) -> str | None:
    """Ask what an end means. Raises what the function raises of `interrupts`."""
    if providers.classify is None:
        return None
    from typing import get_args  # noqa: PLC0415 - slow to import

    from ._asked import Ending  # noqa: PLC0415 - slow to import
    from ._names import Disposition  # noqa: PLC0415 - slow to import

    words = get_args(Disposition)
    try:
        answer = providers.classify(Ending(**known))
        if answer is None or answer in words:
            return answer and camel(answer)
        text = "the function given as `classify` failed: it answers %s or None, not %r"
        say(ERROR, text, ", ".join(words), answer, interrupts=interrupts)
    except interrupts:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever it is, the proposal counts
        say(ERROR, "the function given as `classify` failed", error=error, interrupts=interrupts)
    return None


def wake(native: Native) -> None:
    """Wake whoever waits for it, if it still lives."""
    try:
        native.wake()
    except Error:
        return
