"""Owns the metrics of regression: how far predictions lie from what came to be (metrics.md 4.13)."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.frame_metric import undefined
from qoa_platform.metrics.predictions import OfPredictions, OfTerms
from qoa_platform.metrics.protocol import MetricError
from qoa_platform.metrics.specs import MetricSpec, spec
from qoa_platform.records import Ask, Direction, Profile, Reading, Reason, Unit
from qoa_platform.states import Comoments, Sums

CONSTANT = 1e-24
"""A truth whose variance is below this share of its squared mean is constant up to rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfTruth(OfPredictions):
    """Over rows with truth y and prediction ŷ both present; the error is ``e = ŷ − y``."""

    truth: str = param("text", "the column of what came to be", default="actual")
    prediction: str = param("text", "the column of predictions", default="predicted")


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfErrors(OfTerms):
    """Read off the sums of errors."""

    terms: ClassVar[str] = "errors"

    truth: str = param("text", "the column of what came to be", default="actual")
    prediction: str = param("text", "the column of predictions", default="predicted")

    def _needed(self, state: Sums) -> Iterable[str]:  # noqa: ARG002
        return ("absolute",)


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
class R2(_OfTruth):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mape(_OfErrors):
    """Mean ``|e|/|y|`` over the rows with y ≠ 0, which are its *n*; the others are counted as left out.

    Do not promise it on demand data, which has zeros: it punishes predicting too much and says nothing of the zeros.
    """

    id = "model.mape"
    terms: ClassVar[str] = "relative"

    def _needed(self, state: Sums) -> Iterable[str]:  # noqa: ARG002
        return ("share",)

    def _of(self, state: Sums) -> Reading:
        kept = int(state.get("kept"))
        if not kept:
            return undefined(state.n, "y is 0 in every row")
        left_out = f"{state.n - kept} rows with y = 0 are left out" if kept < state.n else None
        return Reading(value=state.get("share") / kept, n=kept, cause=left_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Smape(_OfErrors):
    """Symmetric mean absolute percentage error: mean ``2|e|/(|y| + |ŷ|)``, from 0 to 2; 0/0 is 0.

    Libraries differ by the factor 2: utilsforecast prints half of this. Reference: Makridakis (1993).
    """

    id = "model.smape"
    unit = Unit.ONE
    terms: ClassVar[str] = "relative"

    def _needed(self, state: Sums) -> Iterable[str]:  # noqa: ARG002
        return ("symmetric",)

    def _of(self, state: Sums) -> Reading:
        return Reading(value=state.get("symmetric") / state.n, n=state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinball(_OfErrors):
    """Quantile loss: mean ``max(q·(y − ŷ), (q − 1)·(y − ŷ))``, least for the true q-quantile.

    Reference: Koenker & Bassett (1978), Regression quantiles.
    """

    id = "model.pinball"
    unit = Unit.COLUMN
    terms: ClassVar[str] = "pinball"
    asked: ClassVar[tuple[str, ...]] = ("q",)

    q: float = param("number", "which quantile is predicted, between 0 and 1")

    def __post_init__(self) -> None:
        if not 0 < self.q < 1:
            raise MetricError(f"{self.id}: q is {self.q}. Allowed: between 0 and 1")

    def _needed(self, state: Sums) -> Iterable[str]:  # noqa: ARG002
        return ("loss",)

    def _of(self, state: Sums) -> Reading:
        return Reading(value=state.get("loss") / state.n, n=state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfInterval(OfTerms):
    """Over rows with truth and both ends of the predicted interval; its ends belong to it."""

    roles: ClassVar[tuple[str, ...]] = ("truth", "lower", "upper")
    terms: ClassVar[str] = "interval"

    truth: str = param("text", "the column of what came to be", default="actual")
    lower: str = param("text", "the column of lower ends", default="lower")
    upper: str = param("text", "the column of upper ends", default="upper")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage(_OfInterval):
    """Rows whose truth lies in the predicted interval ÷ rows; the target is *level*.

    Promise it with the width, or the widest interval wins.
    """

    id = "model.coverage"
    direction = Direction.TARGET

    level: float = param("number", "the coverage that the interval is meant to have, between 0 and 1")

    def __post_init__(self) -> None:
        _between(self.id, self.level)

    def _needed(self, state: Sums) -> Iterable[str]:  # noqa: ARG002
        return ("inside",)

    def _of(self, state: Sums) -> Reading:
        return Reading(value=state.get("inside") / state.n, n=state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalWidth(_OfInterval):
    """Mean width of the predicted interval, in the unit of the truth."""

    id = "model.interval_width"
    unit = Unit.COLUMN

    def _needed(self, state: Sums) -> Iterable[str]:  # noqa: ARG002
        return ("width",)

    def _of(self, state: Sums) -> Reading:
        return Reading(value=state.get("width") / state.n, n=state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalScore(_OfInterval):
    """Mean width plus ``2/α`` × how far a truth lies outside, ``α = 1 − level``: proper, so honest intervals win.

    Reference: Gneiting & Raftery (2007), Strictly proper scoring rules; also called Winkler score.
    """

    id = "model.interval_score"
    unit = Unit.COLUMN

    level: float = param("number", "the coverage that the interval is meant to have, between 0 and 1")

    def __post_init__(self) -> None:
        _between(self.id, self.level)

    def _of(self, state: Sums) -> Reading:
        fine = 2 / (1 - self.level) * (state.get("below") + state.get("above"))
        return Reading(value=(state.get("width") + fine) / state.n, n=state.n)


def _between(metric: str, level: float) -> None:
    if not 0 < level < 1:
        raise MetricError(f"{metric}: level is {level}. Allowed: between 0 and 1, or 1 % to 99 %")


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill(OfTerms):
    """``1 − loss ÷ loss of a named baseline`` on the rows that have both predictions: 0 is no better, 1 is perfect.

    Baselines worth naming: the seasonal naive one, the mean of the last four same weekdays. Where the baseline is
    perfect it is not defined. Reference: Murphy (1988), Skill scores based on the mean square error.
    """

    id = "model.skill"
    unit = Unit.ONE
    direction = Direction.HIGHER
    roles: ClassVar[tuple[str, ...]] = ("truth", "prediction", "baseline")
    terms: ClassVar[str] = "skill"

    truth: str = param("text", "the column of what came to be", default="actual")
    prediction: str = param("text", "the column of predictions", default="predicted")
    baseline: str = param("text", "the column of the baseline's predictions", default="baseline")
    loss: str = param("text", "which loss is compared", default="mae", choices=("mae", "mse", "rmse"))

    def _of(self, state: Sums) -> Reading:
        term = "absolute" if self.loss == "mae" else "squared"
        own, theirs = state.get(term), state.get(f"base_{term}")
        if not theirs:
            return undefined(state.n, "the baseline makes no error")
        return Reading(value=1 - (sqrt(own / theirs) if self.loss == "rmse" else own / theirs), n=state.n)


METRICS: tuple[type[OfPredictions], ...] = (
    Wape, Mae, Rmse, Bias, R2, Mape, Smape, Pinball, Coverage, IntervalWidth, IntervalScore, Skill,
)  # fmt: skip
SPECS: tuple[MetricSpec, ...] = tuple(spec(metric) for metric in METRICS)
