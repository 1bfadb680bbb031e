"""Distances of distributions: their bounds hold on any edges, tests agree with SciPy, and what has no answer."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance

from qoa_platform.metrics.drift_shape import AGAIN
from qoa_platform.metrics.drift_tests import chi_squared, pooled
from qoa_platform.profiles.edges import edges
from qoa_platform.records import ColumnProfile, Profile, Reading, Reason
from qoa_platform.scans import measure
from tests.metrics.making import one, profile
from tests.metrics.oracles_drift import ks as scipy_ks

floats = st.floats(-1e6, 1e6) | st.integers(-5, 5).map(float) | st.sampled_from([0.0, 0.1, 1e-9])
samples = st.lists(floats, min_size=1, max_size=60)


def frozen(values: list[float], bins: int) -> ColumnProfile:
    """The facts of a reference, on coarse edges as if they were the fine ones."""
    ordered = np.sort(np.array(values))
    return ColumnProfile(
        column="x", n=len(values), missing=0, minimum=float(ordered[0]), maximum=float(ordered[-1]),
        mean=float(ordered.mean()), std=float(ordered.std()), bins2048=edges(ordered, bins, ends=True),
    )  # fmt: skip


def reading(metric: str, reference: Profile, values: list[float]) -> Reading:
    """A metric of *values* against the reference."""
    frame = pl.DataFrame({"x": values}, schema={"x": pl.Float64})
    return measure(frame, [(one(metric, "x"), reference)], missing={}).measured[0].reading


@given(st.lists(floats, min_size=30, max_size=90), samples, st.integers(2, 12))
def test_bounds_of_ks_and_of_the_area_are_never_broken(known: list[float], own: list[float], bins: int) -> None:
    """On edges of whatever width, ties or not: SciPy's exact D and W1 lie where the bounds say."""
    reference = profile(frozen(known, bins))
    ks, area = reading("drift.ks", reference, own), reading("drift.wasserstein", reference, own)
    exact = scipy_ks(np.array(known), np.array(own))
    assert ks.value is not None
    assert ks.bound is not None
    assert ks.value - 1e-12 <= exact <= ks.value + ks.bound + 1e-12
    assert area.value is not None
    assert area.bound is not None
    scale = max(map(abs, [*known, *own]))
    assert abs(area.value - wasserstein_distance(known, own)) <= area.bound + 1e-9 * scale
    assert (ks.n, area.n) == (len(own), len(own))


@given(samples)
def test_nothing_has_moved_from_itself(values: list[float]) -> None:
    """The same values: no distance, p = 1."""
    reference = profile(frozen(values, 2047))
    assert reading("drift.ks", reference, values).value == 0.0
    assert reading("drift.wasserstein", reference, values).value == pytest.approx(0.0, abs=1e-9 * max(map(abs, values)))
    assert reading("drift.ks_p", reference, values).value in {1.0, None}


@given(samples, st.floats(0.5, 100.0))
def test_a_shift_is_as_far_as_it_is(values: list[float], by: float) -> None:
    """Values moved by *d* as a whole are *d* away, beyond the reference's ends too."""
    reference = profile(frozen(values, 2047))
    shifted = [v + by for v in values]
    found = reading("drift.wasserstein", reference, shifted)
    assert found.value is not None
    assert found.bound is not None
    assert abs(found.value - by) <= found.bound + 1e-9 * max(map(abs, shifted))


def test_figures_of_the_catalogue() -> None:
    """20 000 against 20 000 shifted values on 2 048 edges: within 1e-4 of SciPy, and the p of its D."""
    rng = np.random.default_rng(3)
    known, own = rng.normal(size=20_000), rng.normal(0.2, 1.1, 20_000)
    reference = profile(frozen(known.tolist(), 2047))
    ks, area = reading("drift.ks", reference, own.tolist()), reading("drift.wasserstein", reference, own.tolist())
    exact = ks_2samp(known, own, method="asymp")
    assert ks.value == pytest.approx(exact.statistic, abs=2e-4)
    assert area.value == pytest.approx(wasserstein_distance(known, own), rel=2e-3)
    assert area.bound is not None
    assert area.bound < 0.02
    near = ks_2samp(known[:500], known[500:1_500], method="asymp")
    small = profile(frozen(known[:500].tolist(), 2047))
    p = reading("drift.ks_p", small, known[500:1_500].tolist())
    assert p.value is not None
    assert p.bound is not None
    assert p.value - p.bound - 1e-12 <= near.pvalue <= p.value + 1e-12
    assert p.bound < 0.1


counts = st.lists(st.integers(0, 40), min_size=2, max_size=12).filter(any)


@given(counts, st.data(), st.booleans())
def test_pooled_tables_keep_all_values(reference: list[int], data: st.DataObject, ordered: bool) -> None:
    """Pooling moves counts and loses none; every bin that is left expects five on both sides, or is the only one."""
    current = data.draw(st.lists(st.integers(0, 40), min_size=len(reference), max_size=len(reference)).filter(any))
    pairs = pooled(reference, current, ordered=ordered)
    assert sum(r for r, _ in pairs) == sum(reference)
    assert sum(c for _, c in pairs) == sum(current)
    table = np.array(pairs).T
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    assert len(pairs) == 1 or expected.min() >= 5 - 1e-9
    if len(pairs) > 1:
        assert chi_squared(pairs) == pytest.approx(chi2_contingency(table, correction=False).statistic)


def test_infinite_values_have_no_place_to_be_moved_to() -> None:
    """±inf counts for KS, which only ranks; of an area it makes an error, in the reference a reason."""
    reference = profile(frozen([0.0, 1.0, 2.0], 2047))
    assert reading("drift.ks", reference, [float("inf"), 1.0]).value == pytest.approx(0.5)
    assert reading("drift.wasserstein", reference, [float("-inf"), 1.0]).reason is Reason.ERROR
    assert reading("drift.wasserstein_std", reference, [float("inf"), 1.0]).reason is Reason.ERROR


def test_edges_without_ends_are_no_reference_for_an_area() -> None:
    """Fine edges that were frozen by an older release do not span the reference: KS is read, the area is not."""
    values = np.arange(100.0)
    column = ColumnProfile(column="x", n=100, missing=0, minimum=0.0, maximum=99.0, std=1.0, bins2048=edges(values, 10))
    assert reading("drift.ks", profile(column), [5.0, 6.0]).value is not None
    found = reading("drift.wasserstein", profile(column), [5.0, 6.0])
    assert (found.reason, found.cause) == (Reason.NO_REFERENCE, AGAIN)
