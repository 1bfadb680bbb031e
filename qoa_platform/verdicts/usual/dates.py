"""Owns dates that come again: what was unusual on the same date of an earlier year is usual on it."""

from datetime import UTC, datetime, timedelta

KEPT = 400
"""Unusual days that are remembered, the last ones."""
MARGIN = 1.25
"""How much further than last time the same date may go."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Dates:
    """Unusual days by their date (25 December) and by their place in the month (fourth Friday of November).

    A date is proven by an earlier year in which it lay outside of the band; the side it lay on is wide then.
    """

    __slots__ = ("known",)

    def __init__(self, known: dict[str, tuple[int, float]] | None = None) -> None:
        self.known = known or {}

    def mark(self, t: float, deviation: float) -> None:
        """Remember that the day ending at *t* lay *deviation* units beside its centre, outside of its band."""
        year, names = _names(t)
        for name in names:
            self.known.pop(name, None)
            self.known[name] = (year, deviation)
        while len(self.known) > KEPT:
            del self.known[next(iter(self.known))]

    def of(self, t: float) -> tuple[float, str | None]:
        """How many units beside its centre the day may lie by its date, and the date's name; 0 where unproven."""
        if not self.known:
            return 0.0, None
        year, names = _names(t)
        for name in names:
            found = self.known.get(name)
            if found is not None and found[0] < year:
                return MARGIN * found[1], name
        return 0.0, None


def _names(t: float) -> tuple[int, tuple[str, str]]:
    """The year and the two names of the day that ends at *t*.

    >>> _names(datetime(2017, 11, 25, tzinfo=UTC).timestamp())
    (2017, ('11-24', 'Friday 4 of 11'))
    """
    day = EPOCH + timedelta(seconds=t - 1)
    return day.year, (f"{day:%m-%d}", f"{day:%A} {(day.day - 1) // 7 + 1} of {day:%m}")
