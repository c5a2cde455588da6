"""Messages to send: a mapping in the shape of the wire, put into the core's words."""

from __future__ import annotations

from ._native import InvalidArgumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypedDict

    from ._native import Native

    class Words(TypedDict, total=False):
        """What the core takes beside type and task."""

        timestamp: int | None
        progress: float
        text: str
        word: str
        data: str | None


# Beyond it JavaScript has no whole numbers.
_MAX_TIMESTAMP = (1 << 53) - 1


def send(native: Native, ticket: int, message: Mapping[str, Any], *, ack: bool) -> None:
    """Queue a message: `type`, `taskId` (or `task_id`), `data`, and `timestamp` where it is not to be now.

    Raises InvalidArgumentError for a message that makes no sense, QueueFullError where there is no room.
    """
    fields: Mapping[str, Any] = message if hasattr(message, "get") else {}
    kind = fields.get("type")
    task = fields.get("taskId", fields.get("task_id", ""))
    if not isinstance(kind, str) or not isinstance(task, str):
        text = "a message is a mapping with `type` and `taskId`, both str"
        raise InvalidArgumentError(text)
    words = _words(kind, message.get("data"))
    timestamp = message.get("timestamp")
    if timestamp is not None:
        if not isinstance(timestamp, (int, float)) or not abs(timestamp) <= _MAX_TIMESTAMP:
            text = f"`timestamp` takes milliseconds since the Unix epoch, not {timestamp!r}"
            raise InvalidArgumentError(text)
        words["timestamp"] = int(timestamp)
    native.send(ticket, kind, task, ack=ack, **words)


def to_json(what: str, value: Any) -> str:
    """Write a value as JSON.

    Raises InvalidArgumentError where it cannot be.
    """
    import json  # noqa: PLC0415 - slow to import

    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        text = f"`{what}` takes what JSON can hold: {error}"
        raise InvalidArgumentError(text) from None


def error_data(message: str, code: str, data: Mapping[str, Any] | None) -> str | None:
    """Write the data of an error that has some of its own; None = the core does it."""
    if not data:
        return None
    return to_json("data", {"error": message, **({"code": code} if code else {}), **data})


def _words(kind: str, data: Any) -> Words:
    if kind == "progress":
        fields = _fields(kind, data, "progress", "stage", "message")
        if not isinstance(fields.get("progress"), (int, float)):
            text = "`data.progress` takes a number from 0 to 100"
            raise InvalidArgumentError(text)
        return {
            "progress": fields["progress"],
            "word": _text(fields, "stage"),
            "text": _text(fields, "message"),
        }
    if kind == "log":
        fields = _fields(kind, data, "level", "message", "metadata")
        words: Words = {"word": _text(fields, "level"), "text": _text(fields, "message")}
        metadata = fields.get("metadata")
        if metadata is not None:
            words["data"] = to_json("data.metadata", _fields("metadata", metadata))
        return words
    if kind == "error":
        fields = _fields(kind, data)
        rest = {name: value for name, value in fields.items() if name not in {"error", "message", "code", "taskId"}}
        text = _text(fields, "error") or _text(fields, "message")
        code = _text(fields, "code")
        return {"text": text, "word": code, "data": error_data(text, code, rest)}
    if kind == "heartbeat" or (data is None and kind not in {"status", "complete"}):
        return {}
    return {"data": to_json("data", data)}


def _fields(kind: str, data: Any, *names: str) -> Mapping[str, Any]:
    if data is None:
        return {}
    if not hasattr(data, "items"):
        text = f"the data of `{kind}` is a mapping, not {type(data).__name__}"
        raise InvalidArgumentError(text)
    unknown = [name for name in data if names and name not in {*names, "taskId", "timestamp"}]
    if unknown:
        text = f"the data of `{kind}` takes {', '.join(names)}, not {unknown[0]}"
        raise InvalidArgumentError(text)
    fields: Mapping[str, Any] = data
    return fields


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        text = f"`data.{name}` takes a str, not {type(value).__name__}"
        raise InvalidArgumentError(text)
    return value
