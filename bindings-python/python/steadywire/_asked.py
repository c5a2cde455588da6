"""What functions of the program are told when they are asked."""

from typing import Literal, NamedTuple, TypeAlias

from ._names import Disposition

Terminal: TypeAlias = Literal["complete", "error"]


class CredentialsRequest(NamedTuple):
    """What a function that gives credentials is told."""

    attempt: int
    """Which attempt this is, counted from 1 since the link was last stable."""
    reason: str
    """Why it is made."""
    last_close_code: int | None
    """The close code that ended the last link."""
    http_status: int | None
    """The HTTP status that refused the last attempt."""
    force_refresh: bool
    """What was used last was refused; a cached answer will not do."""


class Ending(NamedTuple):
    """How an attempt or a link ended, for a function that may know better what it means."""

    close_code: int | None
    """The close code, if a link was closed: 1005 = there was none, 1006 = there was no close frame."""
    http_status: int | None
    """The HTTP status that refused the attempt."""
    error: str
    """The `kind` of the error, whatever it means."""
    reason: str
    """A text for people, without credentials."""
    disposition: Disposition
    """What it means unless the answer names another disposition."""
