"""``compat:`` over peers' own bins: their figures lie within the bound, those of categories are exact."""

import json
import os
import subprocess
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.profiles import Wanted, freeze
from qoa_platform.profiles.wanting import wanted
from qoa_platform.records import (
    Profile,
    Promise,
    Reading,
    Reason,
    Reference,
    ReferenceKind,
    Subject,
    SubjectKind,
    Usual,
    Window,
)
from qoa_platform.scans import measure
from tests.metrics.making import one
from tests.metrics.oracles_peers import CATEGORIES, NUMERIC

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def frozen(known: np.ndarray) -> Profile:
    """A reference of one column, fine edges too."""
    return freeze(
        pl.DataFrame({"x": known}), [Wanted("x")], name="n", subject="a/b", source=(),
        window=Window.of_partition("2026-01-04"), at=NOON, wall=NOON, fine=True,
    )  # fmt: skip


def readings(known: np.ndarray, own: np.ndarray, variants: Any) -> dict[tuple[str, str], Reading]:
    """All variants of one column, in one scan."""
    profile, keys = frozen(known), list(variants)
    wanted = [(one(metric, "x", compat=peer), profile) for peer, metric in keys]
    found = measure(pl.DataFrame({"x": own}), wanted, missing={}).measured
    return dict(zip(keys, (m.reading for m in found), strict=True))


def kept(known: np.ndarray, own: np.ndarray) -> dict[tuple[str, str], Reading]:
    """The readings, whose bounds hold the peers' figures."""
    found = readings(known, own, NUMERIC)
    for key, reading in found.items():
        assert reading.value is not None, (key, reading)
        assert reading.bound is not None
        assert abs(NUMERIC[key](known, own) - reading.value) <= reading.bound + 1e-9 * (1 + abs(reading.value)), key
    return found


SHAPES = (
    lambda draw, n: draw.normal(size=n), lambda draw, n: draw.lognormal(0, 1.5, n),
    lambda draw, n: draw.integers(0, 15, n).astype(float), lambda draw, n: draw.poisson(40, n).astype(float),
    lambda draw, n: np.where(draw.random(n) < 0.7, 0.0, draw.exponential(size=n)),
    lambda draw, n: draw.standard_t(2, n), lambda draw, n: np.round(draw.normal(size=n), 2),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from(range(len(SHAPES))), st.sampled_from((60, 900, 9_999, 12_000)),
    st.sampled_from((1, 40, 3_000)), st.sampled_from((0.0, 0.1, 2.0)), st.sampled_from((1.0, 1.3)),
)  # fmt: skip
def test_a_peers_figure_lies_within_the_bound(
    seed: int, shape: int, n: int, m: int, shift: float, scale: float
) -> None:
    """Whatever the shape, the ties and the tails: no bound is broken."""
    draw = np.random.default_rng(seed)
    known = SHAPES[shape](draw, n)
    if np.unique(known).size == 1:
        return
    profile_less = np.unique(known).size <= 20
    found = readings(known, own := SHAPES[shape](draw, m) * scale + shift, NUMERIC)
    for key, reading in found.items():
        if reading.value is None:
            assert not profile_less
            assert reading.reason is Reason.NOT_APPLICABLE, reading
            continue
        assert reading.bound is not None
        exact = NUMERIC[key](known, own)
        assert abs(exact - reading.value) <= reading.bound + 1e-9 * (1 + abs(reading.value)), (key, exact, reading)


def test_the_bounds_are_tight_where_the_bins_are_full() -> None:
    """20 000 normal values against as many: distances to a thousandth, and exact on few values."""
    draw = np.random.default_rng(5)
    found = kept(draw.normal(size=20_000), draw.normal(0.1, 1.1, 20_000))
    limits = {"drift.ks": 2e-3, "drift.wasserstein": 2e-2, "drift.js": 2e-2}
    for (peer, metric), reading in found.items():
        assert (reading.bound or 0.0) < limits.get(metric, 1.5), (peer, metric, reading)
    few = kept(draw.integers(0, 12, 15_000).astype(float), draw.integers(1, 13, 4_000).astype(float))
    assert max(reading.bound or 0.0 for reading in few.values()) < 1e-12


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=300), st.lists(st.sampled_from("bcdefgh"), min_size=1))
def test_categories_are_exact(known: list[str], own: list[str]) -> None:
    """Evidently, NannyML and deepchecks off the frozen dictionary, values that only one side holds too."""
    before, now = np.array(known * 3), np.array(own)
    for key, reading in readings(before, now, CATEGORIES).items():
        assert reading.bound == 0
        assert reading.value == pytest.approx(CATEGORIES[key](before, now), abs=1e-9), key


def test_rare_categories_are_merged_as_deepchecks_does() -> None:
    """Under 1 % of the reference: one bin, and none where neither side has more than 1 % of it."""
    key = ("deepchecks-0.19", "drift.psi")
    before = np.array(["a"] * 600 + ["b"] * 395 + ["c"] * 3 + ["d"] * 2)
    for own in (["a"] * 50 + ["b"] * 50, ["a"] * 50 + ["c"] * 30 + ["e"] * 20):
        now = np.array(own)
        assert readings(before, now, [key])[key].value == pytest.approx(CATEGORIES[key](before, now))
    large = readings(np.array(["a", "b"] * 50_001), np.array(["a"]), [key])[key]
    assert large.reason is Reason.NOT_APPLICABLE
    assert "draws 100,000" in (large.cause or "")


