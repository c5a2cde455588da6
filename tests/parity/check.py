"""Compares spec/api.json with what each language has, and writes the table of options into README.md.

check.py           says what differs, and fails if anything does
check.py --write   writes the table
"""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

from headers import c, cpp
from javascript import javascript
from package import python
from rust import rust
from surface import ROOT, Surface, UnreadableError, pascal, section, snake

if TYPE_CHECKING:
    from collections.abc import Callable

README = ROOT / "README.md"
BEGIN, END = "<!-- options: written by `make bless-options` -->\n", "<!-- end of options -->\n"
LANGUAGES = ("rust", "c", "cpp", "python", "aio", "node", "web")
JAVASCRIPT = {"node", "web"}
PYTHON = {"python", "aio"}
# Where listeners name events by words.
NAMED_EVENTS = JAVASCRIPT | PYTHON
SCHEMA = "spec/api.json"
Schema = dict[str, Any]


def named(entry: Schema, language: str, default: str) -> set[str]:
    """What an entry is called in a language: as it says, or by the language's rule, or nothing."""
    family = "js" if language in JAVASCRIPT else "python" if language == "aio" else language
    given = entry.get("only", entry)
    for key in (language, family):
        if key in given:
            names = given[key]
            return set(names.split() if isinstance(names, str) else names)
    return set() if "only" in entry else {default}


def option_names(option: Schema, language: str) -> set[str]:
    """What an option is called in a language."""
    name = option["name"]
    if language == "web" and "web" in option:
        return set()
    if language in JAVASCRIPT:
        return named(option, language, name)
    default = f"set_{snake(name)}{'_ms' if option['takes'] == 'ms' else ''}" if language == "c" else snake(name)
    return named(option, language, default)


class Complaints(list[str]):
    """What is wrong with one language. Each says where, what, and what to do."""

    def __init__(self, surface: Surface) -> None:
        """Begin with none."""
        super().__init__()
        self._language = surface.language
        self._place = surface.place

    def say(self, what: str, fault: str, cure: str) -> None:
        """One fault."""
        self.append(f"{self._language}: {what}: {fault}: {cure}")

    def names(self, what: str, wanted: set[str], found: set[str]) -> None:
        """Names that must be the same."""
        for name in sorted(wanted - found):
            self.say(what, f"{name} is missing", f"add it in {self._place}, or take it out of {SCHEMA}")
        for name in sorted(found - wanted):
            self.say(what, f"{name} is not in {SCHEMA}", f"list it there, or take it out of {self._place}")

    def values(self, what: str, wanted: Schema, found: Schema) -> None:
        """Values by name that must be the same."""
        self.names(what, set(wanted), set(found))
        for name in sorted(wanted.keys() & found.keys()):
            if wanted[name] != found[name] or isinstance(wanted[name], bool) != isinstance(found[name], bool):
                fault = f"{name} is {found[name]!r}, but {wanted[name]!r} in {SCHEMA}"
                self.say(what, fault, f"change {self._place} or that")


def differences(schema: Schema, surface: Surface) -> list[str]:
    """What a language lacks, has beside, or has otherwise."""
    said = Complaints(surface)
    check_options(schema, surface, said)
    check_words(schema, surface, said)
    check_calls(schema, surface, said)
    check_exports(schema, surface, said)
    return said


def check_options(schema: Schema, surface: Surface, said: Complaints) -> None:
    """Options, their defaults, what is said of them, and whether they are taken."""
    options = schema["options"]
    names = {option["name"]: option_names(option, surface.language) for option in options}
    said.names("options", set().union(*names.values()), surface.options)
    for fault in surface.faults:
        said.say("options that were tried", fault, f"see how {surface.place} passes it on")
    if surface.by_name is not None:
        values = {option["name"] for option in options if names[option["name"]] and option["takes"] != "function"}
        said.names("options by their shared names", values, surface.by_name)
    if surface.typed is not None:
        typed = {one for option in options for language in JAVASCRIPT for one in typed_names(option, language)}
        said.names("types of options", typed, surface.typed)
    defaults = {option["name"]: option["default"] for option in options if names[option["name"]]}
    if surface.without_default is None:
        defaults = {name: value for name, value in defaults.items() if name in surface.defaults}
    else:
        defaults = {name: value for name, value in defaults.items() if name not in surface.without_default}
    said.values("defaults", defaults, surface.defaults)
    for option in options:
        for name in sorted(names[option["name"]] & set(surface.documented)):
            if isinstance(option["default"], int | float) and not is_told(option, surface.documented[name]):
                fault = f"what is said of {name} does not name its default {option['default']}"
                said.say("documentation", fault, f"say `Default {option['default']}` in {surface.place}")


