"""Makes docs/demo.svg: what `steadywire demo` shows on a terminal, as a moving picture. `make picture` calls it.

The picture is one column of all lines that were ever there, behind a window that goes down with them, and the changing
last line above it. Where nothing moves, it shows the end.
"""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from select import select
from subprocess import Popen
from typing import NamedTuple
from xml.etree import ElementTree as ET

PICTURE = Path(__file__).resolve().parents[2] / "docs/demo.svg"

# The terminal, in characters.
COLUMNS, ROWS = 92, 20

# At most this many bytes: people load it with the first page they read.
MOST_BYTES = 60_000

# In seconds: the shortest time between two pictures of the terminal; how long its end stays.
FRAME, END = 0.04, 5.0

# In seconds, between two things that the demo says.
PATIENCE = 30.0

# In pixels. A character is 0.6 of its font's size wide in nearly all fonts; the rest of the width is for those others.
FONT, CHARACTER, LINE, EDGE, TITLE = 13, 7.8, 18, 16, 34

STYLES = {1: "b", 2: "d", 31: "r", 32: "g", 33: "y", 36: "c"}

BUTTONS = ("#e5655e", "#dfae43", "#62b553")

CSS = """
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d5d9e0;white-space:pre}
.b{font-weight:bold;fill:#fff}.d{fill:#8d96a5}.r{fill:#f47067}.g{fill:#7fc76f}.y{fill:#e3b34f}.c{fill:#5cc3d0}
.t{font:12px system-ui,sans-serif;fill:#8d96a5}
"""


class Piece(NamedTuple):
    """Characters of one look."""

    style: str
    text: str


Line = tuple[Piece, ...]


class Frame(NamedTuple):
    """What is on the terminal from a time on: so many lines that stay, and the one below them."""

    at: float
    above: int
    last: Line


@dataclass
class Recording:
    """All lines, and what was to be seen when."""

    lines: list[Line] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)


class Terminal:
    """As much of a terminal as the demo needs. It fails at what it does not know."""

    SEQUENCE = re.compile(r"\x1b\[([\d;]*)([A-Za-z])|\x1b|[^\x1b]")

    def __init__(self) -> None:
        """Begin empty."""
        self.rows: list[list[tuple[str, str]]] = [[]]
        self.row = self.column = 0
        self.style = ""

    def write(self, text: str) -> None:
        """Take what a program writes."""
        for match in self.SEQUENCE.finditer(text):
            if match[2]:
                self.control(match[1], match[2])
            elif match[0] == "\r":
                self.column = 0
            elif match[0] == "\n":
                self.down()
            elif match[0].isprintable():
                if self.column == COLUMNS:
                    self.down()
                    self.column = 0
                row = self.rows[self.row]
                row.extend([("", " ")] * (self.column + 1 - len(row)))
                row[self.column] = (self.style, match[0])
                self.column += 1
            else:
                message = f"a terminal of this kind does not know {match[0]!r}"
                raise ValueError(message)

    def down(self) -> None:
        """Go to the next row."""
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append([])

    def control(self, numbers: str, letter: str) -> None:
        """Obey a control sequence."""
        if letter == "m":
            for number in map(int, (numbers or "0").split(";")):
                self.style = STYLES[number] if number else ""
        elif letter == "K" and numbers == "2":
            self.rows[self.row] = []
        else:
            message = f"a terminal of this kind does not know CSI {numbers}{letter}"
            raise ValueError(message)

    def line(self, row: int) -> Line:
        """Give a row, without the blanks at its end."""
        pieces: list[Piece] = []
        for style, character in self.rows[row]:
            if pieces and pieces[-1].style == style:
                pieces[-1] = Piece(style, pieces[-1].text + character)
            else:
                pieces.append(Piece(style, character))
        while pieces and not pieces[-1].text.rstrip():
            pieces.pop()
        if pieces:
            pieces[-1] = Piece(pieces[-1].style, pieces[-1].text.rstrip())
        return tuple(pieces)


