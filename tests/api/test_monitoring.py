"""Tests of monitor in the Python face: what it takes, and categories."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from qoa_platform import monitor


def test_frames_of_all_kinds_say_the_same() -> None:
    """A dictionary, a Polars and a pandas frame of the same rows raise the same alarms."""
    rng = np.random.default_rng(1)
    reference, rows = rng.normal(size=2_000), rng.normal(0.8, 1.0, size=1_000)
    found = []
    for kind in (dict, pl.DataFrame, pd.DataFrame):
        watch = monitor(kind({"x": list(reference)}))
        found.append(watch.update(kind({"x": list(rows)}), pd.Series(rng.random(1_000) < 0.1)))
        assert watch.rows == 1_000
    assert found[0] == found[1] == found[2] != []


def test_categories_and_what_is_not_known() -> None:
    """A category that becomes common is drift, and so is one that the reference did not have; missing is left out."""
    rng = np.random.default_rng(2)
    watch = monitor({"c": list(rng.choice(["a", "b", "c"], 2_000, p=[0.6, 0.3, 0.1]))})
    assert watch.update({"c": [*rng.choice(["a", "b", "c"], 1_400, p=[0.6, 0.3, 0.1]), *[None] * 100]}) == []
    (alarm,) = watch.update({"c": list(rng.choice(["a", "new"], 500, p=[0.5, 0.5]))})
    assert (alarm.kind, alarm.column) == ("inputs", "c")


def test_what_is_wrong_is_said() -> None:
    """A column of the reference that is missing is named, with those that are there."""
    watch = monitor({"x": [1.0] * 100})
    with pytest.raises(ValueError, match=r"inputs have no x\. Columns: y"):
        watch.update({"y": [1.0]})
    assert "x" in repr(watch)
