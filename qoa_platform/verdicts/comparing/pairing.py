"""Owns paired evidence of rows: the difference of any metric, whole, without each cluster, and resampled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qoa_platform.records import Reason
from qoa_platform.verdicts.comparing.decisions import Effect
from qoa_platform.verdicts.comparing.effects import (
    bca,
    blocks,
    freedom,
    jackknifed,
    mcnemar,
    student,
    wider,
    wilcoxon,
)
from qoa_platform.verdicts.comparing.ranking import auc_macro
from qoa_platform.verdicts.comparing.scores import CLASSES, SCORES, Score, added

Values = NDArray[np.generic]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEAST_CLUSTERS = 5
"""With fewer clusters no interval is worth its name: a comparison is refused."""
AUC = "roc_auc"
EVENLY = "t of each cluster's mean gain, each counting the same"
CUSTOM = Callable[[Values, Values], float]
FEW_CLUSTERS = 100
"""Up to so many clusters an AUC is taken anew without each of them."""
PARTS = 40
"""Rows that stand alone are put into so many parts by chance where a metric has to be called anew without each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What two models said of the same rows.

    *clusters* and *times* are codes (of times: in order); ``None``: rows stand alone. *higher* is the better side of a
    metric that is handed over as a function.
    """

    truth: Values
    champion: Values
    challenger: Values
    metric: str | CUSTOM
    labels: Values
    clusters: Ints | None = None
    times: Ints | None = None
    higher: bool = True

    def only(self, mask: NDArray[np.bool_]) -> "Rows":
        """The rows of *mask*; clusters and times are numbered anew."""
        return replace(
            self, truth=self.truth[mask], champion=self.champion[mask], challenger=self.challenger[mask],
            clusters=_anew(self.clusters, mask), times=_anew(self.times, mask),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found on rows: both values, the deciding effect, second looks, and the jackknife (for max-t)."""

    champion: float
    challenger: float
    effect: Effect
    others: tuple[Effect, ...]
    without: Floats


def _anew(codes: Ints | None, mask: NDArray[np.bool_]) -> Ints | None:
    return None if codes is None else np.unique(codes[mask], return_inverse=True)[1].astype(np.int64)


def sign(rows: Rows) -> float:
    """+1 where more of the metric is better, −1 where less is."""
    if isinstance(rows.metric, str):
        return 1.0 if rows.metric == AUC else SCORES[rows.metric].sign
    return 1.0 if rows.higher else -1.0


def found(
    rows: Rows, *, confidence: float, draw: np.random.Generator, second: bool = True, least: int = LEAST_CLUSTERS
) -> Found | Reason:
    """The paired difference of *rows*: by cluster, by blocks of time, or both (the wider interval counts).

    ``no_data`` without rows, ``not_applicable`` where the metric has no value (one class only), ``insufficient_n`` with
    fewer than *least* clusters.
    """
    n = len(rows.truth)
    if n == 0:
        return Reason.NO_DATA
    codes = rows.clusters
    timed = None if rows.times is None else _blocked(rows)
    if codes is None:
        codes = timed if timed is not None else np.arange(n)
        timed = None
    count = int(codes.max()) + 1
    if count < least:
        return Reason.INSUFFICIENT_N
    one, other, without, resampled = _evaluated(rows, codes, count, draw)
    value = sign(rows) * (other - one)
    without = without[np.isfinite(without)]
    if rows.metric == AUC and (short := _one_sided(rows, codes)) is not None:
        return short
    if not np.isfinite(value) or len(without) < least:
        return Reason.NOT_APPLICABLE if not np.isfinite(value) else Reason.INSUFFICIENT_N
    sizes = np.bincount(codes, minlength=count).astype(np.float64)
    sizes = sizes if len(without) == count else np.ones(len(without))
    by = "block" if rows.clusters is None and rows.times is not None else "row" if rows.clusters is None else "cluster"
    effect = jackknifed(value, without, sizes, confidence=confidence, n=n, method=f"{by} jackknife t")
    if rows.metric == AUC:
        effect = _ranked_freedom(rows, codes, effect)
    if timed is not None:
        effect = _by_time(rows, timed, effect, confidence, draw)
    others = _second(rows, effect, without, resampled, draw) if second else ()
    effect = _careful(effect, others) if rows.clusters is None and rows.times is None else effect
    return Found(champion=one, challenger=other, effect=effect, others=others, without=without)


