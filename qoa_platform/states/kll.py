"""Owns the bytes of a KLL sketch of doubles, as Apache DataSketches writes them: what they hold, if they can be."""

import struct
from itertools import pairwise
from typing import Any, NamedTuple

from qoa_platform.states.protocol import StateError

K = 800
"""Retained values grow with it, the rank error shrinks."""
M = 8
FAMILY = 15
SHORT = struct.Struct("<BBBBHBB")
"""Preamble ints, version, family, flags, k, m, unused."""
LONG = struct.Struct("<QHBB")
"""n, least k of what was merged, levels, unused."""
ONE = struct.Struct("<d")
EMPTY, LEVEL_ZERO_SORTED, SINGLE = 1, 2, 4
LEVELS = 61


class Retained(NamedTuple):
    """*n* values were seen, from *low* to *high*, of which *items* are retained: one of level i stands for 2ⁱ."""

    n: int
    low: float
    high: float
    items: Any
    """Float64 array: the levels one after another."""
    weights: Any
    """Int64 array: how many values each item stands for."""


def retained(content: bytes) -> Retained:
    """What *content* holds. Raises StateError for bytes that no sketch of k = 800 writes."""
    try:
        return _retained(content)
    except (struct.error, ValueError, OverflowError) as error:
        raise StateError(f"these {len(content):,} bytes are no KLL sketch of k = {K}: {error}") from error


def _retained(content: bytes) -> Retained:
    import numpy as np  # noqa: PLC0415 (only where there are sketches)

    ints, version, family, flags, k, m, _ = SHORT.unpack_from(content)
    if (family, k, m) != (FAMILY, K, M):
        raise ValueError(f"family {family}, k = {k}, m = {m}. Allowed: {FAMILY}, {K}, {M}")
    if flags & SINGLE:
        (value,) = ONE.unpack(content[SHORT.size :])
        found = Retained(1, value, value, np.array([value]), np.ones(1, dtype=np.int64))
        return _checked(found, (ints, version, flags), (2, 2, SINGLE | (flags & LEVEL_ZERO_SORTED)))
    n, least, levels, _ = LONG.unpack_from(content, SHORT.size)
    if least != K or not 1 <= levels <= LEVELS:
        raise ValueError(f"least k = {least}, {levels} levels. Allowed: {K}, 1 to {LEVELS}")
    start = SHORT.size + LONG.size
    bounds = np.frombuffer(content, "<u4", levels, start).astype(np.int64)
    low, high = struct.Struct("<2d").unpack_from(content, start + 4 * levels)
    items = np.frombuffer(content, "<f8", -1, start + 4 * levels + 16)
    counts = np.diff([*bounds, bounds[0] + len(items)])
    if bounds[0] + len(items) != capacity(levels) or (counts < 0).any():
        raise ValueError(f"{len(items)} items on {levels} levels do not fill it")
    weights = np.repeat(np.int64(1) << np.arange(levels, dtype=np.int64), counts)
    found = Retained(n, low, high, items, weights)
    ends = np.cumsum(counts)
    if any((items[a + 1 : b] < items[a : b - 1]).any() for a, b in pairwise(ends.tolist()) if a < b):
        raise ValueError("its levels are not sorted")
    return _checked(found, (ints, version, flags), (5, 1, flags & LEVEL_ZERO_SORTED))


def _checked(found: Retained, head: tuple[int, ...], wanted: tuple[int, ...]) -> Retained:
    import numpy as np  # noqa: PLC0415

    ends = np.array([found.low, found.high])
    if head != wanted or not np.isfinite(ends).all():
        raise ValueError(f"preamble {head}. Allowed: {wanted}, between finite values")
    if int(found.weights.sum()) != found.n or not ((found.items >= found.low) & (found.items <= found.high)).all():
        raise ValueError(
            f"{len(found.items)} items for {int(found.weights.sum())} values between its ends, of {found.n}"
        )
    return found


def capacity(levels: int) -> int:
    """How many items a sketch of so many levels has room for: k at the top, two thirds of it on each level below."""
    return sum(max(M, _below(levels - 1 - level)) for level in range(levels))


def _below(depth: int) -> int:
    """⌊(2/3)^depth · k + 1/2⌋ in whole numbers, halved in two steps where a depth is large (as the library does)."""
    if depth > 30:  # noqa: PLR2004 (from there on 3^depth leaves 64 bits)
        half = depth // 2
        return _power(_power(K, half), depth - half)
    return _power(K, depth)


def _power(k: int, depth: int) -> int:
    scaled: int = ((k << 1) << depth) // 3**depth
    return (scaled + 1) >> 1
