"""Owns the plot of a history in a terminal: values, the band that was allowed, violations; as wide as there is room."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qoa_platform.verdicts.explanation import Moment

ROWS = 10
LEAST = 20
"""Columns of a plot, at least."""
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The dots of a braille character, by row and column."""
BLANK = 0x2800
Show = Callable[[float], str]


def plotted(history: "Sequence[Moment]", *, width: int, show: Show, fancy: bool) -> list[str]:
    """The history as lines of text, at most *width* wide: braille where *fancy*, else ASCII.

    One column a window; two where braille and there are more windows than columns, of which the last are shown.
    ``×`` (``X``) is a violated window, ``?`` one without a value; what was allowed is shaded.
    """
    values = [v for m in history if (v := m.shown) is not None]
    if not values:
        return []
    low, high = _range(history, values)
    labels = [show(high), show((low + high) / 2), show(low)]
    margin = max(map(len, labels)) + 2
    room = max(LEAST, width - margin)
    paired = fancy and len(history) > room
    shown = list(history[-room * (2 if paired else 1) :])
    canvas = _Canvas(low, high, shown, paired=paired, fancy=fancy)
    lines = [canvas.line(row) for row in range(ROWS)]
    beside = {0: labels[0], ROWS // 2: labels[1], ROWS - 1: labels[2]}
    sides = ("┤", "│") if fancy else ("+", "|")
    drawn = [f"{beside.get(k, ''):>{margin - 2}} {sides[k not in beside]}{line}" for k, line in enumerate(lines)]
    return [*drawn, " " * margin + _ends(shown[0].window, shown[-1].window, canvas.columns)]


def _range(history: "Sequence[Moment]", values: Sequence[float]) -> tuple[float, float]:
    """From the least to the greatest value; bounds count where they are not further off than the values spread."""
    low, high = min(values), max(values)
    span = (high - low) or abs(high) * 0.1 or 1.0
    bounds = [b for m in history for b in m.band if b is not None and low - span <= b <= high + span]
    low, high = min([low, *bounds]), max([high, *bounds])
    return (low, high) if high > low else (low - span / 2, high + span / 2)


def _ends(first: str, last: str, columns: int) -> str:
    if len(first) + len(last) + 1 > columns or first == last:
        return last
    return first + " " * (columns - len(first) - len(last)) + last


class _Canvas:
    """The cells of a plot: *paired* windows share one."""

    def __init__(self, low: float, high: float, history: "Sequence[Moment]", *, paired: bool, fancy: bool) -> None:
        self.low, self.step = low, (high - low) / (ROWS * len(DOTS) - 1)
        self.cells = [history[k : k + 1 + paired] for k in range(0, len(history), 1 + paired)]
        self.fancy = fancy

    @property
    def columns(self) -> int:
        """How wide it is."""
        return len(self.cells)

    def level(self, value: float) -> int:
        """The dot of a value, counted from the top; what lies outside is drawn at the edge."""
        most = ROWS * len(DOTS) - 1
        return most - min(max(round((value - self.low) / self.step), 0), most)

    def line(self, row: int) -> str:
        """One line of characters."""
        return "".join(self._cell(cell, row) for cell in self.cells).rstrip()

    def _cell(self, cell: "Sequence[Moment]", row: int) -> str:
        here = [m for m in cell if self._row(m) == row]
        if any(m.status == "violated" for m in here):
            return "×" if self.fancy else "X"
        if any(m.shown is None for m in here):
            return "?"
        if here:
            return self._dots(cell, row) if self.fancy else "o"
        return self._shade(cell, row)

    def _row(self, moment: "Moment") -> int:
        return ROWS - 1 if moment.shown is None else self.level(moment.shown) // len(DOTS)

    def _dots(self, cell: "Sequence[Moment]", row: int) -> str:
        found = 0
        for column, moment in enumerate(cell):
            if moment.shown is not None and self._row(moment) == row:
                dots = DOTS[self.level(moment.shown) % len(DOTS)]
                found |= dots[column] if len(cell) > 1 else dots[0] | dots[1]
        return chr(BLANK + found)

    def _shade(self, cell: "Sequence[Moment]", row: int) -> str:
        """Whether the middle of the cell was allowed in one of its windows that had bounds."""
        middle = self.low + self.step * ((ROWS - row) * len(DOTS) - len(DOTS) / 2)
        if any(_allowed(middle, *m.band) for m in cell):
            return "░" if self.fancy else "."
        return " "


def _allowed(value: float, low: float | None, high: float | None) -> bool:
    bounded = low is not None or high is not None
    return bounded and (low is None or low <= value) and (high is None or value <= high)
