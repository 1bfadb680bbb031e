"""Tests of faults.fault, models and runs: the catalogue, its errors, and what a model's and a run's faults do."""

from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from qoa_platform.faults import (
    FRAME,
    KINDS,
    MODEL,
    RUN,
    Fault,
    FaultError,
    InjectedCrashError,
    damage_predictions,
    pause_seconds,
    replacement_recipe,
)


def test_catalogue_is_closed() -> None:
    """Every kind belongs to exactly one realm, says what it does, and stands under its own name."""
    assert sorted([*FRAME, *MODEL, *RUN]) == sorted(KINDS)
    assert all(kind.name == name and kind.does for name, kind in KINDS.items())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "half_row"}, "unknown fault 'half_row'. Did you mean 'half_rows'?"),
        ({"kind": "half_rows", "params": (("shares", 0.5),)}, "unknown parameter of fault 'half_rows' 'shares'."),
        ({"kind": "swapped_columns", "columns": ("a",)}, "fault 'swapped_columns' names 2 columns, found 1"),
        ({"kind": "unit_change"}, "fault 'unit_change' names 1 to 8 columns, found 0"),
        ({"kind": "crash", "columns": ("a",)}, "fault 'crash' names 0 columns, found 1"),
    ],
)
def test_wrong_faults_are_refused(wrong: dict[str, Any], message: str) -> None:
    """A fault that does not exist is an error with the nearest guess, before anything is damaged."""
    with pytest.raises(FaultError) as caught:
        Fault(**wrong)
    assert message in str(caught.value)


def test_parameters_have_defaults() -> None:
    """A parameter that is not given has the default of its kind, one that does not exist is an error."""
    assert Fault(kind="lasting_shift", columns=("a",)).param("factor") == 1.5
    assert Fault(kind="slow", params=(("seconds", 2),)).number("seconds", 0, 10) == 2.0
    with pytest.raises(FaultError, match="Known: none"):
        Fault(kind="crash").param("seconds")
    with pytest.raises(FaultError, match="must be one value"):
        Fault(kind="slow", params=(("seconds", (1, 2)),)).param("seconds")


def test_nan_predictions_are_nan_and_not_null() -> None:
    """All predictions, or a share of them, become NaN; the other columns stay, and so does the frame given."""
    frame = pl.DataFrame({"predicted": [1.0, 2.0, 3.0, 4.0], "actual": [1, 2, 3, 4]})
    damaged = damage_predictions(Fault(kind="nan_predictions"), frame)
    assert damaged["predicted"].is_nan().all()
    assert_frame_equal(damaged.drop("predicted"), frame.drop("predicted"))
    half = damage_predictions(Fault(kind="nan_predictions", params=(("share", 0.5),)), frame)
    assert half["predicted"].is_nan().sum() == 2
    assert frame["predicted"].to_list() == [1.0, 2.0, 3.0, 4.0]
    with pytest.raises(FaultError, match="Did you mean 'predicted'"):
        damage_predictions(Fault(kind="nan_predictions"), frame, "predictd")
    with pytest.raises(FaultError, match="unknown fault of predictions 'slow'"):
        damage_predictions(Fault(kind="slow"), frame)


def test_worse_names_a_recipe() -> None:
    """A worse model is another recipe, the plain mean unless one is named."""
    assert replacement_recipe(Fault(kind="worse")) == "mean_56"
    assert replacement_recipe(Fault(kind="worse", params=(("recipe", "zero"),))) == "zero"
    with pytest.raises(FaultError, match="must be the name"):
        replacement_recipe(Fault(kind="worse", params=(("recipe", 7),)))


def test_runs_wait_or_crash() -> None:
    """A slow run is told how long to wait, a crash raises, and absurd waits are refused."""
    assert pause_seconds(Fault(kind="slow", params=(("seconds", 0.25),))) == 0.25
    with pytest.raises(InjectedCrashError, match="injected crash"):
        pause_seconds(Fault(kind="crash"))
    with pytest.raises(FaultError, match="from 0 to 3600"):
        pause_seconds(Fault(kind="slow", params=(("seconds", 1e9),)))
    with pytest.raises(FaultError, match="unknown fault of a run 'worse'"):
        pause_seconds(Fault(kind="worse"))
