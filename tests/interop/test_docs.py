"""What the documents say, held against what there is: links, files they show, shell blocks, the demo, error texts."""

import asyncio
import difflib
import os
import re
import shutil
import tempfile
import unittest
from contextlib import AsyncExitStack
from pathlib import Path

import picture
from life import STEADYWIRE
from parts import ROOT, Quiet, end_on_sigterm, running, surroundings

DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]

# Who runs, compiles or checks the blocks of a language; `file` marks those that show a file, which are compared here.
RUNNERS = {
    "c": "tests/cpp/steps/docs.sh",
    "cpp": "tests/cpp/steps/docs.sh",
    "cmake": "tests/cpp/cmake, by other lines",
    "diff": "here",
    "ini": "nobody: a unit of systemd needs a system that it manages",
    "js": "bindings-node/tests/node/docs.test.ts",
    "json": "here, as JSON",
    "nginx": "tests/interop/test_nginx.py, as part of its configuration",
    "python": "bindings-python/tests/test_docs.py",
    "rust": "tests/docs",
    "sh": "here",
    "text": "here",
    "ts": "bindings-node/tests/node/docs.test.ts",
    "tsx": "bindings-node/tests/node/docs.test.ts",
}

# The length that docs/servers.md promises.
SERVER_LINES = 60

# What is not run in a shell block, because the tests are it, or it is somebody else's program.
NOT_RUN = re.compile(r"(make|cargo|pip|npm|cc|c\+\+) ")

STEP = 60.0

PROGRAM = Path(STEADYWIRE).resolve()


def blocks(document: Path, language: str) -> list[str]:
    """Give the fenced blocks of a language."""
    found = re.finditer(rf"^```{language}\n(.*?)^```$", document.read_text(), re.DOTALL | re.MULTILINE)
    return [match.group(1) for match in found]


def anchors(document: Path) -> set[str]:
    """Give what the headings of a document can be linked by."""
    headings = re.findall(
        r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    )
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {word.replace(" ", "-") for word in words}


