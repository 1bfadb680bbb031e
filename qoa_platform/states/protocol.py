"""Owns State: the protocol of a mergeable sufficient statistic, and the error that a wrong merge or codec raises."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self, runtime_checkable


class StateError(ValueError):
    """Two states that do not merge, or bytes that are no state."""


@runtime_checkable
class State(Protocol):
    """A commutative monoid. Laws: neutral element, commutative, associative, codec round trip; all are tests."""

    NAME: ClassVar[str]

    def zero(self) -> Self:
        """The neutral element that merges with this state (it shares edges and caps)."""
        ...

    def __add__(self, other: Any, /) -> Self: ...

    def plain(self) -> Mapping[str, Any]:
        """The state as plain data for the codec."""
        ...

    @classmethod
    def of(cls, data: Mapping[str, Any], /) -> Self:
        """The state that *data* describes. Raises StateError."""
        ...
