"""Owns the failing rows of a verdict: counted and sampled where something failed, never where all is well."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_

import polars as pl

from qoa_platform.audit.candidate import Candidate
from qoa_platform.audit.setting_aside import Aside
from qoa_platform.contracts.schema import frame_schema
from qoa_platform.metrics import Metric
from qoa_platform.metrics.row_level import ROW_LEVEL, SHARED
from qoa_platform.records import (
    Direction,
    FailingRow,
    FailingRows,
    Mode,
    Profile,
    Reading,
    Subject,
    Unit,
    Verdict,
    printable,
)
from qoa_platform.records.failing import EVIDENCE, Cells
from qoa_platform.scans.flagging import Flags, flagged
from qoa_platform.scans.flags import MASKED, TABLE
from qoa_platform.scans.grouping import group_name
from qoa_platform.scans.keys import spelled
from qoa_platform.scans.marking import is_row_local
from qoa_platform.scans.normalising import normal

SAMPLE = 10
"""So many failing rows are kept with a verdict; all of them are counted."""
WIDEST = 12
"""So many cells of a row are kept."""
WHYS = 3
"""So many reasons of one promise are written beside the rows that are set aside for it."""
GROUPS = 5
"""The failing rows of so many violated groups of a promise are looked for."""
LONGEST = 120
"""So many characters of a value are kept."""


@dataclass(slots=True, kw_only=True)
class Failing:
    """Finds the rows that fail the promises of one audit."""

    subject: Subject
    candidate: Candidate
    limit: int = SAMPLE
    observed: bool = False
    """Whether the whole contract only observes: nothing is set aside then."""
    aside: list[Aside] = field(default_factory=list)
    """Rows that may be set aside, of promises that say so."""
    _key: tuple[str, ...] | None = field(default=None)

    def beside(self, verdict: Verdict, read: Sequence[tuple[Metric, Profile | None, Reading]]) -> Verdict:
        """*verdict* with its failing rows as evidence: how many, and the first of them.

        A violated promise is looked into whatever it is about; one that holds (or is unknown) only where it counts
        single rows and its reading says that some failed, or where such rows are set aside. Values of sensitive
        columns are masked.
        """
        promise = self.subject.promise(verdict.key.promise)
        acts = promise is not None and promise.mode is Mode.ENFORCE and not self.observed
        limit = promise.set_aside if promise is not None and acts else None
        wanted = [
            (metric, profile)
            for metric, profile, reading in read
            if verdict.violated or (not _clean(metric, reading) and (limit or _counts_rows(metric, profile)))
        ]
        return self._with(verdict, self._flags(wanted), limit) if wanted else verdict

    def in_groups(
        self, verdicts: Sequence[Verdict], metrics: Sequence[tuple[Metric, Profile | None]], by: str | None
    ) -> list[Verdict]:  # fmt: skip
        """*verdicts* on the groups of a promise: the first violated ones with their own failing rows."""
        bad = [v.key.group for v in verdicts if v.violated and v.key.group is not None][:GROUPS]
        if by is None or not bad or by not in self.candidate.frame.columns:
            return list(verdicts)
        rows = normal(self.candidate.frame, [by], dict(self.subject.missing))
        names = rows.select(group_name([by], rows.schema)).to_series()
        return [self._in_group(v, metrics, names == v.key.group) if v.key.group in bad else v for v in verdicts]

    def _in_group(
        self, verdict: Verdict, metrics: Sequence[tuple[Metric, Profile | None]], mask: pl.Series
    ) -> Verdict:  # fmt: skip
        """The rows of one group that fail, told by their place in the whole frame."""
        places = mask.arg_true()
        flags = self._flags(metrics, self.candidate.frame.filter(mask))
        table = flags.table.with_columns(places.gather(flags.table.get_column("row")).alias("row"))
        return self._with(verdict, replace(flags, table=table), None)

    def with_masks(
        self, verdict: Verdict, metrics: Sequence[tuple[Metric, Profile | None]],
        masks: Sequence[tuple[str, str, pl.Series]],
    ) -> Verdict:  # fmt: skip
        """*verdict* with the rows that *metrics* flag, and those of *masks*: column (or none), why, and which rows."""
        flags, limit = self._flags(metrics), None if self.observed else self.subject.set_aside
        if not masks:
            return self._with(verdict, flags, limit)
        mask = reduce(or_, [flags.mask, *(rows for _, _, rows in masks)])
        tables = [flags.table, *(self._lines(*given) for given in masks)]
        return self._with(verdict, replace(flags, mask=mask, rows=int(mask.sum()), table=pl.concat(tables)), limit)

    def _lines(self, column: str, why: str, rows: pl.Series) -> pl.DataFrame:
        """The first rows of a mask, as flags."""
        positions, frame = rows.arg_true().head(self.limit), self.candidate.frame
        values: list[str | None] = [None] * len(positions)
        if column:
            values = _shown(frame.get_column(column).gather(positions), hidden=column in self.subject.sensitive)
        return pl.DataFrame(
            {
                "item": [0] * len(positions), "metric": ["schema"] * len(positions), "row": positions,
                "column": [column or None] * len(positions), "value": values, "expected": [None] * len(positions),
                "why": [why] * len(positions),
            },
            schema=TABLE,
        )  # fmt: skip

    def _flags(self, metrics: Sequence[tuple[Metric, Profile | None]], frame: pl.DataFrame | None = None) -> Flags:
        subject, candidate = self.subject, self.candidate
        return flagged(
            candidate.frame if frame is None else frame, metrics, missing=dict(subject.missing), limit=self.limit,
            beside={name: found.frame for name, found in candidate.beside.items()}, sensitive=subject.sensitive,
        )  # fmt: skip

    def _with(self, verdict: Verdict, flags: Flags, limit: float | None) -> Verdict:
        if not flags.rows and not flags.ambiguous:
            return verdict
        found = FailingRows(count=flags.rows, ambiguous=flags.ambiguous, sample=self._sample(flags.table))
        verdict = replace(verdict, evidence={**verdict.evidence, EVIDENCE: found.plain()})
        if limit is not None and flags.rows:
            why = "; ".join(flags.table.get_column("why").unique(maintain_order=True).head(WHYS).to_list())
            name = f"{verdict.key.subject}.{verdict.key.promise}"
            self.aside.append(
                Aside(promise=name, mask=flags.mask, limit=limit, why=printable(why, LONGEST), verdict=verdict)
            )
        return verdict

    def _sample(self, table: pl.DataFrame) -> tuple[FailingRow, ...]:
        """The first rows, each with its key and the cells at fault: one line a row, however many columns failed."""
        first = table.get_column("row").unique().sort().head(self.limit)
        parts = table.filter(pl.col("row").is_in(first.implode())).partition_by("row", as_dict=True)
        keys = self._keys(first)
        return tuple(_row(row, key, parts[(row,)]) for row, key in zip(first.to_list(), keys, strict=True))

    def _keys(self, rows: pl.Series) -> list[Cells]:
        frame, names = self.candidate.frame, [n for n in self.key() if n in self.candidate.frame.columns]
        columns = [_shown(frame.get_column(n).gather(rows), hidden=n in self.subject.sensitive) for n in names]
        return [tuple(zip(names, values, strict=True)) for values in zip(*columns, strict=True)] or [()] * len(rows)

    def key(self) -> tuple[str, ...]:
        """The columns that name a row: those of the first promise about keys, else the schema's key."""
        if self._key is None:
            promised = (p.columns for p in self.subject.promises if p.metric in SHARED and p.columns)
            self._key = next(promised, None) or self._declared()
        return self._key

    def _declared(self) -> tuple[str, ...]:
        try:
            return frame_schema(self.subject.schema).key if self.subject.schema is not None else ()
        except ValueError:
            return ()


