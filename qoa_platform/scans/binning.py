"""Owns bins with sums: how many values of a column fall in each frozen bin, and what is summed of them there."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qoa_platform.scans.columns import Schema, UnanswerableError, is_text, require_number
from qoa_platform.states import Histogram

Floats = NDArray[np.float64]
SUMS = frozenset({"x", "y"})


def is_class(column: str, schema: Schema, name: str | None) -> pl.Expr:
    """Whether a value is the class *name*, by its text: ``1`` of numbers, ``true`` of truth values where none is named.

    Raises UnanswerableError for a class that cannot stand in the column, and for words of which none is named.
    """
    dtype, value = schema[column], pl.col(column)
    if isinstance(dtype, pl.Null):
        return value.cast(pl.Boolean)
    if isinstance(dtype, pl.Boolean) and name in {None, "true", "false"}:
        return value if name != "false" else ~value
    if dtype.is_numeric() and (number := _number("1" if name is None else name)) is not None:
        return value.cast(pl.Float64) == number
    if is_text(dtype) and name is not None:
        return value.cast(pl.String) == name
    found = "no class is named" if name is None else f"the class is {name!r}"
    raise UnanswerableError(f"column {column!r} is {dtype} and {found}. Allowed: positive: one of its values")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def summed_bins(
    columns: Sequence[str], params: Mapping[str, Any], schema: Schema, prefix: str
) -> tuple[dict[str, pl.Expr], Callable[[Mapping[str, Any]], Histogram]]:
    """Counts of the first column on ``edges``, with the ``sums`` per bin; over the rows with all columns present.

    ``x`` is the sum of the values themselves (±inf where a bin holds it), ``y`` the rows whose second column is the
    class ``positive``. Raises UnanswerableError.
    """
    edges, wanted = np.array(params["edges"], dtype=np.float64), tuple(params["sums"])
    require_number(columns[0], schema, "a histogram")
    if not set(wanted) <= SUMS or ("y" in wanted) != (len(columns) > 1):
        raise UnanswerableError(f"sums {wanted} of columns {tuple(columns)}. Allowed: x; y with a second column")
    there = reduce(and_, (pl.col(name).is_not_null() for name in columns))
    inputs = [pl.col(columns[0]).cast(pl.Float64).filter(there)]
    if "y" in wanted:
        inputs.append(is_class(columns[1], schema, params.get("positive")).filter(there))

    def table(series: Sequence[pl.Series]) -> pl.Series:
        values = series[0].to_numpy()
        rows = [*_counted(values, edges)]
        if "y" in wanted:
            rows.append(_counted(values[series[1].to_numpy()], edges)[0])
        return pl.Series([pl.Series(np.concatenate(rows))])

    def read(values: Mapping[str, Any]) -> Histogram:
        found = values[prefix + "bins"]
        count, total, *positive = np.array(found, dtype=np.float64).reshape(-1, edges.size + 1)
        sums = {"x": total, "y": positive[0] if positive else total}
        counts = tuple(int(c) for c in count)
        kept = tuple((name, tuple(sums[name].tolist())) for name in sorted(wanted))
        return Histogram(str(params["digest"]), counts, int(values[prefix + "rows"]) - sum(counts), kept)

    bins = pl.map_batches(inputs, table, return_dtype=pl.List(pl.Float64), returns_scalar=True)
    return {prefix + "bins": bins, prefix + "rows": pl.len()}, read


def _counted(values: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Counts and sums per bin."""
    ordered = np.sort(values)
    counts = np.diff(np.searchsorted(ordered, edges, side="right"), prepend=0, append=ordered.size)
    places = np.repeat(np.arange(edges.size + 1), counts)
    sums: Floats = np.bincount(places, weights=ordered, minlength=edges.size + 1).astype(np.float64)
    return counts.astype(np.float64), sums
