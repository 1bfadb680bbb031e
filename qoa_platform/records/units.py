"""Owns units and directions: what a metric's number is counted in, and which side of it is good."""

from enum import StrEnum


class Direction(StrEnum):
    """Which side of a bound is the good one. It belongs to the metric, never to a promise."""

    HIGHER = "higher"
    LOWER = "lower"
    TARGET = "target"


class Unit(StrEnum):
    """Base units of metrics. Contract units are converted to these on reading."""

    RATIO = "ratio"
    COUNT = "count"
    ROWS = "rows"
    REQUESTS = "requests"
    SECONDS = "s"
    BYTES = "B"
    USD = "USD"
    ONE = "1"
    NAT = "nat"
    BIT = "bit"
    RADIAN = "rad"
    PER_SECOND = "requests/s"
    COLUMN = "=x"
    """The unit of the measured column itself."""


SCALES: dict[str, tuple[Unit, float]] = {
    "%": (Unit.RATIO, 0.01),
    "ratio": (Unit.RATIO, 1.0),
    "ms": (Unit.SECONDS, 0.001),
    "s": (Unit.SECONDS, 1.0),
    "min": (Unit.SECONDS, 60.0),
    "h": (Unit.SECONDS, 3600.0),
    "d": (Unit.SECONDS, 86400.0),
    "B": (Unit.BYTES, 1.0),
    "KiB": (Unit.BYTES, 1024.0),
    "MiB": (Unit.BYTES, 1024.0**2),
    "GiB": (Unit.BYTES, 1024.0**3),
    "USD": (Unit.USD, 1.0),
    "x": (Unit.ONE, 1.0),
    "rows": (Unit.ROWS, 1.0),
    "requests": (Unit.REQUESTS, 1.0),
}
"""Spelling of a unit in a contract → (base unit, factor to it)."""
EXACT = 1e15
"""Below it a count is exact as a float and short enough to be written out."""


def show(value: float | None, unit: Unit) -> str:
    """A value in its unit as a person reads it.

    >>> show(0.985, Unit.RATIO), show(93_600, Unit.SECONDS), show(None, Unit.ROWS)
    ('98.5 %', '26 h', '–')
    """
    if value is None:
        return "–"
    match unit:
        case Unit.RATIO:
            return f"{value * 100:.4g} %"
        case Unit.SECONDS:
            return _show_seconds(value)
        case Unit.ROWS | Unit.COUNT | Unit.REQUESTS:
            return f"{value:,.0f}" if value == value and abs(value) < EXACT else f"{value}"  # noqa: PLR0124 (NaN)
        case Unit.USD:
            return f"{value:.4g} USD"
        case Unit.BYTES:
            return f"{value:,.0f} B"
        case _:
            return f"{value:.4g}"


def _show_seconds(value: float) -> str:
    for name, factor in (("d", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0)):
        if abs(value) >= 2 * factor:
            return f"{value / factor:.4g} {name}"
    return f"{value * 1000:.4g} ms" if value else "0 s"