def test_what_has_no_bin_is_said() -> None:
    """Infinities, nothing at all, a side of no numbers: a reason, never a number."""
    key = ("evidently-0.7", "drift.psi")
    known = np.random.default_rng(1).normal(size=500)
    assert readings(known, np.array([1.0, np.inf]), [key])[key].reason is Reason.NOT_APPLICABLE
    assert readings(np.append(known, np.inf), known, [key])[key].reason is Reason.NOT_APPLICABLE
    assert readings(known, np.array([], dtype=float), [key])[key].reason is Reason.NO_DATA
    assert readings(known, known, [("deepchecks-0.19", "drift.psi")]).popitem()[1].reason is Reason.NOT_APPLICABLE


def test_numbers_too_large_or_too_close_for_bins_are_said() -> None:
    """Where NumPy finds no bins the peer finds none: a reason; nothing is raised."""
    for known in (1.7e308 * np.linspace(-1, 1, 50), 1e16 + 2 * np.arange(50.0), np.full(30, 3.0)):
        for reading in readings(known, known[:7], NUMERIC).values():
            assert reading.reason is not None or (isfinite(reading.value or 0.0) and isfinite(reading.bound or 0.0))


def test_a_moving_reference_is_refused_and_fine_edges_are_wanted() -> None:
    """What bins anew reads a frozen reference, whose fine edges its promise makes be frozen."""
    moving = Reference(kind=ReferenceKind.LAST_PARTITIONS, count=28)
    refused = one("drift.psi", "x", compat="frouros-0.9", reference=moving).read(None, None)
    assert (refused.reason, "moves" in (refused.cause or "")) == (Reason.NOT_APPLICABLE, True)
    fixed = Reference(kind=ReferenceKind.TRAINING)
    for peer, metric in NUMERIC:
        promise = Promise(id="p", metric=metric, columns=("x",), must=Usual(), compat=peer, reference=fixed)
        subject = Subject(id="s", kind=SubjectKind.ASSET, asset="a/b", promises=(promise,))
        assert [want.fine for want in wanted(subject)] == [True]


PEERS = {
    "evidently": """
from evidently.legacy.calculations.stattests import psi_stat_test, jensenshannon_stat_test
from evidently.legacy.core import ColumnType
import pandas as pd
k, o = pd.Series(known), pd.Series(own)
for name, test in (("evidently-0.7 drift.psi", psi_stat_test), ("evidently-0.7 drift.js", jensenshannon_stat_test)):
    out[name] = float(test(k, o, ColumnType.Numerical, 0.1).drift_score)
""",
    "nannyml": """
import pandas as pd
from nannyml.drift.univariate.methods import FeatureType, MethodFactory
from nannyml.thresholds import ConstantThreshold
from nannyml.chunk import SizeBasedChunker
names = (("js", "jensen_shannon"), ("ks", "kolmogorov_smirnov"), ("wasserstein", "wasserstein"))
for ours, theirs in names:
    method = MethodFactory.create(key=theirs, feature_type=FeatureType.CONTINUOUS, chunker=SizeBasedChunker(1000),
                                  threshold=ConstantThreshold(0, 1))
    method._fit(pd.Series(known))
    out["nannyml-0.13 drift." + ours] = float(method._calculate(pd.Series(own)))
""",
    "frouros": """
from frouros.detectors.data_drift import PSI
detector = PSI()
detector.fit(X=known)
out["frouros-0.9 drift.psi"] = float(detector.compare(X=own)[0].distance)
""",
}
FRAME = """
import json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
known, own = (np.array(side) for side in json.load(open(sys.argv[1])))
out = {}
%s
print("FOUND" + json.dumps(out))
"""


@pytest.mark.slow
@pytest.mark.parametrize("peer", sorted(PEERS))
def test_the_real_peer_lies_within_the_bound(peer: str, tmp_path: Path) -> None:
    """The peer itself, in an environment of its own: what it prints is what we read, within the bound."""
    home = Path(os.environ.get("QOA_PEERS") or Path.home() / ".cache" / "qoa-peers")
    python = home / peer / "bin" / "python"
    if not python.exists():
        pytest.skip(f"the peer {peer} is not installed: set QOA_PEERS to a folder of environments")
    draw = np.random.default_rng(3)
    known, own = draw.normal(size=20_000), draw.normal(0.1, 1.1, 20_000)
    values = tmp_path / "values.json"
    values.write_text(json.dumps([known.tolist(), own.tolist()]))
    ran = subprocess.run(
        [python, "-c", FRAME % PEERS[peer], values], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = json.loads(ran.stdout.rpartition("FOUND")[2])
    ours = readings(known, own, NUMERIC)
    for name, figure in found.items():
        peers, _, metric = name.partition(" ")
        reading = ours[peers, metric]
        assert reading.value is not None
        assert reading.bound is not None
        print(f"{name}: peer {figure:.6f}, ours {reading.value:.6f} ± {reading.bound:.6f}")
        assert abs(figure - reading.value) <= reading.bound + 1e-9
