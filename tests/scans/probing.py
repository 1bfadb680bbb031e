"""Owns Exact: a metric that reads an exact quantile, for tests of scans."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from qoa_platform.records import Ask, Direction, Params, Profile, Reading, Unit, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """The quantile *q* of *column*."""

    column: str
    q: float
    id: str = "data.probe"
    unit: Unit = Unit.ONE
    direction: Direction = Direction.TARGET

    @property
    def columns(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    @property
    def params(self) -> Params:
        """Column and q."""
        return (("column", self.column), ("q", self.q))

    def ask(self, profile: Profile | None, /) -> Ask:
        """The exact quantile."""
        return Ask(state="quantile", columns=(self.column,), params=(("q", self.q),))

    def read(self, state: Any, profile: Profile | None, group: str | None = None, /) -> Reading:
        """Its value."""
        return Reading(value=state.get("value"), n=state.n)

    def at(self, now: datetime, window: Window, rows_in: int | None = None, /) -> Self:
        """Itself."""
        return self
