"""Owns Evidence: why a promise is suggested, and how strong that is, as numbers a person can check."""

from dataclasses import dataclass
from math import sqrt

from qoa_platform.records import Mode

Z95 = 1.96
"""Standard normal quantile of a two-sided interval of 95 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for one promise: *n* rows that could tell, *violations* among them, and *why* in words.

    *sure* is the lower end of the 95 % Wilson interval of the share of rows that keep it: 3 of 3 rows say less than
    3 000 of 3 000. *mode* is ``observe`` where the source itself makes the promise doubtful.
    """

    promise: str
    metric: str
    columns: tuple[str, ...]
    n: int
    violations: int
    why: str
    mode: Mode = Mode.ENFORCE
    false_alarms: float | None = None
    """Expected alarms per month on data like the source, where a history says so."""

    @property
    def sure(self) -> float:
        """The lower end of the 95 % Wilson interval of the share of rows that keep the promise."""
        return wilson(self.n - self.violations, self.n)[0]


def wilson(hits: int, n: int, z: float = Z95) -> tuple[float, float]:
    """The Wilson score interval of a share: ``(p̂ + z²/2n ± z·√(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n)``.

    Without a row nothing is known: (0, 1).

    >>> [round(end, 3) for end in wilson(10, 10)], wilson(0, 0)
    ([0.722, 1.0], (0.0, 1.0))

    Reference: Wilson (1927), JASA 22, 209-212.
    """
    if n <= 0:
        return 0.0, 1.0
    share, square = hits / n, z * z
    centre, reach = share + square / (2 * n), z * sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, (centre - reach) / (1 + square / n)), min(1.0, (centre + reach) / (1 + square / n))