def check_words(schema: Schema, surface: Surface, said: Complaints) -> None:
    """Events with their fields, numbers, kinds of errors, and words."""
    said.names("events", set(schema["events"]), set(surface.events))
    for name in sorted(schema["events"].keys() & surface.events.keys()):
        said.names(f"fields of {name}", fields_of(schema["events"][name], surface.language), surface.events[name])
    if surface.numbers is not None:
        numbers = {name: event["number"] for name, event in schema["events"].items()}
        said.values("numbers of events", numbers, surface.numbers)
    said.values("kinds of errors", schema["errors"], surface.errors)
    words = dict(schema["words"])
    if surface.language in NAMED_EVENTS:
        words["EventName"] = list(schema["events"])
    said.names("lists of words", set(words), set(surface.words))
    for name in sorted(words.keys() & surface.words.keys()):
        case = snake if surface.language in PYTHON else str
        said.names(f"words of {name}", {case(word) for word in words[name]}, set(surface.words[name]))


def check_calls(schema: Schema, surface: Surface, said: Complaints) -> None:
    """What can be called of what people hold, and what can be read of it."""
    language = surface.language
    case = str if language in JAVASCRIPT else snake
    wanted: dict[str, set[str]] = {
        holder: set().union(*(named(call, language, case(call["call"])) for call in calls))
        for holder, calls in schema["calls"].items()
    }
    for holder, answer in schema["answers"].items():
        wanted[holder] |= {case(name) for name in fields_of(answer, language)}
    if wanted["event"]:
        fields = set().union(*(fields_of(event, language) for event in schema["events"].values()))
        wanted["event"] |= {case(name) for name in fields}
    said.names("what people hold", {holder for holder, calls in wanted.items() if calls}, set(surface.calls))
    for holder in sorted(wanted.keys() & surface.calls.keys()):
        said.names(f"calls of {holder}", wanted[holder], surface.calls[holder])


def check_exports(schema: Schema, surface: Surface, said: Complaints) -> None:
    """What the modules of a language give out."""
    events = {"message": "Message"} if surface.language in PYTHON else {}
    groups = {
        "{events}": [events.get(name, pascal(name)) for name in schema["events"]],
        "{errors}": [pascal(name).removesuffix("Error") + "Error" for name in schema["errors"]],
        "{words}": list(schema["words"]),
    }
    if surface.language in JAVASCRIPT:
        groups["{events}"] = [f"{name}Event" for name in groups["{events}"]]
    else:
        groups["{events}"] = ["ErrorEvent" if name == "Error" else name for name in groups["{events}"]]
    family = "js" if surface.language in JAVASCRIPT else surface.language
    modules: dict[str, str] = schema["exports"].get(family, {})
    said.names("modules", set(modules), set(surface.exports))
    for module in sorted(modules.keys() & surface.exports.keys()):
        wanted = {one for name in modules[module].split() for one in groups.get(name, [name])}
        said.names(f"exports of {module}", wanted, surface.exports[module])


def typed_names(option: Schema, language: str) -> set[str]:
    """What the types of a language call an option, whatever its platform takes."""
    return option_names({key: value for key, value in option.items() if key != "web"}, language)


def fields_of(shape: Schema, language: str) -> set[str]:
    """The fields of an event or an answer; where a language calls one otherwise by those names."""
    family = "js" if language in JAVASCRIPT else "python" if language == "aio" else language
    own: Any = shape.get(family, shape.get("c", {}) if language == "cpp" else {})
    if isinstance(own, list):
        return set(shape["fields"]) | set(own)
    return {one for name in shape["fields"] for one in own.get(name, name).split()}


def is_told(option: Schema, text: str) -> bool:
    """Whether a documentation names the default."""
    value = option["default"]
    shown = {str(value), f"{int(value) >> 20} MiB"} if value else {"0"}
    return any(re.search(rf"[Dd]efault {re.escape(one)}\b", text) for one in shown)


