"""Owns ErrorEvidence: how strongly errors speak against one of two versions, valid however often one looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp, inf, isfinite, log
from typing import Any, Self

POINTS, LARGEST = 200, 1e4
"""So many alternatives, up to so many times the error rate."""
CHUNK = 4096
PRIORS = ("ratio", "share")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEvidence:
    """The e-process on error events: given that one erred, was it the canary?

    With the canary's share w of the traffic and r = its error rate ÷ the other's, that has the chance
    ``q(r) = w·r/(w·r + 1 − w)``. Null: r ≤ 1 + *margin*, so q ≤ q₀. Every alternative r_j of a grid keeps
    ``L_j += log(q_j/q₀)`` at an error of the canary and ``log((1 − q_j)/(1 − q₀))`` at one of the other;
    ``E = Σ π_j·exp(L_j)``. P(E ever ≥ 1/α) ≤ α under the null (Ville's inequality), for any number of looks. It needs
    no base rate, and what fails in both alike is no evidence. Each event counts with the share that was in force, so a
    wider stage keeps what is known.

    *prior* ``ratio``: π log-uniform on r in (1 + margin, 10⁴]; ``share``: uniform on q in (q₀, 1) at the first share.
    Only the first error of a unit may be handed in: errors of one unit come in bursts, which are no news.
    *best* is the largest log E so far.

    >>> hard = ErrorEvidence(margin=0.5).add([True, True, True], share=0.05)
    >>> round(hard.value), hard.errors
    (1390, (0, 3))

    Raises ValueError for a margin below 0, a share outside (0, 1), an unknown prior. Sources: Ville (1939); Robbins
    (1970), Statistical methods related to the law of the iterated logarithm; Ramdas et al. (2023), Statistical Science.
    """

    margin: float = 0.0
    prior: str = "ratio"
    first_share: float | None = None
    log_likelihood: tuple[float, ...] = (0.0,) * POINTS
    errors: tuple[int, int] = (0, 0)
    best: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.margin < LARGEST - 1:
            message = f"margin {self.margin} is not allowed. Allowed: 0 (no worse at all) up to {LARGEST:g}"
            raise ValueError(message)
        if self.prior not in PRIORS:
            message = f"prior {self.prior!r} is not known. Allowed: {', '.join(PRIORS)}"
            raise ValueError(message)

    @property
    def log_e(self) -> float:
        """The natural logarithm of E."""
        peak = max(self.log_likelihood)
        return peak + log(sum(exp(part - peak) for part in self.log_likelihood) / POINTS)

    @property
    def value(self) -> float:
        """E: 1 without an error; infinite where it passes the largest float."""
        return exp(self.log_e) if self.log_e < log(1e308) else inf

    def add(self, canary: Sequence[bool], *, share: float | Sequence[float]) -> Self:
        """After more errors, in their order: whether each was the *canary*'s, at what *share* of the traffic."""
        import numpy as np  # noqa: PLC0415 (heavy import)

        mine = np.asarray(canary, dtype=bool)
        if not mine.size:
            return self
        shares = np.broadcast_to(np.asarray(share, dtype=np.float64), mine.shape)
        if not ((shares > 0) & (shares < 1)).all():
            message = f"share {share} is not allowed. Allowed: between 0 and 1, such as 0.05"
            raise ValueError(message)
        first = self.first_share if self.first_share is not None else float(shares[0])
        likelihood, best = np.array(self.log_likelihood), self.best
        for begin in range(0, mine.size, CHUNK):
            steps = _steps(mine[begin : begin + CHUNK], shares[begin : begin + CHUNK], self.margin, self.prior, first)
            paths = likelihood + np.cumsum(steps, axis=0)
            peak = paths.max(axis=1)
            logs = peak + np.log(np.exp(paths - peak[:, None]).mean(axis=1))
            likelihood, best = paths[-1], max(best, float(logs.max()))
        ours = int(mine.sum())
        return replace(
            self, first_share=first, log_likelihood=tuple(likelihood.tolist()), best=best,
            errors=(self.errors[0] + int(mine.size) - ours, self.errors[1] + ours),
        )  # fmt: skip

    def plain(self) -> Mapping[str, Any]:
        """The state as JSON holds it."""
        return {
            "margin": self.margin, "prior": self.prior, "first_share": self.first_share, "best": self.best,
            "log_likelihood": list(self.log_likelihood), "errors": list(self.errors),
        }  # fmt: skip

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Self:
        """The state off what :meth:`plain` gave."""
        ours, theirs = plain["errors"]
        return cls(
            margin=plain["margin"], prior=plain["prior"], first_share=plain["first_share"], best=plain["best"],
            log_likelihood=tuple(plain["log_likelihood"]), errors=(ours, theirs),
        )  # fmt: skip


def chance(ratio: Any, share: Any) -> Any:
    """The chance that an error is the canary's: ``w·r/(w·r + 1 − w)``.

    >>> round(chance(1.5, 0.05), 3)
    0.073
    """
    return share * ratio / (share * ratio + 1 - share)


def together(parts: Sequence[ErrorEvidence]) -> float:
    """The log of the mean of E over several kinds of errors, which is an e-process again; 0 without any.

    >>> together([ErrorEvidence(), ErrorEvidence()])
    0.0
    """
    logs = [part.log_e for part in parts]
    peak = max(logs, default=0.0)
    return peak + log(sum(exp(x - peak) for x in logs) / len(logs)) if logs and isfinite(peak) else peak


def _steps(mine: Any, shares: Any, margin: float, prior: str, first: float) -> Any:
    """What every error adds to every alternative: one row per error."""
    import numpy as np  # noqa: PLC0415 (heavy import)

    found = np.empty((mine.size, POINTS))
    for share in np.unique(shares):
        at = shares == share
        yes, no = _logs(margin, prior, first, float(share))
        found[at] = np.where(mine[at][:, None], yes, no)
    return found


@lru_cache(maxsize=64)
def _logs(margin: float, prior: str, first: float, share: float) -> tuple[Any, Any]:
    """``log(q_j/q₀)`` and ``log((1 − q_j)/(1 − q₀))`` of the grid at a share."""
    import numpy as np  # noqa: PLC0415 (heavy import)

    least = 1 + margin
    part = np.arange(1, POINTS + 1) / POINTS
    if prior == "ratio":
        ratios = least * (LARGEST / least) ** part
    else:
        lowest = chance(least, first)
        q = np.minimum(lowest + (1 - lowest) * part, 1 - 1e-12)
        ratios = q * (1 - first) / ((1 - q) * first)
    at, null = chance(ratios, share), chance(least, share)
    others = (1 - share) / (share * ratios + 1 - share)
    return np.log(at / null), np.log(others / (1 - null))
