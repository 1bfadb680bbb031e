"""Owns text tables (CSV) as sources: what type each column is, found over all of its rows, and its values as that."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from qoa_platform.scans.arrows import Batch, framed
from qoa_platform.scans.opening import Opened

BLOCK = 4 << 20
"""Bytes of text that are read at a time."""
DELIMITERS = (",", ";", "\t", "|")
TRUTH = ("true", "false", "True", "False", "TRUE", "FALSE")
LETTERS = ("t", "f")
WHOLE = r"^[+-]?(0|[1-9]\d{0,18})$"
NUMBER = r"^[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?$|^[+-]?(?i:nan|inf|infinity)$"
NAIVE = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?$"
ZONED = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d(:?\d\d)?)$"
TIME = pl.Datetime("us")
MOMENT = pl.Datetime("us", "UTC")


def as_boolean(value: pl.Expr, words: Sequence[str] = TRUTH) -> pl.Expr:
    """``true`` and ``false``."""
    return pl.when(value.is_in(words)).then(value.str.to_lowercase().str.starts_with("t"))


def as_integer(value: pl.Expr) -> pl.Expr:
    """Whole numbers of 64 bits; a leading zero makes text of it: ``007`` is no number."""
    return pl.when(value.str.contains(WHOLE)).then(value).str.strip_prefix("+").cast(pl.Int64, strict=False)


def as_float(value: pl.Expr) -> pl.Expr:
    """Numbers, ``nan`` and ``inf``."""
    plain = value.str.to_lowercase().str.strip_prefix("+").str.replace("infinity", "inf", literal=True)
    return pl.when(value.str.contains(NUMBER)).then(plain).cast(pl.Float64, strict=False)


def as_date(value: pl.Expr) -> pl.Expr:
    """ISO 8601 dates."""
    return pl.when(value.str.len_chars() == 10).then(value).str.to_date("%Y-%m-%d", strict=False)  # noqa: PLR2004


def as_time(value: pl.Expr) -> pl.Expr:
    """ISO 8601 times without a zone."""
    text = pl.when(value.str.contains(NAIVE)).then(value).str.replace("T", " ", literal=True)
    return text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)


def as_moment(value: pl.Expr) -> pl.Expr:
    """ISO 8601 times with a zone, in UTC."""
    text = pl.when(value.str.contains(ZONED)).then(value).str.replace("T", " ", literal=True)
    text = (
        text.str.replace("Z$", "+0000").str.replace(r"([+-]\d\d)$", "${1}00").str.replace(r"([+-]\d\d):(\d\d)$", "$1$2")
    )
    return text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%z", time_unit="us", time_zone="UTC", strict=False)


KINDS: Sequence[tuple[pl.DataType, Callable[[pl.Expr], pl.Expr]]] = (
    (pl.Boolean(), as_boolean), (pl.Int64(), as_integer), (pl.Float64(), as_float),
    (pl.Date(), as_date), (TIME, as_time), (MOMENT, as_moment),
)  # fmt: skip
"""What texts may be, the narrower first: the first that fits all of a column is its type, or it is text."""
CONVERTED: Mapping[pl.DataType, Callable[[pl.Expr], pl.Expr]] = dict(KINDS)


def opened_texts(path: str, system: Any, files: Sequence[str]) -> Opened:
    """CSV files with a header, one below the other. An empty field is missing, a quoted empty one is text."""
    names = list(dict.fromkeys(name for file in files for name in _header(system, file)))

    def texts(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        for file in files:
            for batch in _texts(system, file):
                lacking = [pl.lit(None, dtype=pl.String).alias(name) for name in columns if name not in batch.columns]
                yield batch.with_columns(lacking).select(columns)

    schema = _inferred(names, texts(names))

    def read(columns: Sequence[str], rows: int) -> Iterator[Batch]:  # noqa: ARG001 (blocks of bytes)
        return (typed(batch, schema) for batch in texts(columns))

    return Opened(data=path, schema=schema, read=read, heeds=False)


def typed(texts: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> Batch:
    """A frame of texts as what they spell; a column with a text that spells no such value is broken."""
    no_numbers = [pl.col(n).replace("NaN", None) for n in texts.columns if isinstance(schema[n], pl.Decimal)]
    texts = texts.with_columns(no_numbers)  # missing anyway, and no decimal
    exprs = {name: _typed(name, schema[name]) for name in texts.columns}
    found = texts.select(**exprs)
    lost = [n for n in texts.columns if found.get_column(n).null_count() > texts.get_column(n).null_count()]
    broken = {}
    for name in lost:
        wrong = texts.get_column(name).filter(found.get_column(name).is_null() & texts.get_column(name).is_not_null())
        broken[name] = f"column {name!r} is {schema[name]}: {wrong[0]!r} spells none"
    return Batch(found, broken)


def _typed(name: str, dtype: pl.DataType) -> pl.Expr:
    value = pl.col(name)
    if isinstance(dtype, pl.String):
        return value
    if isinstance(dtype, pl.Boolean):
        return as_boolean(value, (*TRUTH, *LETTERS))
    if dtype in CONVERTED:
        return CONVERTED[dtype](value)
    if isinstance(dtype, pl.List):
        return value.str.json_decode(dtype)
    if isinstance(dtype, pl.Time):
        return value.str.to_time("%H:%M:%S%.f", strict=False)
    return value.cast(dtype, strict=False)


def _inferred(names: Sequence[str], texts: Iterator[pl.DataFrame]) -> dict[str, pl.DataType]:
    """The narrowest type that every text of a column spells."""
    fitting = {name: list(KINDS) for name in names}
    for batch in texts:
        tests = [
            (read(pl.col(n)).is_not_null() | pl.col(n).is_null()).all().alias(f"{i} {n}")
            for n in names for i, (_, read) in enumerate(fitting[n])
        ]  # fmt: skip
        found = batch.select(tests).row(0, named=True) if tests else {}
        fitting = {n: [kind for i, kind in enumerate(fitting[n]) if found[f"{i} {n}"]] for n in names}
    return {n: kinds[0][0] if 0 < len(kinds) < len(KINDS) else pl.String() for n, kinds in fitting.items()}


def _header(system: Any, file: str) -> list[str]:
    """The names of the columns."""
    from pyarrow import csv  # noqa: PLC0415 (slow to import)

    with system.open(file, "rb", compression="infer") as content:
        first = content.readline()
    options = csv.ParseOptions(delimiter=_delimiter(first))
    import pyarrow as pa  # noqa: PLC0415

    return list(csv.open_csv(pa.BufferReader(first), parse_options=options).schema.names)


def _delimiter(first: bytes) -> str:
    return max(DELIMITERS, key=lambda sign: first.count(sign.encode()))


def _texts(system: Any, file: str) -> Iterator[pl.DataFrame]:
    """All rows of a file as texts, block by block."""
    with system.open(file, "rb", compression="infer") as content:
        delimiter = _delimiter(content.readline())
    with system.open(file, "rb", compression="infer") as content:
        yield from blocks(content, _header(system, file), delimiter, header=True)


def blocks(content: Any, names: Sequence[str], delimiter: str, *, header: bool) -> Iterator[pl.DataFrame]:
    """The rows of a file of CSV as texts, block by block; an unquoted empty field is missing."""
    from pyarrow import csv  # noqa: PLC0415 (slow to import)

    parsing, converting = _options(names, delimiter)
    reading = csv.ReadOptions(block_size=BLOCK, column_names=list(names), skip_rows=int(header))
    with csv.open_csv(content, reading, parsing, converting) as reader:
        for batch in reader:
            yield framed(batch).frame


def parsed(content: bytes, names: Sequence[str]) -> pl.DataFrame:
    """Whole rows of CSV, without a header, as texts: by this thread alone."""
    import pyarrow as pa  # noqa: PLC0415 (slow to import)
    from pyarrow import csv  # noqa: PLC0415

    reading = csv.ReadOptions(use_threads=False, column_names=list(names), block_size=len(content) + 1)
    return framed(csv.read_csv(pa.BufferReader(content), reading, *_options(names, ","))).frame


def _options(names: Sequence[str], delimiter: str) -> tuple[Any, Any]:
    import pyarrow as pa  # noqa: PLC0415 (slow to import)
    from pyarrow import csv  # noqa: PLC0415

    converting = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )  # fmt: skip
    many = len(names) > 1  # of one column an empty line is a row whose value is missing
    return csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=many), converting
