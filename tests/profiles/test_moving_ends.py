"""The moving reference carries how far its values lie beyond the edges, so that areas can be judged."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from qoa_platform.metrics import Metric, build
from qoa_platform.profiles import moving
from qoa_platform.records import (
    Ask,
    ColumnProfile,
    Edges,
    Profile,
    Promise,
    Reference,
    ReferenceKind,
    Subject,
    SubjectKind,
    Usual,
    Window,
)
from qoa_platform.states import Histogram

AT = datetime(2017, 12, 1, tzinfo=UTC)
EDGES = tuple(np.linspace(-2, 2, 401).tolist())
SUBJECT = Subject(id="s", kind=SubjectKind.ASSET, asset="s", promises=())


def counted(ask: Ask, values: np.ndarray) -> Histogram:
    """The state of *values* on the edges."""
    at = np.searchsorted(EDGES, values, side="left")
    counts = np.bincount(at, minlength=len(EDGES) + 1)
    sums = np.bincount(at, weights=values, minlength=len(EDGES) + 1)
    digest = dict(ask.params)["digest"]
    return Histogram(digest=str(digest), counts=tuple(counts.tolist()), missing=0, sums=(("x", tuple(sums.tolist())),))


@given(st.integers(0, 10**6), st.floats(-3, 3), st.floats(0.2, 4))
def test_areas_against_the_last_partitions_are_scipys_within_their_bound(seed: int, shift: float, scale: float) -> None:
    """With values beyond the edges on both sides, the exact distance lies within the bound; the mean is exact."""
    rng = np.random.default_rng(seed)
    before, after = rng.normal(size=(2, 400)) * 1.5, rng.normal(shift, scale, 300)
    base = Profile(
        name="base", subject="s", window=Window(start=AT, end=AT), source=(), at=AT, wall=AT,
        columns=(ColumnProfile(column="x", n=1, missing=0, minimum=-2.0, maximum=2.0,
                               bins2048=Edges(edges=EDGES, counts=(0,) * 402)),),
    )  # fmt: skip
    against = Reference(kind=ReferenceKind.LAST_PARTITIONS, count=2)
    promise = Promise(id="p", metric="drift.wasserstein", columns=("x",), must=Usual(), reference=against)
    (metric,) = build(promise, SUBJECT)
    assert isinstance(metric, Metric)
    ask = metric.ask(base)
    assert ask is not None
    parts = [(f"2017-12-0{i + 1}", counted(ask, values)) for i, values in enumerate(before)]
    reference = moving(parts, ask=ask, subject="s", at=AT, wall=AT, source=("a",))
    reading = metric.read(counted(ask, after), reference)
    exact = wasserstein_distance(before.ravel(), after)
    assert reading.value is not None
    assert reading.bound is not None
    assert abs(reading.value - exact) <= reading.bound + 1e-9
    column = reference.columns[0]
    assert column.mean == pytest.approx(before.mean())
    assert column.std == pytest.approx(before.std(), rel=0.1)
