"""The crate `steadywire`, read from its sources: what rustdoc can say as JSON only a nightly compiler says."""

from __future__ import annotations

import json
import re
from typing import Any

from surface import ROOT, Surface, UnreadableError, block, camel, every, pascal, read, snake


def rust() -> Surface:
    """The crate."""
    config = read("core/src/config.rs")
    given = dict(every("Config::new", r"^ +(\w+): (.+),$", block(block(config, "pub fn new"), "Self")))
    defaults = {camel(name): default_of(name, text, config) for name, text in given.items() if name != "url"}
    kinds = read("core/src/event/kinds.rs")
    answers = read("core/src/event/answers.rs")
    asked = read("core/src/session/io.rs")
    listed = every("EventKind", r"^    (\w+) = (\d+),", block(kinds, "pub enum EventKind"))
    numbers = {camel(name): int(number) for name, number in listed}
    events = read("core/src/event/mod.rs")
    structs = {"error": "ErrorEvent", "message": "Unknown"}
    client = "".join(read(f"core/src/{path}") for path in ("client.rs", "client/end.rs", "client/then.rs"))
    options = read("core/src/config/options.rs")
    kinds_of_errors = block(read("core/src/error.rs"), "pub enum ErrorKind")
    return Surface(
        "rust",
        "core/src",
        fields(config, "Config"),
        defaults,
        without_default={"url"},
        by_name=set(every("Config::set", r"^            \"(\w+)\" =>", block(options, "pub fn set"))),
        events={name: {camel(one) for one in fields(events, structs.get(name, pascal(name)))} for name in numbers},
        numbers=numbers,
        errors={
            snake(name): int(number) for name, number in every("ErrorKind", r"^    (\w+) = (\d+),", kinds_of_errors)
        },
        words={
            "State": variants(kinds, "State"),
            "ErrorSource": variants(kinds, "ErrorSource"),
            "LostReason": variants(kinds, "LostReason"),
            "DropReason": variants(answers, "DropReason"),
            "OutcomeKind": variants(answers, "OutcomeKind"),
            "ReceiptState": variants(answers, "Receipt"),
            "Disposition": variants(read("core/src/session/disposition.rs"), "Disposition"),
            "Level": variants("\n".join(one.read_text() for one in protocol()), "Level"),
        },
        calls={
            "client": public_in(client, "Client"),
            "reporter": public_in(read("core/src/reporter.rs"), "Reporter"),
            "follow": public_in(read("core/src/follow/mod.rs"), "Follow"),
            "pending": public_in(read("core/src/pending.rs"), "Pending"),
            "outcome": fields(answers, "Outcome"),
            "ending": fields(asked, "Ending") - {"generation"},
            "credentialsRequest": fields(asked, "CredentialsRequest") - {"generation"},
        },
    )


def protocol() -> list[Any]:
    """The files of the protocol."""
    return sorted((ROOT / "core/src/protocol").glob("*.rs"))


def fields(text: str, name: str) -> set[str]:
    """The public fields of a struct."""
    return set(every(f"struct {name}", r"^    pub (\w+):", block(text, f"pub struct {name}")))


def variants(text: str, name: str) -> list[str]:
    """The variants of an enumeration, by the names that every language shares."""
    found = every(f"enum {name}", r"^    ([A-Z]\w+)(?: = \d+| \{|\(.*\))?,?$", block(text, f"pub enum {name}"))
    return [camel(one) for one in found]


def public_in(text: str, name: str) -> set[str]:
    """The public functions of all `impl name` blocks."""
    blocks = every(f"impl {name}", rf"^impl(?:<T>)? {name}(?:<T>)? \{{\n(.*?)^\}}", text, re.M | re.S)
    return set(every(f"impl {name}", r"^    pub fn (\w+)", "\n".join(blocks)))


def default_of(name: str, text: str, config: str) -> Any:
    """The default of an option, as spec/api.json writes it."""
    plain = {
        "Limit::Unlimited": "unlimited",
        "Proxy::default()": "environment",
        "Tls::default()": None,
        "None": "auto" if name == "max_connect_attempts" else None,
        "Vec::new()": None,
        "BTreeMap::new()": None,
    }
    if text in plain:
        return plain[text]
    chosen = re.fullmatch(r"(\w+)::default\(\)", text)
    if chosen:
        return camel(every(chosen[1], r"#\[default\]\n +(\w+)", block(config, f"pub enum {chosen[1]}"))[0])
    shift = re.fullmatch(r"(\d+) << (\d+)", text)
    try:
        return int(shift[1]) << int(shift[2]) if shift else json.loads(text.replace("_", ""))
    except ValueError:
        raise UnreadableError(f"the default of {name} in core/src/config.rs, `{text}`, is in no known form") from None
