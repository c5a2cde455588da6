"""The Python package as it is installed, for threads and for asyncio."""

from __future__ import annotations

import importlib
import inspect
from typing import Any, get_args

from surface import Surface, UnreadableError, camel, snake

MODULES = ("steadywire", "steadywire.aio", "steadywire.errors", "steadywire.events", "steadywire.log")
WORDS = ("State", "Level", "ErrorSource", "LostReason", "DropReason", "Disposition", "OutcomeKind", "ReceiptState")

# What blocks and loops call.
SPECIAL = ("__enter__", "__exit__", "__aenter__", "__aexit__", "__iter__", "__next__", "__aiter__", "__anext__")

# No option takes it.
WRONG = True


def python(options: list[dict[str, Any]]) -> list[Surface]:
    """Both clients. `options` are those of spec/api.json, of which samples are tried."""
    import steadywire  # noqa: PLC0415 - only here it must be installed
    from steadywire import _asked, _names, _native, aio, errors, events  # noqa: PLC0415

    shapes = [getattr(events, name) for name in events.__all__ if name in vars(_native)]
    of_kind = {
        shape.kind: public(shape) - {"kind"} for shape in shapes if isinstance(getattr(shape, "kind", None), str)
    }
    exports = {name: exported(name) for name in MODULES}
    words = {name: list(get_args(getattr(_names, name))) for name in WORDS} | {
        "EventName": list(get_args(_names.EventName))
    }
    held = {
        "outcome": public(events.Outcome),
        "receipt": public(events.Receipt),
        "ending": set(_asked.Ending._fields),
        "credentialsRequest": set(_asked.CredentialsRequest._fields),
    }
    found = []
    for language, module, more in (
        ("python", steadywire, {"pending": public(steadywire.Pending)}),
        ("aio", aio, {}),
    ):
        taken = {
            name: one for name, one in inspect.signature(module.Client.__init__).parameters.items() if name != "self"
        }
        defaults = {camel(name): one.default for name, one in taken.items() if name != "url"}
        # None means another thing for each.
        if "maxReconnectAttempts" in defaults and defaults["maxReconnectAttempts"] is None:
            defaults["maxReconnectAttempts"] = "unlimited"
        found.append(
            Surface(
                language,
                "bindings-python/python/steadywire",
                set(taken),
                defaults,
                without_default={"url"},
                events={camel(name): {camel(one) for one in fields} for name, fields in of_kind.items()},
                numbers={camel(name): bit.bit_length() - 1 for name, bit in _native.KINDS.items()},
                errors={error.kind: error.code for error in errors.ERRORS},
                words=words,
                calls={
                    "client": public(module.Client),
                    "reporter": public(module.Task),
                    "follow": public(module.Stream),
                    **held,
                    **more,
                },
                exports=exports if language == "python" else {},
                faults=tried(module.Client, set(taken), options),
            )
        )
    return found


def public(cls: type) -> set[str]:
    """The public attributes of a class, and what blocks and loops call."""
    return {name for name in dir(cls) if not name.startswith("_") or name in SPECIAL}


def exported(name: str) -> set[str]:
    """What a module says that it exports, all of which must be there."""
    module = importlib.import_module(name)
    names = set(module.__all__)
    missing = sorted(one for one in names if not hasattr(module, one))
    if missing:
        raise UnreadableError(f"{name}.__all__ names {', '.join(missing)}, which the module does not have")
    return names


def tried(client: Any, taken: set[str], options: list[dict[str, Any]]) -> list[str]:
    """Whether each option reaches the core: a value that fits is taken, one that does not is refused by its name."""
    import steadywire  # noqa: PLC0415 - only here it must be installed

    faults = []
    for option in options:
        name = snake(option["name"])
        if name not in taken:
            continue
        given: dict[str, Any] = {"url": "ws://h/"}
        sample = option.get("sample", option["default"])
        sample = (lambda _: None) if option["takes"] == "function" else snake(sample) if name == "overflow" else sample
        try:
            client(**given | {name: sample}).close()
        except steadywire.Error as error:
            faults.append(f"{name}: its sample {sample!r} is refused: {error}")
        try:
            client(**given | {name: WRONG}).close()
        except steadywire.Error as error:
            if error.kind == "unknown_option" or f"`{name}`" not in str(error):
                faults.append(f"{name}: {WRONG} is refused, but not as a value of that option: {error}")
        else:
            faults.append(f"{name}: {WRONG} is taken, so the value reaches nobody")
    return faults
