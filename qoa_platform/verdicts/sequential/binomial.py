"""Owns the beta-binomial mixture: what hits among trials say of their share, at any time."""

from math import log

from scipy.special import betaln, xlog1py, xlogy


def log_beta_binomial(hits: float, n: float, share: float, prior: tuple[float, float] = (1.0, 1.0)) -> float:
    """Log of ``B(a + s, b + n − s)/B(a, b) ÷ p^s(1 − p)^{n−s}``: the e-value against *share* p, after *hits* s of *n*.

    >>> from math import exp
    >>> round(exp(log_beta_binomial(10, 10, 0.5)), 2)
    93.09

    Source: Robbins (1970); Howard et al. (2021), Annals of Statistics 49(2).
    """
    a, b = prior
    mixed = float(betaln(a + hits, b + n - hits) - betaln(a, b))
    return mixed - float(xlogy(hits, share) + xlog1py(n - hits, -share))


def share_interval(hits: float, n: float, alpha: float, prior: tuple[float, float] = (1.0, 1.0)) -> tuple[float, float]:
    """The shares that the mixture has not excluded at *alpha*: a confidence sequence; 0 to 1 without a trial.

    >>> low, high = share_interval(50, 100, 0.05)
    >>> round(low, 3), round(high, 3)
    (0.35, 0.65)
    """
    if n <= 0:
        return 0.0, 1.0
    level, centre = log(1 / alpha), hits / n
    low = _crossing(hits, n, prior, level, (0.0, centre)) if hits > 0 else 0.0
    high = _crossing(hits, n, prior, level, (1.0, centre)) if hits < n else 1.0
    return low, high


def _crossing(hits: float, n: float, prior: tuple[float, float], level: float, ends: tuple[float, float]) -> float:
    """Where the e-value falls to *level* between an excluded share and the centre, by bisection."""
    out, inside = ends
    for _ in range(60):
        middle = 0.5 * (out + inside)
        if log_beta_binomial(hits, n, middle, prior) > level:
            out = middle
        else:
            inside = middle
    return out
