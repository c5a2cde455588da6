"""Compares spec/api.json with what each language has, and writes the table of options into README.md.

check.py           says what differs, and fails if anything does
check.py --write   writes the table
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import surfaces
from surfaces import ROOT, Surface, snake

README = ROOT / "README.md"
BEGIN, END = "<!-- options: written by `make bless-options` -->\n", "<!-- end of options -->\n"
LANGUAGES = ("rust", "c", "cpp", "python", "aio", "node", "web")
JAVASCRIPT = {"node", "web"}
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


def differences(schema: Schema, surface: Surface) -> list[str]:  # noqa: C901 - one look after the other
    """What a language lacks, has beside, or has otherwise."""
    language = surface.language
    said: list[str] = []

    def same(what: str, wanted: Any, found: Any) -> None:
        if isinstance(wanted, set) and isinstance(found, set):
            said.extend(f"{language}: {what}: lacks {one}" for one in sorted(wanted - found))
            said.extend(f"{language}: {what}: has {one} beside" for one in sorted(found - wanted))
        elif wanted != found:
            said.append(f"{language}: {what}: wanted {wanted}, found {found}")

    options = schema["options"]
    same("options", {name for option in options for name in option_names(option, language)}, surface.options)
    defaults = {option["name"]: option["default"] for option in options}
    for name, value in surface.defaults.items():
        same(f"default of {name}", defaults[name], value)
    said.extend(
        f"{language}: the documentation of {name} does not name the default {option['default']}"
        for option in options
        for name in option_names(option, language) & set(surface.documented)
        if isinstance(option["default"], int | float) and not is_told(option, surface.documented[name])
    )
    if surface.events is not None:
        same("events", set(schema["events"]), set(surface.events))
        for name, event in schema["events"].items():
            same(f"fields of {name}", fields_of(event, language), surface.events.get(name, set()))
    if surface.numbers is not None:
        same("numbers of events", {name: event["number"] for name, event in schema["events"].items()}, surface.numbers)
    if surface.errors is not None:
        same("error kinds", set(schema["errors"].items()), set(surface.errors.items()))
    for name, words in surface.words.items():
        same(f"words of {name}", set(schema["words"][name]), set(words))
    for holder, calls in surface.calls.items():
        wanted = set()
        for call in schema["calls"][holder]:
            wanted |= named(call, language, call["call"] if language in JAVASCRIPT else snake(call["call"]))
        same(f"calls of a {holder}", wanted, calls)
    return said


def fields_of(event: Schema, language: str) -> set[str]:
    """The fields of an event, where a language calls them otherwise by that name."""
    own = event.get("js" if language in JAVASCRIPT else "python" if language == "aio" else language, {})
    if isinstance(own, list):
        return set(event["fields"]) | set(own)
    return {own.get(name, name) for name in event["fields"]}


def is_told(option: Schema, text: str) -> bool:
    """Whether a documentation names the default."""
    value = option["default"]
    shown = {str(value), f"{int(value) >> 20} MiB"} if value else {"0"}
    return any(re.search(rf"[Dd]efault {re.escape(one)}\b", text) for one in shown)


def check_schema(schema: Schema) -> list[str]:
    """What is wrong with the schema itself: exceptions without a reason."""
    entries = [*schema["options"], *(call for calls in schema["calls"].values() for call in calls)]
    return [
        f"spec/api.json: {entry.get('name', entry.get('call'))} does not say why"
        for entry in entries
        if "only" in entry and not entry.get("why")
    ]


def check_versions() -> list[str]:
    """Whether every file that must repeat the version of Cargo.toml has the same."""
    cargo = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    found = re.search(r"^version = \"(.*)\"$", surfaces.section(cargo, "workspace.package"), re.M)
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
    said = check_schema(schema) + check_versions()
    if text != written(text, schema):
        said.append("README.md: the table of options is not that of spec/api.json: make bless-options")
    found = [surfaces.rust(), surfaces.c(), surfaces.cpp(), *surfaces.python(), *surfaces.javascript()]
    if tuple(one.language for one in found) != LANGUAGES:
        said.append("a language was not looked at")
    for surface in found:
        said.extend(differences(schema, surface))
    for line in said:
        print(line)
    print(f"{len(found)} languages, {len(schema['options'])} options: {len(said)} differences")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
