"""Owns QuantileTest: the difference of one quantile of two arms, looked at any number of times."""

from dataclasses import dataclass, field
from math import inf, log

import numpy as np
from scipy.special import betaln, xlog1py, xlogy

from qoa_platform.verdicts.sequential.batch import Floats
from qoa_platform.verdicts.sequential.decision import Effect
from qoa_platform.verdicts.sequential.units import Rows, grown

STRENGTH = 100.0
"""What the prior of the share below the quantile is worth, in rows."""


def log_ranks(n: int, q: float, dispersion: float = 1.0) -> Floats:
    """Log E against "k of n rows lie at or below the q-quantile" for k = 0 … n, beta-binomial around q.

    With *dispersion* d counts are worth k/d of n/d. Source: Howard & Ramdas (2022), Sequential estimation of quantiles
    with applications to A/B testing and best-arm identification, Bernoulli 28(3).
    """
    hits, total = np.arange(n + 1) / dispersion, n / dispersion
    a, b = q * STRENGTH, (1 - q) * STRENGTH
    found: Floats = betaln(a + hits, b + total - hits) - betaln(a, b) - xlogy(hits, q) - xlog1py(total - hits, -q)
    return found


def quantile_interval(ordered: Floats, q: float, alpha: float, dispersion: float = 1.0) -> tuple[float, float]:
    """The confidence sequence of the q-quantile off the sorted rows: valid for any distribution, ties too.

    >>> quantile_interval(np.arange(1.0, 1001.0), 0.5, 0.05)
    (453.0, 548.0)
    """
    kept = np.flatnonzero(log_ranks(len(ordered), q, dispersion) < log(1 / alpha))
    return _below(ordered, int(kept[0])), _above(ordered, int(kept[-1]))


def _below(ordered: Floats, rank: int) -> float:
    return float(ordered[rank - 1]) if rank >= 1 else -inf


def _above(ordered: Floats, rank: int) -> float:
    return float(ordered[rank]) if rank < len(ordered) else inf


@dataclass(slots=True, kw_only=True)
class QuantileTest:
    """The joint confidence sequence of both arms' quantiles, and the differences it allows.

    For each arm ``E_a(x)`` is the e-value against "x is the quantile", off the rank of x. Their product is one against
    the pair, so the differences of all pairs with ``log E₁ + log E₀ < log(1/α)`` are a confidence sequence of the
    difference: narrower than two intervals at α/2. Against "no difference" E is the least product at a common x.

    Units that return make counts vary more than independent rows do: by the *dispersion* of the indicator "at or below
    the arm's quantile" over units (≥ 1), by which counts are divided.
    """

    q: float
    clustered: bool
    alpha: float = 0.05
    burn_in: int = 50
    ordered: list[Floats] = field(default_factory=lambda: [np.zeros(0), np.zeros(0)])
    numbers: list[Floats] = field(default_factory=lambda: [np.zeros(0), np.zeros(0)])
    sizes: Floats = field(default_factory=lambda: np.zeros(0))

    def add(self, rows: Rows) -> None:
        """After more rows."""
        for arm in (0, 1):
            mine = rows.arm == arm
            values, units = rows.value[mine], rows.unit[mine].astype(np.float64)
            order = np.argsort(values, kind="stable")
            at = np.searchsorted(self.ordered[arm], values[order], side="right")
            self.ordered[arm] = np.insert(self.ordered[arm], at, values[order])
            if self.clustered:
                self.numbers[arm] = np.insert(self.numbers[arm], at, units[order])
        if self.clustered and len(rows):
            self.sizes = grown(self.sizes, int(rows.unit.max()) + 1)  # type: ignore[assignment]
            np.add.at(self.sizes, rows.unit, 1.0)

    def ready(self, units: int) -> bool:
        """Whether enough units were seen for their dispersion to be known; at once where none returns."""
        return bool(min(map(len, self.ordered))) and (not self.clustered or units >= 2 * self.burn_in)

    def effect(self) -> Effect:
        """What is known of the difference."""
        if not min(map(len, self.ordered)):
            return Effect()
        dispersion = self._dispersion()
        logs = [log_ranks(len(part), self.q, dispersion) for part in self.ordered]
        (l0, h0), (l1, h1) = (self._reach(arm, logs) for arm in (0, 1))
        values = tuple(float(part[max(int(np.ceil(self.q * len(part))) - 1, 0)]) for part in self.ordered)
        low, high = self._farthest(logs, lower=True), self._farthest(logs, lower=False)
        low, high = max(low, l1 - h0) if np.isfinite(low) else low, min(high, h1 - l0) if np.isfinite(high) else high
        return Effect(
            estimate=values[1] - values[0], low=low, high=high, log_e=self._common(logs), dispersion=dispersion,
            values=(values[0], values[1]),
        )  # fmt: skip

    def _reach(self, arm: int, logs: list[Floats]) -> tuple[float, float]:
        """What the pair allows of one arm when the other is where it likes best."""
        kept = np.flatnonzero(logs[arm] < log(1 / self.alpha) - float(logs[1 - arm].min()))
        return _below(self.ordered[arm], int(kept[0])), _above(self.ordered[arm], int(kept[-1]))

    def _farthest(self, logs: list[Floats], *, lower: bool) -> float:
        """The least (largest) difference of any allowed pair: x₁ as low as its rank allows, x₀ as high, or turned."""
        one, other = self.ordered[1], self.ordered[0]
        level = log(1 / self.alpha)
        kept = np.flatnonzero(logs[1] + float(logs[0].min()) < level)
        middle = int(np.argmin(logs[0]))
        spare = level - logs[1][kept]
        if lower:
            side = logs[0][middle:]
            far = middle + np.maximum(np.searchsorted(np.maximum.accumulate(side), spare) - 1, 0)
            ends = np.concatenate(([-inf], one))[kept] - np.concatenate((other, [inf]))[far]
            return float(ends.min())
        side = logs[0][: middle + 1][::-1]
        far = middle - np.maximum(np.searchsorted(np.maximum.accumulate(side), spare) - 1, 0)
        ends = np.concatenate((one, [inf]))[kept] - np.concatenate(([-inf], other))[far]
        return float(ends.max())

    def _common(self, logs: list[Floats]) -> float:
        """Log E against "both have the same quantile": the least over x of the sum, at the ranks x has in both."""
        grid = np.unique(np.concatenate(self.ordered))
        found = []
        for part, rows in zip(logs, self.ordered, strict=True):
            below, upto = (np.searchsorted(rows, grid, side=side) for side in ("left", "right"))
            found.append(part[np.clip(int(np.argmin(part)), below, upto)])
        return float((found[0] + found[1]).min())

    def _dispersion(self) -> float:
        """The variance of "at or below the arm's quantile" over units ÷ that of independent rows, pooled; ≥ 1."""
        if not self.clustered:
            return 1.0
        over, plain = 0.0, 0.0
        for ordered, numbers in zip(self.ordered, self.numbers, strict=True):
            n = len(ordered)
            cut = ordered[max(int(np.ceil(self.q * n)) - 1, 0)]
            hit = (ordered <= cut).astype(np.float64)
            sums = np.bincount(numbers.astype(np.int64), hit - hit.mean(), minlength=len(self.sizes))
            over += float(sums @ sums) / n
            plain += float(hit.var())
        return max(over / plain, 1.0) if plain > 0 else 1.0
