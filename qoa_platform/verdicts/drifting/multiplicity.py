"""Owns multiplicity: which of many findings stand when a known share of what is reported may be false."""

from collections.abc import Sequence
from itertools import accumulate
from math import inf, isnan


def adjusted_p(ps: Sequence[float], *, dependent: bool = False) -> tuple[float, ...]:
    """Each p-value as the least false discovery rate at which it is reported: ``min_{j ≥ i} p_(j)·k/j``, at most 1.

    Benjamini & Hochberg (1995), for independent or positively dependent p-values (columns of one table that move
    together); *dependent*: times ``Σ 1/i``, for any dependence (Benjamini & Yekutieli 2001).

    >>> [round(p, 3) for p in adjusted_p([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]

    Raises ValueError for what is no probability.
    """
    if any(isnan(p) or not 0 <= p <= 1 for p in ps):
        raise ValueError(f"p-values {list(ps)[:5]} cannot be adjusted. Allowed: numbers from 0 to 1")
    k = len(ps)
    factor = sum(1 / i for i in range(1, k + 1)) if dependent else 1.0
    order = sorted(range(k), key=lambda i: ps[i], reverse=True)
    steps = (factor * ps[index] * k / (k - rank) for rank, index in enumerate(order))
    return _placed(order, accumulate(steps, min))


def adjusted_e(es: Sequence[float]) -> tuple[float, ...]:
    """Each e-value as the least false discovery rate at which e-BH reports it: ``min_{j ≥ i} k/(j·e_(j))``, at most 1.

    An e-value is evidence ≥ 0 whose mean is at most 1 where nothing changed; the rate holds however they depend on one
    another, and whenever one looks. Wang & Ramdas (2022), False discovery rate control with e-values.

    >>> adjusted_e([100.0, 1.0, 0.0])
    (0.03, 1.0, 1.0)

    Raises ValueError for what is no e-value.
    """
    if any(isnan(e) or e < 0 for e in es):
        raise ValueError(f"e-values {list(es)[:5]} cannot be adjusted. Allowed: numbers ≥ 0")
    k = len(es)
    order = sorted(range(k), key=lambda i: es[i])
    steps = (k / ((k - rank) * es[index]) if es[index] else inf for rank, index in enumerate(order))
    return _placed(order, accumulate(steps, min))


def discovered(adjusted: Sequence[float], rate: float) -> tuple[int, ...]:
    """The places of what is reported at a false discovery *rate* in (0, 1).

    >>> discovered(adjusted_p([0.01, 0.2, 0.03]), 0.05)
    (0, 2)
    """
    if not 0 < rate < 1:
        raise ValueError(f"a false discovery rate of {rate} reports nothing sound. Allowed: 0 < rate < 1")
    return tuple(index for index, p in enumerate(adjusted) if p <= rate)


def _placed(order: Sequence[int], values: "accumulate[float]") -> tuple[float, ...]:
    """*values* in the places of *order*, at most 1."""
    found = [1.0] * len(order)
    for index, value in zip(order, values, strict=True):
        found[index] = min(value, 1.0)
    return tuple(found)
