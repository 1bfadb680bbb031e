"""Owns totals that row-wise terms do not give: of two columns each by itself, and of row hashes, in any order."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from qoa_platform.metrics.row_hash import LIMB, LIMBS, limb_name
from qoa_platform.records import Ask
from qoa_platform.scans.columns import Schema, require_number
from qoa_platform.scans.hashing import WORD, stable_hash
from qoa_platform.states import Sums

TOTALS = frozenset({"balance", "row_hash"})
"""``terms`` of a ``sums`` ask that are answered here."""
Total = tuple[Mapping[str, pl.Expr], Callable[[Mapping[str, Any]], Sums]]
"""Named aggregates, and the state that their values make."""


def totals(ask: Ask, schema: Schema) -> Total:
    """The aggregates that answer *ask*. Raises UnanswerableError."""
    params = dict(ask.params)
    if params["terms"] == "balance":
        return _balance(ask.columns, schema)
    exclude = params.get("exclude") or ()
    names = ask.columns or tuple(name for name in schema if not isinstance(exclude, tuple) or name not in exclude)
    return _row_hash(names, schema)


def _balance(columns: Sequence[str], schema: Schema) -> Total:
    for column in columns:
        require_number(column, schema, "a balance")
    present = pl.any_horizontal(pl.col(column).is_not_null() for column in columns)
    sums = [pl.col(column).cast(pl.Float64).sum() for column in columns]
    names = [f"balance {tuple(columns)} {part}" for part in ("n", "first", "second")]

    def read(values: Mapping[str, Any]) -> Sums:
        n, first, second = (values[name] or 0 for name in names)
        return Sums.of_terms(int(n), first=float(first), second=float(second)) if n else Sums()

    return dict(zip(names, [present.sum(), *sums], strict=True)), read


def _row_hash(columns: Sequence[str], schema: Schema) -> Total:
    """Σ of row hashes mod 2¹²⁸, as sums of 16-bit limbs: those of 10¹¹ rows are exact as floats."""
    prefix = f"row hash {tuple(columns)} "
    if not columns:
        return {prefix + "n": pl.len()}, lambda values: Sums.of_terms(int(values[prefix + "n"] or 0))
    found = stable_hash(columns, schema)
    high = (found // pl.lit(WORD, dtype=pl.UInt128)).cast(pl.UInt64)
    low = (found % pl.lit(WORD, dtype=pl.UInt128)).cast(pl.UInt64)
    words = {0: low, 1: high}
    each = LIMBS // len(words)
    exprs = {
        prefix + limb_name(i): (words[i // each] // LIMB ** (i % each) % LIMB).sum().cast(pl.Float64)
        for i in range(LIMBS)
    }

    def read(values: Mapping[str, Any]) -> Sums:
        n = int(values[prefix + "n"] or 0)
        limbs = {limb_name(i): float(values[prefix + limb_name(i)] or 0.0) for i in range(LIMBS)}
        return Sums.of_terms(n, **limbs) if n else Sums()

    return {prefix + "n": pl.len(), **exprs}, read
