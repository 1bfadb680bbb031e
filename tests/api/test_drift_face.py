"""The face of drift: frames in, ranked root causes out, printable, and as frames."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest

from qoa_platform import drift


def shop(seed: int, dearer: float = 0.0) -> pl.DataFrame:
    """Ten days of sales; town b may be dearer from the sixth day on, and its forecast then worse."""
    rng, rows = np.random.default_rng(seed), 4_000
    days = np.sort(rng.integers(0, 10, rows))
    town = rng.choice(["a", "b", "c"], rows)
    hit = (town == "b") & (days >= 5)
    return pl.DataFrame({
        "town": town, "price": rng.lognormal(1, 0.3, rows) * np.where(hit, 1 + dearer, 1),
        "quantity": rng.poisson(3, rows),
        "note": [None] * rows, "at": [datetime(2017, 3, 1 + int(d)) + timedelta(hours=3) for d in days],
        "loss": rng.exponential(size=rows) + np.where(hit, dearer, 0),
    })  # fmt: skip


def test_the_cause_stands_first() -> None:
    """Column, segment, day and loss of a planted shift, in the rows, in print, and in frames."""
    found = drift(shop(1), shop(2, dearer=0.5), segments=["town"], error="loss", time="at")
    assert found
    first = found.records()[0]
    told = (first["column"], first["segment_column"], first["segment"], first["since"])
    assert told == ("price", "town", "b", "2017-03-06")
    assert first["adjusted_p"] < 0.05
    assert first["segment_share"] > 0.8
    assert "town = b" in str(found)
    assert "harmful covariate shift" in found.head()
    assert found.to_frame().height == found.to_pandas().shape[0] == 4
    assert isinstance(found.to_pandas(), pd.DataFrame)
    assert "price" in found._repr_html_()
    with pytest.raises(KeyError, match="There are: price"):
        found["prise"]


def test_calm_data_and_other_sources() -> None:
    """Two draws of the same are quiet; pandas frames and columns by name give the same as Polars."""
    calm = drift(shop(1), shop(2), error="loss", time="at")
    assert not calm
    assert "quiet" in calm.head()
    frames = [f.drop("at") for f in (shop(1), shop(2, dearer=0.5))]
    one, two = (
        drift(*[change(f) for f in frames], columns=["price", "town"]).records()
        for change in (pl.DataFrame.to_pandas, lambda f: f.to_dict(as_series=False))
    )  # fmt: skip
    assert one == two == drift(*frames, columns=["price", "town"]).records()


def test_what_only_one_side_has() -> None:
    """A column that came or went is told and not compared; one that is asked for and absent is an error."""
    before, after = {"a": [1, 2] * 20, "gone": [1, 2] * 20}, {"a": [1, 2] * 20, "new": ["x", "y"] * 20}
    assert set(drift(before, after).found.skipped) == {"gone", "new"}
    for more in ({"segments": ["new"]}, {"error": "new"}, {"time": "gone"}, {"columns": ["new"]}):
        with pytest.raises(ValueError, match="Allowed"):
            drift(before, after, **more)


def test_declared_tokens_are_missing() -> None:
    """A token that means missing is missing, whatever the type of its column."""
    before, after = {"town": ["a", "b"] * 100}, {"town": ["a", "b", "?", "?"] * 50}
    (row,) = drift(before, after, missing=["?"]).records()
    assert "(missing): 0.0% → 50.0%" in row["changes"]
