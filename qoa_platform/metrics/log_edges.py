"""Owns the fixed logarithmic edges that delays are counted on: any quantile is read off them within one percent."""

from functools import cache
from itertools import accumulate
from math import ceil, floor, log
from typing import NamedTuple

from qoa_platform.states import Histogram

ACCURACY = 0.01
GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
LONGEST = 10**18
"""The last edge, in microseconds: 31 000 years."""
DIGEST = "log-1%-1us"
"""What names the edges in a state."""
NEGATIVE, ZERO = 0, 1
"""The bins before the logarithmic ones: below 0, and exactly 0 microseconds."""


@cache
def log_edges() -> tuple[float, ...]:
    """−1, 0, 1, γ, γ², … microseconds, γ = (1 + a)/(1 − a) with a = 1 %: bins are right-closed, the outer ones open.

    >>> len(log_edges()), log_edges()[:3]
    (2076, (-1.0, 0.0, 1.0))
    """
    return (-1.0, 0.0, *(GAMMA**k for k in range(ceil(log(LONGEST) / log(GAMMA)) + 1)))


class Located(NamedTuple):
    """A quantile in microseconds, and how far the true one may be from it."""

    value: float
    bound: float


def log_quantile(state: Histogram, q: float) -> Located | None:
    """The quantile *q* of what is not negative, linear between its neighbours; ``None`` where there is nothing.

    A value of bin (γᵏ⁻¹, γᵏ] is read as 2γᵏ/(γ + 1), which is within 1 % of it (DDSketch: Masson et al., VLDB 2019).
    """
    counts = state.counts[ZERO:]
    n = sum(counts)
    if not n:
        return None
    position = (n - 1) * q
    ends = list(accumulate(counts))
    low, high = (_read(next(i for i, end in enumerate(ends) if end > p)) for p in (floor(position), ceil(position)))
    share = position - floor(position)
    return Located(low.value * (1 - share) + high.value * share, low.bound * (1 - share) + high.bound * share)


def _read(index: int) -> Located:
    """What stands for bin *index*, counted from that of zero."""
    if index == 0:
        return Located(0.0, 0.0)
    upper = GAMMA ** (index - 1)
    return Located(2 * upper / (GAMMA + 1), upper * ACCURACY)
