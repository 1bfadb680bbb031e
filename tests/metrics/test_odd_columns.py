"""Columns of every type, and frames that are odd: each metric gives an answer or a reason, and never raises."""

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.metrics import Metric, catalogue
from qoa_platform.metrics.facts import told
from qoa_platform.metrics.protocol import Source
from qoa_platform.scans import measure
from tests.metrics.making import DAY, NOW
from tests.metrics.oracles import ORACLES
from tests.metrics.questions import FACTS, questions
from tests.metrics.tables import CELLS, Table

NOON = datetime(2017, 10, 4, 12)
WHOLE = [pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Int128, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64]
TYPES: dict[str, tuple[Any, list[Any]]] = {
    **{str(kind): (kind, [0, 1, 2, 100]) for kind in WHOLE},
    "huge": (pl.Int64, [2**53, 2**53 + 1, 2**62, -(2**62)]),
    "floats": (pl.Float64, [0.0, -0.0, math.nan, math.inf, -math.inf, 1e300, 2.5]),
    "single": (pl.Float32, [0.0, math.nan, math.inf, 2.5]),
    "decimal": (pl.Decimal(18, 2), [Decimal("0.00"), Decimal("1.50"), Decimal("-2.00")]),
    "flags": (pl.Boolean, [True, False]),
    "dates": (pl.Date, [date(1960, 1, 1), date(2017, 10, 4), date(2099, 1, 1)]),
    **{f"naive {u}": (pl.Datetime(u), [NOON, NOON + timedelta(hours=1)]) for u in ("ms", "us", "ns")},
    **{f"zoned {u}": (pl.Datetime(u, "Europe/Helsinki"), [NOON.replace(tzinfo=UTC)]) for u in ("ms", "us", "ns")},
    "clock": (pl.Time, [time(1), time(23, 59)]),
    "spans": (pl.Duration("us"), [timedelta(0), timedelta(days=2)]),
    "words": (pl.String, ["", "a", "\U0001f9c0", "\ufffd", "1,5", "2017-10-04"]),
    "categories": (pl.Categorical(), ["a", "b"]),
    "closed": (pl.Enum(["a", "b"]), ["a", "b"]),
    "bytes": (pl.Binary, [b"", b"\xff"]),
    "lists": (pl.List(pl.Int64), [[], [1], [1, 2]]),
    "records": (pl.Struct({"a": pl.Int64}), [{"a": 1}, {"a": None}]),
    "nothing": (pl.Null, [None]),
}
"""Type → values of a column of it."""
PLAIN = Table({name: [None, 1.0, 2.5] if name in "xyplu" else [None] * 3 for name in CELLS} | {"s": ["a", "b", "a"]})


def wanted() -> list[tuple[Metric, Any]]:
    """Every implemented metric of data, as its oracle asks it, of the whole and (where the column is one) by group."""
    data = [m for m in ORACLES if m.startswith("data.")]
    return [(q.metric, q.profile) for way in ("whole", "by") for m in data for q in list(questions(m, way, PLAIN))[:3]]


WANTED = wanted()


@pytest.mark.parametrize("kind", TYPES)
@settings(max_examples=2)
@given(data=st.data())
def test_no_type_of_column_makes_a_metric_raise(kind: str, data: st.DataObject) -> None:
    """With any type in all columns: a finite value, or a reason with a cause; never an exception, NaN or infinity."""
    dtype, values = TYPES[kind]
    n = data.draw(st.sampled_from([0, 1, 2, 5]))
    cells = data.draw(st.lists(st.none() | st.sampled_from(values), min_size=n, max_size=n))
    column = pl.Series("x", cells, dtype=dtype, strict=False)
    frame = pl.DataFrame({name: column.alias(name) for name in CELLS})
    beside = {"other": frame.unique(maintain_order=True) if not isinstance(dtype, pl.Struct) else frame}
    for measured in measure(frame, WANTED, missing={}, beside=beside).measured:
        reading = measured.reading
        assert (reading.value is None) is (reading.reason is not None)
        assert reading.value is None or isfinite(reading.value)
        if str(reading.reason) == "error":
            assert reading.cause
            assert "cannot be read" not in reading.cause, (measured.metric, reading.cause)


def test_every_metric_is_told_and_asked_without_a_reference() -> None:
    """Without a profile a metric that needs one says no_reference; nothing else changes."""
    for metric, _ in WANTED:
        found = told(metric.at(NOW, DAY, None), FACTS)
        if catalogue()[metric.id].needs_reference:
            assert str(found.read(None, None).reason) == "no_reference"
        assert catalogue()[metric.id].source in {Source.FRAME, Source.PREDICTIONS}
