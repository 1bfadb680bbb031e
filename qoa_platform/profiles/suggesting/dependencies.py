"""Owns the search for functional dependencies: which columns decide which, up to mistakes, with support (bounded)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl

from qoa_platform.profiles.suggesting.facts import OTHER, Facts

ROWS = 100_000
"""Most rows looked at per candidate; of more, whole groups of the left side are kept."""
COLUMNS = 40
"""Most columns searched."""
PAIRS = 400
"""Most pairs of columns tried as a left side."""
LEAST_ROWS = 20
"""A dependency that fewer rows could break is not believed."""
LEAST_GROUPS = 5
COVER = 0.05
"""Rows in groups of two and more ÷ rows: below, the left side is nearly a key, and decides everything."""
KAPPA = 0.8
"""Least share of the errors of always guessing the mode that knowing the left side avoids."""
CLEAR = 0.9
"""Least share of the larger groups in which one value leads."""
MAJORITY = 2 / 3
PAIR = 0.95
"""Both of them, for a pair of columns on the left: there are many pairs, and some agree by chance."""
MANY_GROUPS, LOOSE = 20, 0.1
"""Of fewer groups, at most so many rows may be against a dependency."""
AMBIGUOUS = 0.5
"""At most so much of what must be removed may stand in groups in which no value leads."""
AHEAD = 2
"""The most frequent value of a group leads when it is twice as frequent as the next."""
REPEATED, AGAIN = 2, 0.3
"""Where so much of the minority repeats itself within its group, it is an exception, no mistake."""
HEAVY = 0.03
"""A value with so many of the rows that leads nowhere is a value, no mistake: the left side does not decide it."""
EXPLAINED = 0.4
"""A second column on the left must do away with so much of what one leaves wrong."""
FEW = 100
"""A second column on the left has at most so many values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """*left* decides *right*: *rows* that could tell (in groups of two and more), *removed* (g3 · rows), *kappa*.

    *minority* are the rows outside the clear majorities: those that are flagged. *clear* is the share of groups of
    three and more in which one value leads, *undecided* the rows to remove in groups where none does, *again* the rows
    of the minority whose value repeats itself there and leads elsewhere.
    """

    left: tuple[str, ...]
    right: str
    n: int
    rows: int
    groups: int
    removed: int
    minority: int
    undecided: int
    again: int
    kappa: float
    clear: float

    @property
    def g3(self) -> float:
        """Least share of all rows to remove so that the dependency holds (metrics.md 4.4)."""
        return self.removed / self.n if self.n else 0.0


def dependencies(rows: pl.DataFrame, facts: Mapping[str, Facts]) -> tuple[Dependency, ...]:
    """The approximate dependencies of *rows* (missing is null), single columns on the left first, then pairs.

    For every candidate, only groups of two and more rows can tell. *kappa* compares the rows that are the majority of
    their group with what always guessing the column's mode would get right, so that a nearly constant column depends
    on nothing. A pair is tried where a single column leaves errors that a second one explains, and where no single
    column decides. What two dependencies say the same of is said by the stronger one first.
    """
    names = [n for n, f in facts.items() if f.kind != OTHER and f.distinct > 1 and f.present >= LEAST_ROWS][:COLUMNS]
    codes = rows.select(pl.col(n).rank("dense").cast(pl.UInt32).alias(n) for n in names)
    lefts = [n for n in names if facts[n].distinct <= (1 - COVER / 2) * max(1, facts[n].present)]
    single = [
        found for left in lefts for right in names
        if right != left and (found := _examined(codes, (left,), right)) is not None
    ]  # fmt: skip
    return tuple(_sharper(single, codes, facts)) + tuple(_pairs(single, codes, facts, lefts))


def _examined(codes: pl.DataFrame, left: tuple[str, ...], right: str) -> Dependency | None:
    """The dependency, if it is one."""
    found = _measured(codes, left, right)
    if found.rows < max(LEAST_ROWS, COVER * found.n) or found.groups < LEAST_GROUPS:
        return None
    scattered = found.undecided <= max(1, AMBIGUOUS * found.removed)
    loose = found.groups < MANY_GROUPS and found.removed > LOOSE * found.rows
    excused = loose or (found.again > AGAIN * found.minority and found.again >= REPEATED)
    sure = (KAPPA, CLEAR) if len(left) == 1 else (PAIR, PAIR)
    return found if found.kappa >= sure[0] and found.clear >= sure[1] and scattered and not excused else None


