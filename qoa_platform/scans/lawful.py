"""Owns the laws of a user's own metric, tried on generated frames: what fails, and the smallest frame that shows it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice, product
from math import inf, isclose, isnan, nan
from random import Random
from typing import Any

import polars as pl

from qoa_platform.metrics import UNMERGEABLE, Metric, MetricError
from qoa_platform.records import Ask, Reading, Reason
from qoa_platform.scans.kernel import answers, merged
from qoa_platform.scans.queries import Failure

Rows = Sequence[Mapping[str, Any]]
Law = Callable[["Trial", Rows], str | None]
"""What is wrong with a metric over rows, or ``None``."""
START = datetime(2026, 1, 1, tzinfo=UTC)
TYPES: Mapping[str, tuple[pl.DataType, tuple[Any, ...]]] = {
    "float": (pl.Float64(), (0.0, -0.0, 1.0, 2.5, -1.5, 7.25, 1e6, nan, inf, None)),
    "integer": (pl.Int64(), (0, 1, 2, 3, -3, 40, 412, 2**53 + 1, None)),
    "text": (pl.String(), ("", "a", "b", "é", "a", "412", None)),
    "truth": (pl.Boolean(), (True, False, None)),
    "time": (pl.Datetime("us", "UTC"), (*(START + timedelta(minutes=m) for m in (0, 5, 59, 61, 1500)), None)),
    "date": (pl.Date(), (date(2026, 1, 1), date(2026, 2, 28), date(1960, 1, 1), None)),
}
MOST_TYPINGS = 1_300
"""So many ways to type its columns are tried until a metric can be read."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A law that does not hold: which, what was found, and the smallest frame that was found to show it."""

    law: str
    cause: str
    frame: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Trial:
    """A metric, and the types of its columns under which it can be read."""

    metric: Metric
    types: Mapping[str, str]

    def frame(self, rows: Rows) -> pl.DataFrame:
        """The rows as a frame."""
        schema: dict[str, Any] = {name: TYPES[kind][0] for name, kind in self.types.items()} or {"x": pl.Int64()}
        return pl.DataFrame(list(rows), schema=schema, orient="row") if rows else pl.DataFrame(schema=schema)

    def ask(self) -> Ask:
        """What the metric asks without a profile. Raises MetricError where it asks nothing."""
        found = self.metric.ask(None)
        if found is None:
            raise MetricError(f"{self.metric.id} asks nothing without a profile: its laws cannot be tried")
        return found

    def read(self, *parts: Rows) -> Reading:
        """The reading over *parts*, each answered for itself and then merged."""
        ask = self.ask()
        state = merged([answers(self.frame(part), [ask], missing={}) for part in parts])[ask]
        if isinstance(state, Failure):
            return Reading.unknown(Reason.ERROR, cause=state.cause)
        try:
            return self.metric.read(state, None)
        except Exception as error:  # noqa: BLE001 (a metric may be anybody's)
            return Reading.unknown(Reason.ERROR, cause=f"read() raised {type(error).__name__}: {error}")


def broken(
    metric: Metric, rng: Random, *, frames: int = 60, types: Mapping[str, str] | None = None
) -> tuple[Broken, ...]:
    """The laws that *metric* breaks, each with the smallest frame that was found; none: it is accepted.

    *types* are those of its columns (``float``, ``integer``, ``text``, ``truth``, ``time``, ``date``); without them the
    first ones are taken under which it can be read. Raises MetricError where there are none.
    """
    trial = Trial(metric, types if types is not None else readable(metric, rng))
    found: list[Broken] = []
    for name, law in _laws(trial):
        for rows in _frames(trial, rng, frames):
            if law(trial, rows) is not None:
                small = _smallest(trial, law, rows)
                found.append(Broken(name, law(trial, small) or "", trial.frame(small)))
                break
    return tuple(found)


def readable(metric: Metric, rng: Random) -> Mapping[str, str]:
    """Types of the columns of *metric* under which it can be read. Raises MetricError with what it last said."""
    last = "no type was tried"
    for kinds in islice(product(TYPES, repeat=len(metric.columns)), MOST_TYPINGS):
        trial = Trial(metric, dict(zip(metric.columns, kinds, strict=True)))
        reading = trial.read(_rows(trial, rng, 8))
        if reading.reason is not Reason.ERROR:
            return trial.types
        last = reading.cause or last
    raise MetricError(
        f"{metric.id} cannot be read over columns {', '.join(metric.columns) or '(none)'} of any type: {last}"
    )


