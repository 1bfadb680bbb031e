"""The stable hash of keys: the plug-in, the slow way and ``states.key_hash`` say the same."""

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from qoa_platform.metrics.uniqueness import DistinctCount
from qoa_platform.scans import hashing, measure
from qoa_platform.scans.hashing import plugged, stable_hash
from qoa_platform.states import key_hash

FRAME = pl.DataFrame({
    "text": ["", "a", "\U0001f600 é", None], "whole": [0, -1, 2**63 - 1, None], "float": [-0.0, 0.1, 1e300, None],
    "decimal": [Decimal("1.50"), Decimal("-0.10"), Decimal("100.00"), None], "flag": [True, False, True, None],
    "day": [date(1, 1, 1), date(9999, 12, 31), date(2026, 1, 1), None],
    "moment": [datetime(2026, 1, 1, 1, 2, 3, 4, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC),
               datetime(1969, 12, 31, tzinfo=UTC), None],
    "wide": pl.Series([2**100, -(2**100), 0, None], dtype=pl.Int128),
})  # fmt: skip


@pytest.fixture
def without_plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Polars beside which ``polars-hash`` cannot be imported."""
    monkeypatch.setitem(sys.modules, "polars_hash", None)
    plugged.cache_clear()
    yield
    plugged.cache_clear()


def check() -> None:
    """Every column, and keys of several, hash as the definition says, missing parts included."""
    for columns in [*([c] for c in FRAME.columns), ["text", "whole"], ["whole", "text"], FRAME.columns]:
        found = FRAME.select(stable_hash(columns, FRAME.schema)).to_series()
        assert [h.to_bytes(16, "big") for h in found] == [key_hash(row) for row in FRAME.select(columns).rows()], (
            columns
        )


def test_the_plugin_hashes_as_defined() -> None:
    """With the plug-in, which is a dependency and hence there, rows hash as ``states.key_hash`` says."""
    assert plugged()
    check()


def test_without_the_plugin_the_hashes_are_the_same(without_plugin: None) -> None:
    """Where the plug-in does not load, values are hashed one by one: slower, equal, and the report says so."""
    assert not plugged()
    check()
    report = measure(FRAME, [(DistinctCount(columns=("text",), merge=True), None)], missing={}).report
    assert "one by one" in str(report)


def test_a_plugin_that_hashes_otherwise_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plug-in whose hash is another one is as bad as none: states written by it would never merge."""
    monkeypatch.setattr(hashing, "_one", lambda _: 1)
    plugged.cache_clear()
    assert not plugged()
    plugged.cache_clear()


def test_a_report_without_keys_has_no_notes() -> None:
    """Nothing is said of hashes where none were taken."""
    assert measure(FRAME, [(DistinctCount(columns=("text",)), None)], missing={}).report.notes == ()
