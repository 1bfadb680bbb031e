"""Owns what has to be frozen: which columns, by which groups, the promises of a subject compare with a reference."""

from typing import NamedTuple

from qoa_platform.records import Promise, ReferenceKind, Subject

DICTIONARY_METRICS = frozenset(
    {"data.unseen_share", "data.unseen_count", "data.near_miss_share", "data.rare_share", "data.segment_completeness"}
)
"""Metrics that compare with the values themselves, also where the column holds numbers (ids)."""
FINE_METRICS = frozenset({"drift.ks", "drift.ks_p", "drift.wasserstein", "drift.wasserstein_std"})
"""Metrics that compare whole distributions, and need fine edges."""
NOISY_METRICS = frozenset({"drift.wasserstein", "drift.wasserstein_std", "drift.tvd"})
"""Metrics whose noise has no formula, and is drawn from the frozen counts."""
MASK_METRICS = frozenset({"data.unseen_pattern_share"})
"""Metrics that compare with the masks of text."""
_MOVING = frozenset({ReferenceKind.LAST_PARTITIONS, ReferenceKind.PREVIOUS})


class Wanted(NamedTuple):
    """A column to freeze, as a whole and per group of *by*; *dictionary*: also the values of a column of numbers.

    *metrics* are those of its metrics that need more than that: fine edges, drawn noise.
    """

    column: str
    by: tuple[str, ...] = ()
    dictionary: bool = False
    metrics: tuple[str, ...] = ()

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
    for promise in subject.promises:
        if promise.reference is None or promise.over is not None or _moves(promise):
            continue
        by = (promise.by,) if promise.by else ()
        for column in promise.columns:
            found.setdefault((column, by), set()).add(promise.metric)
    return tuple(
        Wanted(column, by, bool(metrics & DICTIONARY_METRICS), tuple(sorted(metrics & (FINE_METRICS | NOISY_METRICS))))
        for (column, by), metrics in sorted(found.items())
    )


def _moves(promise: Promise) -> bool:
    moving = promise.reference is not None and promise.reference.kind in _MOVING
    return moving and promise.metric in DICTIONARY_METRICS | MASK_METRICS
