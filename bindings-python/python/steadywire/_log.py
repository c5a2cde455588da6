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

# What the levels of the core are called in `logging`.
_LEVELS = {"debug": 10, "info": 20, "warn": 30, "error": 40}

# How long to wait for the last lines to be logged.
_END_SECONDS = 0.5


def logger() -> logging.Logger:
    """Give the logger `steadywire`."""
    import logging  # noqa: PLC0415 - see above

    return logging.getLogger("steadywire")


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
            _say(_LEVELS[level], text, about)
        if dropped:
            _say(30, f"{dropped} lines were not logged, because what handles them is slow", "log")


def _say(level: int, text: str, about: str) -> None:
    # Whoever wants to see what is below a warning has imported `logging` to say so.
    if level < _LEVELS["warn"] and "logging" not in sys.modules:
        return
    try:
        logger().log(level, "%s", text, extra={"about": about})
    except Exception:  # noqa: BLE001 - a filter of the program; the lines after this are not to blame
        threading.excepthook(threading.ExceptHookArgs([*sys.exc_info(), threading.current_thread()]))
