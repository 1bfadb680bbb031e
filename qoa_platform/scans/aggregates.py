"""Owns row-local answers: an ask as Polars aggregates that share one pass, and the state read off their values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from math import floor, inf, isfinite, isnan, sqrt
from typing import Any, NamedTuple

import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.binning import summed_bins
from qoa_platform.scans.clocks import bucketed, delayed
from qoa_platform.scans.columns import (
    Schema,
    UnanswerableError,
    fits_int64,
    is_time,
    require,
    require_number,
    require_ordered,
)
from qoa_platform.scans.fields import field_exprs
from qoa_platform.scans.fourier import fourier_sums
from qoa_platform.scans.tallies import kept, tally_exprs
from qoa_platform.scans.terms import terms
from qoa_platform.scans.times import micros, micros_of, moment
from qoa_platform.scans.totals import TOTALS, totals
from qoa_platform.states import Comoments, Histogram, Moments, Span, State, Sums, Tally

Values = Mapping[str, Any]
FUSED = frozenset({"tally", "sums", "moments", "comoments", "span", "histogram", "fields"})
"""``Ask.state`` that is answered by aggregates over rows."""
MANY_EDGES = 64
"""From so many edges on, sorting the column once is cheaper than one comparison per edge."""
EXACT = 2.0**53
HUGE = 1e300
SHAPE = 4
"""The order of moments that skewness and kurtosis take; mean and spread take the first two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What aggregates are written over: the columns that are there, and which of them may hold a null.

    Of a *frame* that is large, aggregates are written for these very rows, which saves passes over them. Without one
    they are written for any rows of the schema, so that they need not be written again for the next frame.
    """

    schema: Schema
    nullable: frozenset[str]
    frame: pl.DataFrame | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "Layout":
        """For the rows of *frame*, and no others."""
        nullable = frozenset(column.name for column in frame.iter_columns() if column.null_count())
        return cls(schema=dict(frame.schema), nullable=nullable, frame=frame)

    @classmethod
    def of_any(cls, schema: Schema) -> "Layout":
        """For all rows of *schema*."""
        return cls(schema=dict(schema), nullable=frozenset(schema))

    def ends(self, column: str) -> tuple[float, float] | None:
        """The least and the greatest value of a number column, ±inf too; ``None`` where that is not known."""
        if self.frame is None:
            return None
        values = self.frame.get_column(column) if column in self.frame.columns else pl.Series(dtype=pl.Float64)
        low, high = (
            float(end) if isinstance(end, int | float | Decimal) else 0.0 for end in (values.min(), values.max())
        )
        return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """Named aggregates (equal names are equal expressions), and the state that their values make."""

    exprs: Mapping[str, pl.Expr]
    read: Callable[[Values], State]
    columns: Mapping[str, pl.Expr] = field(default_factory=dict)
    """What has to be added to the rows before, by name."""


def aggregate(ask: Ask, layout: Layout) -> Aggregate:  # noqa: C901, PLR0911 (one case per state)
    """The aggregates that answer *ask*; ``where`` and ``by`` belong to the pass.

    Raises UnanswerableError, CompileError, ExpressionError.
    """
    require(ask.columns, layout.schema)
    params = dict(ask.params)
    match ask.state:
        case "histogram" | "sums" if params.get("sums") or params.get("terms") == "fourier":
            return _mapped(ask, layout, params)
        case "tally":
            return _tally(ask, layout)
        case "sums" if params["terms"] in TOTALS:
            exprs, read_totals = totals(ask, layout.schema)
            return Aggregate(exprs=exprs, read=read_totals)
        case "sums":
            return _sums(ask, layout, params)
        case "moments":
            return _moments(ask.columns[0], layout, params.get("order"))
        case "comoments":
            return _comoments(ask.columns, layout)
        case "span":
            return _span(ask.columns[0], layout, params.get("until"))
        case "fields":
            exprs, read = field_exprs(ask, layout.schema)
            return Aggregate(exprs=exprs, read=read)
        case "histogram" if params.get("of") == "delay":
            exprs, read_delays = delayed(ask, layout.schema)
            return Aggregate(exprs=exprs, read=read_delays)
        case "frequencies" if params.get("of") == "bucket":
            exprs, read_starts = bucketed(ask, layout.schema)
            return Aggregate(exprs=exprs, read=read_starts)
        case "histogram":
            return _histogram(ask.columns[0], layout, params)
        case other:
            raise UnanswerableError(f"state {other!r} is no aggregate. Allowed: {', '.join(sorted(FUSED))}")


def _tally(ask: Ask, layout: Layout) -> Aggregate:
    hits, rows = tally_exprs(ask, layout.schema, layout.nullable)

    def read(values: Values) -> State:
        return Tally(int(values[hits.name] or 0), int(values[rows.name] or 0))

    return Aggregate(exprs=dict((hits, rows)), read=read)


def _mapped(ask: Ask, layout: Layout, params: Mapping[str, Any]) -> Aggregate:
    """What NumPy does with whole columns quicker than expressions could: bins with sums, random features."""
    prefix = f"{ask.state} {ask.columns} {ask.params} "
    if ask.state == "histogram":
        exprs, bins = summed_bins(ask.columns, params, layout.schema, prefix)
        return Aggregate(exprs=exprs, read=bins)
    exprs, sums = fourier_sums(ask.columns, params, layout.schema, prefix)
    return Aggregate(exprs=exprs, read=sums)


def _sums(ask: Ask, layout: Layout, params: Mapping[str, Any]) -> Aggregate:
    """Sums of row-wise terms, over the rows in which all columns are present."""
    found = terms(str(params["terms"]), ask.columns, params, layout.schema, layout.nullable)
    prefix = f"sums {ask.columns} {ask.params} "

    def read(values: Values) -> State:
        n = int(values[counted.name] or 0)
        return Sums.of_terms(n, **{name: float(values[prefix + name] or 0.0) for name in found}) if n else Sums()

    counted = kept(ask.columns, layout.nullable)
    return Aggregate(exprs={counted.name: counted.expr, **{prefix + k: e.sum() for k, e in found.items()}}, read=read)


def _finite(column: str, layout: Layout) -> pl.Expr:
    """The finite values of a number column as float64; ±inf becomes null."""
    value = pl.col(column).cast(pl.Float64)
    return pl.when(value.is_finite()).then(value) if layout.schema[column].is_float() else value


def _moments(column: str, layout: Layout, order: Any) -> Aggregate:
    """n, mean and M2 of the finite values about an anchor; M3 and M4, which cost as much again each, with *order* 4."""
    shape = order == SHAPE
    require_number(column, layout.schema, "moments")
    prefix, moved, about = f"moments {column!r} ", *_moved(column, layout)
    mean = moved.value.mean() if about is not None else _finite(column, layout).mean()
    exprs = {"n": moved.value.count(), "mean": mean, "variance": moved.value.var(ddof=0)}
    if shape:
        exprs["skewness"] = moved.value.skew(bias=True)
        exprs["kurtosis"] = moved.value.kurtosis(fisher=False, bias=True)
    if not moved.finite:
        exprs["nonfinite"] = pl.col(column).is_infinite().sum()

    def read(values: Values) -> State:
        n, nonfinite = int(values[prefix + "n"] or 0), int(values.get(prefix + "nonfinite") or 0)
        if n == 0:
            return Moments(n_nonfinite=nonfinite)
        mean, m2 = (about or 0.0) + float(values[prefix + "mean"]), n * float(values[prefix + "variance"])
        if not shape:
            return Moments(n, mean, m2, None, None, nonfinite)
        m3 = _unscaled(values[prefix + "skewness"], m2 * sqrt(m2 / n) if m2 >= 0 else 0.0, m2)
        m4 = _unscaled(values[prefix + "kurtosis"], m2 * m2 / n, m2)
        return Moments(n, mean, m2, m3, m4, nonfinite)

    named = {prefix + name: expr for name, expr in exprs.items()}
    return Aggregate(exprs=named, read=read, columns=moved.columns)


class _Moved(NamedTuple):
    """The finite values of a column, moved towards 0; the columns that this takes; whether all values are finite."""

    value: pl.Expr
    columns: Mapping[str, pl.Expr]
    finite: bool


def _moved(column: str, layout: Layout) -> tuple[_Moved, float | None]:
    """A column less its value nearest to 0 (0 where it has values of both signs), and that value where it is known.

    Sums of powers are taken about it, lest a large mean eats the spread. No other value would do: subtracting one of
    10¹⁵ (a sentinel, say) would cost all values near 1 their digits, also in groups and filters without it.
    """
    ends = layout.ends(column)
    if ends is None:
        value, name = _finite(column, layout), f"␟moved {column!r}"
        nearest = pl.lit(0.0).clip(value.min(), value.max())
        return _Moved(pl.col(name), {name: value - nearest}, not layout.schema[column].is_float()), None
    finite = all(map(isfinite, ends))
    value = pl.col(column).cast(pl.Float64) if finite else _finite(column, layout)
    low, high = ends
    least = low if low > 0 else high if high < 0 else 0.0
    about = least if abs(least) < HUGE else 0.0
    return _Moved(value - about if about else value, {}, finite or not layout.schema[column].is_float()), about


def _unscaled(shape: float | None, scale: float, m2: float) -> float:
    """The central sum of which *shape* is the ratio to *scale*: 0 without spread, and not finite where M2 is not."""
    if not isfinite(m2):
        return m2
    if shape is None or isnan(shape):
        return inf if m2 > 1 else 0.0
    return shape * scale


def _comoments(columns: tuple[str, ...], layout: Layout) -> Aggregate:
    for column in columns:
        require_number(column, layout.schema, "comoments")
    first, second = (_finite(column, layout) for column in columns)
    both = first.is_not_null() & second.is_not_null()
    x, y = pl.when(both).then(first), pl.when(both).then(second)
    dx, dy = x - x.mean(), y - y.mean()
    prefix = f"comoments {columns} "
    means = {"mean_x": x.mean(), "mean_y": y.mean()}
    sums = {"m2x": (dx * dx).sum(), "m2y": (dy * dy).sum(), "cxy": (dx * dy).sum()}
    present = pl.col(columns[0]).is_not_null() & pl.col(columns[1]).is_not_null()
    counts = {"n": x.count(), "nonfinite": (present & ~both).sum()}

    def read(values: Values) -> State:
        n, nonfinite = int(values[prefix + "n"] or 0), int(values[prefix + "nonfinite"] or 0)
        mean_x, mean_y, m2x, m2y, cxy = (float(values[prefix + name] or 0.0) for name in (*means, *sums))
        return Comoments(n, mean_x, mean_y, m2x, m2y, cxy, nonfinite) if n else Comoments(n_nonfinite=nonfinite)

    return Aggregate(exprs={prefix + name: expr for name, expr in {**counts, **means, **sums}.items()}, read=read)


def _span(column: str, layout: Layout, until: Any) -> Aggregate:
    require_ordered(column, layout.schema, "a span")
    dtype = layout.schema[column]
    value, timely = _extremes(column, dtype), is_time(dtype)
    if until is not None:
        if not timely:
            raise UnanswerableError(f"column {column!r} is {dtype}: a span until {until} needs dates or times")
        value = pl.when(value <= micros(str(until))).then(value)
    prefix = f"span {column!r} {until} "

    def read(values: Values) -> State:
        n, low, high = (values[prefix + name] for name in ("n", "low", "high"))
        if not n:
            return Span()
        return Span(int(n), moment(low), moment(high)) if timely else Span(int(n), low, high)

    exprs = {prefix + "n": value.count(), prefix + "low": value.min(), prefix + "high": value.max()}
    return Aggregate(exprs=exprs, read=read)


def _extremes(column: str, dtype: pl.DataType) -> pl.Expr:
    """A column as what has extremes: microseconds of times, text by code points, finite numbers."""
    value = pl.col(column)
    match dtype:
        case pl.Date() | pl.Datetime() | pl.Null():
            return micros_of(column, dtype)
        case pl.Categorical() | pl.Enum():
            return value.cast(pl.String)
        case pl.Decimal():
            return value.cast(pl.Float64)
        case _ if dtype.is_float():
            return pl.when(value.is_finite()).then(value)
        case _:
            return value


def _histogram(column: str, layout: Layout, params: Mapping[str, Any]) -> Aggregate:
    """Cumulative counts at the edges: ``x ≤ e`` per edge, or where the edges stand in the sorted column."""
    require_number(column, layout.schema, "a histogram")
    edges: tuple[float, ...] = tuple(params["edges"])
    present = kept([column], layout.nullable)
    exprs = {present.name: present.expr, "rows": pl.len()}
    prefix = f"below {column!r} "
    if len(edges) > MANY_EDGES:
        names = [f"{prefix}{params['digest']}"]
        ordered = pl.col(column).drop_nulls().cast(pl.Float64).sort()
        exprs[names[0]] = ordered.search_sorted(pl.lit(pl.Series(edges, dtype=pl.Float64)), side="right").implode()
    else:
        names = [f"{prefix}{edge!r}" for edge in edges]
        exprs |= dict(zip(names, _below(column, layout.schema[column], edges), strict=True))

    def read(values: Values) -> State:
        n = int(values[present.name] or 0)
        below = [values[name] for name in names] if len(edges) <= MANY_EDGES else values[names[0]]
        steps = [0, *(int(count or 0) for count in below), n]
        counts = tuple(b - a for a, b in pairwise(steps))
        return Histogram(str(params["digest"]), counts, int(values["rows"]) - n)

    return Aggregate(exprs=exprs, read=read)


def _below(column: str, dtype: pl.DataType, edges: tuple[float, ...]) -> list[pl.Expr]:
    """``x ≤ e`` counted, per edge; of integers with the integer below it, which costs no conversion."""
    if fits_int64(dtype) and all(abs(edge) < EXACT for edge in edges):
        whole = pl.col(column).cast(pl.Int64)
        return [(whole <= floor(edge)).sum() for edge in edges]
    value = pl.col(column).cast(pl.Float64)
    return [(value <= edge).sum() for edge in edges]
