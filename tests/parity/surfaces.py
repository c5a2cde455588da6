"""What each language has, read from what its users read: sources, headers, the installed package, the types."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Surface:
    """What one language has. A part that is None is not looked at there."""

    language: str
    options: set[str]
    defaults: dict[str, Any] = field(default_factory=dict)
    events: dict[str, set[str]] | None = None
    numbers: dict[str, int] | None = None
    errors: dict[str, int] | None = None
    words: dict[str, list[str]] = field(default_factory=dict)
    calls: dict[str, set[str]] = field(default_factory=dict)
    documented: dict[str, str] = field(default_factory=dict)


def snake(name: str) -> str:
    """`closeCode` as `close_code`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def camel(name: str) -> str:
    """`close_code`, `CLOSE_CODE` and `CloseCode` as `closeCode`."""
    name = name.lower() if name.isupper() else name
    parts = [part for part in re.split(r"_|(?<!^)(?=[A-Z])", name) if part]
    return parts[0].lower() + "".join(part.capitalize() for part in parts[1:])


def read(path: str) -> str:
    """A file of the repository."""
    return (ROOT / path).read_text(encoding="utf-8")


def block(text: str, head: str) -> str:
    """What stands between the braces that follow `head`, which begin and end a line of the same indent."""
    found = re.search(rf"^( *){re.escape(head)}[^\n]*\{{\n(.*?)^\1\}}", text, re.M | re.S)
    if not found:
        raise LookupError(f"nothing begins with `{head}`")
    return found[2]


def section(text: str, name: str) -> str:
    """A table of a TOML file."""
    return text.split(f"[{name}]\n", 1)[1].split("\n[", 1)[0]


def rust() -> Surface:
    """The crate `steadywire`."""
    config = read("core/src/config.rs")
    fields = re.findall(r"^    pub (\w+):", block(config, "pub struct Config"), re.M)
    given = dict(re.findall(r"^ +(\w+): (.+),$", block(block(config, "pub fn new"), "Self"), re.M))
    chosen = {
        name: camel(re.findall(r"#\[default\]\n +(\w+)", block(config, f"pub enum {name}"))[0])
        for name in ("Overflow", "Conflate")
    }
    plain = {
        "Limit::Unlimited": "unlimited",
        "Proxy::default()": "environment",
        "None": None,
        "Vec::new()": None,
        "BTreeMap::new()": None,
        **{f"{name}::default()": value for name, value in chosen.items()},
    }
    defaults = {
        camel(name): plain[text] if text in plain else value_of(text)
        for name, text in given.items()
        if name not in {"url", "tls"}
    }
    defaults["maxConnectAttempts"] = (
        "auto" if given["max_connect_attempts"] == "None" else given["max_connect_attempts"]
    )
    kinds = read("core/src/event/kinds.rs")
    events = read("core/src/event/mod.rs")
    structs = {"error": "ErrorEvent", "message": "Unknown"}
    numbers = {
        camel(name): int(number)
        for name, number in re.findall(r"^    (\w+) = (\d+),", block(kinds, "pub enum EventKind"), re.M)
    }
    shapes = {name: structs.get(name, name[0].upper() + name[1:]) for name in numbers}
    answers = read("core/src/event/answers.rs")
    places = {
        "State": kinds,
        "ErrorSource": kinds,
        "LostReason": kinds,
        "DropReason": answers,
        "Disposition": read("core/src/session/disposition.rs"),
        "Level": "\n".join(
            path.read_text(encoding="utf-8") for path in sorted((ROOT / "core/src/protocol").glob("*.rs"))
        ),
    }
    client = "".join(read(path) for path in ("core/src/client.rs", "core/src/client/end.rs", "core/src/client/then.rs"))
    return Surface(
        "rust",
        set(fields),
        defaults,
        {
            name: {camel(one) for one in re.findall(r"^    pub (\w+):", block(events, f"pub struct {shape}"), re.M)}
            for name, shape in shapes.items()
        },
        numbers,
        {
            snake(name): int(number)
            for name, number in re.findall(
                r"^    (\w+) = (\d+),", block(read("core/src/error.rs"), "pub enum ErrorKind"), re.M
            )
        },
        {
            name: [
                camel(one) for one in re.findall(r"^    ([A-Z]\w+)(?: = \d+)?,", block(text, f"pub enum {name}"), re.M)
            ]
            for name, text in places.items()
        },
        {"client": public_in(client, "Client"), "reporter": public_in(read("core/src/reporter.rs"), "Reporter")},
    )


