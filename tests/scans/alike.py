"""Owns when two answers are the same: exactly, but for the rounding of floats."""

from dataclasses import fields, is_dataclass
from math import isclose, isfinite
from typing import Any


def alike(a: Any, b: Any) -> bool:
    """Equal; floats up to rounding, and where they are not finite, both not."""
    if isinstance(a, float) and isinstance(b, float):
        return isclose(a, b, rel_tol=1e-9, abs_tol=1e-6) if isfinite(a) and isfinite(b) else isfinite(a) == isfinite(b)
    if is_dataclass(a) and type(a) is type(b):
        return all(alike(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    return bool(a == b)
