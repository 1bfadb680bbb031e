"""Owns flagging: the cells that row-level metrics point at, whether or not a promise holds (metrics.md 1.6)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import polars as pl

from qoa_platform.metrics import Metric
from qoa_platform.metrics.row_level import SHARED
from qoa_platform.records import Ask, Profile
from qoa_platform.scans.besides import Beside, neighbours
from qoa_platform.scans.dependencies import ROW
from qoa_platform.scans.flags import MASKED, TABLE, Flagged, Flags
from qoa_platform.scans.keys import spelled
from qoa_platform.scans.marking import Marks, Mask, at, marks, reads, violating
from qoa_platform.scans.normalising import Missing, normal
from qoa_platform.scans.queries import BROKEN

__all__ = ["NONE", "Flagged", "Flags", "flagged", "violating"]

NONE: Beside = {}
LONGEST = 200
"""A value is listed with so many characters at most."""
Wanted = Sequence[tuple[Metric, Profile | None]]


def flagged(
    frame: pl.DataFrame, wanted: Wanted, *, missing: Missing, beside: Beside = NONE, limit: int | None = None,
    sensitive: Iterable[str] = (),
) -> Flags:  # fmt: skip
    """The cells of *frame* that the wanted metrics flag, each with the profile it is read against.

    A cell is flagged when a row-level predicate fails on it, also where the promise holds: the promise judges, the flag
    points. Every metric counts all that it flags and lists the first *limit* rows of it (``None``: all of them), so
    that a frame in which every row fails costs one bit per row and metric. Values of *sensitive* columns are masked.
    Never raises for what the frame holds: a metric that cannot flag says so in its ``cause``.

    >>> from qoa_platform.metrics.validity import InRange
    >>> day = pl.DataFrame({"price": [3.0, -1.0, None, 9.0]})
    >>> found = flagged(day, [(InRange(columns=("price",), low=0, high=5), None)], missing={})
    >>> found.rows, found.table.select("row", "column", "value", "why").rows()
    (2, [(1, 'price', '-1', 'outside [0, 5]'), (3, 'price', '9', 'outside [0, 5]')])
    """
    asked = [_asked(metric, profile, frame) for metric, profile in wanted]
    beside = neighbours(beside, [ask.ask for ask in asked if not isinstance(ask, str)], missing) if beside else beside
    rows, broken = _normal(frame, [name for ask in asked if not isinstance(ask, str) for name in ask.columns], missing)
    found = [
        ask if isinstance(ask, str) else _found(metric, profile, ask, rows, broken, beside)
        for (metric, profile), ask in zip(wanted, asked, strict=True)
    ]
    listing = _Listing(frame, rows, limit, frozenset(sensitive))
    metrics = [metric for metric, _ in wanted]
    tables = [
        listing.of(*each) for each in enumerate(zip(metrics, found, strict=True)) if not isinstance(each[1][1], str)
    ]
    whole = [item for item in found if not isinstance(item, str)]
    mask = reduce(or_, [item.rows for item in whole], at(pl.Series([], dtype=pl.UInt32), frame.height)).alias("flagged")
    return Flags(
        flagged=tuple(_counted(metric, item) for metric, item in zip(metrics, found, strict=True)),
        table=pl.concat([pl.DataFrame(schema=TABLE), *tables]),
        mask=mask,
        rows=int(mask.sum()),
        cells=sum(_any(i.cells[c] for i in whole if c in i.cells) for c in {c for i in whole for c in i.cells}),
        ambiguous=sum(_any([item.ambiguous]) for item in whole if item.ambiguous is not None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """An ask, and the columns that flagging reads for it."""

    ask: Ask
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The marks of a metric as bits: one per row of the frame."""

    marks: Marks
    rows: pl.Series
    cells: Mapping[str, pl.Series]
    ambiguous: pl.Series | None


def _asked(metric: Metric, profile: Profile | None, frame: pl.DataFrame) -> _Asked | str:
    try:
        ask = metric.ask(profile)
        if ask is None:
            return f"{metric.id}: nothing is frozen that it could be read against"
        every = metric.id in SHARED and not ask.columns
        return _Asked(ask=ask, columns=tuple(dict.fromkeys([*reads(metric, ask), *(frame.columns if every else ())])))
    except Exception as error:  # noqa: BLE001 (a metric may be anybody's)
        return f"{metric.id} cannot ask: {type(error).__name__}: {error}"


