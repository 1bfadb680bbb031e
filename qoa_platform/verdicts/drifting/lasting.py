"""Owns lasting shifts: a change of a statistic over windows that is too small for any one of them, and since when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qoa_platform.records import Reason

Floats = NDArray[np.float64]
SIZES = (0.5, 1.0, 2.0)
"""Shifts that are looked for, in standard deviations of a window; others are found in between."""
LEARNT, LEAST = 28, 8
"""Windows that are taken as before any shift, and the fewest of them."""
SEASON, SURE = 7, 0.001
"""The season that is looked for in what is learnt, and how sure it has to be."""
CLIPPED = 4.0
"""A window further off than so many robust deviations counts as no further: one incident is no lasting shift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One lasting shift. *since* and *at* are places in the values: where it began, and where it was sure.

    *size* is the mean since then − the mean before, in the unit of the values; *sigmas* the same in standard deviations
    of a window; *evidence* log10 of the statistic.
    """

    since: int
    at: int
    size: float
    sigmas: float
    evidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """The lasting *shifts* of a series, oldest first; *reason* where it could not be judged.

    *per* is the declared rate: on average at most one false alarm in so many windows; *evidence* log10 of the statistic
    at the last window (an alarm is at log10 *per*), *judged* how many windows were.
    """

    shifts: tuple[Shift, ...] = ()
    per: float
    evidence: float = 0.0
    judged: int = 0
    reason: Reason | None = None
    cause: str | None = None


def lasting(
    values: Sequence[float | None], *, per: float = 1_000.0, learn: int = LEARNT, only_up: bool = False
) -> Lasting:
    """Lasting shifts of the mean of *values*, one per window in order; at most one false alarm in *per* windows.

    The Shiryaev–Roberts statistic of recursive residuals: each window against the mean and spread of all before it,
    which under "nothing changed" are independent normal, whatever mean and spread are (the first *learn* windows are
    taken as quiet). Its mean after t windows is t, so the mean time to a false alarm is at least *per*. It weighs
    shifts of ½, 1 and 2 standard deviations to either side (*only_up*: of distances, which only grow) and every
    beginning alike; *since* is the likeliest. Values beyond 4 robust standard deviations are clipped, a weekly season
    that is sure (F test) is taken out, and a positive correlation of neighbours widens the noise.

    After a shift it goes on from where that began. Missing and infinite values are passed over. Fewer windows than are
    learnt give ``insufficient_n``, constant ones ``not_applicable``.

    >>> found = lasting([0.0, 1.0, -1.0, 0.5, -0.5] * 8 + [1.5, 2.5, 0.5, 2.0, 1.0] * 4)
    >>> [(s.since, round(s.size, 1)) for s in found.shifts]
    [(40, 1.5)]

    Raises ValueError for *per* ≤ 1 or *learn* < 8. Source: Pollak & Siegmund (1991), Sequential detection of a change
    in a normal mean when the initial value is unknown; Shin, Ramdas & Rinaldo (2023), E-detectors.
    """
    if per <= 1 or learn < LEAST:
        raise ValueError(f"per={per}, learn={learn} declare no rate. Allowed: per > 1, learn ≥ {LEAST}")
    given = np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)
    places = np.flatnonzero(np.isfinite(given))
    shifts: list[Shift] = []
    series, start, evidence, judged = given[places], 0, 0.0, 0
    if series.size <= learn:
        cause = f"{series.size} windows have a value, {learn + 1} are needed"
        return Lasting(per=per, reason=Reason.INSUFFICIENT_N, cause=cause)
    while series.size - start > learn:
        found = _first(series[start:], learn, np.log(per), only_up=only_up)
        if found is None:
            return Lasting(
                shifts=tuple(shifts), per=per, judged=judged, reason=None if shifts else Reason.NOT_APPLICABLE,
                cause=None if shifts else "the windows that were learnt from are constant",
            )  # fmt: skip
        shift, evidence, seen = found
        judged += seen
        if shift is None:
            break
        shifts.append(
            Shift(
                since=int(places[start + shift.since]), at=int(places[start + shift.at]), size=shift.size,
                sigmas=shift.sigmas, evidence=shift.evidence,
            )
        )  # fmt: skip
        start, evidence = start + shift.since, 0.0
    return Lasting(shifts=tuple(shifts), per=per, evidence=evidence, judged=judged)


def _first(x: Floats, learn: int, alarm: float, *, only_up: bool) -> tuple[Shift | None, float, int] | None:
    """The first shift of *x* (or none), the last evidence, and the windows judged; ``None`` of constant ones."""
    calm = _calmed(x, learn)
    if calm is None:
        return None
    residuals = _residuals(calm, learn)
    for at, (total, since) in enumerate(_statistics(residuals, learn, only_up=only_up), start=learn):
        if total >= alarm:
            size, spread = float(x[since : at + 1].mean() - x[:since].mean()), float(calm[:since].std(ddof=1))
            shift = Shift(
                since=since, at=at, size=size, sigmas=size / spread if spread else np.inf, evidence=total / np.log(10)
            )  # fmt: skip
            return shift, shift.evidence, at - learn + 1
    return None, total / np.log(10), x.size - learn


def _calmed(x: Floats, learn: int) -> Floats | None:
    """*x* without a sure season, and without outliers; ``None`` where what is learnt is constant."""
    first = x[:learn]
    x = x - _season(first)[np.arange(x.size) % SEASON] if learn >= 3 * SEASON else x
    first = x[:learn]
    centre = np.median(first)
    spread = 1.4826 * float(np.median(np.abs(first - centre))) or float(first.std())
    if not spread > 1e-12 * max(abs(float(centre)), 1e-300):
        return None
    return np.asarray(np.clip(x, centre - CLIPPED * spread, centre + CLIPPED * spread), dtype=np.float64)


def _season(first: Floats) -> Floats:
    """What each day of the week differs by, where an F test is sure of it; else nothing."""
    from scipy.special import fdtrc  # noqa: PLC0415 (heavy import)

    weeks = first[: first.size // SEASON * SEASON].reshape(-1, SEASON)
    offsets = np.median(weeks, axis=0) - np.median(weeks)
    means = weeks.mean(axis=0)
    between = weeks.shape[0] * float(((means - means.mean()) ** 2).sum()) / (SEASON - 1)
    degrees = weeks.size - SEASON
    within = float(((weeks - means) ** 2).sum()) / degrees
    sure = within > 0 and fdtrc(SEASON - 1, degrees, between / within) < SURE
    return np.asarray(offsets if sure else np.zeros(SEASON), dtype=np.float64)


def _residuals(x: Floats, learn: int) -> Floats:
    """Normal scores of each window after the learnt ones, against all before it."""
    from scipy.special import ndtri, stdtr  # noqa: PLC0415 (heavy import)

    n = np.arange(learn, x.size, dtype=np.float64)
    total, square = np.cumsum(x - x[0]), np.cumsum((x - x[0]) ** 2)
    mean = total[learn - 1 : -1] / n
    variance = np.maximum((square[learn - 1 : -1] - n * mean**2) / (n - 1), 1e-300)
    t = (x[learn:] - x[0] - mean) / np.sqrt(variance * (1 + 1 / n))
    scores = -np.sign(t) * ndtri(np.maximum(stdtr(n - 1, -np.abs(t)), 1e-300))
    return np.asarray(scores / np.sqrt(_persistence(x[:learn])), dtype=np.float64)


def _persistence(first: Floats) -> float:
    """``(1 + ρ)/(1 − ρ)`` of a positive correlation ρ of neighbours, corrected for few windows; else 1."""
    gaps = first - first.mean()
    rho = float((gaps[1:] * gaps[:-1]).sum() / (gaps**2).sum())
    rho = min(rho + (1 + 3 * rho) / first.size, 0.9)
    return (1 + rho) / (1 - rho) if rho > 1 / np.sqrt(first.size) else 1.0


def _statistics(z: Floats, learn: int, *, only_up: bool) -> Iterator[tuple[float, int]]:
    """After each window: log of the statistic, and the likeliest first window of a shift."""
    sizes = np.array(SIZES if only_up else [s * side for s in SIZES for side in (1, -1)])
    ratios = np.empty((z.size, sizes.size))
    for index, score in enumerate(z):
        j = learn + index + 1
        since = np.arange(learn, learn + index + 1, dtype=np.float64)  # windows before the shift
        means = np.outer(since / np.sqrt(j * (j - 1.0)), sizes)
        ratios[index] = 0.0
        ratios[: index + 1] += means * score - means**2 / 2
        logs = np.logaddexp.reduce(ratios[: index + 1], axis=1) - np.log(sizes.size)
        yield float(np.logaddexp.reduce(logs)), learn + int(np.argmax(logs))
