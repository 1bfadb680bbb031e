"""Owns the drift of whole rows: maximum mean discrepancy, and how well a classifier tells two samples apart (4.10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qoa_platform.metrics.frame_metric import FrameMetric, undefined
from qoa_platform.metrics.protocol import MetricError, MetricSpec
from qoa_platform.metrics.specs import spec
from qoa_platform.records import Ask, Direction, Profile, Reading, Reason, Sampled, Unit
from qoa_platform.states import Sums

LARGEST = 10_000
"""So many rows of either side are told apart."""
FOLDS, LEAST = 5, 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Mmd(FrameMetric):
    """Squared maximum mean discrepancy of the rows of some number columns, as a whole (an embedding, a feature vector).

    ``‖μ_r − μ_c‖² − (1 − ‖μ_r‖²)/N − (1 − ‖μ_c‖²)/M`` of 256 random Fourier features, whose frequencies are frozen with
    the reference, rows standardised by it; a Gaussian kernel as wide as the median distance of reference rows. Without
    the last two terms "nothing changed" would be above 0; with them it is around 0, and may be below. Rows with a
    missing or infinite part are left out.

    References: Gretton et al. (2012), A kernel two-sample test; Rahimi & Recht (2007), Random features.
    """

    id = "drift.mmd"
    unit = Unit.ONE
    direction = Direction.LOWER
    per_column = False
    needs_reference = True

    def ask(self, profile: Profile | None, /) -> Ask | None:
        """The sums of the frozen features; ``None`` where none are frozen of these columns."""
        known = profile.features_of(self.columns) if profile else None
        if known is None:
            return None
        return self._ask(
            Sums, terms="fourier", seed=known.seed, sigma=known.sigma, centre=known.centre, spread=known.spread
        )

    def _read(self, state: Sums, profile: Profile | None, group: str | None) -> Reading:
        known = profile.features_of(self.columns, group) if profile else None
        if known is None:
            cause = f"no features are frozen of {', '.join(self.columns)}, group {group!r}"
            return Reading.unknown(Reason.NO_REFERENCE, state.n, cause)
        if not state.n:
            return Reading.unknown(Reason.NO_DATA)
        current = [value / state.n for _, value in state.values]
        if len(current) != len(known.mean):
            return Reading.unknown(Reason.NO_REFERENCE, state.n, "the features are others than the profile's")
        apart = sum((r - c) ** 2 for r, c in zip(known.mean, current, strict=True))
        noise = sum(
            (1 - sum(part * part for part in mean)) / n for mean, n in ((known.mean, known.n), (current, state.n))
        )
        return Reading(value=apart - noise, n=state.n)


def _bias(mean: Sequence[float], n: int) -> float:
    """What the squared length of a mean of *n* vectors of length 1 is too large by."""
    return (1 - sum(part * part for part in mean)) / n


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainAuc(FrameMetric):
    """How well a classifier tells current rows from the frozen sample of reference rows: 0.5 not at all, 1 for sure.

    Out-of-fold area under the ROC curve of 50 gradient-boosted trees, five stratified folds, fixed seeds, as many rows
    of each side (at most 10 000). Leave ids and times out, or it is always 1. It reads all rows and does not merge.

    Reference: Lopez-Paz & Oquab (2017), Revisiting classifier two-sample tests.
    """

    id = "drift.domain_auc"
    unit = Unit.ONE
    direction = Direction.LOWER
    per_column = False
    needs_reference = True

    def __post_init__(self) -> None:
        if self.by:
            raise MetricError(f"{self.id}: the sample is of all rows. Allowed: no by")

    def ask(self, profile: Profile | None, /) -> Ask | None:
        """The rows; ``None`` without a sample of these columns."""
        return self._ask("whole") if profile is not None and self._sample(profile) else None

    def _sample(self, profile: Profile) -> list[Sampled]:
        known = {part.column: part for part in profile.sample}
        return [known[name] for name in self.columns] if set(self.columns) <= known.keys() else []

    def _read(self, state: Any, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        sample = self._sample(profile) if profile is not None else []
        if not sample:
            return Reading.unknown(Reason.NO_REFERENCE, state.n, "no sample is frozen of these columns")
        rows = _rows(state.frame, self.columns)
        if not rows.height:
            return Reading.unknown(Reason.NO_DATA)
        size = min(len(sample[0].values), rows.height, LARGEST)
        if size < LEAST:
            return undefined(rows.height, f"{size} rows of each side are too few. Allowed: {LEAST} or more")
        return Reading(value=max(_told_apart(sample, rows, size), 0.5), n=size)


def _rows(frame: Any, columns: Sequence[str]) -> Any:
    """The rows in which anything is present, in an order of their own: that in which they came does not matter."""
    import polars as pl  # noqa: PLC0415 (heavy import)

    rows = frame.select(columns)
    return rows.filter(~pl.all_horizontal(pl.all().is_null())).sort(rows.columns, nulls_last=True)


def _told_apart(sample: list[Sampled], rows: Any, size: int) -> float:
    """The out-of-fold area under the curve."""
    import numpy as np  # noqa: PLC0415 (heavy import)
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 (heavy import)
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 (heavy import)
    from sklearn.model_selection import StratifiedKFold, cross_val_predict  # noqa: PLC0415 (heavy import)
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 (comes with scikit-learn)

    draw = np.random.default_rng(0)
    known = [_numbers(list(part.values)) for part in sample]
    current = [_numbers(rows.get_column(name).to_list()) for name in rows.columns]
    codes = {
        v: float(i) for i, v in enumerate(sorted({v for c in (*known, *current) for v in c if isinstance(v, str)}))
    }
    sides = []
    for side in (known, current):
        chosen = draw.choice(len(side[0]), size, replace=False)
        sides.append(np.array([[codes.get(v, v) for v in column] for column in side], dtype=np.float64).T[chosen])
    x, y = np.concatenate(sides), np.repeat([0, 1], size)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    trees = HistGradientBoostingClassifier(max_iter=50, random_state=0)
    with threadpool_limits(limits=1):  # trees of so few rows gain nothing by threads, and wait for each other
        scores = cross_val_predict(trees, x, y, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(y, scores))


def _numbers(values: list[Any]) -> list[Any]:
    """Numbers as floats, missing as NaN, everything else as its text."""
    return [
        float("nan") if v is None else float(v) if isinstance(v, int | float) else str(v) for v in values
    ]  # fmt: skip


SPECS: tuple[MetricSpec, ...] = (spec(Mmd), spec(DomainAuc))
