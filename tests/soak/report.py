"""The figures of a run, for people; and what is wrong with those of its processes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from figures import trend
from judge import KEPT, is_end, number_of, state

if TYPE_CHECKING:
    from driver import Driver
    from figures import Rest
    from judge import Record


class Totals:
    """What was seen at both ends, in numbers."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.tasks = 0
        # What a worker that was killed left without a receipt.
        self.left = 0
        # How many tasks nobody went on with.
        self.left_tasks = 0
        self.follows: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.receipts: Counter[str] = Counter()
        self.events: Counter[str] = Counter()

    def add(self, record: Record) -> None:
        """Count a task."""
        self.tasks += 1
        self.left_tasks += record.left_for is not None
        for told in record.told:
            for receipt in told.receipts:
                self.receipts[f"{told.way} {state(receipt)}"] += 1
            self.left += told.is_left
        for receipt in record.receipts:
            self.receipts[f"end {state(receipt)}"] += 1
        events = [event for followed in record.follows for event in followed.events]
        seen = {number_of(event) for event in events if event["event"] in KEPT}
        for told in record.told:
            is_written = [state(receipt) for receipt in told.receipts] == ["written"]
            self.receipts["written but never seen"] += told.kind in KEPT and is_written and told.number not in seen
        for followed in record.follows:
            self.follows[followed.joined] += 1
            for event in followed.events:
                self.events[event["event"]] += 1
                if is_end(event):
                    how = event.get("reason") if event["event"] == "lost" else event.get("synthetic") and "synthetic"
                    self.outcomes[event["event"] + (f" ({how})" if how else "")] += 1


def show(totals: Totals, drivers: list[Driver], rests: dict[str, list[Rest]], faults: Counter[str]) -> list[str]:
    """Print the figures. Gives what is wrong with memory and descriptors."""
    totals.receipts["never settled, of a killed worker"] = totals.left
    links = sum(driver.events["connected"] for driver in drivers)
    print(f"{totals.tasks} tasks, {totals.follows.total()} follows, {links} links")
    for name, counts in (
        ("joined", totals.follows),
        ("outcomes", totals.outcomes),
        ("receipts", totals.receipts),
        ("events", totals.events),
        ("faults", faults),
    ):
        print(f"{name + ':':10} {', '.join(f'{count} {what}' for what, count in sorted(counts.items())) or 'none'}")
    print(f"\n{'':16}{'memory/KiB':>12}{'end':>9}{'/10 min':>9}{'descriptors':>13}{'end':>6}{'rests':>7}")
    wrong = []
    for name, looked in rests.items():
        found = trend(looked)
        if found is None:
            wrong.append(f"{name}: only {len(looked)} rests, too few to judge memory")
            continue
        print(
            f"{name:16}{found.first.memory:12}{found.last.memory:9}{found.slope * 600:+9.0f}"
            f"{found.first.descriptors:13}{found.last.descriptors:6}{found.rests:7}"
        )
        wrong += [f"{name}: {what}" for what in found.wrong()]
    return wrong
