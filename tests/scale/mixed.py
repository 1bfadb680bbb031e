"""Owns the mixed table that every engine is asked about, and what it is asked."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.kernel import Answers
from qoa_platform.scans.queries import Failure
from tests.scans.alike import alike
from tests.scans.asked import FENCED, PLAIN, SCHEMA, frame_of

CELLS: dict[str, Sequence[Any]] = {
    "i": (None, 0, 1, 2, 3, -3, 412, 2**53 + 1),
    "n": (None, 1, -3, 127, 0),
    "f": (None, math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, 2.5),
    "g": (None, 1.0, 7.25, math.nan),
    "s": (None, "", "a", "b", "é", "412", "\U0001f600"),
    "c": (None, "yes", "a"),
    "e": (None, "yes", "no"),
    "b": (None, True, False),
    "t": (None, datetime(2017, 1, 1, tzinfo=UTC), datetime(2020, 2, 3, 4, 5, 6, 789, tzinfo=UTC)),
    "u": (None, datetime(2017, 1, 1), datetime(1960, 2, 3)),
    "d": (None, date(2017, 1, 1), date(1960, 1, 1)),
    "m": (None, Decimal("1.50"), Decimal("-0.10")),
}
MISSING = {"s": ("412",), "i": ("-3",)}
ASKS: tuple[Ask, ...] = (
    *PLAIN,
    *(replace(ask, by=("s",), where="col('i') > 0") for ask in PLAIN[::3]),
    *(ask for ask in FENCED if ask.by == ("s",)),
)


def mixed(rows: int = 120) -> pl.DataFrame:
    """The table: every type of column, every odd value, the same each time."""
    draw = random.Random(7)
    return frame_of([{name: draw.choice(CELLS[name]) for name in SCHEMA} for _ in range(rows)])


def same(found: Answers, expected: Answers, *, but: frozenset[str] = frozenset()) -> None:
    """Every ask is answered as expected, except those of the states *but*, which fail with a cause."""
    for ask, answer in expected.items():
        if ask.state in but or isinstance(answer, Failure):
            assert isinstance(found[ask], Failure), ask
        else:
            assert alike(found[ask], answer), (ask, found[ask], answer)
