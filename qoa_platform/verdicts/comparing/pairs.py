"""Owns model comparison on paired evidence: the interval of the difference, and the verdict on the objective."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import fsum, isfinite
from typing import assert_never

from qoa_platform.records import (
    Bounds,
    Direction,
    Key,
    Margin,
    MarginKind,
    Objective,
    Reason,
    Severity,
    Status,
    Unit,
    Verdict,
)
from qoa_platform.verdicts.comparing.student import detectable, holm, needed, quantile, standard_error, two_sided
from qoa_platform.verdicts.context import Context

RELEASE, OBJECTIVE = "release", "objective"
"""Subject and promise of the verdict on a release's objective."""


class Method(StrEnum):
    """How the standard error of the mean difference is estimated."""

    PLAIN = "plain"
    """Pairs are independent: t with n − 1 degrees of freedom. Too narrow where pairs of one week err together."""
    CLUSTERED = "clustered"
    """Pairs of one cluster (the first key) may err together in any way: t with clusters − 1 degrees of freedom."""


WHY = {
    Method.PLAIN: "pairs are taken as independent",
    Method.CLUSTERED: "pairs of one {by} err together, so the {by}s are the independent evidence (CR2, t)",
}
"""Why the standard error is estimated so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What both models did on the same piece of evidence: two ratios of sums (for WAPE: Σ|error| over Σ|actual|).

    *keys* say which piece, in the order of the objective's ``pair_by`` (week, department); the first is the cluster.
    """

    keys: tuple[str, ...]
    champion_num: float
    champion_den: float
    candidate_num: float
    candidate_den: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One group's mean difference with its interval; *p* is Holm's over all groups that can be judged.

    *regresses*: the candidate is worse there, and the chance that any group is named although none is worse is at most
    1 − confidence. A group in one cluster only has no interval.
    """

    name: str
    mean: float
    n: int
    low: float | None = None
    high: float | None = None
    p: float | None = None
    regresses: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """The mean paired difference, positive where the candidate is better, with its two-sided interval.

    *n* pairs in *clusters*; *skipped* pairs had no ratio (an empty or not finite sum); *champion* and *candidate* are
    the means of the pairs' ratios; *per_group* the mean difference by the remaining keys (``GROCERY``, …), *parts* the
    same with intervals. *error* is the standard error of the mean.
    """

    mean: float
    low: float
    high: float
    n: int
    clusters: int
    skipped: int
    method: Method
    confidence: float
    champion: float
    candidate: float
    per_group: tuple[tuple[str, float], ...] = ()
    parts: tuple[Part, ...] = ()
    error: float = 0.0


def paired(
    pairs: Iterable[Pair],
    *,
    confidence: float = 0.95,
    method: Method = Method.CLUSTERED,
    direction: Direction = Direction.LOWER,
) -> Interval | Reason:
    """The interval of the mean difference per pair, each pair counting the same (pooled sums let the largest decide).

    ``clustered`` (the default): standard error ``√(Σ_g S_g² / (1 − n_g/n)) / n`` with S_g the sum of the centred
    differences of cluster g (the bias-reduced CR2 form; for clusters of one size the t-test on their means), t with
    clusters − 1 degrees of freedom. Departments share their week's weather, holidays and promotions, so pairs of one
    week are no independent evidence: the plain interval promotes more often than it declares. Weeks in a row are taken
    as independent of one another. ``plain`` stays for evidence that is drawn independently.

    ``no_data`` without any pair that has both ratios; ``insufficient_n`` with fewer than two clusters (pairs).

    >>> both = {"champion_den": 100, "candidate_num": 20, "candidate_den": 100}
    >>> found = paired([Pair(keys=(str(week),), champion_num=20 + week, **both) for week in (1, 2, 3)])
    >>> f"{found.mean:.3f} ({found.low:.3f} to {found.high:.3f})"
    '0.020 (-0.005 to 0.045)'

    Raises ValueError for a confidence outside (0, 1) or a target metric, which has no better side.
    Source: Bell & McCaffrey (2002), Survey Methodology 28(2), 169-181; Cameron & Miller (2015), J. Hum. Res. 50(2).
    """
    if not 0 < confidence < 1:
        message = f"confidence {confidence} is not allowed. Allowed: between 0 and 1, such as 0.95"
        raise ValueError(message)
    every = list(pairs)
    usable = [(p, *ratios) for p in every if (ratios := _ratios(p)) is not None]
    if not usable:
        return Reason.NO_DATA
    sign = _better(direction)
    differences = [sign * (champion - candidate) for _, champion, candidate in usable]
    clusters = _clusters([p for p, _, _ in usable], method)
    count = len(set(clusters))
    if count < 2:  # noqa: PLR2004 (one cluster has no spread)
        return Reason.INSUFFICIENT_N
    mean = fsum(differences) / len(differences)
    error = standard_error(differences, clusters, mean)
    reach = quantile(count - 1, (1 + confidence) / 2) * error
    return Interval(
        mean=mean, low=mean - reach, high=mean + reach, n=len(usable), clusters=count,
        skipped=len(every) - len(usable), method=method, confidence=confidence,
        champion=fsum(c for _, c, _ in usable) / len(usable), candidate=fsum(c for _, _, c in usable) / len(usable),
        error=error, per_group=_per_group([p for p, _, _ in usable], differences),
        parts=_parts([p for p, _, _ in usable], differences, clusters, confidence),
    )  # fmt: skip


def threshold(margin: Margin, champion: float) -> float:
    """By how much a candidate must be better, in the metric's unit.

    A relative *margin* is a share of the *champion*'s value, a factor says how many times as bad the champion must be
    (``1.1 x``), an absolute one is taken as it is.

    >>> threshold(Margin(kind=MarginKind.RELATIVE, value=0.05), 0.2)
    0.010000000000000002
    """
    match margin.kind:
        case MarginKind.RELATIVE:
            return margin.value * abs(champion)
        case MarginKind.ABSOLUTE:
            return margin.value
        case MarginKind.FACTOR:
            if margin.value <= 0:
                message = f"margin {margin.value:g} x is no factor. Allowed: a positive number"
                raise ValueError(message)
            return (1 - 1 / margin.value) * abs(champion)
        case _:
            assert_never(margin.kind)


def objective_verdict(
    objective: Objective, found: Interval | Reason, *, context: Context, champion: str, unit: Unit = Unit.RATIO,
    measurements: tuple[str, ...] = (), cause: str | None = None,
) -> Verdict:  # fmt: skip
    """The verdict ``release.objective`` on the version in *context* against the version *champion*.

    ``satisfied`` when the whole interval lies above the margin, ``violated`` when it lies below, else
    ``unknown(imprecise)``; a *found* reason is handed on. The value is the mean difference; the evidence holds the
    interval, both means, the differences per group, and whom it was compared with.
    """
    status, reason, bounds, margin = Status.UNKNOWN, found if isinstance(found, Reason) else None, Bounds(), None
    if isinstance(found, Interval):
        asked = threshold(objective.margin, found.champion)
        bounds, margin = Bounds(low=asked, strict=True), found.mean - asked
        if found.low > asked:
            status = Status.SATISFIED
        elif found.high < asked:
            status = Status.VIOLATED
        else:
            reason = Reason.IMPRECISE
            cause = f"the interval {found.low:.4g} to {found.high:.4g} holds the margin {asked:.4g}"
            cause += _more(found, asked, objective)
    return Verdict(
        key=Key(contract=context.contract, subject=RELEASE, promise=OBJECTIVE, version=context.version),
        window=context.window, status=status, reason=reason, cause=cause, severity=Severity.WARNING,
        metric=objective.metric, unit=unit, value=found.mean if isinstance(found, Interval) else None,
        n=found.n if isinstance(found, Interval) else 0, bounds=bounds, margin=margin,
        contract_version=context.contract_version, contract_digest=context.contract_digest, measurements=measurements,
        data=context.data, trial=context.trial, imported=context.imported, provisional=context.provisional,
        evidence={"champion": champion, **(_evidence(found, objective) if isinstance(found, Interval) else {})},
        at=context.at, wall=context.wall,
    )  # fmt: skip


def _evidence(found: Interval, objective: Objective) -> dict[str, object]:
    asked = threshold(objective.margin, found.champion)
    degrees, apart = found.clusters - 1, abs(found.mean - asked)
    by = objective.pair_by[0] if objective.pair_by else "pair"
    return {
        "mean": found.mean, "low": found.low, "high": found.high, "confidence": found.confidence, "n": found.n,
        "clusters": found.clusters, "skipped": found.skipped, "method": str(found.method),
        "champion_value": found.champion, "candidate_value": found.candidate, "per_group": dict(found.per_group),
        "detectable": detectable(found.error, degrees, found.confidence),
        "needed": needed(found.error, found.clusters, apart, found.confidence),
        "parts": {
            p.name: {"mean": p.mean, "low": p.low, "high": p.high, "p": p.p, "n": p.n, "regresses": p.regresses}
            for p in found.parts
        },
        "regressions": [p.name for p in found.parts if p.regresses],
        "cluster": by,
        "method_why": WHY[found.method].format(by=by),
    }  # fmt: skip


def _more(found: Interval, asked: float, objective: Objective) -> str:
    """What so much evidence can tell, and how much more would decide."""
    by = objective.pair_by[0] if objective.pair_by and found.method is Method.CLUSTERED else "cluster"
    least = detectable(found.error, found.clusters - 1, found.confidence)
    asks = needed(found.error, found.clusters, abs(found.mean - asked), found.confidence)
    said = "" if least is None else f"; {found.clusters} {by}s find a difference of {least:.3g} from it"
    if asks is not None and asks > found.clusters:
        said += f", about {asks - found.clusters:,} more {by}s would find this one"
    return said


def _better(direction: Direction) -> float:
    """The sign that makes champion − candidate positive where the candidate is better."""
    match direction:
        case Direction.LOWER:
            return 1.0
        case Direction.HIGHER:
            return -1.0
        case Direction.TARGET:
            message = "a target metric has no better side. Allowed: metrics where higher or lower is better"
            raise ValueError(message)
        case _:
            assert_never(direction)


def _ratios(pair: Pair) -> tuple[float, float] | None:
    """The champion's and the candidate's ratio, ``None`` where one of them is undefined."""
    numbers = (pair.champion_num, pair.champion_den, pair.candidate_num, pair.candidate_den)
    if not all(isfinite(x) for x in numbers) or pair.champion_den == 0 or pair.candidate_den == 0:
        return None
    return pair.champion_num / pair.champion_den, pair.candidate_num / pair.candidate_den


def _clusters(pairs: Sequence[Pair], method: Method) -> list[str]:
    """The cluster that each pair belongs to; a pair without keys is one of its own."""
    match method:
        case Method.PLAIN:
            return [str(i) for i in range(len(pairs))]
        case Method.CLUSTERED:
            return [p.keys[0] if p.keys else f"#{i}" for i, p in enumerate(pairs)]
        case _:
            assert_never(method)


def _per_group(pairs: Sequence[Pair], differences: Sequence[float]) -> tuple[tuple[str, float], ...]:
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for pair, difference in zip(pairs, differences, strict=True):
        if len(pair.keys) > 1:
            groups["|".join(pair.keys[1:])].append(difference)
    return tuple((name, fsum(part) / len(part)) for name, part in sorted(groups.items()))


def _parts(
    pairs: Sequence[Pair], differences: Sequence[float], clusters: Sequence[str], confidence: float
) -> tuple[Part, ...]:
    """Each group's difference with its interval, clustered as the whole is."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for index, pair in enumerate(pairs):
        if len(pair.keys) > 1:
            groups["|".join(pair.keys[1:])].append(index)
    parts = [
        _part(name, [differences[i] for i in where], [clusters[i] for i in where], confidence)
        for name, where in sorted(groups.items())
    ]
    judged = [part for part in parts if part.p is not None]
    adjusted = dict(zip((p.name for p in judged), holm([p.p for p in judged if p.p is not None]), strict=True))
    level = 1 - confidence
    return tuple(
        replace(part, p=p, regresses=p <= level and part.mean < 0)
        if (p := adjusted.get(part.name)) is not None
        else part
        for part in parts
    )


def _part(name: str, differences: Sequence[float], clusters: Sequence[str], confidence: float) -> Part:
    n, count = len(differences), len(set(clusters))
    mean = fsum(differences) / n
    if count < 3:  # noqa: PLR2004 (two clusters: an interval that tells nothing)
        return Part(name=name, mean=mean, n=n)
    error = standard_error(differences, clusters, mean)
    reach = quantile(count - 1, (1 + confidence) / 2) * error
    return Part(
        name=name, mean=mean, n=n, low=mean - reach, high=mean + reach, p=two_sided(mean, error, count - 1)
    )  # fmt: skip
