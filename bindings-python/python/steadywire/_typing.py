"""What this package needs of `typing` when it runs: `typing` itself is slow to import."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generic, TypeVar, overload
else:

    def overload(function):
        """Say nothing when it runs."""
        return function

    def TypeVar(name, **_bounds):  # noqa: N802 - as there
        """Stand for a type."""
        return name

    class Generic:
        """Can be subscribed, which says nothing when it runs."""

        __slots__ = ()

        def __class_getitem__(cls, _of):
            return cls


__all__ = ["Generic", "TypeVar", "overload"]
