"""Owns what has to be frozen: which columns, by which groups, the promises of a subject compare with a reference."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from qoa_platform.records import Promise, ReferenceKind, Subject

DICTIONARY_METRICS = frozenset(
    {"data.unseen_share", "data.unseen_count", "data.near_miss_share", "data.rare_share", "data.segment_completeness"}
)
"""Metrics that compare with the values themselves, also where the column holds numbers (ids)."""
FINE_METRICS = frozenset({"drift.ks", "drift.ks_p", "drift.wasserstein", "drift.wasserstein_std"})
"""Metrics that compare whole distributions, and need fine edges."""
REBINNED = frozenset({("evidently-0.7", "drift.psi"), ("evidently-0.7", "drift.js"), ("frouros-0.9", "drift.psi"),
                      ("nannyml-0.13", "drift.js")})  # fmt: skip
"""Peers' variants that bin anew, and need fine edges for it where ours does not."""
NOISY_METRICS = frozenset({"drift.wasserstein", "drift.wasserstein_std", "drift.tvd"})
"""Metrics whose noise has no formula, and is drawn from the frozen counts."""
MASK_METRICS = frozenset({"data.unseen_pattern_share"})
"""Metrics that compare with the masks of text."""
SCALED_METRICS = frozenset({"model.mase", "model.rmsse"})
JOINT_METRICS = frozenset({"drift.mmd", "drift.domain_auc"}) | SCALED_METRICS
"""Metrics for which several columns are frozen together."""
_MOVING = frozenset({ReferenceKind.LAST_PARTITIONS, ReferenceKind.PREVIOUS})


class Wanted(NamedTuple):
    """A column to freeze, as a whole and per group of *by*; *dictionary*: also the values of a column of numbers.

    *metrics* are those of its metrics that need more than that: fine edges, drawn noise. *beside* are the columns that
    stand with it: all of a row (``drift.mmd``, ``drift.domain_auc``), or the time and the series of a scaled error.
    """

    column: str
    by: tuple[str, ...] = ()
    dictionary: bool = False
    metrics: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    season: int = 0

    @property
    def fine(self) -> bool:
        """Whether some metric needs fine edges."""
        return not FINE_METRICS.isdisjoint(self.metrics)


def wanted(subject: Subject) -> tuple[Wanted, ...]:
    """Which columns of *subject* some promise needs frozen, sorted.

    A promise with ``reference:`` needs its columns. With a moving reference (``last N partitions``, ``previous``)
    edges are still frozen, but a dictionary is merged from stored states (metrics.md 2 d) and need not be. A promise
    ``over`` another asset is about that asset's columns and wants nothing here.
    """
    found: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    joint: set[Wanted] = set()
    for promise in subject.promises:
        if promise.reference is None or promise.over is not None or _moves(promise):
            continue
        if promise.metric in JOINT_METRICS:
            joint.update(_joint(promise, subject))
            continue
        by = (promise.by,) if promise.by else ()
        for column in promise.columns:
            found.setdefault((column, by), set()).add(promise.metric)
            if (promise.compat, promise.metric) in REBINNED:
                found[column, by].add("drift.ks")
    single = [
        Wanted(column, by, bool(metrics & DICTIONARY_METRICS), tuple(sorted(metrics & (FINE_METRICS | NOISY_METRICS))))
        for (column, by), metrics in sorted(found.items())
    ]
    return (*single, *sorted(joint))


def _joint(promise: Promise, subject: Subject) -> Iterator[Wanted]:
    """What is frozen of several columns together. No raw row is kept of a sensitive column."""
    by, given = (promise.by,) if promise.by else (), dict(promise.params)
    if promise.metric in SCALED_METRICS:
        series: Any = given.get("series", ())
        beside = (str(given.get("time", "time")), *series)
        season: Any = given.get("season", 1)
        yield Wanted(str(given.get("truth", "actual")), (), metrics=("model.mase",), beside=beside, season=season)
    elif promise.columns and (
        promise.metric != "drift.domain_auc" or not set(promise.columns) & set(subject.sensitive)
    ):
        yield Wanted(promise.columns[0], by, metrics=(promise.metric,), beside=promise.columns)


def _moves(promise: Promise) -> bool:
    moving = promise.reference is not None and promise.reference.kind in _MOVING
    return moving and promise.metric in DICTIONARY_METRICS | MASK_METRICS
