"""Owns the metrics of scores: how well they rank, and whether they are probabilities (metrics.md 4.12, 4.14)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import nextafter
from typing import Any, ClassVar

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.frame_metric import ratio, undefined
from qoa_platform.metrics.predictions import OUTSIDE, OfPredictions, OfTerms
from qoa_platform.metrics.specs import MetricSpec, spec
from qoa_platform.records import Ask, Direction, Edges, Profile, Reading, Reason, Unit
from qoa_platform.states import Histogram, Sums

RANKED, CALIBRATED = 1024, 15
"""Bins of a score: for ranking, and for calibration (Guo et al.)."""
ONE_CLASS = "the truth is one class alone"


@cache
def score_edges(bins: int, *, inside: bool = False) -> Edges:
    """Edges of *bins* equally wide bins on [0, 1]; *inside* adds a bin on each side for what is no probability."""
    between = tuple(i * (1 / bins) for i in range(1, bins))
    return Edges(edges=(nextafter(0.0, -1.0), *between, 1.0) if inside else between, counts=())


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfScores(OfPredictions):
    """Over rows with a score and a truth, which is the positive class or another."""

    direction = Direction.HIGHER
    roles: ClassVar[tuple[str, ...]] = ("score", "truth")

    score: str = param("text", "the column of scores: the higher, the more positive", default="score")
    truth: str = param("text", "the column of what came to be", default="actual")
    positive: str | None = param("text", "the class that counts as positive (else true, or 1)", default=None)

    def _bins(self, edges: Edges, *sums: str) -> Ask:
        return self._ask(Histogram, digest=edges.digest, edges=edges.edges, sums=sums, positive=self.positive)


def per_bin(state: Histogram, name: str) -> Sequence[float]:
    """The sums of that name, bin by bin."""
    return dict(state.sums)[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class RocAuc(_OfScores):
    """Chance that a positive row scores above a negative one, ties counting half: 0.5 is no ranking, 1 a perfect one.

    Read off 1 024 bins of the score on [0, 1], within ``½·Σ P⁺·P⁻`` of the exact value, which is its bound: pairs in
    one bin count as ties. *exact* reads all rows instead, which does not merge. Scores that are no probabilities crowd
    the outer bins, and the bound says so. Reference: Hanley & McNeil (1982).
    """

    id = "model.roc_auc"

    exact: bool = param("flag", "read all rows instead of bins", default=False)

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Rows and positive rows per bin of the score; or the rows."""
        return self._ask("whole") if self.exact else self._bins(score_edges(RANKED), "y")

    def _read(self, state: Any, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if self.exact:
            return _of_rows(state, self, _area)
        if not state.n:
            return Reading.unknown(Reason.NO_DATA)
        positive = per_bin(state, "y")
        negative = [count - hits for count, hits in zip(state.counts, positive, strict=True)]
        pairs = sum(positive) * sum(negative)
        if not pairs:
            return undefined(state.n, ONE_CLASS)
        below = [0.0, *accumulate(negative)]
        tied = sum(p * q for p, q in zip(positive, negative, strict=True)) / 2 / pairs
        above = sum(p * under for p, under in zip(positive, below[:-1], strict=True)) / pairs
        return Reading(value=above + tied, n=state.n, bound=tied)


@dataclass(frozen=True, slots=True, kw_only=True)
class AveragePrecision(_OfScores):
    """Precision averaged over the gains in recall, ``Σ (R_i − R_{i−1})·P_i`` over distinct scores: ties are one step.

    It reads all rows, so it does not merge. Reference: scikit-learn ``average_precision_score``.
    """

    id = "model.average_precision"

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """The rows."""
        return self._ask("whole")

    def _read(self, state: Any, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return _of_rows(state, self, _precision)


def _of_rows(state: Any, metric: _OfScores, of: Any) -> Reading:
    """A number of positive and all rows per distinct score, from the highest on."""
    import polars as pl  # noqa: PLC0415 (heavy import)

    rows = state.frame.select(metric.columns).drop_nulls()
    if not rows.height:
        return Reading.unknown(Reason.NO_DATA)
    truth = rows.get_column(metric.truth)
    hit = _hits(truth, metric.positive)
    if hit is None:
        cause = f"column {metric.truth!r} is {truth.dtype}: name the positive class"
        return Reading.unknown(Reason.ERROR, rows.height, cause)
    scored = pl.DataFrame({"score": rows.get_column(metric.score).cast(pl.Float64), "hit": hit})
    steps = scored.group_by("score").agg(pl.col("hit").sum(), pl.len().alias("n")).sort("score", descending=True)
    hits, n = steps.get_column("hit").to_list(), steps.get_column("n").to_list()
    if sum(hits) in {0, rows.height}:
        return undefined(rows.height, ONE_CLASS)
    return Reading(value=of(hits, n), n=rows.height)


def _hits(truth: Any, positive: str | None) -> Any:
    """Which values are the positive class, or ``None`` where nobody knows."""
    import polars as pl  # noqa: PLC0415 (heavy import)

    if truth.dtype == pl.Boolean and positive in {None, "true", "false"}:
        return truth if positive != "false" else ~truth
    if truth.dtype.is_numeric():
        try:
            return truth.cast(pl.Float64) == float(positive or "1")
        except ValueError:
            return None
    return None if positive is None else truth.cast(pl.String) == positive


def _area(hits: Sequence[int], n: Sequence[int]) -> float:
    negative = [rows - hit for rows, hit in zip(n, hits, strict=True)]
    rest = sum(negative)
    found = 0.0
    for hit, other in zip(hits, negative, strict=True):
        rest -= other
        found += hit * (rest + other / 2)
    return found / (sum(hits) * sum(negative))


def _precision(hits: Sequence[int], n: Sequence[int]) -> float:
    steps = zip(hits, accumulate(hits), accumulate(n), strict=True)
    return sum(hit * right / chosen for hit, right, chosen in steps) / sum(hits)


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfProbability(OfTerms):
    """Over rows with a probability and a truth. A score outside 0 to 1 makes the reading an ``error``."""

    roles: ClassVar[tuple[str, ...]] = ("score", "truth")
    terms: ClassVar[str] = "probability"
    asked: ClassVar[tuple[str, ...]] = ("positive",)

    score: str = param("text", "the column of probabilities of the positive class", default="score")
    truth: str = param("text", "the column of what came to be", default="actual")
    positive: str | None = param("text", "the class that counts as positive (else true, or 1)", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLoss(_OfProbability):
    """Mean ``−ln`` of the probability given to what came to be: proper; one certain error dominates.

    Probabilities are clipped to 2⁻⁵² from 0 and 1. Reference: Good (1952), Rational decisions.
    """

    id = "model.log_loss"
    unit = Unit.NAT

    def _of(self, state: Sums) -> Reading:
        return Reading(value=state.get("log") / state.n, n=state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brier(_OfProbability):
    """Mean ``(p − y)²`` of probabilities: proper, from 0 to 1. Reference: Brier (1950)."""

    id = "model.brier"
    unit = Unit.ONE

    def _of(self, state: Sums) -> Reading:
        return Reading(value=state.get("squared") / state.n, n=state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationRatio(_OfProbability):
    """Observed against expected positives, ``Σy/Σp``: 1 is honest, above 1 the scores are too low."""

    id = "model.calibration_ratio"
    unit = Unit.ONE
    direction = Direction.TARGET

    def _of(self, state: Sums) -> Reading:
        if not state.get("p"):
            return undefined(state.n, "all probabilities are 0")
        return Reading(value=state.get("y") / state.get("p"), n=state.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfCalibration(_OfScores):
    """Read off 15 equally wide bins of the probability, each with its mean and its share of positives."""

    direction = Direction.LOWER

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Rows, Σp and Σy per bin."""
        return self._bins(score_edges(CALIBRATED, inside=True), "x", "y")

    def _read(self, state: Histogram, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if not state.n:
            return Reading.unknown(Reason.NO_DATA)
        if state.counts[0] or state.counts[-1]:
            return Reading.unknown(Reason.ERROR, state.n, OUTSIDE)
        bins = zip(state.counts, per_bin(state, "x"), per_bin(state, "y"), strict=True)
        return self._of([(n, abs(p - y)) for n, p, y in bins if n], state.n)

    def _of(self, gaps: Sequence[tuple[int, float]], n: int) -> Reading:
        """Of rows and |Σp − Σy| of the bins that hold any."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ece(_OfCalibration):
    """Expected calibration error: ``Σ n_k/n · |mean p − mean y|`` over 15 bins. **Biased upward**: noise alone is > 0.

    A perfect model with uniform scores shows .055 at 500 rows, .017 at 5 000, .005 at 50 000: compare with that.
    Reference: Guo et al. (2017), On calibration of modern neural networks.
    """

    id = "model.ece"

    def _of(self, gaps: Sequence[tuple[int, float]], n: int) -> Reading:
        return Reading(value=sum(gap for _, gap in gaps) / n, n=n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mce(_OfCalibration):
    """Largest ``|mean p − mean y|`` of the 15 bins with at least *min_bin* rows; noisier still than the mean."""

    id = "model.mce"

    min_bin: int = param("integer", "bins with fewer rows do not count", default=30)

    def _of(self, gaps: Sequence[tuple[int, float]], n: int) -> Reading:
        found = [gap / rows for rows, gap in gaps if rows >= self.min_bin]
        return Reading(value=max(found), n=n) if found else undefined(n, f"no bin holds {self.min_bin} rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence(OfTerms):
    """Mean probability of the predicted class; with *above*, the share of rows above it. It needs no label.

    The score is the probability of the positive class of two (then ``max(p, 1 − p)`` counts), or of the class that was
    predicted (``scored: predicted``).
    """

    id = "model.confidence"
    direction = Direction.TARGET
    roles: ClassVar[tuple[str, ...]] = ("score",)
    terms: ClassVar[str] = "confidence"
    asked: ClassVar[tuple[str, ...]] = ("above", "scored")

    score: str = param("text", "the column of probabilities", default="score")
    scored: str = param("text", "whose probability it is", default="positive", choices=("positive", "predicted"))
    above: float | None = param("number", "measure the share of rows above it", default=None)

    def _needed(self, state: Sums) -> Iterable[str]:  # noqa: ARG002
        return ("sure",)

    def _of(self, state: Sums) -> Reading:
        return ratio(state.get("sure"), state.n)


METRICS: tuple[type[OfPredictions], ...] = (
    RocAuc, AveragePrecision, LogLoss, Brier, Ece, Mce, CalibrationRatio, Confidence,
)  # fmt: skip
SPECS: tuple[MetricSpec, ...] = tuple(spec(metric) for metric in METRICS)