def _by_time(rows: Rows, timed: Ints, effect: Effect, confidence: float, draw: np.random.Generator) -> Effect:
    count = int(timed.max()) + 1
    if count < LEAST_CLUSTERS:
        return effect
    _, _, without, _ = _evaluated(rows, timed, count, draw)
    sizes = np.bincount(timed, minlength=count).astype(np.float64)
    if not np.isfinite(without).all():
        return effect
    other = jackknifed(effect.estimate, without, sizes, confidence=confidence, n=effect.n, method="block jackknife t")
    return wider(effect, other)


def gains(rows: Rows) -> Floats:
    """The gain per row, positive where the challenger is better there; of an AUC each row's part in the difference."""
    if rows.metric == AUC:
        parts = [auc_macro(rows.truth, s.astype(np.float64), rows.labels)[1] for s in (rows.challenger, rows.champion)]
        return np.asarray(parts[0] - parts[1])
    if not isinstance(rows.metric, str) or rows.metric in CLASSES:
        right = [np.asarray(p == rows.truth, dtype=np.float64) for p in (rows.challenger, rows.champion)]
        return np.asarray(right[0] - right[1])
    score = SCORES[rows.metric]
    mine, theirs = (score.sums(rows.truth, p, rows.labels)[:, 1] for p in (rows.challenger, rows.champion))
    return np.asarray(theirs - mine)


def _blocked(rows: Rows) -> Ints:
    """The block of time of each row: times in order, joined where neighbours err alike."""
    times = rows.times
    assert times is not None  # noqa: S101
    count = int(times.max()) + 1
    weights = np.bincount(times, minlength=count)
    return blocks(np.bincount(times, weights=gains(rows), minlength=count) / weights)[times]


Resampled = Callable[[Floats], Floats]


def _evaluated(
    rows: Rows, codes: Ints, count: int, draw: np.random.Generator
) -> tuple[float, float, Floats, Resampled | None]:
    """The champion's and the challenger's value, the signed difference without each cluster, and under resampling."""
    if isinstance(rows.metric, str):
        if rows.metric == AUC:
            return _ranked(rows, codes, count)
        return _summed(rows, SCORES[rows.metric], codes, count)
    metric = rows.metric
    one, other = metric(rows.truth, rows.champion), metric(rows.truth, rows.challenger)
    if count > 5 * PARTS:
        codes = draw.permutation(count)[codes] * PARTS // count
        count = PARTS
    values = []
    for k in range(count):
        kept = codes != k
        left = rows.truth[kept]
        values.append(metric(left, rows.challenger[kept]) - metric(left, rows.champion[kept]))
    return float(one), float(other), sign(rows) * np.asarray(values, dtype=np.float64), None


def _summed(rows: Rows, score: Score, codes: Ints, count: int) -> tuple[float, float, Floats, Resampled]:
    mine, theirs = (
        added(score.sums(rows.truth, p, rows.labels), codes, count) for p in (rows.challenger, rows.champion)
    )
    whole = [part.sum(axis=0) for part in (mine, theirs)]
    with np.errstate(invalid="ignore", over="ignore"):  # sums beyond the largest number: refused, without value
        without = score.sign * (score.value(whole[0] - mine) - score.value(whole[1] - theirs))

    def resampled(drawn: Floats) -> Floats:
        return np.asarray(score.sign * (score.value(drawn @ mine) - score.value(drawn @ theirs)))

    return float(score.value(whole[1])), float(score.value(whole[0])), without, resampled


