"""Owns RunMetric: what all metrics of a run share; they fold the usages of its steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from typing import ClassVar, Self

from qoa_platform.metrics.declaring import numbered_columns, own_params
from qoa_platform.metrics.protocol import Arity, Source
from qoa_platform.records import Direction, Params, Promise, Reading, Reason, Spend, Subject, Unit, Usage


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

    def fold(self, records: Iterable[Usage | Spend], /) -> Reading:
        """The reading over the steps; n is their number, and no step is ``no_data``."""
        spends = [record if isinstance(record, Spend) else Spend(usage=record) for record in records]
        if not spends:
            return Reading.unknown(Reason.NO_DATA, cause="no step of the run has been measured")
        return self._of_spends(spends)

    def _of_spends(self, spends: Sequence[Spend]) -> Reading:
        amounts = [self._of_step(spend.usage) for spend in spends]
        known = [amount for amount in amounts if amount is not None and isfinite(amount)]
        if len(known) < len(spends):
            return self._missing(len(known), len(spends))
        return Reading(value=self._together(known), n=len(spends))

    def _missing(self, known: int, n: int) -> Reading:
        cause = f"{n - known} of {n} steps did not record what {self.id} needs"
        return Reading.unknown(Reason.NO_DATA, known, cause)

    def _of_step(self, usage: Usage) -> float | None:
        raise NotImplementedError

    def _together(self, amounts: list[float]) -> float:
        return sum(amounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunShare(RunMetric):
    """A ratio of two sums over the steps; not the mean of their ratios, which would weigh a second like an hour."""

    def _of_spends(self, spends: Sequence[Spend]) -> Reading:
        parts = [self._parts(spend) for spend in spends]
        known = [(over, under) for over, under in parts if over is not None and under is not None]
        if len(known) < len(spends):
            return self._missing(len(known), len(spends))
        over, under = (sum(part) for part in zip(*known, strict=True))
        if not under or not isfinite(over) or not isfinite(under):
            cause = f"{self.id} divides {over:g} by {under:g}"
            return Reading.unknown(Reason.NOT_APPLICABLE, len(spends), cause)
        return Reading(value=over / under, n=len(spends))

    def _parts(self, spend: Spend) -> tuple[float | None, float | None]:
        """Numerator and denominator of a step; ``None`` where it was not recorded."""
        raise NotImplementedError
