"""What is said of arguments of a wrong type."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


def text(name: str, value: Any) -> str:
    """Check that it is a str. Raises TypeError."""
    return value if isinstance(value, str) else _wrong(name, "a str", value)


def text_or_none(name: str, value: Any) -> str | None:
    """Check that it is a str or None. Raises TypeError."""
    return value if value is None or isinstance(value, str) else _wrong(name, "a str or None", value)


def number(name: str, value: Any) -> Any:
    """Check that it is a number, of numpy's or another's too. Raises TypeError."""
    return value if hasattr(value, "__float__") else _wrong(name, "a number", value)


def seconds(value: Any) -> None:
    """Check that it can be a timeout. Raises TypeError."""
    if value is not None and not hasattr(value, "__float__"):
        _wrong("timeout", "seconds as a number, or None", value)


def flag(name: str, value: Any) -> bool:
    """Check that it is a bool. Raises TypeError."""
    return value if isinstance(value, bool) else _wrong(name, "a bool", value)


def mapping(name: str, value: Any) -> dict[str, Any]:
    """Check that it is a mapping. Raises TypeError."""
    return dict(value) if hasattr(value, "keys") else _wrong(name, "a mapping", value)


def _wrong(name: str, takes: str, value: object) -> NoReturn:
    text = f"`{name}` takes {takes}, not {type(value).__name__}"
    raise TypeError(text)