def _measured(codes: pl.DataFrame, left: tuple[str, ...], right: str) -> Dependency:
    part = codes.select(*left, pl.col(right).alias("_r_")).drop_nulls()
    n = part.height
    if n > ROWS:
        part = part.filter(pl.struct(left).hash(seed=0) % -(-n // ROWS) == 0)
    scale = n / part.height if part.height else 1.0
    sizes, most = pl.col("_c_").sum().over(left).alias("size"), pl.col("_c_").max().over(left).alias("most")
    counts = part.group_by(*left, "_r_").len("_c_").with_columns(sizes, most).filter(pl.col("size") > 1)
    clear = (pl.col("most") > 1) & (pl.col("most") >= MAJORITY * pl.col("size"))
    second = pl.col("_c_").top_k(2).min()
    groups = counts.group_by(left).agg(
        pl.col("size").first(), pl.col("most").first(), pl.len().alias("kinds"), clear.first().alias("clear"),
        pl.when(pl.len() > 1).then(second).otherwise(0).alias("second"),
    )  # fmt: skip
    leads = pl.col("most") >= AHEAD * pl.col("second")
    three = pl.col("size") > 2  # noqa: PLR2004 (a group of two has no majority when torn)
    size, removed, minority, undecided, big, good = groups.select(
        pl.col("size").sum(), (pl.col("size") - pl.col("most")).sum().alias("removed"),
        (pl.col("size") - pl.col("most")).filter("clear").sum().alias("minority"),
        (pl.col("size") - pl.col("most")).filter(~leads).sum().alias("open"), three.sum().alias("big"),
        (three & leads).sum().alias("good"),
    ).row(0)  # fmt: skip
    return Dependency(
        left=left, right=right, n=n, rows=round(size * scale), groups=round(groups.height * scale),
        removed=round(removed * scale), minority=round(minority * scale), undecided=round(undecided * scale),
        again=round(_again(counts, left) * scale), kappa=_kappa(counts), clear=good / big if big else 1.0,
    )  # fmt: skip


def _again(counts: pl.DataFrame, left: tuple[str, ...]) -> int:
    """Rows of the minority whose value repeats itself in its group, leads elsewhere, and does so beyond chance.

    Chance is what the minorities of the other groups hold: where towns are mixed up at random, the two largest repeat
    themselves in every group; a value that is repeated in one group alone is an exception there.
    """
    leads = (pl.col("_c_") == pl.col("most")) & (pl.col("most") > 1)
    standing = counts.filter(leads).group_by("_r_").agg(pl.col("_c_").sum().alias("held"))
    wrong = counts.filter(
        (pl.col("most") > 1) & (pl.col("most") >= MAJORITY * pl.col("size")) & (pl.col("_c_") < pl.col("most"))
    ).join(standing, on="_r_")
    count, total, share = pl.col("_c_"), pl.col("_c_").sum(), pl.col("held") / max(1, int(standing["held"].sum()))
    within = total.over(left)
    expected = within * (total.over("_r_") - count + share) / (total - within + 1)
    repeated = wrong.filter((count >= REPEATED) & (count > AHEAD * expected + 1))
    return int(repeated["_c_"].sum())


def _kappa(counts: pl.DataFrame) -> float:
    """How much of the errors of always guessing the mode the left side avoids, over values that some group agrees on.

    What no group agrees on (typos) is left out of both sides: it speaks neither for nor against the dependency.
    """
    agreed = (pl.col("_c_") == pl.col("most")) & (pl.col("most") > 1)
    standing = counts.filter(agreed)["_r_"].unique()
    kept = counts.filter(pl.col("_r_").is_in(standing.implode()))
    total = int(kept["_c_"].sum())
    others = counts.filter(~pl.col("_r_").is_in(standing.implode())).group_by("_r_").agg(pl.col("_c_").sum())
    if not total or bool((others["_c_"] >= max(LEAST_ROWS, HEAVY * int(counts["_c_"].sum()))).any()):
        return 0.0
    base = int(kept.group_by("_r_").agg(pl.col("_c_").sum())["_c_"].max()) / total  # type: ignore[arg-type]
    hits = int(
        kept.filter(agreed).unique([c for c in kept.columns if c not in ("_r_", "_c_", "size", "most")])["_c_"].sum()
    )
    if total * (1 - base) < LEAST_GROUPS:
        return 0.0
    return (hits / total - base) / (1 - base)


def _sharper(single: Sequence[Dependency], codes: pl.DataFrame, facts: Mapping[str, Facts]) -> Iterator[Dependency]:
    """Every dependency, with a second column on its left where that explains most of what it leaves wrong."""
    decided = {(f.left[0], f.right) for f in single}
    for found in single:
        others = [
            n for n in codes.columns
            if found.removed and n not in (*found.left, found.right) and facts[n].distinct <= FEW
            and (n, found.right) not in decided and (found.left[0], n) not in decided
        ]  # fmt: skip
        best = found
        for other in others:
            pair = _measured(codes, (*found.left, other), found.right)
            if pair.rows >= (1 - COVER) * found.rows and pair.removed < best.removed and pair.clear >= CLEAR:
                best = pair
        yield best if found.removed - best.removed >= EXPLAINED * found.removed else found


def _pairs(
    single: Sequence[Dependency], codes: pl.DataFrame, facts: Mapping[str, Facts], lefts: Sequence[str]
) -> Iterator[Dependency]:  # fmt: skip
    """Pairs of columns that decide what no single one does."""
    decided = {f.right for f in single}
    rights = [n for n in codes.columns if n not in decided]
    together = sorted(combinations(lefts, 2), key=lambda p: (facts[p[0]].distinct * facts[p[1]].distinct, p))
    implied = {(f.left[0], f.right) for f in single}
    fresh = [p for p in together if p not in implied and p[::-1] not in implied]
    for pair in fresh[: PAIRS // max(1, len(rights))]:
        for right in rights:
            if right not in pair and (found := _examined(codes, pair, right)) is not None:
                yield found


def decided(rows: pl.DataFrame, found: Dependency) -> int:
    """The rows in which the right side is missing although the left side decides what it would be."""
    left = list(found.left)
    counts = rows.drop_nulls([*left, found.right]).group_by(*left, found.right).len("_c_")
    groups = counts.group_by(left).agg(pl.col("_c_").max().alias("most"), pl.col("_c_").top_k(2).sum().alias("both"))
    known = groups.filter((pl.col("most") > 1) & (pl.col("most") >= AHEAD * (pl.col("both") - pl.col("most"))))
    return rows.filter(pl.col(found.right).is_null()).join(known, on=left, how="semi").height
