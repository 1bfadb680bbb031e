"""Owns the implied promise ``schema``: does the frame keep the columns, types and value checks that were declared?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from qoa_platform.audit.failing import Failing
from qoa_platform.contracts.schema import FrameSchema, frame_schema, violations
from qoa_platform.contracts.schema_rules import Rule, rules_of
from qoa_platform.metrics import Metric
from qoa_platform.reactions.episodes import schema_promise
from qoa_platform.records import Direction, Reading, Reason, SchemaRef, Unit, Verdict, printable
from qoa_platform.verdicts import Context, judge

SHOWN = 5
"""So many violations are spelled out in a verdict; all of them are counted."""
LONGEST = 200
"""In so many characters each: a check may hold a long list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One declared thing that the frame does not keep: of *column*, *rows* of it (0: the column as a whole)."""

    column: str
    said: str
    rows: int = 0

    def __str__(self) -> str:
        return f"{self.said} ({self.rows:,} rows)" if self.rows else self.said


@dataclass(slots=True, kw_only=True)
class SchemaAudit:
    """The audit of one frame against its schema: what it wants of the scan, and the verdict once that is answered.

    Columns and types are compared first; only a frame with the right ones is asked about its values. What pandera alone
    can run it runs afterwards, on the collected frame. A schema that cannot be read is ``unknown(error)``.
    """

    ref: SchemaRef
    schema: FrameSchema | None = None
    rules: tuple[Rule, ...] = ()
    structure: tuple[Failure, ...] = ()
    cause: str | None = None
    _masks: list[tuple[str, str, pl.Series]] = field(default_factory=list)

    @classmethod
    def of(cls, ref: SchemaRef, frame: pl.DataFrame) -> "SchemaAudit":
        """Compares columns and types."""
        try:
            schema, rules = frame_schema(ref), rules_of(ref)
        except ValueError as error:
            return cls(ref=ref, cause=f"{ref.ref}: {error}")
        structure = tuple(Failure(column=v.column, said=str(v)) for v in violations(schema, dict(frame.schema)))
        present = tuple(r for r in rules if not structure and set(r.metric.columns) <= set(frame.columns))
        return cls(ref=ref, schema=schema, rules=present, structure=structure)

    @property
    def wanted(self) -> list[tuple[Metric, None]]:
        """What the scan of the promises is to answer beside them."""
        return [(rule.metric, None) for rule in self.rules]

    def verdict(self, readings: Sequence[Reading], failing: Failing, context: Context, source: str) -> Verdict:
        """The verdict on the implied critical promise ``schema``: how many declared things the frame does not keep.

        *readings* answer :attr:`wanted`, in its order; *source* is the contract's file, whose project pandera's models
        are imported from.
        """
        found = dict(zip(self.rules, readings, strict=True))
        causes = [r.cause or str(r.reason) for r in readings if r.reason is Reason.ERROR]
        if self.cause is not None:
            causes.append(self.cause)
        failures = [*self.structure, *_broken(found)]
        if self.schema is not None and not self.structure:
            failures += self._foreign(self.schema, failing, source, causes)
        value = None if (causes and not failures) or self.schema is None else float(len(failures))
        reading = Reading(value=value, n=len(self.schema.columns) if self.schema else 0)
        if value is None:
            reading = Reading.unknown(Reason.ERROR, cause=printable("; ".join(causes), 500))
        verdict = judge(
            schema_promise(), context=context, reading=reading, unit=Unit.COUNT, direction=Direction.LOWER, gate=True
        )
        return self._explained(verdict, failures, found, failing) if failures else verdict

    def _foreign(self, schema: FrameSchema, failing: Failing, source: str, causes: list[str]) -> Iterator[Failure]:
        """What pandera's own checks find; those that cannot be run add to *causes*."""
        frame = failing.candidate.frame
        if not schema.foreign or frame.is_empty():
            return
        from qoa_platform.audit.pandera_checks import run_checks  # noqa: PLC0415 (heavy)

        for found in run_checks(self.ref, schema, frame, source, dict(failing.subject.missing)):
            column = found.check.column or ""
            said = f"column {column!r} fails {found.check}" if column else f"the frame fails {found.check}"
            if found.cause is not None:
                told = bool(found.detail) and not failing.subject.sensitive  # its words may quote a value
                causes.append(f"{found.cause}: {found.detail}" if told else found.cause)
            elif found.failed:
                rows = 0 if found.rows is None else int(found.rows.sum())
                if found.rows is not None:
                    self._masks.append((column, f"fails {found.check}", found.rows))
                yield Failure(column=column, said=said, rows=rows)

    def _explained(
        self, verdict: Verdict, failures: Sequence[Failure], found: Mapping[Rule, Reading], failing: Failing
    ) -> Verdict:
        said = "; ".join(str(f) for f in failures[:SHOWN])
        evidence: dict[str, object] = {
            "failures": [[f.column, printable(f.said, LONGEST), f.rows] for f in failures[:SHOWN]]
        }
        verdict = replace(verdict, cause=printable(said, 500), evidence={**verdict.evidence, **evidence})
        broken = [(rule.metric, None) for rule, reading in found.items() if rule.broken(reading)]
        return failing.with_masks(verdict, broken, self._masks) if broken or self._masks else verdict


def _broken(found: Mapping[Rule, Reading]) -> list[Failure]:
    counted = ((rule, rule.broken(reading)) for rule, reading in found.items())
    return [Failure(column=rule.column, said=rule.said, rows=rows) for rule, rows in counted if rows]
