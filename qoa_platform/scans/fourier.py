"""Owns random Fourier features: a fixed map of rows to numbers whose mean says how a sample is distributed (4.10)."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, reduce
from hashlib import sha256
from operator import and_
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qoa_platform.scans.columns import Schema, require_number
from qoa_platform.states import Sums

Floats = NDArray[np.float64]
FREQUENCIES = 256
"""So many of them give two features each; a distance is off by O(1/√256)."""
CHUNK = 16_384
"""Rows that are mapped at once: memory stays bounded."""


@lru_cache(maxsize=8)
def frequencies(seed: int, dimensions: int) -> Floats:
    """``W`` of standard normal numbers, one column per frequency; the same everywhere and for ever.

    They come from SHA-256 of their place (Box–Muller), not from a generator of a library, whose stream may change.
    """
    size = dimensions * FREQUENCIES
    blocks = (sha256(f"qoa/fourier/{seed}/{i}".encode()).digest() for i in range((size + 1) // 2))
    uniform = np.frombuffer(b"".join(block[:16] for block in blocks), dtype=">u8").reshape(-1, 2)
    first, second = ((uniform[:, i].astype(np.float64) + 1) / 2.0**64 for i in (0, 1))
    radius, angle = np.sqrt(-2 * np.log(first)), 2 * np.pi * second
    normal = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:size]
    return np.asarray(normal.reshape(dimensions, FREQUENCIES), dtype=np.float64)


def features(rows: Floats, seed: int, sigma: float) -> Floats:
    """``[cos Wx, sin Wx]/√m`` of standardised *rows*: each has length 1."""
    angles = rows @ (frequencies(seed, rows.shape[1]) / sigma)
    return np.asarray(np.concatenate([np.cos(angles), np.sin(angles)], axis=1) / np.sqrt(FREQUENCIES), dtype=np.float64)


def summed(rows: Floats, seed: int, sigma: float) -> Floats:
    """The sum of the features over *rows*."""
    total = np.zeros(2 * FREQUENCIES)
    for start in range(0, len(rows), CHUNK):
        total += features(rows[start : start + CHUNK], seed, sigma).sum(axis=0)
    return total


def fourier_sums(
    columns: Sequence[str], params: Mapping[str, Any], schema: Schema, prefix: str
) -> tuple[dict[str, pl.Expr], Callable[[Mapping[str, Any]], Sums]]:
    """Sums of the features ``f000`` … over the rows in which all columns are present and finite.

    Params: ``seed``, ``sigma``, and per column ``centre`` and ``spread``. Raises UnanswerableError.
    """
    for column in columns:
        require_number(column, schema, "a feature")
    values = [pl.col(column).cast(pl.Float64) for column in columns]
    there = reduce(and_, (value.is_finite().fill_null(value=False) for value in values))
    centre, spread = (np.array(params[name], dtype=np.float64) for name in ("centre", "spread"))

    def table(series: Sequence[pl.Series]) -> pl.Series:
        rows = (np.column_stack([part.to_numpy() for part in series]) - centre) / spread
        total = summed(rows, int(params["seed"]), float(params["sigma"]))
        return pl.Series([pl.Series(np.concatenate([[len(rows)], total]))])

    def read(values: Mapping[str, Any]) -> Sums:
        n, *total = values[prefix + "features"] or [0.0]
        return Sums.of_terms(int(n), **{f"f{i:03}": value for i, value in enumerate(total)}) if n else Sums()

    kept = [value.filter(there) for value in values]
    mapped = pl.map_batches(kept, table, return_dtype=pl.List(pl.Float64), returns_scalar=True)
    return {prefix + "features": mapped}, read
