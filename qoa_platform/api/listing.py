"""Owns Listing: rows as a person at a terminal, a notebook, or another frame takes them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl

from qoa_platform.records import printable

if TYPE_CHECKING:
    import pandas as pd

TEXT_ROWS, HTML_ROWS, CELL = 60, 200, 80
"""At most so many rows are printed, drawn in a notebook; so many characters of a cell."""
COLOURS: Mapping[str, str] = {"satisfied": "#1a7f37", "violated": "#cf222e", "unknown": "#9a6700", "moved": "#cf222e"}
"""Readable on a light and on a dark page."""


class Listing(ABC):
    """Rows of one kind. *SCHEMA* are the columns of :meth:`records`; *SHOWN* the headings of :meth:`cells`."""

    __slots__ = ()
    SCHEMA: ClassVar[Mapping[str, Any]]
    SHOWN: ClassVar[tuple[str, ...]]

    @abstractmethod
    def records(self) -> list[dict[str, Any]]:
        """The rows as plain dictionaries: numbers in base units, ``None`` where there is no value."""

    @abstractmethod
    def cells(self) -> Sequence[Sequence[str]]:
        """The rows as a person reads them, one cell per heading."""

    @abstractmethod
    def head(self) -> str:
        """One line that says what this is, and the gist of it."""

    def to_polars(self) -> pl.DataFrame:
        """The rows as a Polars frame."""
        return pl.DataFrame(self.records(), schema=dict(self.SCHEMA), orient="row")

    def to_pandas(self) -> "pd.DataFrame":
        """The rows as a pandas frame."""
        return self.to_polars().to_pandas()

    def __len__(self) -> int:
        return len(self.records())

    def __str__(self) -> str:
        rows = [[printable(cell, CELL) for cell in row] for row in self.cells()]
        return "\n".join([self.head(), *aligned([self.SHOWN, *rows[:TEXT_ROWS]]), *_more(len(rows) - TEXT_ROWS)])

    def _repr_html_(self) -> str:
        """What a notebook shows: a table, every text of it escaped."""
        rows = self.cells()
        heads = "".join(f"<th style='text-align:left'>{escape(name)}</th>" for name in self.SHOWN)
        body = "".join(f"<tr>{''.join(map(_drawn, row))}</tr>" for row in rows[:HTML_ROWS])
        more = "".join(f"<p>{escape(line)}</p>" for line in _more(len(rows) - HTML_ROWS))
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
        return f"<div><p>{escape(printable(self.head()))}</p>{table}{more}</div>"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with columns below each other.

    >>> aligned([("a", "long"), ("bcd", "e")])
    ['a    long', 'bcd  e']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _drawn(cell: str) -> str:
    text = printable(cell, CELL)
    colour = COLOURS.get(text.partition("(")[0])
    style = f"text-align:left;color:{colour};font-weight:600" if colour else "text-align:left"
    return f"<td style='{style}'>{escape(text)}</td>"


def _more(rows: int) -> list[str]:
    return [f"… and {rows:,} more: to_polars(), records()"] if rows > 0 else []
