"""Engines: a database answers where the rows are, what it leaves is streamed, and a word chooses."""

import duckdb
import polars as pl
import pytest

from qoa_platform.metrics.completeness import Completeness
from qoa_platform.metrics.distribution import Mean
from qoa_platform.metrics.uniqueness import Uniqueness
from qoa_platform.metrics.validity import PassRate
from qoa_platform.scans import measure
from qoa_platform.scans.opening import SourceError

FRAME = pl.DataFrame({"k": [1, 2, 2, None], "x": [1.5, None, float("nan"), -2.0], "s": ["a1", "b", "c2", None]})
WANTED = [
    (Completeness(columns=("x",), by=("s",)), None), (Mean(columns=("x",)), None), (Uniqueness(columns=("k",)), None),
    (PassRate(columns=("s",), expr=r"col('s').str.contains('\\d')"), None),
]  # fmt: skip


def test_a_relation_is_answered_in_its_database() -> None:
    """By itself; the report says what was pushed down and what was streamed, with the cause, and how many rows."""
    kernel = measure(FRAME, WANTED, missing={})
    with duckdb.connect() as connection:
        connection.register("rows", FRAME.to_arrow())
        scans = [measure(connection.table("rows"), WANTED, missing={}, engine=e) for e in (None, "database", "kernel")]
    readings = [{(m.metric, m.group): (m.reading.value, m.reading.n) for m in s.measured} for s in (kernel, *scans)]
    assert all(found == readings[0] for found in readings)
    text = str(scans[0].report)
    assert "DuckDB select: tally(x), moments(x)" in text
    assert "streamed tally(s): the pattern" in text
    assert (scans[0].report.rows, scans[0].report.fused) == (4, 1)
    assert "DuckDB" not in str(scans[2].report)


def test_another_word_is_refused_with_the_nearest() -> None:
    """An unknown engine, and Spark for what is not Spark's."""
    with pytest.raises(SourceError, match=r"unknown engine 'rai'\. Did you mean 'ray'"):
        measure(FRAME, WANTED, missing={}, engine="rai")
    with pytest.raises(SourceError, match="the engine 'spark' is given a DataFrame"):
        measure(FRAME, WANTED, missing={}, engine="spark")
    assert measure(FRAME, WANTED, missing={}, engine="database").measured == measure(FRAME, WANTED, missing={}).measured
