"""Owns the stable hash of keys over a frame: ``states.key_hash`` of every row, by plug-in or value by value."""

from collections.abc import Sequence
from functools import cache, reduce
from operator import add

import polars as pl

from qoa_platform.scans.columns import Schema, UnanswerableError
from qoa_platform.states.key_hash import MISSING, factor

WORD = 1 << 64


@cache
def plugged() -> bool:
    """Whether the plug-in ``polars-hash`` works beside this Polars: it follows an interface that may change."""
    try:
        import polars_hash  # noqa: PLC0415 (only where keys are kept)

        found = pl.select(polars_hash.concat_str(pl.lit("a")).nchash.xxh3_128()).item()
    except Exception:  # noqa: BLE001 (whatever keeps it from loading: values are then hashed one by one)
        return False
    return bool(found == _one(b"a"))


def _one(content: bytes) -> int:
    from xxhash import xxh3_128_intdigest  # noqa: PLC0415 (only where keys are kept)

    return xxh3_128_intdigest(content)


def _one_by_one(texts: pl.Series) -> pl.Series:
    return pl.Series([None if text is None else _one(text.encode()) for text in texts], dtype=pl.UInt128)


def stable_hash(columns: Sequence[str], schema: Schema) -> pl.Expr:
    """``states.key_hash`` of a row, UInt128: equal in every process, engine and version. Raises UnanswerableError."""
    parts_ = [_digest(column, schema[column]) for column in columns]
    if len(parts_) == 1:
        return parts_[0]
    total = reduce(add, (part * _wide(factor(j)) for j, part in enumerate(parts_, 1)))
    total = (total ^ (total // _wide(WORD))) * _wide(factor(0))
    return total ^ (total // _wide(WORD))


def _wide(number: int) -> pl.Expr:
    return pl.lit(number, dtype=pl.UInt128)


def _digest(column: str, dtype: pl.DataType) -> pl.Expr:
    text = _text(column, dtype)
    if plugged():
        found: pl.Expr = text.nchash.xxh3_128()  # type: ignore[attr-defined]
    else:
        found = text.map_batches(_one_by_one, return_dtype=pl.UInt128)
    return found.fill_null(_wide(_one(MISSING)))


def _text(column: str, dtype: pl.DataType) -> pl.Expr:
    """The text whose UTF-8 bytes are hashed, by logical type (``states.key_hash.value_bytes``)."""
    value = pl.col(column)
    match dtype:
        case pl.String() | pl.Categorical() | pl.Enum() | pl.Boolean() | pl.Null():
            return value.cast(pl.String)
        case pl.Decimal():
            text = value.cast(pl.String)
            return text.str.strip_chars_end("0").str.strip_chars_end(".") if dtype.scale else text
        case pl.Date():
            return value.dt.to_string("%Y-%m-%d")
        case pl.Datetime():
            utc = value if dtype.time_zone is None else value.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
            return utc.dt.cast_time_unit("us").dt.to_string("%Y-%m-%dT%H:%M:%S%.6f")
        case _ if dtype.is_integer():
            return value.cast(pl.String)
        case _ if dtype.is_float():
            number = value.cast(pl.Float64)
            return pl.when(number == 0).then(0.0).otherwise(number).reinterpret(dtype=pl.Int64).cast(pl.String)
        case _:
            raise UnanswerableError(
                f"column {column!r} is {dtype}: a key needs text, numbers, booleans, dates or times"
            )
