"""Owns what metrics are told at an audit beyond their frame: sizes, declared columns, the past, the frames beside."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import polars as pl

from qoa_platform.audit.candidate import Candidate, subjects_of
from qoa_platform.audit.references import References
from qoa_platform.contracts.schema import frame_schema, violations
from qoa_platform.metrics import Metric, MetricError, build
from qoa_platform.metrics.expressions import ExpressionError
from qoa_platform.metrics.facts import Columns, Facts, Past, beside, looks_back, told
from qoa_platform.records import Contract, SchemaRef, Subject


class Told(NamedTuple):
    """Tells metrics of one candidate what they want to know."""

    candidate: Candidate
    references: References
    columns: Columns | None
    digests: Mapping[str, str]

    @classmethod
    def of(cls, subject: Subject, candidate: Candidate, references: References) -> "Told":
        """What is known of *candidate* as *subject* sees it."""
        columns = None if subject.schema is None else compared(subject.schema, candidate.frame)
        return cls(candidate, references, columns, {name: n.digest for name, n in candidate.beside.items()})

    def metric(self, metric: Metric) -> Metric:
        """*metric*, told the clock, its window and whatever else it asks for."""
        found = metric.at(self.candidate.at, self.candidate.window, self.candidate.rows_in)
        facts = Facts(
            size=self.candidate.size, columns=self.columns, digests=self.digests, past=self._past(found)
        )  # fmt: skip
        return told(found, facts)  # type: ignore[no-any-return]

    def _past(self, metric: Metric) -> tuple[Past, ...]:
        count, ask = looks_back(metric), None
        if count:
            ask = metric.ask(None)
        return () if ask is None else self.references.past(ask, count)


def compared(ref: SchemaRef, frame: pl.DataFrame) -> Columns | None:
    """The columns of *frame* beside those that *ref* declares; ``None`` where the declaration cannot be read."""
    try:
        schema = frame_schema(ref)
    except ValueError:
        return None
    found = dict(frame.schema)
    wrong = len(violations(replace(schema, strict=False), found))
    extra = len(violations(replace(schema, strict=True), found)) - wrong
    return Columns(declared=len(schema.columns), wrong=wrong, extra=extra, strict=schema.strict)


def named_beside(contracts: Sequence[Contract], asset: str) -> frozenset[str]:
    """The assets whose published frames are read beside that of *asset*, as some promise on it says."""
    found: set[str] = set()
    for judged in subjects_of(tuple(contracts), asset):
        for promise in judged.subject.promises:
            try:
                found |= {name for m in build(promise, judged.subject) if (name := beside(m)) is not None}  # type: ignore[arg-type]
            except (MetricError, ExpressionError):
                continue  # the audit itself says so
    return frozenset(found)
