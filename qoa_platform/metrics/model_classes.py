"""Owns the metrics of classification: how often predicted and true classes agree, and how (metrics.md 4.12)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar, NamedTuple

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.expression_nodes import Column, Comparing, Comparison, canonical
from qoa_platform.metrics.frame_metric import ratio, undefined
from qoa_platform.metrics.predictions import OfPredictions, positive_of
from qoa_platform.metrics.protocol import MetricError
from qoa_platform.metrics.specs import MetricSpec, spec
from qoa_platform.records import Ask, Direction, Profile, Reading, Reason, Scalar, Unit
from qoa_platform.states import Confusion, Sums, Tally

BINARY, MACRO, WEIGHTED, MICRO = AVERAGES = ("binary", "macro", "weighted", "micro")


class Cells(NamedTuple):
    """One class against all others: true and false positives and negatives."""

    tp: int
    fp: int
    fn: int
    tn: int


def cells(state: Confusion) -> dict[str, Cells]:
    """Per class that was true or predicted, its own counts."""
    true, predicted, hit = Counter[str](), Counter[str](), Counter[str]()
    for truth, prediction, count in state.cells:
        true[truth] += count
        predicted[prediction] += count
        hit[truth] += count * (truth == prediction)
    n = state.n
    return {
        c: Cells(hit[c], predicted[c] - hit[c], true[c] - hit[c], n - predicted[c] - true[c] + hit[c])
        for c in state.classes
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfConfusion(OfPredictions):
    """Over rows with truth and prediction, whose values are classes by their text: ``1`` and ``1.0`` are one class."""

    direction = Direction.HIGHER

    truth: str = param("text", "the column of what came to be", default="actual")
    prediction: str = param("text", "the column of predictions", default="predicted")

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """How often each pair occurs; one ask for all of these metrics."""
        return self._ask(Confusion)

    def _read(self, state: Confusion, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return self._of(state) if state.n else Reading.unknown(Reason.NO_DATA)

    def _of(self, state: Confusion) -> Reading:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy(_OfConfusion):
    """Correct predictions ÷ rows. Where one class is rare, always predicting the other scores high."""

    id = "model.accuracy"

    def _of(self, state: Confusion) -> Reading:
        return ratio(sum(own.tp for own in cells(state).values()), state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancedAccuracy(_OfConfusion):
    """Mean recall over the classes that occur in the truth. It changes its meaning when a class is absent in a window.

    Reference: Brodersen et al. (2010), The balanced accuracy and its posterior distribution.
    """

    id = "model.balanced_accuracy"

    def _of(self, state: Confusion) -> Reading:
        recalls = [own.tp / (own.tp + own.fn) for own in cells(state).values() if own.tp + own.fn]
        return Reading(value=sum(recalls) / len(recalls), n=state.n)


Part = tuple[float, float]
"""Numerator and denominator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfClasses(_OfConfusion):
    """A ratio of one class's counts: of the positive class (``binary``), or averaged over classes.

    ``macro`` is the plain mean over classes, ``weighted`` weighs them by their rows in the truth, ``micro`` adds all
    numerators and denominators. A class for which the ratio is undefined is left out of a mean; where nothing is left
    the reading is ``not_applicable`` (scikit-learn says 0, which would be a claim).
    """

    positive: str | None = param("text", "the class that counts as positive (else true, or 1)", default=None)
    average: str = param("text", "how classes are combined", default=BINARY, choices=AVERAGES)

    def _of(self, state: Confusion) -> Reading:
        known = cells(state)
        if self.average == BINARY:
            positive = positive_of(known, self.positive)
            if positive is None:
                return undefined(state.n, f"the classes are {', '.join(sorted(known)[:5])}: name the positive one")
            parts, weights = [self._part(known.get(positive, Cells(0, 0, 0, state.n)))], [1]
        else:
            parts, weights = [self._part(own) for own in known.values()], [own.tp + own.fn for own in known.values()]
        value = self._average(parts, weights)
        return undefined(state.n, f"{self.id} divides by no row") if value is None else Reading(value=value, n=state.n)

    def _average(self, parts: Sequence[Part], weights: Sequence[int]) -> float | None:
        if self.average == MICRO:
            parts = [(sum(over for over, _ in parts), sum(under for _, under in parts))]
        if self.average != WEIGHTED:
            weights = [1] * len(parts)
        defined = [(over / under, weight) for (over, under), weight in zip(parts, weights, strict=True) if under]
        total = sum(weight for _, weight in defined)
        return sum(value * weight for value, weight in defined) / total if total else None

    def _part(self, own: Cells) -> Part:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision(_OfClasses):
    """Right among the rows predicted positive: ``TP/(TP + FP)``."""

    id = "model.precision"

    def _part(self, own: Cells) -> Part:
        return own.tp, own.tp + own.fp


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall(_OfClasses):
    """Found among the rows that are positive: ``TP/(TP + FN)``; also called sensitivity."""

    id = "model.recall"

    def _part(self, own: Cells) -> Part:
        return own.tp, own.tp + own.fn


@dataclass(frozen=True, slots=True, kw_only=True)
class Specificity(_OfClasses):
    """Left alone among the rows that are negative: ``TN/(TN + FP)``."""

    id = "model.specificity"

    def _part(self, own: Cells) -> Part:
        return own.tn, own.tn + own.fp


