"""Whether memory and descriptors of a process stay as they are, by what they are while nothing goes on."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

# How much of a run, and of its rests at the least, counts as warm-up: allocators, interpreters and the hub's memory of
# ended tasks fill up.
WARM_UP = 0.2
COLD_RESTS = 2

# What memory may grow by in a period.
GROWTH_KIB = 1024
PERIOD = 600.0

# Fewer rests than these say nothing.
FEWEST = 6


@dataclass(frozen=True)
class Rest:
    """What a process has while nothing goes on: when, resident memory in KiB, and open descriptors."""

    when: float
    memory: int
    descriptors: int


@dataclass(frozen=True)
class Trend:
    """What became of a process after the warm-up. `slope` is what the growth is in a second, on average."""

    first: Rest
    last: Rest
    rests: int
    slope: float
    growth: float
    least: tuple[int, int]
    most: tuple[int, int]

    def wrong(self) -> list[str]:
        """Name what is not flat.

        In less than a period the whole growth is judged, not its rate: a page or two more would be a steep slope there.
        """
        allowed = GROWTH_KIB * max(PERIOD, self.last.when - self.first.when) / PERIOD
        wrong = []
        if self.growth > allowed:
            wrong.append(f"memory grew by {self.growth:.0f} KiB after the warm-up; {allowed:.0f} may be")
        if self.least[1] > self.most[0]:
            wrong.append(f"descriptors grew from at most {self.most[0]} to at least {self.least[1]}")
        return wrong


def rest(pid: int, when: float, unused: int = 0) -> Rest:
    """Look at a process, of whose memory so many KiB are free room. `/proc` is Linux's."""
    process = Path(f"/proc/{pid}")
    lines = (process / "status").read_text().splitlines()
    memory = next(line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return Rest(when, int(memory) - unused, len(list((process / "fd").iterdir())))


def trend(rests: list[Rest]) -> Trend | None:
    """Tell a leak from noise.

    Memory goes up in steps, and down where an allocator or a collector gives something back: the median of the slopes
    between all pairs of rests (Theil and Sen) is not moved by one of them, wherever it is, as least squares are. Rests
    are as far from each other as the work between them, which is the same; some rounds wait long for an end.
    Descriptors are compared between the first third and the last, all of which a leak must have raised: links that the
    proxy has silenced linger at the hub.
    """
    cold = max(round(len(rests) * WARM_UP), COLD_RESTS)
    warm = rests[cold:]
    if len(warm) < FEWEST:
        return None
    numbered = combinations(enumerate(warm), 2)
    step = statistics.median((b.memory - a.memory) / (second - first) for (first, a), (second, b) in numbered)
    growth = step * (len(warm) - 1)
    third = len(warm) // 3
    ends = [[one.descriptors for one in part] for part in (warm[:third], warm[-third:])]
    return Trend(
        first=warm[0],
        last=warm[-1],
        rests=len(warm),
        slope=growth / (warm[-1].when - warm[0].when),
        growth=growth,
        least=(min(ends[0]), min(ends[1])),
        most=(max(ends[0]), max(ends[1])),
    )
