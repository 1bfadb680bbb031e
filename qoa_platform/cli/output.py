"""Owns what a command prints: one JSON object, or lines and tables that are plain where there is no terminal."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import click

CELL = 160
"""At most so many characters of one cell are shown; ``--json`` has all of them."""

STYLES = {
    "satisfied": "green", "violated": "bold red", "unknown": "yellow", "open": "bold red", "mitigated": "yellow",
    "resolved": "green", "promoted": "green", "refused": "red", "rolled_back": "red", "error": "bold red",
    "warning": "yellow", "critical": "bold",
}  # fmt: skip
"""How a cell that begins with such a word is shown on a terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under *columns* (empty names: no heading). Cells are text (``None`` is empty), and may come from data."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]
    title: str = ""


def emit(payload: dict[str, Any]) -> None:
    """Print *payload*, records included, as one JSON object."""
    from qoa_platform.records import plain

    click.echo(json.dumps(plain(payload), indent=2, allow_nan=False))


def say(*lines: object) -> None:
    """Print lines that hold no more than what a terminal may be shown."""
    for line in lines:
        click.echo(shown(line, None))


def shown(value: object, limit: int | None = CELL) -> str:
    r"""A value as a person reads it, safe for a terminal.

    >>> shown(None), shown(timedelta(minutes=3)), shown("a\x1b[31m")
    ('', '3 min', 'a\ufffd[31m')
    """
    from qoa_platform.records import Unit, printable, show

    match value:
        case None:
            return ""
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case timedelta():
            return show(value.total_seconds(), Unit.SECONDS)
        case bool():
            return "yes" if value else "no"
        case _:
            return printable(str(value), limit)


def tables(*given: Table) -> None:
    """Print tables one below the other: with rich on a terminal, aligned columns elsewhere."""
    for number, table in enumerate(given):
        if number:
            click.echo()
        if sys.stdout.isatty():
            _rich(table)
        else:
            _plain(table)


def _plain(table: Table) -> None:
    rows = (table.columns, *table.rows) if any(table.columns) else tuple(table.rows)
    cells = [[shown(cell) for cell in row] for row in rows]
    widths = [max(len(row[k]) for row in cells) for k in range(len(table.columns))]
    if table.title:
        click.echo(table.title)
    for row in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _rich(table: Table) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table as RichTable

    drawn = RichTable(
        title=table.title or None, title_justify="left", box=SIMPLE, pad_edge=False, show_header=any(table.columns)
    )
    for column in table.columns:
        drawn.add_column(column, overflow="fold")
    for row in table.rows:
        drawn.add_row(*(_styled(cell) for cell in row))
    Console().print(drawn)


def _styled(cell: object) -> Any:
    from rich.text import Text

    text = shown(cell)
    return Text(text, style=STYLES.get(text.partition("(")[0].partition(" ")[0], ""))


def listing(words: Iterable[object], none: str = "none") -> str:
    """Words with commas between, or what to say when there are none."""
    return ", ".join(shown(word) for word in words) or none
