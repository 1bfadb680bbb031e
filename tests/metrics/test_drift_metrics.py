"""Drift: distances of counts on frozen bins, by hand and by SciPy, and what has no reference."""

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from qoa_platform.metrics.drift_bins import TOP, smoothed
from qoa_platform.records import ColumnProfile, Profile, Reason
from qoa_platform.states import Frequencies, Grouped, Histogram, Tally
from tests.metrics.making import categories, numbers, one, profile

DISTANCES = ["drift.psi", "drift.js", "drift.hellinger", "drift.tvd", "drift.linf"]
FROZEN = numbers("x", edges=(0.0, 1.0), counts=(5, 3, 2))
DIGEST = FROZEN.bins10.digest if FROZEN.bins10 else ""


def distance(metric: str, reference: tuple[int, ...], current: tuple[int, ...]) -> float:
    """A drift metric of two lists of counts."""
    frozen = numbers("x", edges=tuple(map(float, range(len(reference) - 1))), counts=reference)
    assert frozen.bins10 is not None
    reading = one(metric, "x").read(Histogram(frozen.bins10.digest, current), profile(frozen))
    assert reading.n == sum(current)
    assert reading.value is not None
    return reading.value


def test_psi_by_hand() -> None:
    """Two bins, (3, 1) against (1, 3), Jeffreys-smoothed to (.7, .3) and (.3, .7): 2 · .4 · ln(7/3)."""
    assert smoothed([3, 1]) == [0.7, 0.3]
    assert distance("drift.psi", (3, 1), (1, 3)) == pytest.approx(2 * 0.4 * log(0.7 / 0.3))


def test_distances_by_hand() -> None:
    """Half of the rows moved from the first bin to the second: every distance of shares (1, 0) and (½, ½)."""
    assert distance("drift.tvd", (4, 0), (2, 2)) == 0.5
    assert distance("drift.linf", (4, 0), (2, 2)) == 0.5
    assert distance("drift.hellinger", (4, 0), (2, 2)) == pytest.approx(sqrt(1 - sqrt(0.5)))
    assert distance("drift.js", (4, 0), (0, 4)) == pytest.approx(1.0)


counts = st.lists(st.integers(0, 1_000), min_size=2, max_size=12).filter(any)


