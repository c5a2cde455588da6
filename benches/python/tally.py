"""What every contestant counts, and what it used meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import threading
import time
from dataclasses import dataclass

# Round trips before the first that counts.
WARM_UP = 1000
TASK = "run-7f3a00"
TASKS = 8


@dataclass
class Mark:
    """A moment: CPU of the process, CPU of its threads that run Python, and the wall."""

    cpu: float
    python: float
    wall: float

    @classmethod
    def now(cls) -> Mark:
        """Take one."""
        return cls(time.process_time(), python_time(), time.perf_counter())


def python_time() -> float:
    """Give the CPU time of all threads that Python knows, each by its own clock."""
    total = 0.0
    for thread in threading.enumerate():
        # One that ends just now has no clock any more.
        with contextlib.suppress(OSError):
            total += time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
    return total


class Tally:
    """Counts and sums over every typed field: equal ones mean equal events."""

    __slots__ = ("chars", "completes", "first", "last", "logs", "percent", "progresses", "stamps", "start", "statuses")

    def __init__(self) -> None:
        """Begin what is measured: before the connect."""
        self.progresses = self.logs = self.statuses = self.completes = 0
        self.chars = self.stamps = 0
        self.percent = 0.0
        self.start = self.first = self.last = Mark.now()

    def begin(self) -> None:
        """The first progress event is here, on the thread that runs the handlers."""
        self.first = Mark.now()

    def complete(self) -> bool:
        """Count the end of a task. True at the last: the run is over."""
        self.completes += 1
        if self.completes < TASKS:
            return False
        self.last = Mark.now()
        return True

    def report(self) -> dict[str, object]:
        """Say what was counted and used."""
        return {
            "counts": [self.progresses, self.logs, self.statuses, self.completes],
            "sums": [round(self.percent, 3), self.chars, self.stamps],
            "cpu_s": self.last.cpu - self.start.cpu,
            "steady_cpu_s": self.last.cpu - self.first.cpu,
            "python_cpu_s": self.last.python - self.start.python,
            "wall_s": self.last.wall - self.first.wall,
            "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            "resident_kib": resident_kib(),
        }


def pin() -> None:
    """Keep this process on one core."""
    os.sched_setaffinity(0, {0})


def echoed(times: list[int], cpu_s: float) -> dict[str, object]:
    """Report round trips, in nanoseconds."""
    all_of_them = len(times)
    times = sorted(times[WARM_UP:])
    return {
        "p50_us": times[len(times) // 2] / 1e3,
        "p99_us": times[len(times) * 99 // 100] / 1e3,
        "cpu_us": cpu_s * 1e6 / all_of_them,
        "rounds": len(times),
    }


def echo_message(step: int) -> dict[str, object]:
    """Make what is sent to and fro."""
    now = time.time_ns() // 1_000_000
    data = {"stage": "train", "progress": step % 1000 / 10, "message": "epoch 3, step 1200", "timestamp": now}
    return {"type": "progress", "taskId": TASK, "timestamp": now, "data": data}


def subscription(task: str) -> dict[str, object]:
    """Make what asks for a task."""
    now = time.time_ns() // 1_000_000
    return {"type": "status", "taskId": task, "timestamp": now, "data": {"action": "subscribe"}}


def resident_kib() -> int:
    """Give the resident memory of this process."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * (resource.getpagesize() // 1024)


def say(report: object) -> None:
    """Report to whoever started this process."""
    print(json.dumps(report), flush=True)
