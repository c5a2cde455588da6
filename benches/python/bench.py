"""Measures the Python package against what a program could use in its place: `make bench-python`.

Server and contestant are separate processes; the server is the one of the other measurements. Rounds are interleaved
and their order rotates; a ratio is the median of the rounds' ratios. A contestant whose totals differ voids the run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).parent
OURS = ["ours-callbacks", "ours-batches", "ours-events", "ours-asyncio"]
RIVALS = ["picows", "aiohttp", "websockets"]
NAMES = {
    "ours-callbacks": "Steadywire, callbacks",
    "ours-batches": "Steadywire, batches",
    "ours-events": "Steadywire, one by one",
    "ours-asyncio": "Steadywire, async for",
    "picows": "picows + msgspec",
    "aiohttp": "aiohttp + orjson",
    "websockets": "websockets + json",
}
KEEP = 1000


class Bench:
    """What was measured so far: a list for each measure and contestant, a value for each round."""

    def __init__(self, server: str, rounds: int) -> None:
        self.server = server
        self.rounds = rounds
        self.figures: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def turn(self, names: list[str]) -> list[tuple[int, str]]:
        """Every contestant in every round, in an order that changes with the round."""
        return [
            (number, names[(index + number) % len(names)])
            for number in range(self.rounds)
            for index in range(len(names))
        ]

    def run(self, role: dict[str, object], name: str, part: str, number: int, corpus: str = "plain") -> dict:
        """One contestant against a server of its own."""
        server = subprocess.Popen(
            [self.server, "--as", json.dumps(role)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            port = json.loads(server.stdout.readline())["port"]
            command = [sys.executable, HERE / "contestant.py", name, part, str(port), str(number), corpus]
            return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        finally:
            server.kill()
            server.wait()

    def add(self, measure: str, name: str, value: float) -> None:
        """Note a figure."""
        self.figures[measure][name].append(value)

    def read(self, events: int) -> None:
        """At full speed, both corpora."""
        for corpus, count in (("plain", events), ("hard", events // 4)):
            role = {"Blaster": {"corpus": corpus, "events": count, "per_second": None}}
            seen = None
            for _, name in self.turn(OURS + RIVALS):
                report = self.run(role, name, "read", 0, corpus)
                totals = report["counts"], report["sums"]
                seen = seen or totals
                if totals != seen or sum(report["counts"]) != count + 8:
                    sys.exit(f"void: {name} counted {totals}, not {seen}")
                millions = count / 1e6
                self.add(f"CPU s per million events, {corpus}", name, report["cpu_s"] / millions)
                self.add(
                    f"CPU s per million events of the threads that run Python, {corpus}",
                    name,
                    report["python_cpu_s"] / millions,
                )
                self.add(f"million events per second, {corpus}", name, millions / report["wall_s"])

    def paced(self, seconds: int) -> None:
        """CPU at 1,000 messages a second, start-up apart."""
        role = {"Blaster": {"corpus": "plain", "events": 1000 * seconds, "per_second": 1000}}
        for _, name in self.turn(OURS + RIVALS):
            report = self.run(role, name, "read", 0)
            self.add("CPU ms per s at 1,000 messages per second", name, 1e3 * report["steady_cpu_s"] / report["wall_s"])

    def echo(self, steps: int) -> None:
        """Round trips, both ends on one core."""
        for _, name in self.turn(["ours-callbacks", "ours-asyncio", *RIVALS]):
            report = self.run({"EchoServer": {"core": 0}}, name, "echo", steps)
            for measure in ("p50", "p99"):
                self.add(f"echo on one core, {measure}, us", name, report[f"{measure}_us"])

    def idle(self, connections: int) -> None:
        """Memory for each connection that is up."""
        for _, name in self.turn(["ours-callbacks", "ours-asyncio", *RIVALS])[: 3 * 5]:
            report = self.run("Sink", name, "idle", connections)
            self.add("KiB per idle connection", name, report["kib"])

    def keep(self, events: int) -> None:
        """Memory when one event of a thousand is kept."""
        role = {"Blaster": {"corpus": "plain", "events": events, "per_second": None}}
        for name in (*OURS, *RIVALS):
            for keep in (0, KEEP):
                report = self.run(role, name, "read", keep)
                self.add(
                    f"MiB resident at the end, {'1 of 1,000' if keep else 'none'} kept",
                    name,
                    report["resident_kib"] / 1024,
                )

    def start(self) -> None:
        """From the start of a process to a link that is up, beyond what a bare interpreter takes."""
        programs = {
            "ours-callbacks": "import sys, steadywire\nc = steadywire.Client(sys.argv[1])\n"
            "c.connect(); print(1, flush=True)",
            "picows": "import sys, asyncio, uvloop, msgspec, picows as p\nasync def f():\n"
            " await p.ws_connect(p.WSListener, sys.argv[1]); print(1, flush=True)\nuvloop.run(f())",
            "aiohttp": "import sys, aiohttp, orjson, uvloop\nasync def f():\n"
            " async with aiohttp.ClientSession() as s, s.ws_connect(sys.argv[1]): print(1, flush=True)\n"
            "uvloop.run(f())",
            "websockets": "import sys, json, asyncio, websockets\nasync def f():\n"
            " async with websockets.connect(sys.argv[1]): print(1, flush=True)\nasyncio.run(f())",
        }
        server = subprocess.Popen(
            [self.server, "--as", '"Sink"'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        url = f"ws://127.0.0.1:{json.loads(server.stdout.readline())['port']}/ws"
        for _, name in [one for _ in range(3) for one in self.turn(list(programs))]:
            bare = first_line("print(1, flush=True)", url)
            self.add("ms to a link, beyond a bare interpreter", name, first_line(programs[name], url) - bare)
        server.kill()
        server.wait()

    def print(self) -> None:
        """Show medians, and ratios of the rounds."""
        for measure, by_name in self.figures.items():
            print(f"\n### {measure}\n")
            ours = [name for name in OURS if name in by_name]
            print("| contestant | median (smallest to largest) |", *(f"{NAMES[one]} to it |" for one in ours))
            print("| --- | ---: |", *("---: |" for _ in ours))
            for name, values in by_name.items():
                cells = [
                    spread([mine / its for mine, its in zip(by_name[one], values, strict=True)])
                    if name not in OURS
                    else ""
                    for one in ours
                ]
                print(f"| {NAMES[name]} | {spread(values)} |", *(f"{cell} |" for cell in cells))


def first_line(code: str, url: str) -> float:
    """How long a program takes to its first line, in milliseconds."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE)
    process.stdout.readline()
    took = time.perf_counter() - began
    process.kill()
    process.wait()
    return took * 1e3


def spread(values: list[float]) -> str:
    """Median, smallest and largest."""
    return f"{statistics.median(values):.3g} ({min(values):.3g}-{max(values):.3g})"


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("server", help="the program steadywire-bench")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--only", default="read,paced,echo,start,idle,keep", help="parts, with commas between")
    arguments = parser.parse_args()
    bench = Bench(arguments.server, arguments.rounds)
    parts = {
        "read": lambda: bench.read(arguments.events),
        "paced": lambda: bench.paced(5),
        "echo": lambda: bench.echo(10_000),
        "start": bench.start,
        "idle": lambda: bench.idle(500),
        "keep": lambda: bench.keep(arguments.events),
    }
    for part in arguments.only.split(","):
        print(f"measuring: {part}", file=sys.stderr)
        parts[part]()
    bench.print()


if __name__ == "__main__":
    main()
