"""Owns Moments and Comoments: central sums of one column, and of two."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypedDict

import msgspec

from qoa_platform.states.protocol import Count, State


class _MomentsBody(TypedDict):
    n: Count
    f: tuple[float, float, float | None, float | None]
    x: Count


class _ComomentsBody(TypedDict):
    n: Count
    f: tuple[float, float, float, float, float]
    x: Count


@dataclass(frozen=True, slots=True)
class Moments(State):
    """n, mean and central sums M2, M3, M4 of the finite values; *n_nonfinite* counts ±inf, which are left out.

    Never a sum of squares: Σx² − n·x̄² loses everything where the mean is large beside the spread. M3 and M4 are
    ``None`` where they were not asked for: they cost twice as much as all the rest, and only the shape of a column
    reads them. A sum in which one part does not know them does not know them either; n, mean and M2 never depend on
    them, so states of either kind merge, whenever they were stored. Neutral element: ``Moments()``, with all four 0.

    >>> (Moments(1, 1.0) + Moments(1, 3.0)).m2
    2.0

    References: Chan, Golub & LeVeque (1979), STAN-CS-79-773; Pébay (2008), SAND2008-6212, for M3 and M4.
    """

    NAME: ClassVar[str] = "moments"

    n: int = 0
    mean: float = 0.0
    m2: float = 0.0
    m3: float | None = 0.0
    m4: float | None = 0.0
    n_nonfinite: int = 0

    @classmethod
    def zero(cls) -> "Moments":
        """``Moments()``."""
        return Moments()

    def _merged(self, other: "Moments") -> "Moments":
        a, b, nonfinite = self.n, other.n, self.n_nonfinite + other.n_nonfinite
        if a == 0 or b == 0:
            return replace(other if a == 0 else self, n_nonfinite=nonfinite)
        n, d = a + b, other.mean - self.mean
        d2 = d * d
        m2 = self.m2 + other.m2 + d2 * a * b / n
        m3, m4 = self._shape(other, d, n)
        return Moments(n, self.mean + d * b / n, m2, m3, m4, nonfinite)

    def _shape(self, other: "Moments", d: float, n: int) -> tuple[float | None, float | None]:
        """M3 and M4 of both, whose means are *d* apart; ``None`` where either does not know its own."""
        a, b, d2 = self.n, other.n, d * d
        if self.m3 is None or other.m3 is None or self.m4 is None or other.m4 is None:
            return None, None
        m3 = self.m3 + other.m3 + d * d2 * a * b * (a - b) / n**2 + 3 * d * (a * other.m2 - b * self.m2) / n
        m4 = (
            self.m4
            + other.m4
            + d2 * d2 * a * b * (a * a - a * b + b * b) / n**3
            + 6 * d2 * (a * a * other.m2 + b * b * self.m2) / n**2
            + 4 * d * (a * other.m3 - b * self.m3) / n
        )
        return m3, m4

    @property
    def variance(self) -> float | None:
        """M2 / (n − 1); ``None`` for fewer than two values."""
        return self.m2 / (self.n - 1) if self.n > 1 else None

    def plain(self) -> Mapping[str, Any]:
        """Six numbers."""
        return {"n": self.n, "f": [self.mean, self.m2, self.m3, self.m4], "x": self.n_nonfinite}

    @classmethod
    def of(cls, data: Any) -> "Moments":
        """The inverse of :meth:`plain`."""
        body = msgspec.convert(data, _MomentsBody)
        return cls(body["n"], *body["f"], body["x"])


@dataclass(frozen=True, slots=True)
class Comoments(State):
    """n, both means, M2x, M2y and Cxy = Σ(x − x̄)(y − ȳ), over rows with both present and finite.

    *n_nonfinite* counts the rows with both present and one of them ±inf: they are left out of everything else, and
    whoever reads the state decides what they mean. Neutral element: ``Comoments()``.

    >>> pair = Comoments(1, 1.0, 2.0) + Comoments(1, 3.0, 6.0)
    >>> pair.m2x, pair.m2y, pair.cxy
    (2.0, 8.0, 4.0)
    """

    NAME: ClassVar[str] = "comoments"

    n: int = 0
    mean_x: float = 0.0
    mean_y: float = 0.0
    m2x: float = 0.0
    m2y: float = 0.0
    cxy: float = 0.0
    n_nonfinite: int = 0

    @classmethod
    def zero(cls) -> "Comoments":
        """``Comoments()``."""
        return Comoments()

    def _merged(self, other: "Comoments") -> "Comoments":
        nonfinite = self.n_nonfinite + other.n_nonfinite
        if self.n == 0 or other.n == 0:
            return replace(other if self.n == 0 else self, n_nonfinite=nonfinite)
        n = self.n + other.n
        dx, dy, w = other.mean_x - self.mean_x, other.mean_y - self.mean_y, self.n * other.n / n
        return Comoments(
            n,
            self.mean_x + dx * other.n / n,
            self.mean_y + dy * other.n / n,
            self.m2x + other.m2x + dx * dx * w,
            self.m2y + other.m2y + dy * dy * w,
            self.cxy + other.cxy + dx * dy * w,
            nonfinite,
        )

    def plain(self) -> Mapping[str, Any]:
        """Seven numbers."""
        return {"n": self.n, "f": [self.mean_x, self.mean_y, self.m2x, self.m2y, self.cxy], "x": self.n_nonfinite}

    @classmethod
    def of(cls, data: Any) -> "Comoments":
        """The inverse of :meth:`plain`."""
        body = msgspec.convert(data, _ComomentsBody)
        return cls(body["n"], *body["f"], body["x"])
