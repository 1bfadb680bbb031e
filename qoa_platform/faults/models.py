"""Owns what the faults of a model do: predictions that are no numbers, and the plainly worse recipe."""

from typing import TYPE_CHECKING

from qoa_platform.faults.draw import drawn
from qoa_platform.faults.fault import Fault, FaultError, known

if TYPE_CHECKING:
    import polars as pl


def damage_predictions(fault: Fault, frame: "pl.DataFrame", column: str = "predicted") -> "pl.DataFrame":
    """*frame* with NaN in ``round(share * rows)`` of the cells of *column*, drawn with the fault's seed.

    Raises FaultError unless *fault* is nan_predictions and *column* is one of the frame's.
    """
    import polars as pl  # noqa: PLC0415 (heavy)

    known(fault.kind, ("nan_predictions",), "fault of predictions")
    known(column, frame.columns, f"column for fault {fault.kind!r}")
    damaged = pl.when(drawn(fault, frame.height)).then(float("nan")).otherwise(pl.col(column).cast(pl.Float64))
    return frame.with_columns(damaged.alias(column))


def replacement_recipe(fault: Fault) -> str:
    """The name of the plainly worse recipe that a training run under *fault* uses instead of its own.

    The project knows which recipes exist and refuses an unknown one. Raises FaultError unless *fault* is worse.
    """
    known(fault.kind, ("worse",), "fault of a recipe")
    recipe = fault.param("recipe")
    if not isinstance(recipe, str) or not recipe:
        message = f"fault 'worse': recipe must be the name of one, found {recipe!r}"
        raise FaultError(message)
    return recipe
