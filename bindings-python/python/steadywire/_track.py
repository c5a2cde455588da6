"""`track`: tasks on a terminal as bars, elsewhere as lines."""

from __future__ import annotations

import re
import sys

from . import _checked
from ._native import Complete, ErrorEvent, Log, Lost, Outcome, Overflow, Progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import IO, Protocol

    from rich.console import Console
    from rich.progress import Task as RichTask
    from rich.progress import TaskID

    from ._registry import Reader
    from ._router import Router
    from .events import Event

    class Screen(Protocol):
        """Where events are shown."""

        def show(self, event: Event) -> None:
            """Show an event."""

        def close(self) -> None:
            """Nothing more will come."""


# Lines say again how far a task is after so many percent.
_STEP = 10.0

# Sequences that command a terminal; what is left of them is no text either.
_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?|\x9b[0-?]*[ -/]*[@-~]")


class Tracked:
    """Several tasks followed at once, their events put into one queue."""

    def __init__(self, router: Router, task_ids: Sequence[str], queue: Reader) -> None:
        """Connect and subscribe, without limit. The queue ends after the last outcome."""
        for task in task_ids:
            _checked.text("task_id", task)
        if not task_ids:
            text = "track() takes at least one task"
            raise TypeError(text)
        self._router = router
        self._leases: list[int] = []
        self._asked = task_ids
        self._outcomes: dict[str, Outcome] = {}
        tasks = dict.fromkeys(task_ids)
        ends = _Ends(queue, len(tasks))
        try:
            for task in tasks:
                lease = router.native.number()
                self._leases.append(lease)
                # The reader first: its events may come before the call returns.
                router.follow(lease, task, ends)
                router.native.lease(lease, task, "follow")
        except BaseException:
            self.leave()
            raise

    def show(self, events: Iterable[Event], screen: Screen) -> None:
        """Show these, and note how tasks ended."""
        for event in events:
            screen.show(event)
            if (outcome := _as_outcome(event)) is not None:
                self._outcomes[outcome.task_id] = outcome

    def result(self) -> Outcome | list[Outcome]:
        """The outcome of the task, or a list in the order of the tasks."""
        found = [self._outcomes.get(task) or Outcome(task, "lost", reason="closed") for task in self._asked]
        return found[0] if len(found) == 1 else found

    def leave(self) -> None:
        """Want them no more."""
        for lease in self._leases:
            self._router.leave(lease)


class _Ends:
    """Passes the events of several tasks on, and ends after the last of them has."""

    def __init__(self, queue: Reader, count: int) -> None:
        self._queue = queue
        self._open = count
        self.push = queue.push
        self.lags = queue.lags
        self.wait_for_room = queue.wait_for_room

    def finish(self, outcome: Event | None) -> None:
        """One of them has ended."""
        if outcome is not None:
            self._queue.push((outcome,))
        self._open -= 1
        if self._open == 0:
            self._queue.finish(None)


def screen_for(task_ids: Iterable[str], console: Console | None) -> Screen:
    """Bars where there is a terminal and `rich`, else lines."""
    try:
        from rich.console import Console  # noqa: PLC0415 - an extra
    except ImportError:
        return Lines(sys.stdout)
    console = Console() if console is None else console
    return Bars(console, task_ids) if console.is_terminal and not console.is_dumb_terminal else Lines(console.file)


class Bars:
    """One bar for each task, with log lines above."""

    def __init__(self, console: Console, task_ids: Iterable[str]) -> None:
        """Begin to draw."""
        from rich import progress  # noqa: PLC0415 - an extra
        from rich.text import Text  # noqa: PLC0415 - an extra

        class Rate(progress.ProgressColumn):
            """How fast a task is, of late."""

            def render(self, task: RichTask) -> Text:
                return Text("" if task.finished or not task.speed else f"{task.speed:.1f} %/s", "progress.data.speed")

        self._text = Text
        self._progress = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.TextColumn("{task.fields[stage]}", style="cyan", markup=False),
            progress.BarColumn(),
            progress.TaskProgressColumn(),
            Rate(),
            progress.TimeRemainingColumn(),
            progress.TextColumn("{task.fields[said]}", style="dim", markup=False),
            console=console,
        )
        self._bars: dict[str, TaskID] = {
            task: self._progress.add_task(clean(task), total=100.0, stage="", said="") for task in task_ids
        }
        self._progress.start()

    def show(self, event: Event) -> None:
        """Show an event."""
        bar = self._bars.get(getattr(event, "task_id", None) or "")
        if bar is not None and isinstance(event, Progress):
            said = clean(event.message)
            self._progress.update(bar, completed=event.progress, stage=clean(event.stage), said=said)
        elif bar is not None and isinstance(event, Complete):
            self._progress.update(bar, completed=100.0, said="complete")
        elif (line := _line(event)) is not None:
            self._progress.console.print(self._text(line, _style(event)), highlight=False)
            if bar is not None and not isinstance(event, Log):
                self._progress.update(bar, said="lost" if isinstance(event, Lost) else "failed")
                self._progress.stop_task(bar)

    def close(self) -> None:
        """Draw for the last time."""
        self._progress.stop()


class Lines:
    """A line for each thing that is worth one."""

    def __init__(self, file: IO[str]) -> None:
        """Write there."""
        self._file = file
        self._said: dict[str, tuple[str, float]] = {}

    def show(self, event: Event) -> None:
        """Show an event."""
        if isinstance(event, Progress):
            stage, percent = self._said.get(event.task_id, ("", -_STEP))
            if event.stage == stage and 0 <= event.progress - percent < _STEP:
                return
            self._said[event.task_id] = event.stage, event.progress
        line = _line(event)
        if line is not None:
            self._file.write(line + "\n")
            self._file.flush()

    def close(self) -> None:
        """Nothing is left to be written."""


def clean(text: str) -> str:
    """Take out what would command the terminal, or begin another line."""
    text = _ESCAPES.sub("", text)
    return text if text.isprintable() else "".join(one if one.isprintable() else " " for one in text)


def _line(event: Event) -> str | None:
    match event:
        case Progress():
            text = f"{event.progress:3.0f} % {event.stage} {event.message}".rstrip()
        case Log():
            text = f"{event.level}: {event.message}"
        case Complete():
            text = "complete"
        case ErrorEvent():
            text = f"error: {event.message}"
        case Lost():
            text = f"lost: {event.reason}"
        case Overflow():
            return f"{event.count} events are not shown, because they came faster than they could be"
        case _:
            return None
    return clean(f"{event.task_id}: {text}")


def _style(event: Event) -> str:
    if isinstance(event, Log):
        return {"debug": "dim", "warn": "yellow", "error": "red"}.get(event.level, "")
    return "bold red"


def _as_outcome(event: Event) -> Outcome | None:
    match event:
        case Complete():
            return Outcome(event.task_id, "complete", event.data, timestamp=event.timestamp, synthetic=event.synthetic)
        case Lost():
            return Outcome(event.task_id, "lost", reason=event.reason)
        case ErrorEvent(source="task", fatal=True, task_id=str(task)):
            return Outcome(
                task,
                "error",
                event.data,
                event.message,
                event.code,
                timestamp=event.timestamp,
                synthetic=event.synthetic,
            )
    return None