@dataclass(frozen=True, slots=True, kw_only=True)
class FScore(_OfClasses):
    """Harmonic mean of precision and recall: ``(1 + β²)·TP/((1 + β²)·TP + β²·FN + FP)``; *beta* weighs recall.

    Reference: van Rijsbergen (1979), Information Retrieval.
    """

    id = "model.f1"

    beta: float = param("number", "weight of recall against precision", default=1.0)

    def __post_init__(self) -> None:
        if not self.beta > 0:
            raise MetricError(f"{self.id}: beta is {self.beta}. Allowed: above 0")

    def _part(self, own: Cells) -> Part:
        over = (1 + self.beta**2) * own.tp
        return over, over + self.beta**2 * own.fn + own.fp


@dataclass(frozen=True, slots=True, kw_only=True)
class Mcc(_OfConfusion):
    """Matthews correlation of truth and prediction, from −1 to 1: high only where all classes are predicted well.

    With s rows, c correct ones, t and p rows per class in truth and prediction:
    ``(c·s − Σ p·t)/√((s² − Σ p²)(s² − Σ t²))``. One class alone in truth or prediction: ``not_applicable``.

    Reference: Gorodkin (2004), Comparing two K-category assignments by a K-category correlation coefficient.
    """

    id = "model.mcc"
    unit = Unit.ONE

    def _of(self, state: Confusion) -> Reading:
        n, hit, both, predicted, true = _margins(state)
        scale = (n * n - predicted) * (n * n - true)
        if not scale:
            return undefined(n, "truth or prediction is one class alone")
        return Reading(value=(hit * n - both) / sqrt(scale), n=n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kappa(_OfConfusion):
    """Cohen's κ, from −1 to 1: agreement beyond what the margins give by chance, ``(p₀ − pₑ)/(1 − pₑ)``.

    Reference: Cohen (1960), A coefficient of agreement for nominal scales.
    """

    id = "model.kappa"
    unit = Unit.ONE

    def _of(self, state: Confusion) -> Reading:
        n, hit, both, _, _ = _margins(state)
        if n * n == both:
            return undefined(n, "truth and prediction are one and the same class alone")
        return Reading(value=(hit * n - both) / (n * n - both), n=n)


def _margins(state: Confusion) -> tuple[int, int, int, int, int]:
    """Rows, correct ones, Σ p·t, Σ p² and Σ t² over the classes, as whole numbers."""
    margins = [(own.tp + own.fp, own.tp + own.fn, own.tp) for own in cells(state).values()]
    hit = sum(tp for _, _, tp in margins)
    both = sum(p * t for p, t, _ in margins)
    return state.n, hit, both, sum(p * p for p, _, _ in margins), sum(t * t for _, t, _ in margins)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionRate(OfPredictions):
    """Rows predicted positive ÷ rows with a prediction; needs no label. Its group gap is the demographic disparity."""

    id = "model.selection_rate"
    direction = Direction.TARGET
    roles: ClassVar[tuple[str, ...]] = ("prediction",)

    prediction: str = param("text", "the column of predictions", default="predicted")
    positive: str | None = param("text", "the class that counts as positive (else true, or 1)", default=None)

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Predictions that are the positive class, however the column spells it."""
        return self._ask(Tally, hits="in_set", values=_spellings(self.positive))

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return ratio(state.hits, state.rows)


def _spellings(positive: str | None) -> tuple[Scalar, ...]:
    """The values of a column that are the class: text, number, truth value."""
    if positive is None:
        return (1, True)
    flags: dict[str, Scalar] = {"true": True, "false": False}
    try:
        number: tuple[Scalar, ...] = (float(positive),)
    except ValueError:
        number = ()
    return (positive, *number, *((flags[positive],) if positive in flags else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCoverage(OfPredictions):
    """Rows whose label has come ÷ rows. Below what is promised here, no quality of the model is known."""

    id = "model.label_coverage"
    direction = Direction.HIGHER
    roles: ClassVar[tuple[str, ...]] = ("truth",)

    truth: str = param("text", "the column of what came to be", default="actual")

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Rows with a truth among all rows."""
        return self._ask(Tally, hits="present")

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return ratio(state.hits, state.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement(OfPredictions):
    """Rows on which two versions answer differently ÷ rows with both answers; needs no label.

    Numbers differ when they lie further apart than *tolerance*; without one, and for text, when they are not equal.
    """

    id = "model.disagreement"
    roles: ClassVar[tuple[str, ...]] = ("prediction", "other")

    prediction: str = param("text", "the column of predictions", default="predicted")
    other: str = param("text", "the column of the other version's predictions", default="baseline")
    tolerance: float = param("number", "numbers no further apart than this agree", default=0.0)

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Rows in which the two differ."""
        if self.tolerance:
            return self._ask(Sums, terms="apart", tolerance=self.tolerance)
        one, two = (Column(name=name) for name in self.columns)
        return self._ask(Tally, hits="expr", expr=canonical(Comparison(operator=Comparing.NE, left=one, right=two)))

    def _read(self, state: Tally | Sums, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return ratio(state.hits, state.rows) if isinstance(state, Tally) else ratio(state.get("apart"), state.n)


METRICS: tuple[type[OfPredictions], ...] = (
    Accuracy, BalancedAccuracy, Precision, Recall, Specificity, FScore, Mcc, Kappa, SelectionRate, LabelCoverage,
    Disagreement,
)  # fmt: skip
SPECS: tuple[MetricSpec, ...] = tuple(spec(metric) for metric in METRICS)
