"""Owns the implied promise ``schema``: does the frame keep the columns, types and value checks that were declared?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl

from qoa_platform.contracts.schema import FrameSchema, frame_schema, violations
from qoa_platform.reactions.episodes import schema_promise
from qoa_platform.records import Direction, Reading, Reason, SchemaRef, Unit, Verdict, printable
from qoa_platform.verdicts import Context, judge

if TYPE_CHECKING:
    from pandera.polars import DataFrameSchema

SHOWN = 5
"""So many violations are spelled out in a verdict; all of them are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One declared thing that the frame does not keep: of *column*, *rows* of it (0: the column as a whole)."""

    column: str
    said: str
    rows: int = 0

    def __str__(self) -> str:
        return f"{self.said} ({self.rows:,} rows)" if self.rows else self.said


def schema_verdict(ref: SchemaRef, frame: pl.DataFrame, context: Context) -> Verdict:
    """The verdict on the implied critical promise ``schema``: how many declared things *frame* does not keep.

    Columns and types are compared first; only a frame with the right ones is given to pandera, for nulls, keys and the
    checks of values. A schema that cannot be read is ``unknown(error)``.
    """
    try:
        schema = frame_schema(ref)
        failures = _structure(schema, frame) or _values(ref, schema, frame)
        reading = Reading(value=float(len(failures)), n=len(schema.columns))
    except (ValueError, pl.exceptions.PolarsError) as error:
        failures, reading = (), Reading.unknown(Reason.ERROR, cause=f"{ref.ref}: {error}")
    verdict = judge(
        schema_promise(), context=context, reading=reading, unit=Unit.COUNT, direction=Direction.LOWER, gate=True
    )
    if not failures:
        return verdict
    said = "; ".join(str(f) for f in failures[:SHOWN])
    evidence: dict[str, object] = {"failures": [[f.column, f.said, f.rows] for f in failures[:SHOWN]]}
    return replace(verdict, cause=printable(said, 500), evidence={**verdict.evidence, **evidence})


def _structure(schema: FrameSchema, frame: pl.DataFrame) -> tuple[Failure, ...]:
    found = violations(schema, dict(frame.schema))
    return tuple(Failure(column=v.column, said=str(v)) for v in found)


def _values(ref: SchemaRef, schema: FrameSchema, frame: pl.DataFrame) -> tuple[Failure, ...]:
    """What pandera finds in the values, one failure per column and check, with its rows counted."""
    if frame.is_empty() or not _has_checks(schema):
        return ()
    from pandera.errors import SchemaErrors  # noqa: PLC0415 (heavy)

    try:
        _validator(ref).validate(_widened(schema, frame), lazy=True)
    except SchemaErrors as error:
        return _failures(error.failure_cases)
    return ()


def _has_checks(schema: FrameSchema) -> bool:
    return bool(schema.key) or any(c.checks or c.unique or not c.nullable for c in schema.columns)


def _widened(schema: FrameSchema, frame: pl.DataFrame) -> pl.DataFrame:
    """Pandera compares types exactly; a logical one admits every width, so each column gets the widest first."""
    from qoa_platform.contracts.pandera_schema import dtype_of  # noqa: PLC0415 (heavy)

    wanted = {c.name: dtype_of(c) for c in schema.columns if c.name in frame.columns}
    casts = [pl.col(name).cast(dtype) for name, dtype in wanted.items() if dtype and frame.schema[name] != dtype]
    return frame.with_columns(casts) if casts else frame


@lru_cache(maxsize=32)
def _validator(ref: SchemaRef) -> "DataFrameSchema":
    from qoa_platform.contracts.pandera_schema import to_pandera  # noqa: PLC0415 (heavy)

    return to_pandera(frame_schema(ref))


def _failures(cases: Any) -> tuple[Failure, ...]:
    counted = cases.group_by("column", "check", maintain_order=True).len()
    rows: Sequence[Mapping[str, Any]] = counted.to_dicts()
    return tuple(
        Failure(column=str(r["column"]), said=f"column {r['column']!r} fails {r['check']}", rows=int(r["len"]))
        for r in rows
    )
