"""Owns the profile report: what a data set looks like, on one page."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from qoa_platform.profiles.summary import QUANTILES, ColumnSummary, Summary
from qoa_platform.reports.cells import MASKED, cell, count, number, share
from qoa_platform.reports.page import page
from qoa_platform.reports.plots import Plot, commonest, histogram

PLOTTED = 200
"""So many columns have plots and a section of their own; of further ones the table says what there is."""
OPEN = 24
"""Of more columns the sections are folded."""
MANY_MISSING, MOSTLY_ONE = 0.2, 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as the page shows it. *remarks* are what stands out; *facts* are (name, value) pairs."""

    summary: ColumnSummary
    anchor: str
    masked: bool
    remarks: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    bins: Plot | None
    top: Plot | None

    @property
    def missing(self) -> float:
        """The share of rows without a value."""
        return self.summary.missing / self.summary.n if self.summary.n else 0.0


def profile_report(
    summary: Summary, *, title: str, made: datetime, source: str = "", sensitive: Iterable[str] = (),
    rows: Sequence[Sequence[object]] = (),
) -> str:  # fmt: skip
    """The page of *summary*: what stands out, a table of all columns, and a section with plots for each.

    *made* is the time that is shown (UTC). Values of *sensitive* columns are nowhere on it: only types and counts are.
    *rows* are raw rows in the order of the columns, shown where they are given, sensitive cells masked. The size of the
    page follows the number of columns, not of rows.
    """
    hidden = frozenset(sensitive)
    columns = [_column(c, index, masked=c.name in hidden) for index, c in enumerate(summary.columns)]
    cells = sum(c.n for c in summary.columns)
    missing = sum(c.missing for c in summary.columns)
    shown = [
        [MASKED if c.masked and value is not None else cell(value) for c, value in zip(columns, row, strict=True)]
        for row in rows
    ]
    return page(
        "profile", title=title, source=source, made=made, summary=summary, columns=columns, rows=shown,
        missing=missing / cells if cells else 0.0, folded=len(columns) > OPEN,
        left_out=max(len(columns) - PLOTTED, 0), kinds=_kinds(summary), bounded=_bounded(summary),
    )  # fmt: skip


def _bounded(summary: Summary) -> list[str]:
    """Which figures are estimates within a bound, in words; none of what was held in memory."""
    every = (
        ("distinct values", any(c.distinct_bound for c in summary.columns)),
        ("quantiles", any(c.quantiles_bound for c in summary.columns)),
        ("commonest values", any(c.top_bound for c in summary.columns)),
    )
    return [words for words, found in every if found]


def _kinds(summary: Summary) -> list[tuple[str, int]]:
    """How many columns there are of each type, commonest first."""
    kinds: dict[str, int] = {}
    for column in summary.columns:
        kinds[str(column.type)] = kinds.get(str(column.type), 0) + 1
    return sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))


def _column(found: ColumnSummary, index: int, *, masked: bool) -> Column:
    plotted = index < PLOTTED and not masked
    shown = replace(found, minimum=None, maximum=None, mean=None, std=None, quantiles=(), top=()) if masked else found
    return Column(
        summary=found, anchor=f"column-{index + 1}", masked=masked, remarks=tuple(_remarks(found, masked=masked)),
        facts=tuple(_facts(shown)),
        bins=histogram(found.histogram) if plotted and found.histogram and sum(found.histogram.counts) else None,
        top=commonest(found.top, found.present) if plotted and _listed(found) else None,
    )  # fmt: skip


def _listed(found: ColumnSummary) -> bool:
    """Whether the commonest values say something: a histogram says more, and values seen once say nothing."""
    few = (found.distinct or 0) <= len(found.top)
    return bool(found.top) and found.histogram is None and (few or found.top[0].count > 1)


def _facts(found: ColumnSummary) -> Iterator[tuple[str, str]]:
    """What there is, as (name, value)."""
    yield "rows", count(found.n)
    yield "missing", f"{count(found.missing)} ({share(found.missing / found.n if found.n else 0.0)})"
    quantiles = found.quantiles if len(found.quantiles) == len(QUANTILES) else (None,) * len(QUANTILES)
    about = f" ± {count(round(found.distinct_bound))}" if found.distinct_bound else ""
    ranks = f"ranks ± {share(found.quantiles_bound)}" if found.quantiles_bound and found.quantiles else None
    every: tuple[tuple[str, str | None], ...] = (
        ("infinite", count(found.nonfinite) if found.nonfinite else None),
        ("distinct", None if found.distinct is None else count(found.distinct) + about),
        ("least", _known(found.minimum)),
        *zip(("5 %", "25 %", "median", "75 %", "95 %"), map(_known, quantiles), strict=True),
        ("quantiles", ranks),
        ("greatest", _known(found.maximum)),
        ("mean", _known(found.mean)),
        ("std", _known(found.std)),
        ("entropy", None if found.entropy is None else f"{number(found.entropy)} bit"),
    )
    yield from ((name, value) for name, value in every if value is not None)


def _known(value: object) -> str | None:
    return None if value is None else cell(value)


def _remarks(found: ColumnSummary, *, masked: bool) -> Iterator[str]:
    """What stands out, in few words."""
    if found.cause is not None:
        yield "not summed up"
    elif found.n and not found.present:
        yield "empty"
    elif found.n:
        if found.missing / found.n >= MANY_MISSING:
            yield f"{share(found.missing / found.n)} missing"
        if found.nonfinite:
            yield f"{count(found.nonfinite)} infinite"
        yield from _repeated(found, masked=masked)
        if found.histogram is not None and not masked and _far_out(found):
            yield "far-out values"


def _repeated(found: ColumnSummary, *, masked: bool) -> Iterator[str]:
    """Whether the values are all the same, all different, or mostly one."""
    if found.distinct == 1:
        yield "one value"
    elif found.distinct == found.present and not found.distinct_bound:
        yield "all different"
    elif found.top and found.top[0].count / found.present >= MOSTLY_ONE:
        yield f"{share(found.top[0].count / found.present)} are one value" + ("" if masked else _named(found))


def _named(found: ColumnSummary) -> str:
    return f": {cell(found.top[0].value)}"


def _far_out(found: ColumnSummary) -> bool:
    """Whether an extreme lies further from the quartiles than ten times their distance."""
    ends = [v for v in (found.minimum, *found.quantiles, found.maximum) if isinstance(v, int | float)]
    if len(ends) != len(QUANTILES) + 2:
        return False
    low, _, q1, _, q3, _, high = map(float, ends)
    reach = 10 * (q3 - q1)
    return reach > 0 and (low < q1 - reach or high > q3 + reach)
