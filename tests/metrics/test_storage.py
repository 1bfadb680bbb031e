"""How a column is stored does not matter: the same values in other types give the same readings."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from qoa_platform.metrics import catalogue
from qoa_platform.records import Reading
from qoa_platform.scans import measure
from tests.metrics.oracles import ORACLES
from tests.metrics.questions import questions
from tests.metrics.tables import CELLS, TOKENS, Table

NOON = datetime(2017, 10, 4, 12, tzinfo=UTC)
COLUMNS: dict[str, list[Any]] = {
    "x": [1.0, None, 2.0, 2.0, 100.0, -7.0],
    "k": [1, 2, None, 2, 100, -7],
    "s": ["a", "b", "é", None, "b", "N/A"],
    "g": ["A", "A", "B", None, "B", "A"],
    "b": [True, True, None, False, True, True],
    "t": [NOON, None, *(NOON + timedelta(hours=h) for h in (1, 5, 20, 40))],
    "a": [NOON + timedelta(hours=h) for h in (0, 1, 2, 3, 4, 5)],
    "y": [1.0, 2.0, None, 4.0, 5.0, 100.0],
    "p": [1.0, 3.0, 3.0, 3.0, 0.0, 90.0],
    "l": [0.0, 2.0, 3.0, None, 7.0, 80.0],
    "u": [2.0, 4.0, 3.0, 5.0, 9.0, 99.0],
    "c": [0, 1, None, 1, 0, 1],
    "d": [0, 1, 1, 0, 0, 1],
    "e": ["a", "b", None, "c", "a", "b"],
    "f": ["a", "b", "b", "a", "a", "c"],
    "o": [0.0, 1.0, 1.0, 0.0, 1.0, None],
    "w": ["12", "1,5", "caf\u00c3\u00a9", None, "2017-10-04", "Grocery "],
}
OTHER = Table({name: COLUMNS[name] for name in CELLS} | {"k": [1, 2, None, 3, 100, -7]}).polars()
"""The frame beside, whose keys are unique."""
TABLE = Table({name: COLUMNS[name] for name in CELLS})
NAIVE, MILLIS, NANOS = pl.Datetime("us"), pl.Datetime("ms", "UTC"), pl.Datetime("ns", "UTC")
NUMBERS = ["x", "k", "y", "p", "l", "u", "c", "d", "o"]
STORED: dict[str, dict[Any, Any]] = {
    "small integers": dict.fromkeys(NUMBERS, pl.Int8),
    "wide integers": dict.fromkeys(NUMBERS, pl.Int128),
    "single floats": dict.fromkeys(NUMBERS, pl.Float32),
    "floats": dict.fromkeys(NUMBERS, pl.Float64),
    "decimals": dict.fromkeys(NUMBERS, pl.Decimal(12, 2)),
    "categories": {"s": pl.Categorical(), "g": pl.Categorical(), "w": pl.Categorical()},
    "closed categories": {"s": pl.Enum(["b", "N/A", "a", "é"]), "g": pl.Enum(["B", "A"])},
    "naive times": {"t": NAIVE, "a": NAIVE},
    "milliseconds": {"t": MILLIS, "a": MILLIS},
    "nanoseconds": {"t": NANOS, "a": NANOS},
}


def readings(frame: pl.DataFrame, way: str) -> dict[tuple[str, str, str | None], Reading]:
    """Every implemented metric of *frame*, in one scan, against the reference of the plain table."""
    asks = [q for metric in ORACLES for q in questions(metric, way, TABLE)]
    scan = measure(frame, [(q.metric, q.profile) for q in asks], missing=TOKENS, beside={"other": OTHER})
    return {(m.metric.id, repr(m.metric.params), m.group): m.reading for m in scan.measured}


def agree(one: Reading, other: Reading) -> bool:
    """Equal, but for the rounding of a value and the words of a cause."""
    known = (one.n, one.reason, one.bound) == (other.n, other.reason, other.bound)
    return known and one.value == (other.value if one.value is None else pytest.approx(other.value, rel=1e-6))


@pytest.mark.parametrize("way", ["whole", "by"])
@pytest.mark.parametrize("stored", STORED)
def test_types_of_storage_do_not_matter(stored: str, way: str) -> None:
    """Whole numbers, decimals, categories, zones and units of time: one answer each, and no error."""
    plain = readings(TABLE.polars(), way)
    found = readings(TABLE.polars().cast(STORED[stored], strict=True), way)
    assert found.keys() == plain.keys()
    assert {key: (plain[key], found[key]) for key in plain if not agree(plain[key], found[key])} == {}
    assert {metric for metric, _, _ in plain} == {m for m, cases in ORACLES.items() if way != "by" or cases[0].grouped}


def test_local_times_are_the_moments_that_they_are() -> None:
    """A zone is how a moment is shown: timeliness and the rest do not change."""
    local = TABLE.polars().with_columns(pl.col("t", "a").dt.convert_time_zone("Europe/Helsinki"))
    plain, found = readings(TABLE.polars(), "whole"), readings(local, "whole")
    assert {key: (plain[key], found[key]) for key in plain if not agree(plain[key], found[key])} == {}


def test_a_column_of_nothing_has_no_data() -> None:
    """A column in which everything is missing may come without a type: no metric fails on it."""
    empty = TABLE.polars().with_columns(pl.lit(None).alias(name) for name in COLUMNS if name != "g")
    for (metric, params, _), reading in readings(empty, "whole").items():
        assert str(reading.reason) != "error", (metric, reading.cause)
        if metric == "model.label_coverage":
            assert reading == Reading(value=0.0, n=6)
        elif metric in {"data.gap_count", "data.longest_gap"}:  # all that is expected is absent
            assert reading.value or reading.n == 0
        elif catalogue()[metric].family in {"validity", "timeliness", "distribution", "drift", "model"}:
            assert (reading.value, reading.n) in {(None, 0), (0, 0)}, (metric, params)


def test_numbers_that_cannot_be_summed_are_errors() -> None:
    """1e308 twice has no sum and no spread: an error with its cause, and never ±inf or NaN."""
    huge = TABLE.polars().with_columns(x=pl.lit(1e308), y=pl.lit(-1e308), p=pl.lit(1e308))
    found = readings(huge, "whole")
    assert all(r.value is None or abs(r.value) < float("inf") for r in found.values())
    broken = {metric for (metric, _, _), r in found.items() if str(r.reason) == "error"}
    assert {"data.sum", "model.mae", "model.wape", "model.rmse"} <= broken
    assert "data.completeness" not in broken