def public_in(text: str, name: str) -> set[str]:
    """The public functions of all `impl name` blocks."""
    blocks = re.findall(rf"^impl {name} \{{\n(.*?)^\}}", text, re.M | re.S)
    return set(re.findall(r"^    pub fn (\w+)", "\n".join(blocks), re.M))


def value_of(text: str) -> Any:
    """A number, also as a shift."""
    shift = re.fullmatch(r"(\d+) << (\d+)", text)
    return int(shift[1]) << int(shift[2]) if shift else json.loads(text.replace("_", ""))


def c() -> Surface:
    """The header include/steadywire.h."""
    text = read("include/steadywire.h")
    functions = dict(re.findall(r"/\*\*((?:(?!\*/).)*)\*/\s*(?:const )?\w+ \*?steadywire_(\w+)\(", text, re.S))
    functions = {
        name: comment for comment, name in ((" ".join(c.replace("*", " ").split()), n) for c, n in functions.items())
    }
    setters = {
        name[len("config_") :]: comment for name, comment in functions.items() if re.match(r"config_(set|add)_", name)
    }
    defines = list(c_numbers().items())
    prefixes = {
        "State": "STATE_",
        "Level": "LEVEL_",
        "ErrorSource": "SOURCE_",
        "LostReason": "LOST_",
        "DropReason": "DROPPED_",
        "Disposition": "DISPOSITION_",
    }

    def words(prefix: str) -> list[str]:
        return [camel(name[len(prefix) :]) for name, _ in defines if name.startswith(prefix)]

    listed = re.findall(r"^#define STEADYWIRE_(\w+) (\d{3})$", text, re.M)
    return Surface(
        "c",
        set(setters),
        numbers={
            camel(name[len("EVENT_") :]): number for name, number in defines if name.startswith("EVENT_") and number
        },
        errors={name.lower(): int(number) for name, number in listed},
        words={name: words(prefix) for name, prefix in prefixes.items()},
        calls={
            "client": {name[len("client_") :] for name in functions if name.startswith("client_")},
            "reporter": {name[len("reporter_") :] for name in functions if name.startswith("reporter_")},
        },
        documented=setters,
    )


def cpp() -> Surface:
    """The headers include/steadywire/*.hpp."""

    def methods(path: str, name: str) -> set[str]:
        found = re.search(rf"^class {name}\b.*?^(?:private|\}}).*?$", read(path), re.M | re.S)
        if not found:
            raise LookupError(f"there is no class {name}")
        body = found[0].split("public:")[1].split("private:")[0].replace("{}", "")
        every = re.findall(r"^    (?:[\w:<>&*]+ )+[&*]?(\w+)\([^;{]*\)[^;{]*[;{]", body, re.M)
        return {one for one in every if one not in {name, "operator", "explicit"}}

    event = read("include/steadywire/event.hpp")
    errors = block(read("include/steadywire/error.hpp"), "enum class Status")
    enums = {"State": event, "Level": event, "ErrorSource": event, "LostReason": event}
    enums |= {
        "DropReason": read("include/steadywire/message.hpp"),
        "Disposition": read("include/steadywire/classify.hpp"),
    }
    kinds = re.findall(r"^    (\w+) = STEADYWIRE_EVENT_(\w+),", event, re.M)
    values = c_numbers()
    return Surface(
        "cpp",
        methods("include/steadywire/config.hpp", "Config") - {"get"},
        numbers={camel(name): values["EVENT_" + define] for name, define in kinds if values["EVENT_" + define]},
        errors={
            name.rstrip("_"): values[define]
            for name, define in re.findall(r"^    (\w+) = STEADYWIRE_(\w+),", errors, re.M)
            if define.lower() not in {"ok", "end"}
        },
        words={
            name: [
                camel(one.rstrip("_"))
                for one in re.findall(
                    r"^    (\w+) = (?!STEADYWIRE_DISPOSITION_PROPOSED)", block(text, f"enum class {name}"), re.M
                )
            ]
            for name, text in enums.items()
        },
        calls={
            "client": methods("include/steadywire/client.hpp", "ClientRef")
            | methods("include/steadywire/client.hpp", "Client"),
            "reporter": methods("include/steadywire/reporter.hpp", "Reporter"),
        },
    )


