"""Owns QuantileSketch: where every quantile of a column lies, to a third of a percent of its rows, in 19 kB."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from typing import Any, ClassVar, NamedTuple, TypedDict

import msgspec

from qoa_platform.states.kll import K, Retained, retained
from qoa_platform.states.protocol import Count, State, StateError

RANK_ERROR = 2.296 / K**0.9723
"""Of one quantile, as a share of n, with 99 % confidence (the library's fit for KLL): 0.35 %."""


class _Body(TypedDict):
    b: bytes
    i: Count


class Located(NamedTuple):
    """A quantile, and the values between which it lies with 99 % confidence."""

    value: float
    low: float
    high: float

    @property
    def bound(self) -> float:
        """How far the true quantile may be from *value*."""
        return max(self.high - self.value, self.value - self.low)


@dataclass(frozen=True, slots=True)
class QuantileSketch(State):
    """A KLL sketch (k = 800) of finite numbers; *n_nonfinite* counts ±inf. Neutral element: ``QuantileSketch()``.

    Up to some 800 values it holds all of them, and its quantiles are exact. Beyond, a quantile may be off by 0.35 % of
    the rows (99 % confidence), however many parts were merged: in the unit of the column that is little where
    values are dense, and much in a long tail. Which values are retained is drawn at random, so equal rows need not
    give equal bytes, and laws hold within the error. For a distance between distributions its noise exceeds the signal:
    count on frozen edges instead (``Histogram``).

    >>> half = QuantileSketch.of_values([1.0, 2.0, 3.0])
    >>> (half + QuantileSketch.of_values([10.0])).quantile(0.5)
    Located(value=2.5, low=2.5, high=2.5)

    References: Karnin, Lang & Liberty (2016), Optimal quantile approximation in streams, FOCS; Apache DataSketches.
    """

    NAME: ClassVar[str] = "quantile_sketch"

    content: bytes = b""
    """As Apache DataSketches writes it; empty without a value."""
    n_nonfinite: int = 0

    @classmethod
    def of_values(cls, values: Any, n_nonfinite: int = 0) -> "QuantileSketch":
        """The sketch of finite numbers: a sequence or an array, which is not changed. Raises StateError for others."""
        import numpy as np  # noqa: PLC0415 (only where there are sketches)
        from datasketches import kll_doubles_sketch  # noqa: PLC0415

        array = np.array(values, dtype=np.float64)  # a copy: the library takes no array that must not be written to
        if not np.isfinite(array).all():
            raise StateError("a quantile sketch holds finite numbers. Allowed: to count others as n_nonfinite")
        if not array.size:
            return cls(b"", n_nonfinite)
        sketch = kll_doubles_sketch(K)
        sketch.update(array)
        return cls(sketch.serialize(), n_nonfinite)

    @classmethod
    def zero(cls) -> "QuantileSketch":
        """``QuantileSketch()``."""
        return QuantileSketch()

    def _merged(self, other: "QuantileSketch") -> "QuantileSketch":
        nonfinite = self.n_nonfinite + other.n_nonfinite
        if not (self.content and other.content):
            return QuantileSketch(self.content or other.content, nonfinite)
        from datasketches import kll_doubles_sketch  # noqa: PLC0415 (only where there are sketches)

        total = kll_doubles_sketch.deserialize(self.content)
        total.merge(kll_doubles_sketch.deserialize(other.content))
        return QuantileSketch(total.serialize(), nonfinite)

    @property
    def n(self) -> int:
        """How many finite values."""
        return retained(self.content).n if self.content else 0

    @property
    def exact(self) -> bool:
        """Whether all values are retained."""
        return not self.content or _exact(retained(self.content))

    def quantile(self, q: float) -> Located | None:
        """The value at position (n − 1)·q, and where it lies with 99 % confidence; ``None`` without a value.

        While all values are retained it is the exact quantile of type 7. Raises ValueError for q outside 0 to 1.
        """
        if not 0 <= q <= 1:
            raise ValueError(f"a quantile of q = {q!r}. Allowed: a number from 0 to 1")
        return self.located(q) if self.content else None

    def located(self, q: float, errors: float = 1.0) -> Located:
        """:meth:`quantile` of at least one value, with so many rank errors on either side. Raises ValueError."""
        if not 0 <= q <= 1 or not self.content:
            raise ValueError(f"a quantile of q = {q!r} of {self.n} values. Allowed: 0 to 1, of at least one value")
        found = retained(self.content)
        position = (found.n - 1) * q
        slack = 0.0 if _exact(found) else errors * RANK_ERROR * found.n + 1
        low, value, high = (_at(found, p) for p in (position - slack, position, position + slack))
        return Located(value, low, high)

    def plain(self) -> Mapping[str, Any]:
        """The library's bytes, and the count of what is not finite."""
        return {"b": self.content, "i": self.n_nonfinite}

    @classmethod
    def of(cls, data: Any) -> "QuantileSketch":
        """The inverse of :meth:`plain`. Raises StateError for bytes that no sketch of this size writes."""
        body = msgspec.convert(data, _Body)
        if body["b"]:
            retained(body["b"])
        return cls(body["b"], body["i"])


def _exact(found: Retained) -> bool:
    return len(found.items) == found.n


def _at(found: Retained, position: float) -> float:
    """The value at a position in sorted order, between its neighbours; its ends beyond them."""
    import numpy as np  # noqa: PLC0415 (only where there are sketches)

    if position <= 0 or position >= found.n - 1:
        return found.low if position <= 0 else found.high
    order = np.argsort(found.items, kind="stable")
    ends = np.cumsum(found.weights[order])
    below = floor(position)
    low, high = (float(found.items[order[np.searchsorted(ends, p, side="right")]]) for p in (below, below + 1))
    share = position - below
    return low if low == high else low * (1 - share) + high * share
