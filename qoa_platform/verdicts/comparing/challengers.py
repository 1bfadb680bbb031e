"""Owns several challengers against one champion: Dunnett's max-t for losses that depend on one another, or Holm."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from qoa_platform.verdicts.comparing.decisions import Effect
from qoa_platform.verdicts.comparing.effects import holm

Floats = NDArray[np.float64]
DRAWS = 40_000


def largest(correlation: Floats, df: float, draw: np.random.Generator, draws: int = DRAWS) -> Floats:
    """Draws of the largest |t| of as many comparisons with this *correlation* and one common *df*, sorted."""
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    normal = draw.standard_normal((draws, len(values))) @ root.T
    scale = np.sqrt(draw.chisquare(df, draws) / df)
    return np.asarray(np.sort(np.abs(normal).max(axis=1) / scale))


def together(effects: Sequence[Effect], without: Floats, draw: np.random.Generator) -> tuple[Effect, ...]:
    """The *effects* with intervals and p values that hold for all of them at once.

    *without* are the jackknife values, clusters × challengers: they tell how the differences vary together (all share
    the champion). Each interval is as wide as the largest |t| of a multivariate t with that correlation asks for
    (Dunnett's test is the case of equal independent arms); Holm's p values where a difference does not vary.

    Source: Dunnett (1955), JASA 50; Hothorn, Bretz & Westfall (2008), Biometrical Journal 50(3).
    """
    if len(effects) < 2:  # noqa: PLR2004 (one comparison needs no correction)
        return tuple(effects)
    if without.size == 0 or any(e.error <= 0 for e in effects):
        adjusted = holm(np.array([e.p for e in effects]))
        level = 1 - (1 - effects[0].confidence) / len(effects)
        return tuple(
            _held(e, float(p), float(stats.t.ppf((1 + level) / 2, e.df)), "Holm")
            for e, p in zip(effects, adjusted, strict=True)
        )
    correlation = np.asarray(np.corrcoef(without, rowvar=False))
    df = min(e.df for e in effects)
    tops = largest(correlation, df, draw)
    reach = float(np.quantile(tops, effects[0].confidence))
    return tuple(
        _held(e, 1 - float(np.searchsorted(tops, abs(e.estimate) / e.error)) / len(tops), reach, "max-t")
        for e in effects
    )


def _held(effect: Effect, p: float, reach: float, name: str) -> Effect:
    half = max(reach * effect.error, (effect.high - effect.low) / 2)
    return replace(
        effect, low=effect.estimate - half, high=effect.estimate + half, p=max(p, effect.p),
        method=f"{effect.method}, {name} over challengers",
    )  # fmt: skip