class Documents(Quiet):
    """README.md and docs/."""

    def test_links(self) -> None:
        """Every relative link leads to a file, and every anchor to a heading."""
        for document in DOCUMENTS:
            text = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
            for link in re.findall(r"\]\(([^)\s]+)\)", text):
                if link.startswith(("http://", "https://")):
                    continue
                path, _, anchor = link.partition("#")
                target = (document.parent / path).resolve() if path else document
                assert target.exists(), f"{document.name}: {link}"
                assert not anchor or anchor in anchors(target), f"{document.name}: {link}"

    def test_every_block_has_a_runner(self) -> None:
        """A block of a language that nobody runs would rot."""
        for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
            fences = re.findall(r"^```(.*)$", document.read_text(), re.MULTILINE)
            for fence in fences[::2]:
                language = fence.removesuffix(" file").removesuffix(",no_run")
                assert language in RUNNERS, f"{document.name}: a block of {fence!r}"

    def test_servers(self) -> None:
        """The servers that are shown are the files, and short."""
        text = (ROOT / "docs/servers.md").read_text()
        shown = re.findall(r"^<!-- (\S+) -->\n```\w+ file\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        assert len(shown) == len({"fastapi", "express", "axum"})
        for path, block in shown:
            code = (ROOT / path).read_text()
            assert block == code, f"{path} is another one than docs/servers.md shows"
            assert len(code.splitlines()) < SERVER_LINES, path
        (step,) = re.findall(r"^<!-- (\S+) (\S+) -->\n```diff\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        before, after = ((ROOT / path).read_text().splitlines(keepends=True) for path in step[:2])
        assert step[2] == "".join(list(difflib.unified_diff(before, after, n=2))[2:])

    def test_troubleshooting(self) -> None:
        """The texts and codes that are explained are said by the source."""
        sources = [*ROOT.glob("core/src/**/*.rs"), *ROOT.glob("hub/src/**/*.rs"), *ROOT.glob("cli/src/**/*.rs")]
        sources += [*ROOT.glob("bindings-node/ts/**/*.ts")]
        said = "\n".join(path.read_text() for path in sources)
        text = (ROOT / "docs/troubleshooting.md").read_text()
        for row in re.findall(r"^\| (.*?) \|", text, re.MULTILINE):
            for code in re.findall(r"(?<!`)`([^`]+)`", row):
                if re.fullmatch(r"[a-z]+(_[a-z]+)+", code):
                    assert f'"{code}"' in said, code
                elif " " in code and not code.startswith("steadywire "):
                    for piece in code.split("…"):
                        # A status is put in where the text is made.
                        words = re.sub(r"(?<=status )\d+|Connection refused", "", piece).strip()
                        assert words in said, f"nobody says {words!r}"

    async def test_the_demo_prints_what_the_readme_shows(self) -> None:
        """Each line of the transcript comes, in this order, but for times, addresses and what lies between."""
        (shown,) = blocks(ROOT / "README.md", "text")
        process = await asyncio.create_subprocess_exec(
            STEADYWIRE, "demo", stdout=asyncio.subprocess.PIPE, env=surroundings()
        )
        printed, _ = await asyncio.wait_for(process.communicate(), STEP)
        assert process.returncode == 0, printed
        lines = iter([changing(line) for line in printed.decode().splitlines()])
        for line in shown.splitlines():
            if line not in ("", "..."):
                assert changing(line) in lines, f"the demo does not say, or not then: {line}"

    async def test_the_picture_is_what_the_demo_shows(self) -> None:
        """The picture in README.md has all that the demo shows on a terminal, but for times, addresses and pace."""
        lines, bars = picture.shown(picture.PICTURE.read_text())
        recording = await asyncio.to_thread(picture.record, STEADYWIRE, surroundings())
        others, logs = told(["".join(piece.text for piece in line) for line in recording.lines])
        assert told(lines) == (others, logs), f"make picture: the demo shows {others}"
        shapes = {shape("".join(piece.text for piece in frame.last)) for frame in recording.frames}
        for bar in bars:
            assert shape(bar) in shapes, f"make picture: the demo has no line {bar!r}"
        # What README.md prints below it has the outcome in the words for pipes.
        (transcript,) = blocks(ROOT / "README.md", "text")
        for line in transcript.splitlines():
            if line not in ("", "...", "demo: complete"):
                assert changing(line) in [*others, *logs], f"the picture does not show: {line}"
        assert "](docs/demo.svg)" in (ROOT / "README.md").read_text()

    async def test_shell_blocks(self) -> None:
        """The commands run as they stand there, against a hub; `serve` is parsed alone."""
        async with AsyncExitStack() as stack:
            hub = await stack.enter_async_context(running("hub", STEADYWIRE, "serve", "--listen", "127.0.0.1:0"))
            url = (await hub.line()).removeprefix("listening on ")
            place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            (place / "steadywire").symlink_to(PROGRAM)
            # What `run` runs.
            (place / "cargo").write_text("#!/bin/sh\necho Compiling\n")
            (place / "cargo").chmod(0o755)
            environment = surroundings() | {"STEADYWIRE_URL": url, "PATH": f"{place}:{os.environ['PATH']}"}
            for task in ("train", "build"):
                done = await asyncio.create_subprocess_exec(STEADYWIRE, "send", task, "--complete", env=environment)
                assert await asyncio.wait_for(done.wait(), STEP) == 0
            for document in ("docs/cli.md", "docs/operations.md", "README.md"):
                for block in blocks(ROOT / document, "sh"):
                    text = block.replace("cargo run -p steadywire-cli -- ", "steadywire ")
                    lines = [line for line in text.splitlines() if not NOT_RUN.match(line)]
                    script = "\n".join(
                        f"{line.split(' #')[0]} --help" if line.startswith("steadywire serve") else line
                        for line in lines
                    )
                    await self.shell(script, document, environment, place)
        for target in re.findall(r"^make ([a-z-]+)", "\n".join(blocks(ROOT / "README.md", "sh")), re.MULTILINE):
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), target

    async def shell(self, script: str, document: str, environment: dict[str, str], place: Path) -> None:
        """Run a block."""
        shell = shutil.which("sh")
        assert shell
        process = await asyncio.create_subprocess_exec(
            shell,
            "-ec",
            script,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            cwd=place,
        )
        said, _ = await asyncio.wait_for(process.communicate(), STEP)
        assert process.returncode == 0, f"{document}:\n{script}\n{said.decode()}"


def changing(line: str) -> str:
    """Take out of a line of the demo what is another each time."""
    line = re.sub(r"^\d\d:\d\d:\d\d ", "", line)
    line = re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", line)
    return re.sub(r"in \d+\.\d s|reconnected \d times", "SOME", line)


def told(lines: list[str]) -> tuple[list[str], list[str]]:
    """Part what is told about links, by when it comes, from log lines: which of them come between is chance."""
    changed = [changing(line) for line in lines]
    return [line for line in changed if " | " not in line], [line for line in changed if " | " in line]


def shape(bar: str) -> str:
    """Take out of the last line of the demo how far it is; a line that is cut off is cut where all are."""
    bar = re.sub(r"\[[=> ]*\] +", "[BAR] ", bar)
    bar = re.sub(r"\b(prepare|train|evaluate)\b", "STAGE", re.sub(r"\d+(\.\d+)?", "N", bar))
    return re.sub(r"(reconnecting \(the).*", r"\1", bar)


if __name__ == "__main__":
    end_on_sigterm()
    unittest.main(verbosity=2)
