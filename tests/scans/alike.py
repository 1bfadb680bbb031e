"""Owns when two answers are the same: exactly, but for the rounding of floats, and which values a sketch drew."""

from dataclasses import fields, is_dataclass
from math import isclose, isfinite
from typing import Any

from qoa_platform.states import QuantileSketch

LEVELS = (0.0, 0.01, 0.25, 0.5, 0.6, 0.999, 1.0)


def alike(a: Any, b: Any) -> bool:
    """Equal; floats up to rounding, and where they are not finite, both not."""
    if isinstance(a, float) and isinstance(b, float):
        return isclose(a, b, rel_tol=1e-9, abs_tol=1e-6) if isfinite(a) and isfinite(b) else isfinite(a) == isfinite(b)
    if isinstance(a, QuantileSketch) and isinstance(b, QuantileSketch):
        return (a.n, a.n_nonfinite) == (b.n, b.n_nonfinite) and all(a.quantile(q) == b.quantile(q) for q in LEVELS)
    if is_dataclass(a) and type(a) is type(b):
        return all(alike(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    return bool(a == b)
