"""`logging` for tasks: a handler that streams a program's log records to a task."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._task import BaseTask
    from .events import Level

__all__ = ["TaskHandler"]


class TaskHandler(logging.Handler):
    """Sends each record as a log line of a task.

        with client.report("train") as task:
            logging.getLogger().addHandler(steadywire.log.TaskHandler(task))

    Records of the library itself are left out, for each would cause another. Where a line cannot be sent (a full
    outbox, a task that has ended) `logging` is told, as of any handler that fails; the program goes on.
    """

    def __init__(self, task: BaseTask[Any], level: int = logging.NOTSET) -> None:
        """Send the records of that level and above to `task`."""
        super().__init__(level)
        self._task = task

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record."""
        if record.name == "steadywire" or record.name.startswith("steadywire."):
            return
        try:
            self._task.log(self.format(record), level=_level(record.levelno), metadata={"logger": record.name})
        except Exception:  # noqa: BLE001 - whatever it is, the program that logs is not to blame
            self.handleError(record)


def _level(number: int) -> Level:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warn"
    return "info" if number >= logging.INFO else "debug"
