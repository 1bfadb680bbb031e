"""Owns which detector a promise means, and what it makes of a stretch of values: its largest statistic, since when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from qoa_platform.verdicts.detectors.adwin import Adwin
from qoa_platform.verdicts.detectors.cusum import Cusum
from qoa_platform.verdicts.detectors.ddm import Ddm
from qoa_platform.verdicts.detectors.e_detector import EDetector
from qoa_platform.verdicts.detectors.ewma import Ewma
from qoa_platform.verdicts.detectors.kswin import Kswin
from qoa_platform.verdicts.detectors.page_hinkley import PageHinkley
from qoa_platform.verdicts.detectors.protocol import Detector

STANDARDISED = frozenset({Cusum.ID, Ewma.ID})
"""Detectors that need to know the mean and the standard deviation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What a detector said of a stretch of values: its largest *statistic*, at position *at*, with *since* as there."""

    statistic: float | None
    level: float
    alarms: int
    n: int
    at: int | None = None
    since: int | None = None


def made(  # noqa: C901 (one case per detector)
    metric: str, given: Mapping[str, Any], level: tuple[float, float] | None = None
) -> Detector:
    """The detector of *metric* with the parameters that a promise has *given*; *level*: mean and standard deviation.

    Raises ValueError for a parameter that cannot be, a metric of no detector, or a level that is missing.
    """
    if metric in STANDARDISED and level is None:
        raise ValueError(f"{metric} needs a mean and a standard deviation")
    mean, std = level or (0.0, 1.0)
    match metric:
        case Cusum.ID:
            return Cusum(mean=mean, std=std, k=given["k"], h=given["h"])
        case Ewma.ID:
            return Ewma(mean=mean, std=std, weight=given["lambda"], width=given["l"])
        case PageHinkley.ID:
            return PageHinkley(delta=given["delta"], threshold=given["lambda"])
        case Adwin.ID:
            return Adwin(delta=given["delta"])
        case Ddm.ID:
            return Ddm(threshold=given["threshold"])
        case Kswin.ID:
            return Kswin(alpha=given["alpha"], seed=given["seed"])
        case EDetector.ID:
            return EDetector(p0=given["p0"], alpha=given["alpha"] or 0.001)
        case _:
            raise ValueError(f"{metric} is no detector")


def fold(detector: Detector, values: Iterable[float | None]) -> Folded:
    """Fold *values*. One that does not go on after an alarm is reset, before the next value, and learns the level anew.

    >>> calm, risen = [0.0, 0.0, 1.0, 0.0] * 100, [1.0] * 60
    >>> found = fold(Adwin(), calm + risen)
    >>> found.alarms >= 1, found.statistic > found.level, found.since in range(390, 405)
    (True, True, True)
    """
    best: float | None = None
    at = since = None
    alarms = 0
    for value in values:
        if detector.alarm and not detector.CARRIED:
            detector.reset()
        before = detector.n
        found = detector.update(value)
        if detector.n == before or found is None:
            continue
        alarms += detector.alarm
        if best is None or found > best:
            best, at, since = found, detector.n, detector.since
    return Folded(statistic=best, level=detector.level, alarms=alarms, n=detector.n, at=at, since=since)


def robust(values: Iterable[float]) -> tuple[float, float] | None:
    """Median, and 1.4826 times the median distance from it: mean and σ of normal values, whatever one in four do.

    Where more than half of the values are equal it is their standard deviation; ``None`` where all of them are.

    >>> level = robust([1.0, 2.0, 3.0, 4.0, 500.0])
    >>> level[0], round(level[1], 4)
    (3.0, 1.4826)
    """
    found = list(values)
    if len(found) < 2:  # noqa: PLR2004 (no spread)
        return None
    middle = median(found)
    spread = 1.4826 * median(abs(v - middle) for v in found)
    if not spread:
        middle = sum(found) / len(found)
        spread = (sum((v - middle) ** 2 for v in found) / len(found)) ** 0.5
    return (middle, spread) if spread > 1e-12 * abs(middle) else None
