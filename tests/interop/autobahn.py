"""The client and Autobahn's cases: `kosoku` serves them, the client echoes, and every verdict must be good."""

import asyncio
import json
import os
import shlex
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

from kosoku import FailureError, run_fuzzingserver

from parts import ROOT, end_on_sigterm, surroundings

if TYPE_CHECKING:
    from kosoku._kosoku import CaseResult

# How many cases there are without those excluded: 1 to 7 framing, pings, fragments, UTF-8 and closing; 9 up to 16 MiB;
# 10 what is fragmented on the way.
CASES = 301

# By their names, and why.
EXCLUDED = {
    "12.*": "compression of messages: the client offers no extension",
    "13.*": "compression with other parameters: the client offers no extension",
}

# The client's side, in core/src/net/autobahn.rs.
TEST = "net::autobahn::every_message_of_every_case_is_echoed"

# What all cases may take, in seconds. It is about 14.
LIMIT = 600.0


async def main() -> int:
    """Play, and say what came out."""
    client = build()
    try:
        async with asyncio.timeout(LIMIT):
            results = await play(client)
    except TimeoutError:
        return fail(f"not done within {LIMIT} s")
    for name, reason in EXCLUDED.items():
        say(f"excluded: {name} ({reason})")
    for result in results:
        if not result.passed:
            say(f"FAILED {result.case_id}: {result.description}")
            say(f"  expected: {result.expectation}")
            say(f"  {result.behavior.value}: {result.result}")
            say(f"  closing {result.behavior_close.value}: {result.result_close}")
    verdicts = Counter(result.behavior.value for result in results)
    passed = sum(result.passed for result in results)
    say(", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()))
    say(f"{passed} passed, {len(results) - passed} failed")
    if len(results) < CASES:
        return fail(f"{CASES} cases were expected")
    return int(passed < len(results))


def build() -> str:
    """Build the client's side, and find it."""
    command = [*shlex.split(os.environ.get("CARGO", "cargo")), "test", "--locked", "-p", "steadywire", "--lib"]
    command += ["--no-run", "--message-format", "json-render-diagnostics"]
    built = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE)
    if built.returncode != 0:
        sys.exit(built.returncode)
    messages = map(json.loads, built.stdout.splitlines())
    (program,) = [message["executable"] for message in messages if message.get("executable")]
    return str(program)


async def play(client: str) -> "list[CaseResult]":
    """Serve the cases to the client."""
    results: list[CaseResult] = []
    async with run_fuzzingserver(None, list(EXCLUDED), port=0) as server:
        environment = surroundings() | {"STEADYWIRE_AUTOBAHN_URL": f"ws://{server.address}:{server.port}"}
        process = await asyncio.create_subprocess_exec(client, "--ignored", "--exact", TEST, env=environment)
        try:
            if await process.wait() == 0:
                results = await server.get_result()
        except FailureError as failure:
            results = failure.results
        finally:
            if process.returncode is None:
                process.kill()
    return results


def say(text: str) -> None:
    """Print it."""
    print(text, flush=True)  # noqa: T201


def fail(text: str) -> int:
    """Print it as the reason for failing."""
    say(f"FAILED: {text}")
    return 1


if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(asyncio.run(main()))