def beside(reference: list[int]) -> st.SearchStrategy[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Counts in as many bins as *reference* has."""
    current = st.lists(st.integers(0, 1_000), min_size=len(reference), max_size=len(reference)).filter(any)
    return st.tuples(st.just(tuple(reference)), current.map(tuple))


pairs = counts.flatmap(beside)


@given(pairs)
def test_distances_are_those_of_scipy(pair: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    """PSI is the sum of SciPy's two relative entropies of smoothed shares, JS its distance, the rest NumPy's."""
    reference, current = pair
    p, q = (np.array(c) / sum(c) for c in pair)
    ps, qs = ((np.array(c) + 0.5) / (sum(c) + len(c) / 2) for c in pair)
    psi = distance("drift.psi", reference, current)
    assert psi == pytest.approx(entropy(ps, qs) + entropy(qs, ps), rel=1e-9, abs=1e-12)
    assert distance("drift.js", reference, current) == pytest.approx(jensenshannon(p, q, base=2), rel=1e-6, abs=1e-7)
    by_hand = np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2)
    assert distance("drift.hellinger", reference, current) == pytest.approx(by_hand, rel=1e-9, abs=1e-12)
    assert distance("drift.tvd", reference, current) == pytest.approx(np.abs(p - q).sum() / 2, rel=1e-9, abs=1e-12)
    assert distance("drift.linf", reference, current) == pytest.approx(np.abs(p - q).max(), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("metric", DISTANCES)
@given(pair=pairs)
def test_distances_are_symmetric_and_bounded(metric: str, pair: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    """No distance from itself, the same there and back, never below 0; all but PSI at most 1."""
    reference, current = pair
    there = distance(metric, reference, current)
    assert distance(metric, reference, reference) == 0.0
    assert there == pytest.approx(distance(metric, current, reference), rel=1e-9, abs=1e-12)
    assert 0 <= there <= (float("inf") if metric == "drift.psi" else 1 + 1e-12)


def test_categories_beyond_the_fifty_commonest_share_a_bin() -> None:
    """The frozen order decides which values have a bin; the others, and values never seen, are one bin."""
    frozen = categories("c", None, **{f"v{i:02}": 100 - i for i in range(TOP + 10)})
    rest = sum(100 - i for i in range(TOP, TOP + 10))
    same = Frequencies.exact({f"v{i:02}": 100 - i for i in range(TOP)} | {"new": rest}, n=50 * 100 - 1225 + rest)
    assert one("drift.tvd", "c").read(same, profile(frozen)).value == 0.0
    moved = Frequencies.exact({f"v{i:02}": 100 - i for i in range(1, TOP)} | {"new": rest + 100}, n=same.n)
    assert one("drift.tvd", "c").read(moved, profile(frozen)).value == pytest.approx(100 / same.n)


@pytest.mark.parametrize("metric", DISTANCES)
@pytest.mark.parametrize(
    ("state", "reference", "reason"),
    [
        (Histogram(DIGEST, (1, 1, 1)), None, Reason.NO_REFERENCE),
        (Histogram(DIGEST, (1, 1, 1)), profile(), Reason.NO_REFERENCE),
        (Histogram("other", (1, 1, 1)), profile(FROZEN), Reason.NO_REFERENCE),
        (Histogram(DIGEST, (0, 0, 0), missing=9), profile(FROZEN), Reason.NO_DATA),
        (Histogram(DIGEST, (1, 1, 1)), profile(numbers("x", edges=(0.0, 1.0), counts=(0, 0, 0))), Reason.NO_REFERENCE),
        (Frequencies.count(["a"]), profile(FROZEN), Reason.NO_REFERENCE),
        (Frequencies(), profile(categories("x", a=1)), Reason.NO_DATA),
        (Frequencies.count("abc", cap=2), profile(categories("x", a=1)), Reason.NOT_APPLICABLE),
        (Tally(), profile(ColumnProfile(column="x", n=9, missing=0, overflow=True)), Reason.NOT_APPLICABLE),
    ],
)  # fmt: skip
def test_without_comparable_counts_there_is_no_distance(
    metric: str, state: Histogram | Frequencies | Tally, reference: Profile | None, reason: Reason
) -> None:
    """No profile, other edges, an empty side, too many categories: a reason, never 0 and never infinity."""
    reading = one(metric, "x").read(state, reference)
    assert (reading.value, reading.reason) == (None, reason)


def test_what_is_asked_follows_what_is_frozen() -> None:
    """Edges ask for a histogram on them, a dictionary for counts; an empty reference has no ask."""
    metric = one("drift.psi", "x")
    on_edges, of_values = metric.ask(profile(FROZEN)), metric.ask(profile(categories("x", a=1)))
    over = metric.ask(profile(ColumnProfile(column="x", n=9, missing=0, overflow=True)))
    assert on_edges is not None
    assert of_values is not None
    assert over is not None
    assert (on_edges.state, dict(on_edges.params)) == ("histogram", {"digest": DIGEST, "edges": (0.0, 1.0)})
    assert (of_values.state, over.state) == ("frequencies", "nothing")
    for empty in (None, profile(), profile(categories("x")), profile(ColumnProfile(column="x", n=9, missing=9))):
        assert metric.ask(empty) is None


def test_groups_are_compared_on_the_edges_of_the_whole() -> None:
    """A group's reference counts stand on the whole's edges, so one pass counts every group."""
    reference = profile(FROZEN, numbers("x", group="a", edges=(0.0, 1.0), counts=(4, 0, 0)))
    state = Grouped(
        Histogram(DIGEST, (2, 2, 0)), (("a", Histogram(DIGEST, (0, 2, 0))), ("b", Histogram(DIGEST, (2, 0, 0))))
    )
    metric = one("drift.tvd", "x", by="g")
    assert metric.read(state, reference).value == pytest.approx(0.2)
    assert metric.read(state, reference, "a").value == 1.0
    assert metric.read(state, reference, "b").reason is Reason.NO_REFERENCE
