"""The missing rule of a frame."""

from datetime import UTC, datetime

import polars as pl

from qoa_platform.scans.normalising import normal


def test_null_nan_and_tokens_are_one() -> None:
    """Null, NaN and declared tokens are missing; ±inf, and tokens of other columns, are present."""
    frame = pl.DataFrame(
        {
            "f": [1.0, None, float("nan"), float("inf"), -9.0],
            "i": [1, None, 0, -9, 9],
            "s": ["a", None, "", "N/A", "-9"],
            "c": pl.Series(["a", None, "", "N/A", "-9"], dtype=pl.Categorical),
            "t": [datetime(1900, 1, 1, tzinfo=UTC), None, *[datetime(2017, 1, 1, tzinfo=UTC)] * 3],
        }
    )
    tokens = {"f": ("-9", "x"), "i": ("-9",), "s": ("", "N/A"), "c": ("",), "t": ("1900-01-01",)}
    assert normal(frame, frame.columns, tokens).null_count().row(0, named=True) == {
        "f": 3,
        "i": 2,
        "s": 3,
        "c": 2,
        "t": 2,
    }
    assert normal(frame, ["s"], {}).null_count().item() == 1


def test_a_clean_column_is_left_alone() -> None:
    """What needs no change is the same memory, and the input is never touched."""
    frame = pl.DataFrame({"f": [1.0, 2.0], "g": [1.0, float("nan")]})
    found = normal(frame, ["f", "g"], {})
    assert found["f"].equals(frame["f"])
    assert frame["g"].is_nan().sum() == 1
    assert found["g"].null_count() == 1