def record(program: str, surroundings: Mapping[str, str] = os.environ) -> Recording:
    """Run the demo on a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {name: value for name, value in surroundings.items() if name not in {"NO_COLOR", "CLICOLOR"}}
    environment["TERM"] = "xterm-256color"
    process = Popen([program, "demo"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    terminal = Terminal()
    recording = Recording()
    begin = time.monotonic()
    rest = b""
    while said := read(ours, process):
        whole, rest = whole_characters(rest + said)
        terminal.write(whole.decode())
        recording.frames.append(Frame(time.monotonic() - begin, terminal.row, terminal.line(terminal.row)))
        # What stays is kept when it is first above the last line, and must not change after that.
        for row in range(len(recording.lines), terminal.row):
            recording.lines.append(terminal.line(row))
    os.close(ours)
    if process.wait() or rest:
        message = f"the demo ended with {process.returncode}"
        raise RuntimeError(message)
    if recording.lines != [terminal.line(row) for row in range(terminal.row)]:
        message = "a line above the last one has changed: this picture cannot show that"
        raise RuntimeError(message)
    return recording


def read(terminal: int, program: Popen[bytes]) -> bytes:
    """Read what comes next; nothing, where the program has ended."""
    if not select([terminal], [], [], PATIENCE)[0]:
        program.kill()
        message = f"the demo has said nothing for {PATIENCE} s"
        raise TimeoutError(message)
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # so Linux tells the end
        return b""


def whole_characters(data: bytes) -> tuple[bytes, bytes]:
    """Split off a character or a control sequence of which only the beginning has come."""
    cut = re.search(rb"(\x1b(\[[\d;]*)?|[\xc0-\xff][\x80-\xbf]{0,2})$", data)
    if cut and not is_character(cut[0]):
        return data[: cut.start()], cut[0]
    return data, b""


def is_character(data: bytes) -> bool:
    """Tell whether these bytes are whole."""
    try:
        return data.decode()[0] != "\x1b"
    except UnicodeDecodeError:
        return False


def draw(recording: Recording) -> str:
    """Make the picture."""
    prompt = (Piece("d", "$ "), Piece("b", "steadywire demo"))
    lines = [prompt, *recording.lines]
    frames = [Frame(0.0, 1, ()), *(Frame(at + 1.0, above + 1, last) for at, above, last in thinned(recording.frames))]
    length = frames[-1].at + END
    bars = list(dict.fromkeys(frame.last for frame in frames))
    moves = {
        "column": [(frame.at, -LINE * max(0, frame.above + 1 - ROWS)) for frame in frames],
        "place": [(frame.at, LINE * min(frame.above, ROWS - 1)) for frame in frames],
        "strip": [(frame.at, -LINE * bars.index(frame.last)) for frame in frames],
    }
    width, height = round(COLUMNS * CHARACTER * 1.04) + 2 * EDGE, ROWS * LINE + TITLE + EDGE
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    screen, row = (f'width="{width - 2 * EDGE}" height="{rows * LINE}"' for rows in (ROWS, 1))
    motion = "".join(animation(name, steps, length) for name, steps in moves.items())
    still = "@media(prefers-reduced-motion:reduce){g{animation:none!important}}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" xml:space="preserve">',
        "<title>steadywire demo on a terminal</title>",
        f"<style>{CSS}{motion}{still}</style>",
        f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="9" fill="#15181e" stroke="#596273"/>',
        *(f'<circle cx="{20 + 18 * i}" cy="17" r="5.5" fill="{colour}"/>' for i, colour in enumerate(BUTTONS)),
        f'<text class="t" x="{width // 2}" y="21" text-anchor="middle">steadywire demo</text>',
        f'<svg x="{EDGE}" y="{TITLE}" {screen}><g id="column">',
        *texts(lines),
        f'</g><g id="place"><rect {screen} fill="#15181e"/><svg {row}><g id="strip">',
        *texts(bars),
        "</g></svg></g></svg></svg>",
    ]
    return "\n".join(parts) + "\n"


def thinned(frames: list[Frame]) -> list[Frame]:
    """Leave out what is seen for too short a time; the end stays."""
    kept: list[Frame] = []
    for frame in frames:
        if kept and frame.at - kept[-1].at < FRAME:
            kept[-1] = frame._replace(at=kept[-1].at)
        else:
            kept.append(frame)
    return kept


def animation(name: str, steps: list[tuple[float, int]], length: float) -> str:
    """Move a group by steps; without animations it is where it ends."""
    changes = [step for i, step in enumerate(steps) if i == 0 or step[1] != steps[i - 1][1]]
    frames = "".join(f"{at / length:.2%}{{transform:translateY({y}px)}}" for at, y in changes)
    return (
        f"@keyframes {name}{{{frames}to{{transform:translateY({steps[-1][1]}px)}}}}\n"
        f"#{name}{{transform:translateY({steps[-1][1]}px);animation:{name} {length:.1f}s step-end infinite}}\n"
    )


def texts(lines: list[Line]) -> list[str]:
    """Write lines below each other; empty ones only take their place."""
    return [
        f'<text y="{i * LINE + FONT}">'
        + "".join(
            f'<tspan class="{style}">{escape(text, quote=False)}</tspan>' if style else escape(text, quote=False)
            for style, text in line
        )
        + "</text>"
        for i, line in enumerate(lines)
    ]


def shown(picture: str) -> tuple[list[str], list[str]]:
    """Give the lines of a picture after the command, and what its last line was in turn."""
    root = ET.fromstring(picture)  # noqa: S314 # our own file
    column, strip = (
        ["".join(text.itertext()) for text in root.iterfind(f".//*[@id='{name}']/{{*}}text")]
        for name in ("column", "strip")
    )
    return column[1:], strip


if __name__ == "__main__":
    svg = draw(record(sys.argv[1]))
    if len(svg.encode()) > MOST_BYTES:
        sys.exit(f"the picture has {len(svg.encode())} bytes, more than {MOST_BYTES}")
    PICTURE.write_text(svg)
