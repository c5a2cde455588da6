"""What a client can be told, on its way to the core."""

from __future__ import annotations

import math

from ._native import InvalidArgumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ._asked import CredentialsRequest, Ending


class Providers:
    """The options that were given as functions."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Pick them out."""
        names = ("url", "token", "headers", "protocols")
        self.credentials: dict[str, Callable[[CredentialsRequest], Any]] = {
            name: options[name] for name in names if callable(options.get(name))
        }
        self.classify: Callable[[Ending], Any] | None = options.get("classify")
        if self.classify is not None and not callable(self.classify):
            text = f"option `classify` takes a function, not {type(self.classify).__name__}"
            raise InvalidArgumentError(text)


def encode(options: Mapping[str, Any]) -> str:
    """Write the options that are values as JSON with the names that every language shares.

    Raises InvalidArgumentError for a value that JSON cannot hold.
    """
    import json  # noqa: PLC0415 - slow to import

    values: dict[str, Any] = {}
    for name, given in options.items():
        if name == "classify" or given == _DEFAULTS.get(name) or (given is None and name not in _NONE_IS_A_VALUE):
            continue
        value = _URL_TO_COME if name == "url" and callable(given) else given
        if callable(value):
            continue
        value = _plain(name, value)
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            text = f"option `{name}` cannot take a value of type {type(given).__name__}"
            raise InvalidArgumentError(text) from None
        values[camel(name)] = value
    return json.dumps(values)


def in_python(message: str) -> str:
    """Put the words that Python uses into an error text of the core. What the program gave stays as it is."""
    import re  # noqa: PLC0415 - slow to import

    takes, no, given = message.partition(", not ")
    takes = re.sub(r"\b[a-z]+(?:[A-Z][a-z]+)+\b", lambda name: snake(name[0]), takes)
    takes = re.sub(r"\bnull\b", "None", takes)
    return takes + no + {"null": "None", "true": "True", "false": "False"}.get(given, given)


def camel(name: str) -> str:
    """Write `max_reconnect_backoff` as `maxReconnectBackoff`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def snake(name: str) -> str:
    """Write `maxReconnectBackoff` as `max_reconnect_backoff`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def checked_credentials(name: str, value: object) -> Any:
    """Check what a function gave for one attempt.

    Raises InvalidArgumentError; the text does not show the value.
    """
    if name == "headers":
        return _pairs(value)
    if name == "protocols":
        return _texts(value)
    if not isinstance(value, str):
        text = f"the function for `{name}` must return a str, not {type(value).__name__}"
        raise InvalidArgumentError(text)
    return _text(name, value)


# What stands for the core's own choice.
_DEFAULTS = {"max_connect_attempts": "auto", "proxy": "environment"}

# Unlimited, and no proxy. Elsewhere None means that there is none.
_NONE_IS_A_VALUE = frozenset({"max_connect_attempts", "max_reconnect_attempts", "proxy"})

# The function is asked before every attempt: nobody ever dials this.
_URL_TO_COME = "ws://url.invalid/"


def _plain(name: str, value: Any) -> Any:
    if name in {"max_connect_attempts", "max_reconnect_attempts"} and value == math.inf:
        return None
    if name == "overflow" and isinstance(value, str):
        return camel(value)
    if name == "protocols" and not isinstance(value, str):
        return _texts(value)
    if not hasattr(value, "items"):
        return value
    return _plain_mapping(name, value)


def _plain_mapping(name: str, value: Mapping[Any, Any]) -> dict[Any, Any]:
    if name == "tls":
        return {camel(key) if isinstance(key, str) else key: field for key, field in value.items()}
    if name == "dispositions":
        return {str(code): camel(word) if isinstance(word, str) else word for code, word in value.items()}
    return dict(value)


def _pairs(value: Any) -> list[tuple[str, str]]:
    pairs = value.items() if hasattr(value, "items") else value
    try:
        return [(_text("headers", name), _text("headers", text)) for name, text in pairs]
    except (TypeError, ValueError):
        text = "`headers` takes a mapping from str to str, or pairs of them (the value is not shown)"
        raise InvalidArgumentError(text) from None


def _texts(value: Any) -> Sequence[str]:
    try:
        return [_text("protocols", text) for text in value]
    except TypeError:
        text = "`protocols` takes a sequence of str (the value is not shown)"
        raise InvalidArgumentError(text) from None


def _text(name: str, value: Any) -> str:
    try:
        if isinstance(value, str):
            str.encode(value)
            return value
    except UnicodeEncodeError:
        text = f"`{name}` takes text that UTF-8 can hold (the value is not shown)"
        raise InvalidArgumentError(text) from None
    text = f"`{name}` takes text (the value is not shown)"
    raise InvalidArgumentError(text)
