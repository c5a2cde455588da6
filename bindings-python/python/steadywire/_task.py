"""The worker's side of a task."""

from __future__ import annotations

from collections.abc import Sized

from . import _checked
from ._log import logger, text_of
from ._message import error_data, to_json
from ._native import Error, InvalidStateError
from ._typing import Generic, TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from ._router import Router
    from .events import Level

T = TypeVar("T")
Answer = TypeVar("Answer")

# What an iterable's progress is rounded to: a message for each step of a million would say no more.
_STEP_PERCENT = 0.1

# What is said of a task whose worker is gone, or has left the loop over what it works through.
_ABANDONED = "the worker stopped without reporting an end"


class BaseTask(Generic[Answer]):
    """Reports one task: how far it is, what it says, and exactly one end."""

    def __init__(self, router: Router, task_id: str) -> None:
        """Keep the link up from now on, without limit. For the library."""
        self._ended = True
        self._router = router
        self._task_id = _checked.text("task_id", task_id)
        self._lease = router.native.number()
        router.native.lease(self._lease, task_id, "report")
        self._ended = False

    @property
    def task_id(self) -> str:
        """The task."""
        return self._task_id

    @property
    def ended(self) -> bool:
        """Whether the end has been reported."""
        return self._ended

    def progress(self, percent: float, *, stage: str = "", message: str = "") -> None:
        """Report how far the task is, 0 to 100. While there is no link the latest one waits.

        Raises InvalidStateError after the end.
        """
        words = {"word": _checked.text("stage", stage), "text": _checked.text("message", message)}
        self._post("progress", progress=_checked.number("percent", percent), **words)

    def log(self, message: str, *, level: Level = "info", metadata: Mapping[str, Any] | None = None) -> None:
        """Report a log line.

        Raises QueueFullError where the outbox is full, InvalidStateError after the end.
        """
        data = None if metadata is None else to_json("metadata", _checked.mapping("metadata", metadata))
        self._post("log", text=_checked.text("message", message), word=_checked.text("level", level), data=data)

    def status(self, data: Any) -> None:
        """Report what the task says of itself: any JSON.

        Raises as `log`.
        """
        self._post("status", data=to_json("data", data))

    def complete(self, data: Any = None) -> Answer:
        """End the task well, with any JSON. Sent again on every new link until the server has it."""
        return self._end("complete", data=to_json("data", data))

    def fail(self, message: str, *, code: str = "", data: Mapping[str, Any] | None = None) -> Answer:
        """End the task with an error; `code` is in words of your own."""
        more = None if data is None else _checked.mapping("data", data)
        words = {"text": _checked.text("message", message), "word": _checked.text("code", code)}
        return self._end("error", **words, data=error_data(message, code, more))

    def over(self, iterable: Iterable[T], *, total: int | None = None, stage: str = "") -> Iterator[T]:
        """Yield what the iterable gives, and report how far it is; does not end the task."""
        if total is None:
            total = len(iterable) if isinstance(iterable, Sized) else 0
        reported = 0.0
        for count, item in enumerate(iterable, 1):
            yield item
            percent = 100 * count / total if total else 0.0
            if percent - reported >= _STEP_PERCENT or (total and count == total):
                reported = percent
                self.progress(min(percent, 100), stage=stage, message=f"{count}/{total}")

    def _post(self, kind: str, **words: Any) -> None:
        self._check()
        self._router.native.send(0, kind, self._task_id, **words)

    def _end(self, kind: str, **words: Any) -> Answer:
        self._check()
        ticket = self._router.native.number()
        answer = self._expect(ticket)
        try:
            self._router.native.send(ticket, kind, self._task_id, ack=True, **words)
        except Error:
            self._router.forget(ticket)
            raise
        self._ended = True
        self._router.native.unlease(self._lease)
        return answer

    def _end_by(self, error: BaseException | None) -> Answer | None:
        """Report how a block ended, unless its end has been reported; None where there is nothing to wait for."""
        if self._ended:
            return None
        try:
            if error is None:
                return self.complete()
            if isinstance(error, GeneratorExit):
                return self.fail(_ABANDONED, code="abandoned")
            return self.fail(text_of(error) or type(error).__name__, code=type(error).__name__)
        except Error as failure:
            if error is None:
                raise
            # What the block raised says more.
            logger().warning("the end of task %s could not be reported: %s", self.task_id, failure)
            return None

    def _expect(self, ticket: int) -> Answer:
        raise NotImplementedError

    def _check(self) -> None:
        if self._ended:
            text = f"the end of task {self._task_id} has been reported already"
            raise InvalidStateError(text)

    def __del__(self) -> None:
        if self._ended:
            return
        self._ended = True
        native = self._router.native
        try:
            native.send(
                0,
                "error",
                self._task_id,
                ack=True,
                word="abandoned",
                text=_ABANDONED,
            )
            native.unlease(self._lease)
        except Error:
            return  # closed, forked or full: the program was told so before

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._task_id!r}{', ended' if self._ended else ''}>"
