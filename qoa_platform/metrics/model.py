"""Owns the metrics of models: how far predictions lie from what came to be (metrics.md 4.12–4.15)."""

from dataclasses import dataclass
from math import isfinite, sqrt

from qoa_platform.metrics.declaring import numbered_columns, own_params, param
from qoa_platform.metrics.frame_metric import FrameMetric, undefined
from qoa_platform.metrics.model_declared import DECLARED
from qoa_platform.metrics.protocol import Arity, MetricSpec, Source
from qoa_platform.metrics.specs import spec
from qoa_platform.records import Ask, Direction, Profile, Promise, Reading, Reason, Subject, Unit
from qoa_platform.states import Comoments, Sums

CONSTANT = 1e-24
"""A truth whose variance is below this share of its squared mean is constant up to rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfPredictions(FrameMetric):
    """Over rows with truth y and prediction ŷ both present; the error is ``e = ŷ − y``.

    Missing predictions lower *n*: promise ``min_n``, or ``data.completeness`` of the prediction. An infinite one makes
    the reading an ``error``, never a number.
    """

    arity = Arity.NONE
    per_column = False
    source = Source.PREDICTIONS
    direction = Direction.LOWER

    truth: str = param("text", "the column of what came to be", default="actual")
    prediction: str = param("text", "the column of predictions", default="predicted")

    @classmethod
    def columns_of(cls, promise: Promise, subject: Subject) -> tuple[str, ...]:  # noqa: ARG003
        """Truth and prediction."""
        numbered_columns(cls.id, cls.arity, promise)
        own = own_params(cls, cls.id, promise)
        return (own.get("truth", "actual"), own.get("prediction", "predicted"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfErrors(_OfPredictions):
    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """The sums of errors; one ask for all of these metrics."""
        return self._ask(Sums, terms="errors")

    def _read(self, state: Sums, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if not isfinite(state.get("absolute")):
            return Reading.unknown(Reason.ERROR, state.n, "some rows hold ±inf as truth or prediction")
        return self._of(state) if state.n else Reading.unknown(Reason.NO_DATA)

    def _of(self, state: Sums) -> Reading:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Wape(_OfErrors):
    """Weighted absolute percentage error: ``Σ|e| / Σ|y|``.

    Over groups numerators and denominators are added, never ratios averaged. Where everything is 0 it is not defined.
    """

    id = "model.wape"

    def _of(self, state: Sums) -> Reading:
        scale = state.get("truth")
        return Reading(value=state.get("absolute") / scale, n=state.n) if scale else undefined(state.n, "Σ|y| is 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mae(_OfErrors):
    """Mean absolute error: ``Σ|e| / n``, in the unit of the truth."""

    id = "model.mae"
    unit = Unit.COLUMN

    def _of(self, state: Sums) -> Reading:
        return Reading(value=state.get("absolute") / state.n, n=state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rmse(_OfErrors):
    """Root mean squared error: ``√(Σe² / n)``, in the unit of the truth."""

    id = "model.rmse"
    unit = Unit.COLUMN

    def _of(self, state: Sums) -> Reading:
        return Reading(value=sqrt(state.get("squared") / state.n), n=state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias(_OfErrors):
    """Relative bias ``Σe / Σ|y|``: above 0 the model predicts too much."""

    id = "model.bias"
    unit = Unit.ONE
    direction = Direction.TARGET

    def _of(self, state: Sums) -> Reading:
        scale = state.get("truth")
        return Reading(value=state.get("error") / scale, n=state.n) if scale else undefined(state.n, "Σ|y| is 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class R2(_OfPredictions):
    """Coefficient of determination ``1 − Σe² / Σ(y − ȳ)²``: 1 is perfect, 0 is no better than the mean.

    Read off the comoments of truth and prediction, because a group's Σ(y − ȳ)² does not follow from sums of errors:
    ``Σe² = M2ŷ + M2y − 2·C + n·(mean ŷ − mean y)²``. Not defined for a constant truth.
    """

    id = "model.r2"
    unit = Unit.ONE
    direction = Direction.HIGHER

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """The comoments of truth and prediction."""
        return self._ask(Comoments)

    def _read(self, state: Comoments, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if state.n_nonfinite:
            cause = f"{state.n_nonfinite} of {state.n + state.n_nonfinite} rows hold ±inf as truth or prediction"
            return Reading.unknown(Reason.ERROR, state.n, cause)
        if state.n == 0:
            return Reading.unknown(Reason.NO_DATA)
        if state.m2x <= CONSTANT * state.n * state.mean_x**2:
            return undefined(state.n, "the truth is constant")
        squared = state.m2x + state.m2y - 2 * state.cxy + state.n * (state.mean_y - state.mean_x) ** 2
        return Reading(value=1 - max(squared, 0.0) / state.m2x, n=state.n)


SPECS: tuple[MetricSpec, ...] = (spec(Wape), spec(Mae), spec(Rmse), spec(Bias), spec(R2), *DECLARED)
