"""Owns the evidence on a split: are units assigned as it was declared?"""

from collections.abc import Sequence
from math import exp, inf, isclose, lgamma, log

CONCENTRATION = 100.0
"""How near the declared shares a wrong split is looked for: the alternative is Dirichlet(100·shares)."""


def check_split(split: Sequence[float]) -> tuple[float, ...]:
    """The shares as they add up to 1. Raises ValueError unless there are two or more, each above 0, of sum 1.

    >>> check_split((0.95, 0.05))
    (0.95, 0.05)
    """
    found = tuple(float(share) for share in split)
    if len(found) < 2 or not all(0 < share < 1 for share in found) or not isclose(sum(found), 1, abs_tol=1e-6):  # noqa: PLR2004
        message = f"split {found} is no split. Allowed: two shares or more, each above 0, that add up to 1"
        raise ValueError(message)
    return found


def split_log_e(counts: Sequence[int], split: Sequence[float]) -> float:
    """The log of the e-value that units were *not* assigned by *split*, valid however often one looks.

    ``E = B(a + n)/B(a) ÷ Π p_i^{n_i}``: a Dirichlet mixture of the multinomial over its declared one, a = 100·p. Act
    at E ≥ 1000, as on p < .001. Only assignments are counted, each unit once, in any order.

    >>> exp(split_log_e((0, 0), (0.5, 0.5))), split_log_e((600, 400), (0.5, 0.5)) > log(1000)
    (1.0, True)

    Source: Lindon & Malek (2022), Anytime-valid inference for multinomial count data, NeurIPS 35.
    """
    prior = [CONCENTRATION * share for share in check_split(split)]
    mixed = sum(lgamma(a + n) - lgamma(a) for a, n in zip(prior, counts, strict=True))
    mixed += lgamma(CONCENTRATION) - lgamma(CONCENTRATION + sum(counts))
    return mixed - sum(n * log(share) for n, share in zip(counts, split, strict=True))


def split_e(counts: Sequence[int], split: Sequence[float]) -> float:
    """The e-value of :func:`split_log_e`."""
    found = split_log_e(counts, split)
    return exp(found) if found < log(1e308) else inf


def split_p(counts: Sequence[int], split: Sequence[float]) -> float | None:
    """P of χ² of the counts against the declared shares, for one look at a fixed size; ``None`` without a unit.

    >>> round(split_p((44_700, 45_489), (0.5, 0.5)), 4)
    0.0086

    Source: Pearson (1900); oracle ``scipy.stats.chisquare``.
    """
    from scipy.special import chdtrc  # noqa: PLC0415 (heavy import)

    n = sum(counts)
    if not n:
        return None
    shares = check_split(split)
    square = sum((count - n * share) ** 2 / (n * share) for count, share in zip(counts, shares, strict=True))
    return float(chdtrc(len(shares) - 1, square))
