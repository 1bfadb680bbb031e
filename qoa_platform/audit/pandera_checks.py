"""Owns running the checks that only pandera can run: on the collected, normal frame, counted row by row by us."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from qoa_platform.contracts import project_of
from qoa_platform.contracts.grammar import GrammarError
from qoa_platform.contracts.schema import ForeignCheck, FrameSchema
from qoa_platform.records import SchemaRef
from qoa_platform.scans.normalising import normal

if TYPE_CHECKING:
    import pandas as pd

OUTPUT = "check_output"
"""The column in which pandera's Polars checks answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a check said: the mask of *rows* that fail it (``None``: it judges the frame as a whole), or *cause*.

    *detail* is what the check that raised said, in its own words: they may quote a value.
    """

    check: ForeignCheck
    failed: bool = False
    rows: pl.Series | None = None
    cause: str | None = None
    detail: str = ""


def run_checks(
    ref: SchemaRef, schema: FrameSchema, frame: pl.DataFrame, source: str, missing: Mapping[str, tuple[str, ...]]
) -> Iterator[Found]:
    """Run the foreign checks of *schema*, one after the other, on *frame*, in which missing is null.

    Each check is called by itself, never through ``validate``: so neither a lazy frame nor a switch in the environment
    can skip it, no list of failure cases is made whose type depends on the back end, and rows are told by position, not
    by an index that may repeat. A check that raises, or a model that is not the one in the contract, is a cause.
    """
    try:
        model = _model(ref, project_of(Path(source)))
    except GrammarError as error:
        yield from (Found(check=check, cause=str(error)) for check in schema.foreign)
        return
    names = [c.name for c in schema.columns if c.name in frame.columns]
    rows = normal(frame, names, missing).select(names)
    given = rows.lazy() if _is_polars(model) else _pandas(rows)
    for check in schema.foreign:
        yield _run(check, model, given, frame.height)


@lru_cache(maxsize=16)
def _model(ref: SchemaRef, root: Path) -> Any:
    """The model that *ref* names, while it is still the one whose content is in the contract."""
    from qoa_platform.contracts.pandera_reading import of_pandera  # noqa: PLC0415 (heavy)
    from qoa_platform.contracts.pandera_schema import load_model  # noqa: PLC0415 (heavy)

    model = load_model(ref.ref, root)
    if of_pandera(model).content != ref.content:
        raise GrammarError(f"{ref.ref} is not the model that the contract in force was read with any more")
    return model


def _is_polars(model: Any) -> bool:
    from qoa_platform.contracts.pandera_reading import engine_of  # noqa: PLC0415 (heavy)

    return engine_of(model) == "polars"


def _pandas(rows: pl.DataFrame) -> "pd.DataFrame":
    """The rows as pandas has them, with an index that counts them."""
    return rows.to_pandas()


def _run(check: ForeignCheck, model: Any, given: Any, height: int) -> Found:
    held = model.checks if check.column is None else model.columns[check.column].checks
    real = held[check.place] if isinstance(held, list | tuple) else held
    try:
        if isinstance(given, pl.LazyFrame):
            return _of_polars(check, real(given, check.column).check_output, height)
        asked = given if check.column is None or real.groupby is not None else given[check.column]
        return _of_pandas(check, real(asked, *([check.column] if asked is given and check.column else [])), height)
    except Exception as error:  # noqa: BLE001 (a check may be anybody's)
        text = str(error).strip().split("\n", 1)[0]
        return Found(check=check, cause=f"check {check} raised {type(error).__name__}", detail=text)


def _of_polars(check: ForeignCheck, output: pl.LazyFrame, height: int) -> Found:
    passed = output.select(OUTPUT).collect().to_series()
    if passed.len() != height:
        return Found(check=check, failed=not passed.all())
    return _by_row(check, ~passed)


def _of_pandas(check: ForeignCheck, result: Any, height: int) -> Found:
    output = result.check_output
    if not hasattr(output, "index") or isinstance(result.checked_object, dict):
        return Found(check=check, failed=not bool(result.check_passed))
    failing = ~output.astype(bool) if output.ndim == 1 else ~output.astype(bool).all(axis="columns")
    positions = pl.Series(failing[failing].index.to_list(), dtype=pl.UInt32)
    rows = pl.int_range(height, eager=True, dtype=pl.UInt32).is_in(positions.implode())
    return _by_row(check, rows)


def _by_row(check: ForeignCheck, rows: pl.Series) -> Found:
    return Found(check=check, failed=bool(rows.any()), rows=rows)
