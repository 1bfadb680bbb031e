"""Owns setting rows aside: a frame parted into the rows that fail, with why, and the others, which may be published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

import polars as pl

from qoa_platform.records import FailingRows, Verdict

ROW, PROMISES, WHY = "qoa:row", "qoa:promises", "qoa:why"
"""Columns beside the rows that are set aside: position in the frame they came from, promises they fail, and why."""
ASIDE = "set_aside"
"""The key of a verdict's evidence under which the rows stand that were set aside for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Rows that fail one promise (``sales.sane``) which says that they may be set aside: a mask over the frame.

    *limit* is the largest share of the frame that may go. *verdict* is the one on the frame as it came.
    """

    promise: str
    mask: pl.Series
    limit: float
    why: str
    verdict: Verdict

    @property
    def rows(self) -> int:
        """How many."""
        return int(self.mask.sum())

    @property
    def allowed(self) -> bool:
        """Whether so few fail that they may be set aside: above its limit a promise sets nothing aside."""
        return 0 < self.rows <= self.limit * len(self.mask)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """A frame in two: the *good* rows, and the *bad* ones with their position, promises and why. *by* parted it."""

    good: pl.DataFrame
    bad: pl.DataFrame
    by: tuple[Aside, ...]

    def explained(self, verdicts: Sequence[Verdict], digests: Mapping[str, str]) -> tuple[Verdict, ...]:
        """*verdicts* on the good rows, where rows were set aside with how many those were, and what it was before.

        *digests* name the frame as it came (``original``) and the rows that were set aside (``rows``).
        """
        asides = {aside.verdict.key: aside for aside in self.by}
        return tuple(self._explained(v, asides[v.key], digests) if v.key in asides else v for v in verdicts)

    def _explained(self, verdict: Verdict, aside: Aside, digests: Mapping[str, str]) -> Verdict:
        height = self.good.height + self.bad.height
        found = {"count": aside.rows, "of": height, **digests, **_before(aside.verdict)}
        return replace(verdict, evidence={**verdict.evidence, ASIDE: found})


def _before(verdict: Verdict) -> dict[str, object]:
    found = FailingRows.of(verdict.evidence)
    sample = found.plain()["sample"] if found is not None else []
    return {"value": verdict.value, "status": str(verdict), "sample": sample}


def part(frame: pl.DataFrame, asides: Sequence[Aside]) -> Parted | None:
    """*frame* without the rows that its promises set aside, and those rows; ``None`` where none is.

    Every promise has its own limit, and above it sets nothing aside: its verdict then decides as ever. Order is kept,
    and positions too, so that both parts together are the frame again (:func:`whole`).
    """
    by = tuple(aside for aside in asides if aside.allowed)
    if not by:
        return None
    mask = reduce(or_, [aside.mask for aside in by])
    named = [(aside.mask, aside.promise) for aside in by]
    reasons = [(aside.mask, f"{aside.promise}: {aside.why}") for aside in by]
    bad = frame.with_columns(
        pl.int_range(frame.height, eager=True, dtype=pl.UInt32).alias(ROW),
        _joined(named, ", ").alias(PROMISES), _joined(reasons, "; ").alias(WHY),
    ).filter(mask)  # fmt: skip
    return Parted(good=frame.filter(~mask), bad=bad, by=by)


def _joined(said: Sequence[tuple[pl.Series, str]], separator: str) -> pl.Expr:
    parts = [pl.when(pl.lit(mask)).then(pl.lit(text)) for mask, text in said]
    return pl.concat_str(parts, separator=separator, ignore_nulls=True)


def whole(good: pl.DataFrame, bad: pl.DataFrame) -> pl.DataFrame:
    """The frame that was parted into *good* and *bad*: every row where it stood.

    >>> frame = pl.DataFrame({"x": [1, 2, 3]})
    >>> bad = frame.filter(pl.col("x") == 2).with_columns(pl.Series(ROW, [1], pl.UInt32))
    >>> whole(frame.filter(pl.col("x") != 2), bad).equals(frame)
    True
    """
    taken = set(bad.get_column(ROW).to_list())
    left = [n for n in range(good.height + bad.height) if n not in taken]
    rows = pl.concat([good.with_columns(pl.Series(ROW, left, dtype=pl.UInt32)), bad.select(*good.columns, ROW)])
    return rows.sort(ROW).drop(ROW)


def told(verdict: Verdict) -> Mapping[str, object] | None:
    """What a verdict says of the rows that were set aside for it."""
    found = verdict.evidence.get(ASIDE)
    return found if isinstance(found, Mapping) else None
