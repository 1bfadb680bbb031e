"""Owns what may be handed in as data: any frame, or a path, becomes one Polars frame."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

READERS: Mapping[str, Callable[[Path], Any]] = {
    ".parquet": pl.read_parquet,
    ".csv": pl.read_csv,
    ".feather": pl.read_ipc,
    ".arrow": pl.read_ipc,
}
"""How a file is read, by the end of its name."""


class DataError(ValueError):
    """What was handed in as data is none: says what was found and what is allowed."""


def framed(data: Any) -> pl.DataFrame:
    """*data* as a Polars frame: Polars (lazy too), pandas (its index is no column), Arrow, columns, a path.

    >>> framed({"a": [1, 2]}).shape
    (2, 1)

    Raises DataError for anything else.
    """
    match data:
        case pl.DataFrame():
            return data
        case pl.LazyFrame():
            return data.collect()
        case str() | Path():
            return _read(Path(data))
        case dict():
            return pl.DataFrame(data)
        case _:
            return _foreign(data)


def _read(path: Path) -> pl.DataFrame:
    if path.is_dir():
        return pl.read_parquet(path / "**" / "*.parquet")
    reader = READERS.get(path.suffix.lower())
    if reader is None or not path.is_file():
        found = f"{str(path)!r} is no {'file' if reader else 'kind of file that is read'}"
        raise DataError(f"{found}. Allowed: a folder of Parquet, or a file that ends with {', '.join(READERS)}")
    frame = reader(path)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 (no reader of ours is lazy)
    return frame


def _foreign(data: Any) -> pl.DataFrame:
    """A frame of another library, recognised without importing it."""
    kind = type(data)
    try:
        if kind.__module__.partition(".")[0] == "pandas":
            found: Any = pl.from_pandas(data)
        elif hasattr(data, "__arrow_c_stream__"):
            found = pl.DataFrame(data)
        else:
            found = None
    except (pl.exceptions.PolarsError, ValueError, TypeError) as error:
        raise DataError(f"a {kind.__module__}.{kind.__name__} that is no table: {error}") from error
    if isinstance(found, pl.DataFrame):
        return found
    raise DataError(
        f"a {kind.__module__}.{kind.__name__} is no data. Allowed: a frame (Polars, pandas, Arrow), columns by name, "
        "or the path of a file or folder"
    )
