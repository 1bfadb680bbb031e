"""Owns how values are written on a page: numbers as people read them, text in one line, nothing that is markup."""

from datetime import date, datetime, time, timedelta
from math import isfinite

from qoa_platform.records import Unit, printable, show

LONGEST = 80
"""A value is shown with so many characters at most; times to the second, in the zone of their column."""
MASKED = "•••"
"""What stands for a value of a sensitive column."""
LARGE, WHOLE = 1e7, 1e15


def cell(value: object) -> str:
    r"""A value.

    >>> cell(1234.5), cell(1e-9), cell(12345), cell(True), cell(None), cell("a\nb")
    ('1,234.5', '1e-09', '12,345', 'yes', '–', 'a b')
    """
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}" if abs(value) < WHOLE else f"{value:.4g}"
        case float():
            return number(value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case date() | time():
            return value.isoformat()
        case timedelta():
            return show(value.total_seconds(), Unit.SECONDS)
        case _:
            return printable(str(value), LONGEST) or "(empty)"


def number(value: float) -> str:
    """A float: five digits, thousands apart, an exponent only where it is very large or small.

    >>> number(0.25), number(1234567.0), number(123.456789), number(2e12)
    ('0.25', '1,234,567', '123.46', '2e+12')
    """
    if not isfinite(value):
        return str(value)
    if abs(value) < 1 or abs(value) >= LARGE:
        return f"{value:.4g}"
    text = f"{value:,.{max(0, 5 - len(str(int(abs(value)))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def share(part: float) -> str:
    """A share of the whole.

    >>> share(0.5), share(0.99996), share(0.00001), share(0.0)
    ('50 %', '> 99.99 %', '< 0.01 %', '0 %')
    """
    least = 1e-4
    if 0 < part < least:
        return "< 0.01 %"
    if 1 - least < part < 1:
        return "> 99.99 %"
    return show(round(part, 6), Unit.RATIO)


def brief(part: float) -> str:
    """A share in three digits, for a plot.

    >>> brief(0.09985), brief(0.25), brief(0.00002)
    ('9.98 %', '25 %', '< 0.01 %')
    """
    return share(part) if part < 1e-4 else f"{part * 100:.3g} %"  # noqa: PLR2004 (what share says so)


def count(value: int) -> str:
    """A count, thousands apart."""
    return f"{value:,}"