def _laws(trial: Trial) -> Iterator[tuple[str, Law]]:
    """The laws that concern the metric: merging only where its state merges."""
    yield "an empty frame, one row and nothing but missing values are read", _total
    yield "NaN is missing", _nan
    yield "the order of rows does not matter", _permuted
    if trial.ask().state not in UNMERGEABLE:
        yield "parts merge to the whole", _split


def _total(trial: Trial, rows: Rows) -> str | None:
    """Empty, one row, all missing, and the rows themselves: a reading, never an error."""
    nothing = [dict.fromkeys(row) for row in rows]
    for what, those in (
        ("these rows", rows),
        ("nothing but missing values", nothing),
        ("no rows", []),
        ("a row", rows[:1]),
    ):
        reading = trial.read(those)
        if reading.reason is Reason.ERROR:
            return f"{what}: {reading.cause}"
        if not those and reading.value is None and reading.reason is not Reason.NO_DATA:
            return f"no rows: {reading.reason}. Allowed: a count, or no_data"
    return None


def _nan(trial: Trial, rows: Rows) -> str | None:
    """A NaN of a column reads as a null."""
    clean = [{name: None if value != value else value for name, value in row.items()} for row in rows]  # noqa: PLR0124
    return _differ(trial.read(rows), trial.read(clean), "with NaN", "with null")


def _permuted(trial: Trial, rows: Rows) -> str | None:
    """Backwards, and the halves exchanged."""
    half = len(rows) // 2
    for other in (rows[::-1], [*rows[half:], *rows[:half]]):
        if (cause := _differ(trial.read(rows), trial.read(other), "in order", "in another")) is not None:
            return cause
    return None


def _split(trial: Trial, rows: Rows) -> str | None:
    """Cut in two anywhere, in three, and beside nothing."""
    whole = trial.read(rows)
    for cut in range(len(rows) + 1):
        parts = [rows[: cut // 2], rows[cut // 2 : cut], rows[cut:]]
        if (
            cause := _differ(whole, trial.read(*parts), "the whole", f"parts of {[*map(len, parts)]} rows")
        ) is not None:
            return cause
    return None


def _differ(a: Reading, b: Reading, first: str, second: str) -> str | None:
    if a.value is None or b.value is None:
        same = a.value is None and b.value is None and a.reason == b.reason
    elif isnan(a.value) or isnan(b.value):
        same = isnan(a.value) and isnan(b.value)
    else:
        bound = (a.bound or 0.0) + (b.bound or 0.0)
        same = a.value == b.value or isclose(a.value, b.value, rel_tol=1e-9, abs_tol=1e-9 + bound)
    return None if same and a.n == b.n else f"{first}: {_said(a)}; {second}: {_said(b)}"


def _said(reading: Reading) -> str:
    return f"{reading.reason if reading.value is None else reading.value} (n = {reading.n})"


def _rows(trial: Trial, rng: Random, n: int) -> Rows:
    kinds = trial.types or {"x": "integer"}
    return [{name: rng.choice(TYPES[kind][1]) for name, kind in kinds.items()} for _ in range(n)]


def _frames(trial: Trial, rng: Random, frames: int) -> Iterator[Rows]:
    """Frames of 0 to 12 rows: mixed, and with all rows the same."""
    for k in range(frames):
        n = k % 13
        yield _rows(trial, rng, n) if k % 5 else list(_rows(trial, rng, 1)) * n


def _smallest(trial: Trial, law: Law, rows: Rows) -> Rows:
    """Rows that still show it, from which no row can be left out, and whose cells are as plain as can be."""
    fails = partial(law, trial)
    changed = True
    while changed:
        changed = False
        for smaller in _smaller(trial, rows):
            if fails(smaller) is not None:
                rows, changed = smaller, True
                break
    return rows


def _smaller(trial: Trial, rows: Rows) -> Iterator[Rows]:
    """*rows* without one, then with one cell earlier in the list of its kind (and the first is plainest)."""
    for k in range(len(rows)):
        yield [*rows[:k], *rows[k + 1 :]]
    for k, row in enumerate(rows):
        for name, value in row.items():
            values = TYPES[trial.types.get(name, "integer")][1]
            place = next((i for i, v in enumerate(values) if v is value), 0)
            for plainer in values[:place]:
                yield [*rows[:k], {**row, name: plainer}, *rows[k + 1 :]]
