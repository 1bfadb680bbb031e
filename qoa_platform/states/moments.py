"""Owns Moments and Comoments: central sums of one column, and of two."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Moments:
    """n, mean and central sums M2, M3, M4 of the finite values; *nonfinite* counts ±inf, which are left out.

    Merged by Chan, Golub & LeVeque (1979) and Pébay (2008), Sandia SAND2008-6212. Neutral element: ``Moments()``.

    >>> (Moments(1, 1.0) + Moments(1, 3.0)).m2
    2.0
    """

    NAME: ClassVar[str] = "moments"

    n: int = 0
    mean: float = 0.0
    m2: float = 0.0
    m3: float = 0.0
    m4: float = 0.0
    nonfinite: int = 0

    def zero(self) -> "Moments":
        """``Moments()``."""
        return Moments()

    def __add__(self, other: "Moments") -> "Moments":
        n, a, b = self.n + other.n, self.n, other.n
        nonfinite = self.nonfinite + other.nonfinite
        if a == 0 or b == 0:
            side = other if a == 0 else self
            return Moments(side.n, side.mean, side.m2, side.m3, side.m4, nonfinite)
        d = other.mean - self.mean
        d2 = d * d
        m2 = self.m2 + other.m2 + d2 * a * b / n
        m3 = self.m3 + other.m3 + d * d2 * a * b * (a - b) / n**2 + 3 * d * (a * other.m2 - b * self.m2) / n
        m4 = (
            self.m4
            + other.m4
            + d2 * d2 * a * b * (a * a - a * b + b * b) / n**3
            + 6 * d2 * (a * a * other.m2 + b * b * self.m2) / n**2
            + 4 * d * (a * other.m3 - b * self.m3) / n
        )
        return Moments(n, self.mean + d * b / n, m2, m3, m4, nonfinite)

    @property
    def variance(self) -> float | None:
        """M2 / (n − 1); ``None`` for fewer than two values."""
        return self.m2 / (self.n - 1) if self.n > 1 else None

    def plain(self) -> Mapping[str, Any]:
        """Six numbers."""
        return {"n": self.n, "f": [self.mean, self.m2, self.m3, self.m4], "x": self.nonfinite}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Moments":
        """The inverse of :meth:`plain`."""
        mean, m2, m3, m4 = (float(v) for v in data["f"])
        return cls(int(data["n"]), mean, m2, m3, m4, int(data["x"]))


@dataclass(frozen=True, slots=True)
class Comoments:
    """n, both means, M2x, M2y and Cxy = Σ(x − x̄)(y − ȳ), over rows with both present. Neutral: ``Comoments()``."""

    NAME: ClassVar[str] = "comoments"

    n: int = 0
    mean_x: float = 0.0
    mean_y: float = 0.0
    m2x: float = 0.0
    m2y: float = 0.0
    cxy: float = 0.0

    def zero(self) -> "Comoments":
        """``Comoments()``."""
        return Comoments()

    def __add__(self, other: "Comoments") -> "Comoments":
        if self.n == 0 or other.n == 0:
            return other if self.n == 0 else self
        n = self.n + other.n
        dx, dy, w = other.mean_x - self.mean_x, other.mean_y - self.mean_y, self.n * other.n / n
        return Comoments(
            n,
            self.mean_x + dx * other.n / n,
            self.mean_y + dy * other.n / n,
            self.m2x + other.m2x + dx * dx * w,
            self.m2y + other.m2y + dy * dy * w,
            self.cxy + other.cxy + dx * dy * w,
        )

    def plain(self) -> Mapping[str, Any]:
        """Six numbers."""
        return {"n": self.n, "f": [self.mean_x, self.mean_y, self.m2x, self.m2y, self.cxy]}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Comoments":
        """The inverse of :meth:`plain`."""
        return cls(int(data["n"]), *(float(v) for v in data["f"]))