def _counts_rows(metric: Metric, profile: Profile | None) -> bool:
    return metric.id in ROW_LEVEL and is_row_local(metric, profile)


def _clean(metric: Metric, reading: Reading) -> bool:
    """Whether no single row can have failed, by the value alone."""
    best = 1.0 if metric.direction is Direction.HIGHER and metric.unit is Unit.RATIO else 0.0
    return reading.value is None or reading.value == best


def _row(row: int, key: Cells, lines: pl.DataFrame) -> FailingRow:
    kept = lines.filter(pl.col("column").is_not_null()).unique("column", keep="first", maintain_order=True).head(WIDEST)
    cells = tuple((str(c), _cut(v)) for c, v in kept.select("column", "value").iter_rows())
    expected = tuple((str(c), _cut(v)) for c, v in kept.select("column", "expected").iter_rows() if v is not None)
    why = "; ".join(lines.get_column("why").unique(maintain_order=True).to_list())
    return FailingRow(row=row, key=key, cells=cells, why=printable(why, LONGEST), expected=expected)


def _shown(values: pl.Series, *, hidden: bool) -> list[str | None]:
    texts = [_cut(text) for text in spelled(values)]
    return [MASKED if text is not None else None for text in texts] if hidden else texts


def _cut(text: str | None) -> str | None:
    return None if text is None else printable(text, LONGEST)
