"""One process per part: `contestant.py NAME PART PORT NUMBER CORPUS` answers in a line of JSON."""

from __future__ import annotations

import os
import signal
import sys

import tally

# A part that takes longer than this ends itself, and the run with it.
PATIENCE_S = 240


def main() -> None:
    """Play one part."""
    name, part, port, number, corpus = sys.argv[1:]
    signal.alarm(PATIENCE_S)
    url = f"ws://127.0.0.1:{port}/ws"
    count = int(number)
    tasks = [f"entraînement-{i}" if corpus == "hard" else f"run-7f3a{i:02}" for i in range(tally.TASKS)]
    if name.startswith("ours"):
        import ours as module

        way = name.removeprefix("ours-")
        if part == "read":
            tally.say(getattr(module, f"read_{way}")(url, tasks, count).report())
        else:
            tally.say(getattr(module, f"{part}_{way}")(url, count))
    elif name == "picows":
        import picows_msgspec as module

        tally.say(module.read(url, tasks, count).report() if part == "read" else getattr(module, part)(url, count))
    else:
        import dicts as module

        rival = {"aiohttp": module.Aiohttp, "websockets": module.Websockets}[name]
        if part == "read":
            tally.say(module.read(rival, url, tasks, count).report())
        else:
            tally.say(getattr(module, part)(rival, url, count))
    # What was measured is over; how a process ends is for the tests.
    os._exit(0)


if __name__ == "__main__":
    main()
