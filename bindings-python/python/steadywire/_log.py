"""The library's own logger, fetched when there is something to say: `logging` is slow to import.

What the core says waits in Rust, bounded, until a thread of Python comes for it; there is one per process.
"""

from __future__ import annotations

import sys
import threading

from ._native import log_begin, log_end, log_take

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

# What the library itself says, as in `logging`, which is slow to import.
WARNING = 30
ERROR = 40

# What the levels of the core are called in `logging`.
_LEVELS = {"debug": 10, "info": 20, "warn": WARNING, "error": ERROR}

# How long to wait for the last lines to be logged.
_END_SECONDS = 0.5


def logger() -> logging.Logger:
    """Give the logger `steadywire`."""
    import logging  # noqa: PLC0415 - see above

    return logging.getLogger("steadywire")


def say(
    level: int,
    text: str,
    *args: object,
    error: BaseException | None = None,
    extra: Mapping[str, object] | None = None,
    interrupts: tuple[type[BaseException], ...] = (),
) -> None:
    """Log, whatever a filter or a handler of the program raises: who delivers must go on.

    Raises only what is one of `interrupts`.
    """
    try:
        logger().log(level, text, *args, exc_info=error, extra=extra)
    except interrupts:
        raise
    except BaseException:  # noqa: BLE001 - whatever it is, the lines after this are not to blame
        threading.excepthook(threading.ExceptHookArgs([*sys.exc_info(), threading.current_thread()]))


def described(error: BaseException) -> str:
    """Name an exception, with its text where that can be had. It fits into UTF-8."""
    text = text_of(error)
    return f"{type(error).__name__} (its text cannot be had)" if text is None else f"{type(error).__name__}: {text}"


def text_of(error: BaseException) -> str | None:
    """The text of an exception, where that can be had. It fits into UTF-8."""
    try:
        return f"{error}".encode("utf-8", "backslashreplace").decode()
    except BaseException:  # noqa: BLE001 - `__str__` of the program; that it fails is no reason to tell less
        return None


class LogThread:
    """Passes the core's lines on, as long as this process has clients."""

    def __init__(self) -> None:
        """Begin."""
        log_begin()
        self._thread = threading.Thread(target=_run, name="steadywire-log", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Wait until what was said is logged; not for ever."""
        log_end()
        self._thread.join(_END_SECONDS)


def _run() -> None:
    while (taken := log_take()) is not None:
        lines, dropped = taken
        for level, about, text in lines:
            _pass_on(_LEVELS[level], text, about)
        if dropped:
            _pass_on(WARNING, f"{dropped} lines were not logged, because what handles them is slow", "log")


def _pass_on(level: int, text: str, about: str) -> None:
    # Whoever wants to see what is below a warning has imported `logging` to say so.
    if level < WARNING and "logging" not in sys.modules:
        return
    say(level, "%s", text, extra={"about": about})
