"""Owns what the counts of a column's values tell: how many are distinct, the commonest, their entropy, the ends."""

from dataclasses import dataclass
from math import log2
from typing import Any

import numpy as np
import polars as pl

from qoa_platform.profiles.ordered import TOP

ROWS, HASH = "␟rows", "␟hash"
SAMPLE = 10_000
"""So many values, evenly spaced, say whether most values of a column are different."""
MOSTLY = 0.5
"""From this share of different values in the sample on, hashes are sorted first, and only what repeats is counted."""
HASH_ERROR = 0.0081
"""Relative standard error of Polars' ``approx_n_unique``: HyperLogLog with 2¹⁴ registers, 1.04/√2¹⁴."""
SIGMAS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Of the present values: *distinct* (within *bound*), the *top* with counts, *entropy* in bits, ends."""

    distinct: int
    bound: float = 0.0
    top: tuple[tuple[Any, int], ...] = ()
    entropy: float | None = None
    low: str | None = None
    high: str | None = None


def counted(column: pl.Series, *, approximate: bool) -> Counted:
    """The counts of *column*: one group_by; of a column whose values are mostly different, only of those that repeat.

    With *approximate* such a column is only estimated: distinct values, and nothing of which value is how common.
    """
    present = column.drop_nulls().rename("value")
    if _mostly_different(present):
        if approximate:
            (low, high), guess = _ends(present), min(int(str(present.approx_n_unique())), len(present))
            return Counted(distinct=guess, bound=SIGMAS * HASH_ERROR * guess, low=low, high=high)
        suspects = _repeating(present)
    else:
        suspects = present
    alone = len(present) - len(suspects)
    table = suspects.to_frame().lazy().group_by("value").agg(pl.len().alias(ROWS)).collect(engine="streaming")
    rows = table.get_column(ROWS)
    distinct, (low, high) = alone + table.height, _ends(present if alone else table.get_column("value"))
    top = _top(table if distinct <= TOP else table.filter(pl.col(ROWS) > 1))
    return Counted(distinct=distinct, top=top, entropy=_entropy(rows, len(present)), low=low, high=high)


def _ends(values: pl.Series) -> tuple[str | None, str | None]:
    """The least and the greatest text, by code points."""
    if not isinstance(values.dtype, pl.String | pl.Categorical | pl.Enum) or values.is_empty():
        return None, None
    texts = values.cast(pl.String)
    return str(texts.min()), str(texts.max())


def _mostly_different(present: pl.Series) -> bool:
    if len(present) <= SAMPLE or isinstance(present.dtype, pl.Boolean | pl.Categorical | pl.Enum):
        return False
    sample = present.gather_every(len(present) // SAMPLE)
    return sample.n_unique() >= MOSTLY * len(sample)


def _repeating(present: pl.Series) -> pl.Series:
    """The values whose hash another value has too: all that are there twice or more, and few that are not."""
    hashes = present.hash()
    in_order = np.sort(hashes.to_numpy())
    repeats = np.unique(in_order[1:][in_order[1:] == in_order[:-1]])
    return (
        present.filter(hashes.is_in(pl.Series(repeats, dtype=pl.UInt64).implode())) if repeats.size else present.clear()
    )


def _top(table: pl.DataFrame) -> tuple[tuple[Any, int], ...]:
    """The commonest values, ties by value; the table may hold as many as the column, so only candidates are sorted."""
    rows = table.get_column(ROWS)
    least = rows.top_k(TOP).min()
    candidates = table.filter(rows >= least) if least is not None else table
    value = pl.col("value").cast(pl.String) if candidates.schema["value"] == pl.Categorical else pl.col("value")
    best = candidates.sort(pl.col(ROWS), value, descending=[True, False]).head(TOP)
    return tuple(zip(best.get_column("value").to_list(), best.get_column(ROWS).to_list(), strict=True))


def _entropy(rows: pl.Series, n: int) -> float | None:
    """``log₂ n − Σ c·log₂ c / n``: values seen once add nothing to the sum."""
    if n == 0:
        return None
    counts = rows.to_numpy().astype(np.float64)
    return max(log2(n) - float((counts * np.log2(counts)).sum()) / n, 0.0)
