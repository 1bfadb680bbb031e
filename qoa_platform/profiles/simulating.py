"""Owns the simulation of noise: what a drift metric shows when nothing changed, drawn from the frozen counts."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from qoa_platform.records import Edges, Noise

Floats = NDArray[np.float64]
ROWS = (100, 1_000, 10_000, 100_000)
"""Sizes of windows for which noise is drawn; what lies between is interpolated by the judge."""
DRAWS = 2_000
"""Pairs of samples per size: two of them lie above the 99.9 % point."""
LEAST = 100
"""Of a smaller reference no noise is drawn: it tells nothing of the values that it did not see."""
POOLED = 256
"""So many bins stand for the 2 048 fine ones: noise needs no finer ones."""


def shift_noise(bins: Edges, generator: np.random.Generator) -> Iterator[Noise]:
    """Of ``drift.wasserstein``: both samples drawn from the frozen fine counts, values even within bins."""
    edges, counts = _pooled(np.array(bins.edges), np.array(bins.counts, dtype=np.float64))
    if edges.size < 2:  # noqa: PLR2004 (a width needs two ends)
        return
    width = np.diff(edges)

    def distance(gap: Floats) -> Floats:
        cumulated = np.cumsum(gap, axis=1)[:, :-1]
        a, b = cumulated[:, :-1], cumulated[:, 1:]
        size = np.abs(a) + np.abs(b)
        crossing = np.divide(a * a + b * b, 2 * size, out=np.zeros_like(size), where=size > 0)
        return np.asarray((np.where(a * b >= 0, size / 2, crossing) * width).sum(axis=1), dtype=np.float64)

    yield from _drawn("drift.wasserstein", counts, distance, generator)


def share_noise(counts: Sequence[int], generator: np.random.Generator) -> Iterator[Noise]:
    """Of ``drift.tvd``: both samples drawn from the frozen counts of the bins."""
    known = np.array(counts, dtype=np.float64)
    yield from _drawn("drift.tvd", known, lambda gap: np.abs(gap).sum(axis=1) / 2, generator)


def _drawn(
    metric: str, counts: Floats, distance: Callable[[Floats], Floats], generator: np.random.Generator
) -> Iterator[Noise]:
    if counts.sum() < LEAST:
        return
    shares, n = counts / counts.sum(), int(counts.sum())
    reference = generator.multinomial(n, shares, DRAWS) / n
    for rows in ROWS:
        current = generator.multinomial(rows, shares, DRAWS) / rows
        p99, p999 = np.quantile(distance(current - reference), [0.99, 0.999], method="higher").tolist()
        yield Noise(metric=metric, rows=rows, p99=p99, p999=p999)


def _pooled(edges: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Every so-many-th edge, the ends kept, and the counts between them."""
    if edges.size <= POOLED:
        return edges, counts
    chosen = np.unique(np.linspace(0, edges.size - 1, POOLED).round().astype(int))
    cumulated = np.cumsum(counts)[chosen]
    return edges[chosen], np.diff(cumulated, prepend=0, append=counts.sum())