def _normal(frame: pl.DataFrame, names: Iterable[str], missing: Missing) -> tuple[pl.DataFrame, Mapping[str, str]]:
    """The normal columns *names* (of none: all, for keys over all) with row positions; and those that have no form."""
    wanted = [name for name in dict.fromkeys(names) if name in frame.columns]
    broken: dict[str, str] = {}
    try:
        rows = normal(frame, wanted, missing)
    except BROKEN:
        good: list[pl.DataFrame] = []
        for name in wanted:
            try:
                good.append(normal(frame, [name], missing))
            except BROKEN as error:
                broken[name] = f"column {name!r} ({frame.schema[name]}): {str(error).split(chr(10), 1)[0]}"
        rows = pl.concat(good, how="horizontal") if good else frame.select([])
    positions = pl.int_range(frame.height, eager=True, dtype=pl.UInt32).alias(ROW)
    return rows.with_columns(positions) if rows.columns else positions.to_frame(), broken


def _found(
    metric: Metric, profile: Profile | None, asked: _Asked, rows: pl.DataFrame, broken: Mapping[str, str],
    beside: Beside,
) -> _Found | str:  # fmt: skip
    """What *metric* flags, or why it cannot."""
    for name in asked.columns:
        if name in broken:
            return broken[name]
    try:
        return _evaluated(marks(metric, profile, asked.ask, rows, beside), rows)
    except BROKEN as error:
        return str(error).strip().split("\n", 1)[0] or type(error).__name__


def _evaluated(found: Marks, rows: pl.DataFrame) -> _Found:
    masks: dict[str, Mask] = {ROW: found.rows, **{name: mask for name, mask in found.cells.items() if mask is not None}}
    table = rows.select(mask.alias(name) for name, mask in masks.items())
    own = table.get_column(ROW)
    cells = {name: own if mask is None else table.get_column(name) for name, mask in found.cells.items()}
    return _Found(marks=found, rows=own, cells=cells, ambiguous=found.ambiguous)


def _counted(metric: Metric, found: _Found | str) -> Flagged:
    if isinstance(found, str):
        return Flagged(metric=metric, cause=found)
    return Flagged(
        metric=metric, rows=_any([found.rows]), cells=sum(_any([mask]) for mask in found.cells.values()),
        ambiguous=_any([] if found.ambiguous is None else [found.ambiguous]), why=found.marks.why,
    )  # fmt: skip


def _any(masks: Iterable[pl.Series]) -> int:
    """Rows in which any of the masks is true."""
    found = list(masks)
    return int(reduce(or_, found).sum()) if found else 0


@dataclass(frozen=True, slots=True)
class _Listing:
    """Writes the flagged cells of a metric as lines, of its first rows only."""

    frame: pl.DataFrame
    rows: pl.DataFrame
    limit: int | None
    hidden: frozenset[str]

    def of(self, item: int, flagged_: tuple[Metric, _Found | str]) -> pl.DataFrame:
        """The lines of one metric, in the order of rows."""
        metric, found = flagged_
        assert not isinstance(found, str)  # noqa: S101 (only what was found is listed)
        positions = found.rows.arg_true()
        positions = positions if self.limit is None else positions.head(self.limit)
        if not positions.len():
            return pl.DataFrame(schema=TABLE)
        parts = [self._column(name, mask, positions, found.marks) for name, mask in found.cells.items()]
        lines = pl.concat(parts) if parts else self._rows(positions)
        named = lines.with_columns(
            pl.lit(item, dtype=pl.UInt32).alias("item"),
            pl.lit(metric.id).alias("metric"),
            pl.lit(found.marks.why).alias("why"),
        )
        return named.sort("row", maintain_order=True).select(TABLE.names()).cast(TABLE)

    def _column(self, name: str, mask: pl.Series, positions: pl.Series, found: Marks) -> pl.DataFrame:
        those = positions.filter(mask.gather(positions))
        values, expected = _texts(self.frame.get_column(name).gather(those)), None
        if found.expected is not None:
            expected = found.expected(name, self.rows[those])
        if name in self.hidden:
            values, expected = [MASKED if value is not None else None for value in values], None
        return self._rows(those).with_columns(
            pl.lit(name).alias("column"), pl.Series("value", values, dtype=pl.String),
            pl.Series("expected", expected or [None] * len(values), dtype=pl.String),
        )  # fmt: skip

    def _rows(self, positions: pl.Series) -> pl.DataFrame:
        nothing = pl.lit(None, dtype=pl.String)
        return pl.DataFrame({"row": positions.cast(pl.UInt32)}).with_columns(
            nothing.alias("column"), nothing.alias("value"), nothing.alias("expected")
        )


def _texts(column: pl.Series) -> list[str | None]:
    """The values as text, cut where they are long."""
    return [
        None if text is None else text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
        for text in spelled(column)
    ]
