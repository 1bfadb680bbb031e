"""sequential_test in Python: what may be handed in, how arms are named, what it prints; cookie_cats as a stream."""

import os
import pickle
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from qoa_platform import sequential_test

DATA = Path(os.environ.get("QOA_DATA", "")) / "cookie_cats" / "cookie_cats.parquet"
DRAW = np.random.default_rng(3)
ARM = np.tile([0, 1], 400)
VALUE = DRAW.normal(size=800) + 0.8 * ARM


@pytest.mark.parametrize("kind", ["dict", "pandas", "polars", "text", "truth", "float"])
def test_any_table_and_any_name_of_an_arm(kind: str) -> None:
    """Frames and columns by name; arms that are numbers, truth values or text give the same decision."""
    columns = {"arm": ARM, "value": VALUE}
    names = {"text": np.where(ARM, "b", "a"), "truth": ARM == 1, "float": ARM.astype(float)}
    given = {**columns, "arm": names.get(kind, ARM)}
    data = {"pandas": pd.DataFrame, "polars": pl.DataFrame}.get(kind, dict)(given)
    arms = {"text": ("a", "b"), "truth": (False, True)}.get(kind, (0, 1))
    found = sequential_test(arms=arms).update(data)
    assert str(found.outcome) == "benefit"
    assert found.arms.assigned == (400, 400)


def test_a_stream_is_looked_at_as_it_came() -> None:
    """The whole at once, in parts, and a pickled test that goes on give the same looks."""
    data = pl.DataFrame({"arm": ARM, "value": VALUE})
    whole = sequential_test(arms=(0, 1), data=data, every=100)
    parts = sequential_test(arms=(0, 1))
    for begin in range(0, 800, 100):
        parts = pickle.loads(pickle.dumps(parts))
        parts.update(data.slice(begin, 100))
    assert parts.history == whole.history
    assert len(whole) == 8
    assert "benefit" in str(whole)
    assert whole.to_polars().height == 8
    assert whole._repr_html_()


def test_margins_are_said_as_in_contracts() -> None:
    """``5 %`` and ``1.5 x`` are relative, a number is in the metric's unit; anything else is refused."""
    assert sequential_test(margin="5 %").experiment.rule.relative
    assert sequential_test("errors", margin="2 x").experiment.rule.margin == 1
    assert not sequential_test(margin=0.1).experiment.rule.relative
    for wrong in ({"margin": "soon"}, {"metric": "median"}, {"goal": "win"}, {"alpha": 0}, {"split": (0.5, 0.6)}):
        with pytest.raises(ValueError, match="Allowed: "):
            sequential_test(**wrong)


def test_a_column_that_is_not_there_is_named() -> None:
    """The error says which, and what there is."""
    with pytest.raises(ValueError, match=r"column 'arm' is not there\. There are: group, value"):
        sequential_test().update({"group": ["a"], "value": [1.0]})


def test_odd_columns_are_no_error() -> None:
    """Text as values, unknown arms, naive and missing times, missing units: left out, counted, and it goes on."""
    found = sequential_test(window="1 d").update({
        "arm": ["control", None, "treatment", "other"], "value": ["x", None, "2", "3"], "unit": [None, 1, None, 2],
        "time": [datetime(2024, 1, 2), None, datetime(2024, 1, 1), None],
    })  # fmt: skip
    assert str(found.outcome) == "continue"
    assert found.arms.foreign == 2
    aware = {"arm": ["control"], "value": [1], "time": [datetime(2024, 1, 1, tzinfo=UTC)]}
    assert str(sequential_test(window="1 d").update(aware).reason) == "no_data"


@pytest.mark.skipif(not DATA.is_file(), reason="QOA_DATA names no folder with cookie_cats")
def test_cookie_cats_is_not_stopped_by_its_split_or_its_outlier() -> None:
    """The split warns, day-1 retention and rounds do not decide; equal arms of the same players are not stopped."""
    frame = pl.read_parquet(DATA)
    names = {"arms": ("gate_30", "gate_40"), "unit": "userid", "arm": "version"}
    for column, metric in (("retention_1", "proportion"), ("sum_game_rounds", "mean")):
        found = sequential_test(metric, value=column, data=frame, every=2000, **names).decision  # type: ignore[arg-type]
        assert str(found.outcome) == "continue"
        assert "split 44,700 : 45,489" in found.warnings[0]
    for seed in range(3):
        coin = pl.Series(
            "version", np.where(np.random.default_rng(seed).random(frame.height) < 0.5, "gate_40", "gate_30")
        )
        same = sequential_test("proportion", value="retention_7", data=frame.with_columns(coin), every=2000, **names)  # type: ignore[arg-type]
        assert str(same.decision.outcome) == "continue"
