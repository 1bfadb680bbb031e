"""Owns what the faults of a frame do to it: pure functions of (fault, frame, the partition before)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from qoa_platform.faults.draw import drawn
from qoa_platform.faults.fault import FRAME, Fault, FaultError, known

if TYPE_CHECKING:
    import polars as pl


def apply(fault: Fault, frame: "pl.DataFrame", previous: "pl.DataFrame | None" = None) -> "pl.DataFrame":
    """*frame* as it looks under *fault*; *frame* itself is not touched. Equal arguments give equal frames.

    Order of rows and of columns stays, and so does the schema, unless the fault is about it: swapped_columns,
    text_in_number, and a count times a factor that is not whole. A share hits ``round(share * rows)`` rows, drawn with
    the fault's seed. An empty frame stays empty, except under stale_copy.
    Raises FaultError for a fault of a model or a run, for columns that the frame lacks or whose type does not fit, for
    a parameter out of range, and for stale_copy without *previous*.

    >>> import polars as pl
    >>> fault = Fault(kind="unit_change", columns=("price",))
    >>> apply(fault, pl.DataFrame({"price": [1.5, 2.0]}))["price"].to_list()
    [150.0, 200.0]
    """
    damage = _FRAMES.get(known(fault.kind, FRAME, "fault of a frame"))
    for column in fault.columns:
        known(column, frame.columns, f"column for fault {fault.kind!r}")
    if damage is None:
        return _stale_copy(fault, frame, previous)
    return damage(fault, frame)


def _half_rows(fault: Fault, frame: "pl.DataFrame") -> "pl.DataFrame":
    return frame.filter(drawn(fault, frame.height))


def _duplicated_rows(fault: Fault, frame: "pl.DataFrame") -> "pl.DataFrame":
    return frame.vstack(frame.filter(drawn(fault, frame.height)))


def _unit_change(fault: Fault, frame: "pl.DataFrame") -> "pl.DataFrame":
    return frame.with_columns(_times(fault, frame, name) for name in fault.columns)


def _nulls(fault: Fault, frame: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl  # noqa: PLC0415 (heavy)

    hit = drawn(fault, frame.height)
    return frame.with_columns(pl.when(~hit).then(pl.col(name)).alias(name) for name in fault.columns)


def _swapped_columns(fault: Fault, frame: "pl.DataFrame") -> "pl.DataFrame":
    one, other = fault.columns
    return frame.rename({one: other, other: one})


def _missing_stores(fault: Fault, frame: "pl.DataFrame") -> "pl.DataFrame":
    """The values are drawn from those that occur; a count beyond their number drops them all. Nulls stay."""
    import numpy as np  # noqa: PLC0415 (heavy)

    count = int(fault.number("count", 0, 1_000_000))
    column = frame[fault.columns[0]]
    values = column.drop_nulls().unique().sort()
    order = np.random.default_rng(fault.seed).permutation(len(values))
    gone = column.is_in(values.gather(order[:count]).implode())
    return frame.filter(~gone.fill_null(value=False))


def _stale_copy(fault: Fault, frame: "pl.DataFrame", previous: "pl.DataFrame | None") -> "pl.DataFrame":
    """With a time column, the old times are moved by whole days to the day of this partition, as a faulty feed does."""
    import polars as pl  # noqa: PLC0415 (heavy)

    if previous is None:
        message = "fault 'stale_copy' needs the previous partition"
        raise FaultError(message)
    if not fault.columns or frame.is_empty() or previous.is_empty():
        return previous
    name = fault.columns[0]
    now, then = (_clocked(fault, part, name) and part[name].cast(pl.Date).min() for part in (frame, previous))
    if not isinstance(now, date) or not isinstance(then, date):
        return previous
    return previous.with_columns(pl.col(name) + (now - then))


def _future_dates(fault: Fault, frame: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl  # noqa: PLC0415 (heavy)

    name = _clocked(fault, frame, fault.columns[0])
    ahead = timedelta(days=fault.number("days", 0, 36_500))
    hit = drawn(fault, frame.height)
    return frame.with_columns(pl.when(hit).then(pl.col(name) + ahead).otherwise(pl.col(name)).alias(name))


def _text_in_number(fault: Fault, frame: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl  # noqa: PLC0415 (heavy)

    name = _number(fault, frame, fault.columns[0])
    text = pl.lit(str(fault.param("text")))
    written = pl.when(drawn(fault, frame.height)).then(text).otherwise(pl.col(name).cast(pl.String))
    return frame.with_columns(written.alias(name))


def _trailing_blank(fault: Fault, frame: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl  # noqa: PLC0415 (heavy)

    name = fault.columns[0]
    if frame.schema[name] != pl.String:
        message = f"fault 'trailing_blank' needs a text column, {name!r} is {frame.schema[name]}"
        raise FaultError(message)
    hit = drawn(fault, frame.height)
    return frame.with_columns(pl.when(hit).then(pl.col(name) + " ").otherwise(pl.col(name)).alias(name))


def _lasting_shift(fault: Fault, frame: "pl.DataFrame") -> "pl.DataFrame":
    """Without ``time`` and ``since`` every row is hit: the caller (an injection) then says which partitions are."""
    import polars as pl  # noqa: PLC0415 (heavy)

    since, time = str(fault.param("since")), str(fault.param("time"))
    if not since and not time:
        return _unit_change(fault, frame)
    if not since or not time:
        message = "fault 'lasting_shift' needs both since (a day, YYYY-MM-DD) and time (a column), or neither"
        raise FaultError(message)
    hit = frame[_clocked(fault, frame, time)].dt.timestamp("us") >= int(_day(since).timestamp()) * 1_000_000
    shifted = {name: _times(fault, frame, name) for name in fault.columns}
    return frame.with_columns(
        pl.when(hit).then(column).otherwise(pl.col(name)).alias(name) for name, column in shifted.items()
    )


_FRAMES: Final[dict[str, Callable[[Fault, "pl.DataFrame"], "pl.DataFrame"]]] = {
    "half_rows": _half_rows,
    "duplicated_rows": _duplicated_rows,
    "unit_change": _unit_change,
    "nulls": _nulls,
    "swapped_columns": _swapped_columns,
    "missing_stores": _missing_stores,
    "future_dates": _future_dates,
    "text_in_number": _text_in_number,
    "trailing_blank": _trailing_blank,
    "lasting_shift": _lasting_shift,
}


def _number(fault: Fault, frame: "pl.DataFrame", name: str) -> str:
    if not frame.schema[name].is_numeric():
        message = f"fault {fault.kind!r} needs a number, column {name!r} is {frame.schema[name]}"
        raise FaultError(message)
    return name


def _clocked(fault: Fault, frame: "pl.DataFrame", name: str) -> str:
    import polars as pl  # noqa: PLC0415 (heavy)

    known(name, frame.columns, f"column for fault {fault.kind!r}")
    if frame.schema[name] not in (pl.Date, pl.Datetime):
        message = f"fault {fault.kind!r} needs a column of days or times, {name!r} is {frame.schema[name]}"
        raise FaultError(message)
    return name


def _times(fault: Fault, frame: "pl.DataFrame", name: str) -> "pl.Expr":
    """The column times the factor, in its own type when the factor is whole (a count stays a count)."""
    import polars as pl  # noqa: PLC0415 (heavy)

    _number(fault, frame, name)
    factor = fault.number("factor", -1e9, 1e9)
    dtype = frame.schema[name]
    if dtype.is_integer() and factor.is_integer():
        return pl.col(name) * pl.lit(int(factor), dtype=dtype)
    return pl.col(name) * factor


def _day(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        message = f"fault 'lasting_shift': since {text!r} is no day. Allowed: YYYY-MM-DD"
        raise FaultError(message) from error
