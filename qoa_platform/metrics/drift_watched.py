"""Owns the metrics of stream detectors: what they fold, and with which settings (4.11); an audit folds it."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.frame_metric import FrameMetric, undefined
from qoa_platform.metrics.protocol import Arity, MetricError, MetricSpec, Source
from qoa_platform.metrics.specs import spec
from qoa_platform.records import Ask, Direction, Fixed, Operator, Profile, Promise, Reading, Subject, Unit

_UPPER = frozenset({Operator.LT, Operator.LE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched(FrameMetric):
    """What a stream detector makes of one value after the other: rows of a column, or the past of another promise.

    *of* names another promise of the same subject: its published measurements, and the candidate's own, are folded.
    *column*: its rows in the order of *time*. Neither (``over:`` a prediction frame): the error of each row. The value
    is the statistic, the largest within the window; the alarm is the promise's business, and the bound is the alarm
    level, unless a parameter says otherwise.
    """

    unit = Unit.ONE
    direction = Direction.LOWER
    arity = Arity.ANY
    per_column = False
    source = Source.PUBLICATION
    LEVEL: ClassVar[str | None] = None
    """The field that is the alarm level."""
    HIGHEST: ClassVar[float | None] = None
    """The level, where nothing moves it: a bound above it would never be reached."""

    of_: str | None = param("text", "another promise of this subject, whose history is folded", default=None)
    time: str | None = None
    """The column that orders rows: the subject's ``event_time``."""

    @classmethod
    def of(cls, promise: Promise, subject: Subject) -> tuple[Self, ...]:
        """The one metric of *promise*. Raises MetricError."""
        (found,) = FrameMetric.of.__func__(cls, promise, subject)  # type: ignore[attr-defined]
        if promise.by is not None:
            raise MetricError(f"promise {promise.id!r}: {cls.id} folds one series. Allowed: no by; where, or of")
        if found.of_ is not None and (promise.columns or promise.reference):
            said = "of folds measurements, whose level is learnt from the first ones"
            raise MetricError(f"promise {promise.id!r}: {said}. Allowed: no column, no reference")
        if found.of_ is None and promise.over is None and len(promise.columns) != 1:
            raise MetricError(f"promise {promise.id!r}: {cls.id} folds one series. Allowed: one column, or of: PROMISE")
        if len(promise.columns) > 1:
            raise MetricError(f"promise {promise.id!r}: {cls.id} folds one column, found {', '.join(promise.columns)}")
        time = subject.event_time if promise.columns and promise.over is None else None
        return (replace(found, time=time),)

    @classmethod
    def own_of(cls, promise: Promise) -> dict[str, Any]:
        """The parameters; where none says the alarm level it is the promise's bound."""
        own: dict[str, Any] = FrameMetric.own_of.__func__(cls, promise)  # type: ignore[attr-defined]
        if not isinstance(promise.must, Fixed) or promise.must.operator not in _UPPER:
            return own
        bound = promise.must.bound
        if cls.HIGHEST is not None and bound > cls.HIGHEST:
            said = f"{cls.id} is an alarm above {cls.HIGHEST:g}: a bound of {bound:g} sleeps through it"
            raise MetricError(f'promise {promise.id!r}: {said}. Allowed: "<= {cls.HIGHEST:g}"')
        return {cls.LEVEL: bound, **own} if cls.LEVEL is not None and bound > 0 else own

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Nothing of the scan: order matters, and it has no state that merges."""
        return Ask(state="nothing")

    def _read(self, state: Any, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return undefined(0, f"{self.id} folds what happened before: it is measured at an audit, or judged with history")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standardised(Watched):
    """Values less their frozen mean, by their frozen standard deviation: of the reference, or of the first values."""

    baseline: int | None = param("integer", "how many first values the level is learnt from (20, of rows 200)",
                                 default=None)  # fmt: skip

    def __post_init__(self) -> None:
        if self.baseline is not None and not 5 <= self.baseline <= 1_000:  # noqa: PLR2004 (what a spread needs; bounded)
            raise MetricError(f"{self.id}: baseline {self.baseline}. Allowed: 5 to 1 000")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedCusum(_Standardised):
    """Two-sided cumulative sum of standardised values."""

    id = "drift.cusum"
    LEVEL = "h"
    k: float = param("number", "allowance", default=0.5)
    h: float = param("number", "alarm level", default=5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedEwma(_Standardised):
    """Exponentially weighted mean of standardised values, in its own standard deviations."""

    id = "drift.ewma"
    LEVEL = "l"
    lambda_: float = param("number", "weight of the newest", default=0.2)
    l: float = param("number", "width of the limits", default=3.0)  # noqa: E741 (the letter of the literature)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedPageHinkley(Watched):
    """Cumulative deviation from the running mean above its minimum, or below its maximum."""

    id = "drift.page_hinkley"
    LEVEL = "lambda_"
    delta: float = param("number", "tolerated change", default=0.005)
    lambda_: float = param("number", "alarm level", default=50.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedAdwin(Watched):
    """Adaptive window: how far the means of its two halves lie apart, ÷ what they may."""

    id = "drift.adwin"
    HIGHEST = 1.0
    delta: float = param("number", "false alarm rate of a look", default=0.002)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedDdm(Watched):
    """Error rate above its minimum, in standard deviations."""

    id = "drift.ddm"
    LEVEL = "threshold"
    threshold: float = param("number", "alarm level", default=3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedKswin(Watched):
    """KS distance of the newest 30 values from a sample of the 70 before."""

    id = "drift.kswin"
    alpha: float = param("number", "significance of one look", default=0.005)
    seed: int = param("integer", "of the sample", default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedEvidence(Watched):
    """Evidence against 'the mean is at most p₀', valid at any time."""

    id = "drift.e_detector"
    p0: float = param("number", "the mean that is still good")
    alpha: float | None = param("number", "1 ÷ mean run length (0.001, or 1 ÷ the bound)", default=None)

    @classmethod
    def own_of(cls, promise: Promise) -> dict[str, Any]:
        """The parameters; without *alpha* it is 1 ÷ the bound of the promise."""
        own = Watched.own_of.__func__(cls, promise)  # type: ignore[attr-defined]
        if isinstance(promise.must, Fixed) and promise.must.operator in _UPPER and promise.must.bound > 1:
            own = {"alpha": 1 / promise.must.bound, **own}
        return dict(own)


SPECS: tuple[MetricSpec, ...] = (
    spec(WatchedCusum), spec(WatchedEwma), spec(WatchedPageHinkley), spec(WatchedAdwin), spec(WatchedDdm),
    spec(WatchedKswin), spec(WatchedEvidence),
)  # fmt: skip
