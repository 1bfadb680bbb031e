"""Owns Whole: the rows themselves, for what no small state can answer (class X)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import polars as pl

from qoa_platform.states.protocol import State, StateError


@dataclass(frozen=True, slots=True, eq=False)
class Whole(State):
    """The asked columns of all rows: filtered, missing is null. Neutral element: the same columns without a row.

    It is as large as what it holds, so it is legal, slow, reported as unfused, and refused where rows do not fit the
    memory. Parts merge by standing below each other, in their order. It is never written: it has no codec, and is no
    registered state.

    >>> whole = Whole(pl.DataFrame({"x": [1.0, None]}))
    >>> (whole + whole).n, whole.zero().n
    (4, 0)
    """

    NAME: ClassVar[str] = "whole"

    frame: pl.DataFrame

    @property
    def n(self) -> int:
        """How many rows."""
        return self.frame.height

    def zero(self) -> "Whole":
        """The same columns, no row."""
        return Whole(self.frame.clear())

    def _merged(self, other: "Whole") -> "Whole":
        if self.frame.schema != other.frame.schema:
            message = f"rows of {dict(self.frame.schema)} do not merge with rows of {dict(other.frame.schema)}"
            raise StateError(message)
        return Whole(pl.concat([self.frame, other.frame]))

    def plain(self) -> Mapping[str, Any]:
        """Nothing: rows are never stored. Raises StateError."""
        raise StateError("a whole is rows, which are never written. Allowed: a mergeable state of them")

    @classmethod
    def of(cls, data: Any) -> Self:  # noqa: ARG003 (there is nothing to read)
        """Nothing: rows are never stored. Raises StateError."""
        raise StateError("a whole is rows, which are never written. Allowed: a mergeable state of them")