def _ranked(rows: Rows, codes: Ints, count: int) -> tuple[float, float, Floats, Resampled]:
    """The AUC: of few clusters taken anew without each; of many what the parts of its rows say (clustered DeLong).

    Source: Obuchowski (1997), Biometrics 53(2).
    """
    scores = [s.astype(np.float64) for s in (rows.champion, rows.challenger)]
    one, theirs = auc_macro(rows.truth, scores[0], rows.labels)
    other, mine = auc_macro(rows.truth, scores[1], rows.labels)
    parts = np.bincount(codes, weights=mine - theirs, minlength=count).astype(np.float64)
    value = other - one
    if count > FEW_CLUSTERS or count == len(codes):
        without = value - parts * (count / (count - 1)) ** (0.5 if count == len(codes) else 1)
    else:
        kept = [codes != k for k in range(count)]
        without = np.array(
            [
                auc_macro(rows.truth[k], scores[1][k], rows.labels)[0]
                - auc_macro(rows.truth[k], scores[0][k], rows.labels)[0]
                for k in kept
            ]
        )  # fmt: skip
    return one, other, without, lambda drawn: value + drawn @ parts


LEAST_OF_CLASS = 5
"""With fewer rows of a class its AUC has no variance to speak of."""


def _one_sided(rows: Rows, codes: Ints) -> Reason | None:
    """``insufficient_n`` where a class has too few rows, or stands in fewer than three clusters."""
    for label in rows.labels:
        of = rows.truth == label
        if of.sum() < LEAST_OF_CLASS or len(np.unique(codes[of])) < 3:  # noqa: PLR2004 (two clusters are no sample)
            return Reason.INSUFFICIENT_N
    return None


def _ranked_freedom(rows: Rows, codes: Ints, effect: Effect) -> Effect:
    """The fewest degrees of freedom that the rows of any one class leave: positives may stand in few clusters."""
    each = [np.bincount(codes[rows.truth == label]).astype(np.float64) for label in rows.labels]
    df = min([effect.df, *(freedom(sizes[sizes > 0]) for sizes in each)])
    return student(
        effect.estimate, effect.error, df, confidence=effect.confidence, n=effect.n, clusters=effect.clusters,
        method=effect.method,
    )  # fmt: skip


def _careful(effect: Effect, others: tuple[Effect, ...]) -> Effect:
    """Of rows that stand alone: p is McNemar's if that is the larger (few rows differ), and the interval reaches 0."""
    exact = next((e for e in others if e.method.startswith("McNemar")), None)
    if exact is None or exact.p <= effect.p:
        return effect
    low, high = effect.low, effect.high
    if exact.p > 1 - effect.confidence:
        low, high = min(low, 0.0), max(high, 0.0)
    return replace(effect, p=exact.p, low=low, high=high, method=f"{effect.method}, {exact.method}")


def _second(
    rows: Rows, effect: Effect, without: Floats, resampled: Resampled | None, draw: np.random.Generator
) -> tuple[Effect, ...]:
    looks: list[Effect] = []
    if resampled is not None and 2 <= effect.clusters == len(without) <= 20_000:  # noqa: PLR2004 (memory of the draws)
        rounds = max(min(1_999, 20_000_000 // effect.clusters), 200)
        low, high = bca(resampled, without, effect.estimate, confidence=effect.confidence, draw=draw, rounds=rounds)
        looks.append(replace(effect, low=low, high=high, p=float("nan"), method="cluster bootstrap BCa"))
    clusters = rows.clusters
    gained = gains(rows)
    if rows.metric == "accuracy" and clusters is None and rows.times is None:
        p = mcnemar(int((gained > 0).sum()), int((gained < 0).sum()))
        looks.append(replace(effect, p=p, method="McNemar mid-p"))
    elif rows.metric in CLASSES and clusters is None and rows.times is None:
        p = mcnemar(0, int((gained != 0).sum()))
        looks.append(replace(effect, p=p, method="McNemar, the least p that so many rows allow"))
    if isinstance(rows.metric, str) and clusters is not None and rows.metric != AUC:
        means = np.bincount(clusters, weights=gained) / np.bincount(clusters)
        spread = float(means.std(ddof=1)) / np.sqrt(len(means))
        looks.append(
            student(
                float(means.mean()), float(spread), len(means) - 1, confidence=effect.confidence, n=effect.n,
                clusters=len(means), method=EVENLY,
            )
        )  # fmt: skip
        looks.append(replace(looks[-1], p=wilcoxon(means), method="Wilcoxon signed ranks of clusters"))
    return tuple(looks)


METRICS: Mapping[str, bool] = {**{name: s.higher for name, s in SCORES.items()}, AUC: True}
"""Every metric by name, and whether more of it is better."""
