"""The library's own logger, fetched when there is something to say: `logging` is slow to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging


def logger() -> logging.Logger:
    """Give the logger `steadywire`."""
    import logging  # noqa: PLC0415 - see above

    return logging.getLogger("steadywire")
