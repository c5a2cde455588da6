"""What one language has, as `check.py` compares it, and how it is read from sources."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Surface:
    """What one language has, in its own case. A part that is None is not looked at there."""

    language: str
    # Where its public face is written, for those who mend it.
    place: str
    options: set[str]
    # Of all options but those named in `without_default`, where it is not None.
    defaults: dict[str, Any] = field(default_factory=dict)
    without_default: set[str] | None = None
    # The options that can be set by their shared names.
    by_name: set[str] | None = None
    # The options that its types have, whatever the platform takes.
    typed: set[str] | None = None
    # By the names that every language shares, with the fields.
    events: dict[str, set[str]] = field(default_factory=dict)
    numbers: dict[str, int] | None = None
    errors: dict[str, int] = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)
    # What can be called, and read, of what people hold.
    calls: dict[str, set[str]] = field(default_factory=dict)
    documented: dict[str, str] = field(default_factory=dict)
    # Names by module.
    exports: dict[str, set[str]] = field(default_factory=dict)
    # What went wrong where options were tried.
    faults: list[str] = field(default_factory=list)


class UnreadableError(Exception):
    """A source does not look as this gate reads it."""


def snake(name: str) -> str:
    """`closeCode` as `close_code`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def camel(name: str) -> str:
    """`close_code`, `CLOSE_CODE` and `CloseCode` as `closeCode`."""
    name = name.lower() if name.isupper() else name
    parts = [part for part in re.split(r"_|(?<!^)(?=[A-Z])", name) if part]
    return parts[0].lower() + "".join(part.capitalize() for part in parts[1:])


def pascal(name: str) -> str:
    """`close_code` and `closeCode` as `CloseCode`."""
    name = camel(name)
    return name[0].upper() + name[1:]


def read(path: str) -> str:
    """A file of the repository."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except OSError as error:
        raise UnreadableError(f"{path} is not there ({error.strerror})") from None


def every(what: str, pattern: str, text: str, flags: re.RegexFlag = re.M) -> list[Any]:
    """What a pattern finds; it must find something."""
    found = re.findall(pattern, text, flags)
    if not found:
        raise UnreadableError(f"{what}: nothing matches {pattern!r}")
    return found


def block(text: str, head: str) -> str:
    """What stands between the braces that follow `head`, which begin and end a line of the same indent."""
    found = re.search(rf"^( *){re.escape(head)}\b[^\n]*\{{\n(.*?)^\1\}}", text, re.M | re.S)
    if not found:
        raise UnreadableError(f"nothing begins with `{head}`")
    return found[2]


def section(text: str, name: str) -> str:
    """A table of a TOML file."""
    parts = text.split(f"[{name}]\n", 1)
    if len(parts) == 1:
        raise UnreadableError(f"there is no table [{name}]")
    return parts[1].split("\n[", 1)[0]
