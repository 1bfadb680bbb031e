"""Owns RunMetric: what all metrics of a run share; they fold the usages of its steps."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from math import isfinite
from typing import ClassVar, Self

from qoa_platform.metrics.declaring import numbered_columns, own_params
from qoa_platform.metrics.protocol import Arity, Source
from qoa_platform.records import Direction, Params, Promise, Reading, Reason, Subject, Unit, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMetric:
    """A metric of a run: ``fold(usages)`` over the steps of one run (``run: [a, b]`` sums them).

    What one step did not record is unknown for the run: a sum over the others would be too small, and look good.
    """

    id: ClassVar[str]
    unit: ClassVar[Unit] = Unit.SECONDS
    direction: ClassVar[Direction] = Direction.LOWER
    arity: ClassVar[Arity] = Arity.NONE
    per_column: ClassVar[bool] = False
    source: ClassVar[Source] = Source.RUN
    needs_reference: ClassVar[bool] = False
    needs_expr: ClassVar[bool] = False

    @classmethod
    def of(cls, promise: Promise, subject: Subject) -> tuple[Self, ...]:  # noqa: ARG003
        """The metric of *promise*. Raises MetricError."""
        numbered_columns(cls.id, cls.arity, promise)
        return (cls(**own_params(cls, cls.id, promise)),)

    @property
    def params(self) -> Params:
        """What differs from the defaults, sorted by name."""
        given = ((f.name, getattr(self, f.name)) for f in fields(self) if getattr(self, f.name) != f.default)
        return tuple(sorted(given))

    def fold(self, records: Iterable[Usage], /) -> Reading:
        """The reading over the steps; n is their number, and no step is ``no_data``."""
        steps = tuple(records)
        if not steps:
            return Reading.unknown(Reason.NO_DATA, cause="no step of the run has been measured")
        amounts = [self._of_step(step) for step in steps]
        known = [amount for amount in amounts if amount is not None and isfinite(amount)]
        if len(known) < len(steps):
            cause = f"{len(steps) - len(known)} of {len(steps)} steps did not record what {self.id} needs"
            return Reading.unknown(Reason.NO_DATA, len(known), cause)
        return Reading(value=self._together(known), n=len(steps))

    def _of_step(self, usage: Usage) -> float | None:
        raise NotImplementedError

    def _together(self, amounts: list[float]) -> float:
        return sum(amounts)
