"""The library for C and C++, read from its headers."""

from __future__ import annotations

import re

from surface import Surface, UnreadableError, block, camel, every, read, snake

HEADER = "include/steadywire.h"
PREFIXES = {
    "State": "STATE_",
    "Level": "LEVEL_",
    "ErrorSource": "SOURCE_",
    "LostReason": "LOST_",
    "DropReason": "DROPPED_",
    "Disposition": "DISPOSITION_",
    "OutcomeKind": "ENDED_",
    "ReceiptState": "RECEIPT_",
}
HELD = ("client", "reporter", "follow", "event", "outcome", "receipt", "ending", "credentialsRequest")

# A comment for people, and what it is about.
COMMENT = r"/\*\*((?:(?!\*/).)*)\*/\s*"


def c() -> Surface:
    """The header include/steadywire.h."""
    text = read(HEADER)
    found = every(HEADER, COMMENT + r"(?:const )?\w+ \*?steadywire_(\w+)\(", text, re.S)
    functions = {name: plain(comment) for comment, name in found}
    setters = {
        name[len("config_") :]: comment for name, comment in functions.items() if re.match(r"config_(set|add)_", name)
    }
    numbers = c_numbers()

    def words(prefix: str) -> list[str]:
        listed = [camel(name[len(prefix) :]) for name in numbers if name.startswith(prefix)]
        if not listed:
            raise UnreadableError(f"{HEADER} defines nothing that begins with STEADYWIRE_{prefix}")
        return listed

    documented = every(HEADER, COMMENT + r"#define STEADYWIRE_EVENT_(\w+) \d+$", text, re.S | re.M)
    listed = every(HEADER, r"^#define STEADYWIRE_(\w+) (\d{3})$", text)
    return Surface(
        "c",
        "ffi-c/src (then `make bless-c`)",
        set(setters),
        events={camel(name): listed_in(comment) for comment, name in documented if name != "ANY"},
        numbers={
            camel(name[len("EVENT_") :]): number
            for name, number in numbers.items()
            if name.startswith("EVENT_") and number
        },
        errors={name.lower(): int(number) for name, number in listed},
        words={name: words(prefix) for name, prefix in PREFIXES.items()},
        calls={
            held: {name[len(snake(held)) + 1 :] for name in functions if name.startswith(f"{snake(held)}_")}
            for held in HELD
        },
        documented=setters,
    )


def cpp() -> Surface:
    """The headers include/steadywire/*.hpp."""
    event = read("include/steadywire/event.hpp")
    message = read("include/steadywire/message.hpp")
    outcome = read("include/steadywire/outcome.hpp")
    classify = read("include/steadywire/classify.hpp")
    client = read("include/steadywire/client.hpp")
    values = c_numbers()
    errors = every("enum class Status", r"^    (\w+) = STEADYWIRE_(\w+),", block(read_error(), "enum class Status"))
    kinds = every("enum class Kind", COMMENT + r"(\w+) = STEADYWIRE_EVENT_(\w+),", event, re.S)
    return Surface(
        "cpp",
        "include/steadywire/",
        methods(read("include/steadywire/config.hpp"), "Config") - {"get"},
        events={camel(name): listed_in(comment) for comment, name, _ in kinds if name != "any"},
        numbers={camel(name): number_of(values, f"EVENT_{define}") for _, name, define in kinds if name != "any"},
        errors={name.rstrip("_"): number_of(values, define) for name, define in errors if define not in {"OK", "END"}},
        words={
            "State": enumerators(event, "State"),
            "Level": enumerators(event, "Level"),
            "ErrorSource": enumerators(event, "ErrorSource"),
            "LostReason": enumerators(event, "LostReason"),
            "DropReason": enumerators(message, "DropReason"),
            "ReceiptState": enumerators(message, "ReceiptState"),
            "OutcomeKind": enumerators(outcome, "Ended"),
            "Disposition": [one for one in enumerators(classify, "Disposition") if one != "proposed"],
        },
        calls={
            "client": methods(client, "ClientRef") | methods(client, "Client"),
            "reporter": methods(read("include/steadywire/reporter.hpp"), "Reporter"),
            "follow": methods(read("include/steadywire/follow.hpp"), "Follow"),
            "event": methods(event, "Event"),
            "outcome": methods(outcome, "Outcome"),
            "receipt": methods(message, "Receipt"),
            "ending": methods(classify, "Ending"),
            "credentialsRequest": methods(read("include/steadywire/credentials.hpp"), "CredentialsRequest"),
        },
    )


def c_numbers() -> dict[str, int]:
    """Every number that the C header defines, by its name."""
    found = every(HEADER, r"^#define STEADYWIRE_(\w+) (\d+)$", read(HEADER))
    return {name: int(number) for name, number in found}


def number_of(values: dict[str, int], name: str) -> int:
    """A number of the C header."""
    if name not in values:
        raise UnreadableError(f"a header for C++ uses STEADYWIRE_{name}, which {HEADER} does not define")
    return values[name]


def read_error() -> str:
    """The header of errors."""
    return read("include/steadywire/error.hpp")


def plain(comment: str) -> str:
    """A comment without its stars and lines."""
    return " ".join(comment.replace("*", " ").split())


def listed_in(comment: str) -> set[str]:
    """What an event has, which its comment lists at the end: `How far a task is: task_id, stage.`."""
    listed = plain(comment).rpartition(": ")[2].rstrip(".")
    return {camel(name) for name in listed.split(", ")}


def enumerators(text: str, name: str) -> list[str]:
    """The words of an enumeration."""
    found = every(f"enum class {name}", r"^    (\w+) = STEADYWIRE_", block(text, f"enum class {name}"))
    return [camel(one.rstrip("_")) for one in found]


def methods(text: str, name: str) -> set[str]:
    """The public functions of a class."""
    found = re.search(rf"^class {name}\b[^;\n]*\{{\n.*?^(?:private|\}}).*?$", text, re.M | re.S)
    if not found or "public:" not in found[0]:
        raise UnreadableError(f"there is no class {name}")
    body = found[0].split("public:")[1].split("private:")[0]
    # Bodies end a function, what is given by default does not.
    body = re.sub(r" \{\}$", ";", body, flags=re.M).replace("{}", "")
    listed = every(f"class {name}", r"^    (?:[\w:<>&*]+ )+[&*]?(\w+)\([^;{]*\)[^;{]*[;{]", body)
    return {one for one in listed if one not in {name, "operator", "explicit"}}
