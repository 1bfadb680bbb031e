"""Owns predicates of text: whether it can be read as a type, how long it is, whether its characters are broken."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from qoa_platform.metrics.text_forms import MOJIBAKE, pattern_of
from qoa_platform.scans.columns import Schema, UnanswerableError, is_number, is_text, require_text


def text_hit(hits: str, column: str, schema: Schema, params: Mapping[str, Any]) -> pl.Expr:
    """Whether a value is a hit of ``parses``, ``length`` or ``mojibake``. Raises UnanswerableError."""
    match hits:
        case "parses":
            return _parses(column, schema, params)
        case "length":
            return _length(column, schema, params.get("low"), params.get("high"))
        case "mojibake":
            require_text(column, schema, "a look at its characters")
            return pl.col(column).cast(pl.String).str.contains(MOJIBAKE, strict=True)
        case _:
            raise UnanswerableError(f"a tally of {hits!r} is not known to this scan")


def mask(text: pl.Expr) -> pl.Expr:
    """The pattern of a text: each run of digits is ``9``, each run of letters ``a``, the rest stays.

    >>> pl.select(mask(pl.lit("12.0 oz"))).item()
    '9.9 a'
    """
    return text.cast(pl.String).str.replace_all(r"\p{Nd}+", "9").str.replace_all(r"[\p{L}\p{Nl}\p{No}]+", "a")


def _length(column: str, schema: Schema, low: float | None, high: float | None) -> pl.Expr:
    require_text(column, schema, "a length")
    length = pl.col(column).cast(pl.String).str.len_chars().cast(pl.Int64)
    at_least = pl.lit(value=True) if low is None else length >= low
    return at_least if high is None else at_least & (length <= high)


def _parses(column: str, schema: Schema, params: Mapping[str, Any]) -> pl.Expr:
    """Whether text can be read as a type; a column that has the type already can."""
    as_, form = str(params["as"]), params.get("format")
    if not is_text(schema[column]):
        return _has_type(column, schema, as_)
    text = pl.col(column).cast(pl.String)
    shaped = text.str.contains(pattern_of(as_, str(params.get("decimal", ".")), form), strict=True)
    if as_ in {"integer", "number"}:
        return shaped
    if form is None:
        day = text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    elif as_ == "date":
        day = text.str.to_date(str(form), strict=False)
    else:
        day = text.str.to_datetime(str(form), strict=False, time_unit="us")
    return shaped & day.is_not_null()


def _has_type(column: str, schema: Schema, as_: str) -> pl.Expr:
    dtype, value = schema[column], pl.col(column)
    match as_, dtype:
        case "number", _ if is_number(dtype):
            return value.is_not_null()
        case "integer", _ if is_number(dtype):
            number = value.cast(pl.Float64)
            return value.is_not_null() if dtype.is_integer() else number.is_finite() & (number.floor() == number)
        case ("date", pl.Date()) | ("time", pl.Datetime()):
            return value.is_not_null()
        case _:
            raise UnanswerableError(f"column {column!r} is {dtype}: only text, or what is one already, parses as {as_}")
