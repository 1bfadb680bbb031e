"""Owns scaled errors: how far a forecast lies off, in units of what the seasonal naive one would be off (4.13)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite, sqrt
from typing import Any, ClassVar

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.frame_metric import undefined
from qoa_platform.metrics.predictions import OfPredictions
from qoa_platform.metrics.protocol import MetricError, MetricSpec
from qoa_platform.metrics.specs import spec
from qoa_platform.records import Ask, Profile, Reading, Reason, Scale, Unit
from qoa_platform.states import OVERFLOW, Grouped, Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scaled(OfPredictions):
    """Errors of each series ÷ its frozen scale, and the mean of these ratios over the series.

    The scale belongs to the training window, not to the test: it is frozen with the reference, from the same columns.
    A series whose scale is 0 or that the reference does not know is left out, and counted.
    """

    unit = Unit.ONE
    needs_reference = True
    per_group: ClassVar[bool] = False

    truth: str = param("text", "the column of what came to be", default="actual")
    prediction: str = param("text", "the column of predictions", default="predicted")
    season: int = param("integer", "rows in a season of a series: 7 for days of a week", default=1)
    series: tuple[str, ...] = param("values", "the columns that tell series apart", default=())
    time: str = param("text", "the column that orders the rows of a series in the reference", default="time")

    def __post_init__(self) -> None:
        if self.season < 1:
            raise MetricError(f"{self.id}: season is {self.season}. Allowed: 1 or more rows")
        if self.by:
            raise MetricError(f"{self.id}: ratios are of series. Allowed: series: a column, in the place of by")

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """The sums of errors, by series."""
        return replace(self._ask(Sums, terms="errors"), by=self.series)

    def read(self, state: Any, profile: Profile | None, group: str | None = None, /) -> Reading:
        """The mean over the series; n is the rows of those that count."""
        known = profile.column(self.truth) if profile is not None else None
        names = "|".join(self.series)
        scales = {s.key: s for s in known.scales if (s.season, s.series) == (self.season, names)} if known else {}
        if group is not None or not scales:
            missing = f"no scale of season {self.season} is frozen of {self.truth!r}" + (
                f" by {names}" if names else ""
            )
            return Reading.unknown(Reason.NO_REFERENCE, cause=missing)
        parts = [(key, part) for key, part in _parts(state) if part.n]
        if not parts:
            return Reading.unknown(Reason.NO_DATA)
        if not all(isfinite(part.get("squared")) for _, part in parts):
            return Reading.unknown(Reason.ERROR, cause="some rows hold ±inf, or numbers too large to be squared")
        found = [(part.n, ratio) for key, part in parts if (ratio := self._ratio(part, scales.get(key))) is not None]
        n, out = sum(rows for rows, _ in found), len(parts) - len(found)
        cause = f"{out} of {len(parts)} series have no scale above 0" if out else None
        if not found:
            return undefined(sum(part.n for _, part in parts), str(cause))
        return Reading(value=sum(ratio for _, ratio in found) / len(found), n=n, cause=cause)

    def _ratio(self, state: Sums, scale: Scale | None) -> float | None:
        raise NotImplementedError


def _parts(state: Any) -> Iterator[tuple[str, Sums]]:
    if isinstance(state, Grouped):
        yield from ((key, part) for key, part in state.groups if key != OVERFLOW)  # type: ignore[misc]
    else:
        yield "", state


@dataclass(frozen=True, slots=True, kw_only=True)
class Mase(_Scaled):
    """Mean absolute error ÷ the reference's mean ``|y_t − y_{t−season}|``: below 1 it beats the seasonal naive one.

    Reference: Hyndman & Koehler (2006), Another look at measures of forecast accuracy.
    """

    id = "model.mase"

    def _ratio(self, state: Sums, scale: Scale | None) -> float | None:
        return state.get("absolute") / state.n / scale.absolute if scale is not None and scale.absolute > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rmsse(_Scaled):
    """Root of: mean squared error ÷ the reference's mean squared seasonal difference. Reference: M5 (2020)."""

    id = "model.rmsse"

    def _ratio(self, state: Sums, scale: Scale | None) -> float | None:
        if scale is None or not scale.squared > 0:
            return None
        return sqrt(state.get("squared") / state.n / scale.squared)


METRICS: tuple[type[OfPredictions], ...] = (Mase, Rmsse)
SPECS: tuple[MetricSpec, ...] = tuple(spec(metric) for metric in METRICS)