def c_numbers() -> dict[str, int]:
    """Every number that the C header defines, by its name."""
    return {
        name: int(number)
        for name, number in re.findall(r"^#define STEADYWIRE_(\w+) (\d+)$", read("include/steadywire.h"), re.M)
    }


def python() -> list[Surface]:
    """The installed package, for threads and for asyncio."""
    import steadywire  # noqa: PLC0415 - only here it must be installed
    from steadywire import _asked, _names, _native, aio, errors, events  # noqa: PLC0415

    shapes = {getattr(events, name) for name in events.__all__} - {events.Outcome, events.Receipt}
    of_kind = {shape.kind: public(shape) - {"kind"} for shape in shapes if hasattr(shape, "kind")}
    unknown = set(_native.KINDS) ^ set(of_kind)
    if unknown:
        raise LookupError(f"events without a class, or classes without an event: {unknown}")
    sources = re.search(
        r"^_Source: TypeAlias = Literal\[(.*)\]$", read("bindings-python/python/steadywire/_native.pyi"), re.M
    )
    words = {"State": _names.State, "Level": _names.Level, "Disposition": _asked.Disposition}
    surfaces = []
    for language, client, task in (("python", steadywire.Client, steadywire.Task), ("aio", aio.Client, aio.Task)):
        options = {name: one for name, one in inspect.signature(client.__init__).parameters.items() if name != "self"}
        defaults = {camel(name): one.default for name, one in options.items() if name != "url"}
        # None means another thing for each.
        if defaults["maxReconnectAttempts"] is None:
            defaults["maxReconnectAttempts"] = "unlimited"
        surfaces.append(
            Surface(
                language,
                set(options),
                defaults,
                {camel(name): {camel(one) for one in fields} for name, fields in of_kind.items()},
                {camel(name): bit.bit_length() - 1 for name, bit in _native.KINDS.items()},
                {error.kind: error.code for error in errors.ERRORS},
                {name: [camel(one) for one in get_args(alias)] for name, alias in words.items()}
                | {"ErrorSource": re.findall(r"\w+", sources[1] if sources else "")},
                {"client": public(client), "reporter": public(task)},
            )
        )
    return surfaces


def public(cls: type) -> set[str]:
    """The public attributes of a class."""
    return {name for name in dir(cls) if not name.startswith("_")}


def javascript() -> list[Surface]:
    """The types and the bundle of the npm package."""
    script = Path(__file__).with_name("javascript.mjs")
    said = subprocess.run(
        ["node", str(script)], capture_output=True, text=True, check=True, cwd=ROOT / "bindings-node"
    ).stdout
    surfaces = [Surface(**one) for one in json.loads(said)]
    for one in surfaces:
        one.options = set(one.options)
        one.events = {name: set(fields) for name, fields in (one.events or {}).items()}
        one.calls = {name: set(calls) for name, calls in one.calls.items()}
    return surfaces