def check_schema(schema: Schema) -> list[str]:
    """What is wrong with the schema itself: what is not said, and exceptions without a reason."""
    parts = ("options", "events", "answers", "errors", "words", "calls", "exports")
    said = [f"{SCHEMA} has no {part}: put it back" for part in parts if part not in schema]
    if said:
        return said
    for option in schema["options"]:
        lacks = [key for key in ("name", "takes", "default", "about") if key not in option]
        said.extend(f"{SCHEMA}: the option {option.get('name', option)} does not say {key}: add it" for key in lacks)
    shapes = {**schema["events"], **schema["answers"]}
    said.extend(f"{SCHEMA}: {name} has no fields: list them" for name, shape in shapes.items() if "fields" not in shape)
    said.extend(
        f"{SCHEMA}: the event {name} has no number" for name, one in schema["events"].items() if "number" not in one
    )
    said.extend(
        f"{SCHEMA}: {holder} has no list of calls, were it empty"
        for holder in schema["answers"]
        if holder not in schema["calls"]
    )
    entries = [*schema["options"], *(call for calls in schema["calls"].values() for call in calls)]
    said.extend(
        f"{SCHEMA}: {entry.get('name', entry.get('call'))} is an exception and does not say why: add `why`"
        for entry in entries
        if "only" in entry and not entry.get("why")
    )
    return said


def check_versions() -> list[str]:
    """Whether every file that must repeat the version of Cargo.toml has the same."""
    cargo = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    found = re.search(r"^version = \"(.*)\"$", section(cargo, "workspace.package"), re.M)
    if not found:
        return ["Cargo.toml has no version"]
    version = found[1]
    crates = re.findall(r'^steadywire.* = \{ path = .* version = "([^"]*)"', cargo, re.M)
    said = [f"Cargo.toml asks for a crate of its own at {one}" for one in crates if one != version]
    for name in ("package.json", "package-lock.json"):
        package = json.loads((ROOT / "bindings-node" / name).read_text(encoding="utf-8"))
        if package["version"] != version:
            said.append(f"bindings-node/{name} is at {package['version']}, Cargo.toml at {version}")
    return said


def table(schema: Schema) -> str:
    """The table of options."""
    lines = ["| option | default | takes | meaning |", "| --- | --- | --- | --- |"]
    for option in schema["options"]:
        default = option.get("shown", "none" if option["default"] is None else option["default"])
        about = option["about"]
        about += f". Not on the web: {option['web']}" if "web" in option else ""
        if "only" in option:
            where = option.get("where") or "in " + ", ".join(shown_language(one) for one in option["only"])
            about += f". Only {where}: {option['why']}"
        lines.append(f"| `{option['name']}` | {sized(default)} | {option['takes']} | {about} |")
    return "\n".join(lines) + "\n"


def shown_language(key: str) -> str:
    """A language's name."""
    return {"rust": "Rust", "c": "C", "cpp": "C++", "js": "JavaScript"}.get(key, key)


def sized(value: object) -> str:
    """A number as people read it."""
    if isinstance(value, int) and value >= 1 << 20:
        return f"{value >> 20} MiB"
    return str(value)


def written(text: str, schema: Schema) -> str:
    """README.md with the table as it should be."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + "\n" + table(schema) + "\n" + END + rest.split(END)[1]


def main() -> int:
    """Check or write; the exit status."""
    schema: Schema = json.loads((ROOT / "spec/api.json").read_text(encoding="utf-8"))
    text = README.read_text(encoding="utf-8")
    if sys.argv[1:] == ["--write"]:
        README.write_text(written(text, schema), encoding="utf-8")
        return 0
    said = check_schema(schema)
    if said:
        print("\n".join(said))
        return 1
    said += check_versions()
    if text != written(text, schema):
        said.append("README.md: the table of options is not that of spec/api.json: make bless-options")
    found: list[Surface] = []
    readers: list[tuple[str, Callable[[], list[Surface]]]] = [
        ("rust", lambda: [rust()]),
        ("c", lambda: [c()]),
        ("cpp", lambda: [cpp()]),
        ("python", lambda: python(schema["options"])),
        ("javascript", javascript),
    ]
    for language, look in readers:
        try:
            found += look()
        except UnreadableError as error:
            said.append(f"{language}: {error}: mend that, or how tests/parity reads it")
    for surface in found:
        said.extend(differences(schema, surface))
    unseen = set(LANGUAGES) - {surface.language for surface in found}
    said.extend(f"{language}: was not looked at" for language in LANGUAGES if language in unseen)
    for line in said:
        print(line)
    print(f"{len(found)} languages, {len(schema['options'])} options: {len(said)} differences")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
