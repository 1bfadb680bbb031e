"""Owns the oracles of consistency: rules between columns and totals, by pandas, NumPy, SciPy and brute force."""

from collections.abc import Callable
from itertools import product
from math import isfinite
from operator import ge, gt, le, lt
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import pearsonr

from tests.metrics.asking import ERROR, NO_DATA, NOT_APPLICABLE, Asked, Case, Expect, Expected, ratio

ORDERS: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def kept(rows: pd.DataFrame, left: list[str], right: list[str]) -> int:
    """The most rows in which left determines right."""
    counts = rows.groupby([*left, *right], observed=True, sort=False).size()
    return int(counts.groupby(level=list(range(len(left))), sort=False).max().sum()) if len(counts) else 0


def removed(left: list[str], right: list[str]) -> Expect:
    """The least share of rows to remove, by a groupby of a groupby."""

    def expect(asked: Asked) -> Expected:
        rows = asked.rows[[*left, *right]].dropna()
        return ratio(len(rows) - kept(rows, left, right), len(rows))

    return expect


def pairs(left: list[str], forbidden: Callable[[Any, Any], bool]) -> Expect:
    """Rows that stand in a forbidden pair with another row that is equal on the left, tried one by one."""

    def expect(asked: Asked) -> Expected:
        rows = asked.rows.dropna(subset=list(asked.columns)).to_dict("records")
        hit: set[int] = set()
        for (i, one), (j, other) in product(enumerate(rows), repeat=2):
            if i != j and all(one[c] == other[c] for c in left) and forbidden(one, other):
                hit |= {i, j}
        return ratio(len(hit), len(rows))

    return expect


def ordered(x: str, operator: str, y: str) -> Callable[[Any, Any], bool]:
    """Whether x of one row stands in that order to y of another."""
    return lambda one, other: ORDERS[operator](one[x], other[y])


def forbidden(asked: Asked) -> Expected:
    """Rows in which x > 0 and k < 3, though they must not be."""
    rows = asked.rows.dropna(subset=["x", "k"])
    return ratio(sum(x > 0 and k < 3 for x, k in zip(rows["x"], rows["k"], strict=True)), len(rows))


def balance(asked: Asked) -> Expected:
    """The gap of two sums, each of its own present values."""
    rows = asked.rows[["x", "y"]].dropna(how="all")
    if rows.empty:
        return NO_DATA
    with np.errstate(invalid="ignore"):  # inf − inf
        first, second = (float(np.sum(rows[c].dropna().astype(float))) for c in ("x", "y"))
    if not (isfinite(first) and isfinite(second)):
        return ERROR
    return Expected(abs(first - second) / max(abs(second), 1.0), len(rows))


def magnitude(asked: Asked) -> float:
    """What rounding of the two sums is relative to."""
    return float(np.nansum(np.abs(asked.rows[["x", "y"]].astype(float).to_numpy()))) + 1.0


def pearson(asked: Asked) -> Expected:
    """SciPy's, of rows with both finite."""
    both = asked.rows[["x", "y"]].dropna().astype(float)
    rows = both.loc[np.isfinite(both.to_numpy()).all(axis=1)]
    if rows.empty:
        return NO_DATA
    if rows["x"].nunique() < 2 or rows["y"].nunique() < 2:
        return NOT_APPLICABLE
    return Expected(float(pearsonr(rows["x"], rows["y"])[0]), len(rows))


def dependency(expect: Callable[[list[str], list[str]], Expect]) -> tuple[Case, ...]:
    """Of one column, of several; counted, and by pairs that merge."""
    return (
        Case(given={"left": ("k",), "right": ("s",)}, expect=expect(["k"], ["s"])),
        Case(given={"left": ("s", "k"), "right": ("x",)}, expect=expect(["s", "k"], ["x"])),
        Case(given={"left": ("s",), "right": ("k", "w"), "merge": True}, expect=expect(["s"], ["k", "w"])),
    )


def differing(left: list[str], right: list[str]) -> Expect:
    """Rows beside which another one is equal on the left, and not on the right."""
    return pairs(left, lambda one, other: any(one[c] != other[c] for c in right))


AGREEMENT: dict[str, tuple[Case, ...]] = {
    "data.fd_violation": dependency(removed),
    "data.fd_conflict_share": dependency(differing),
    "data.dc_violation_share": (
        Case(given={"constraint": "col('x') > 0 and col('k') < 3"}, expect=forbidden),
        Case(given={"equal": ("s", "k"), "unequal": ("x",)}, expect=differing(["s", "k"], ["x"])),
        *(
            Case(given={"equal": ("s",), "order": ("x", op, "k")}, expect=pairs(["s"], ordered("x", op, "k")))
            for op in ORDERS
        ),
        Case(given={"order": ("t", "<", "a")}, expect=pairs([], ordered("t", "<", "a"))),
        Case(given={"equal": ("k",), "order": ("s", ">", "w")}, expect=pairs(["k"], ordered("s", ">", "w"))),
    ),
    "data.balance_gap": (Case(columns=("x", "y"), given={"epsilon": 1.0}, expect=balance, scale=magnitude),),
    "data.correlation": (Case(columns=("x", "y"), expect=pearson, scale=lambda _: 1e3),),
}
"""By id."""
