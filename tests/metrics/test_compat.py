"""``compat:``: peers' numbers, re-computed from raw values by the formulas that they document."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2_contingency, entropy, ks_2samp, wasserstein_distance

from qoa_platform.metrics import MetricError
from qoa_platform.metrics.compat import CAUSES, PEERS, VARIANTS
from qoa_platform.profiles import Wanted, freeze
from qoa_platform.records import Profile, Reading, Reason, Window
from qoa_platform.scans import measure
from tests.metrics.making import one

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
RNG = np.random.default_rng(11)
KNOWN, OWN = RNG.normal(size=4_000), RNG.normal(0.1, 1.2, 3_000)
WORDS, LATER = RNG.choice(list("abcd"), 4_000), RNG.choice(list("abcd"), 3_000, p=[0.4, 0.3, 0.2, 0.1])
FRAME = pl.DataFrame({"x": OWN, "s": LATER})


def reference(known: np.ndarray = KNOWN) -> Profile:
    """Frozen of both columns, fine edges too."""
    return freeze(
        pl.DataFrame({"x": known, "s": WORDS}), [Wanted("x"), Wanted("s")], name="n", subject="a/b", source=(),
        window=Window.of_partition("2026-01-04"), at=NOON, wall=NOON, fine=True,
    )  # fmt: skip


def reading(
    metric: str, column: str, compat: str, profile: Profile | None = None, frame: pl.DataFrame = FRAME
) -> Reading:
    """A variant of one column."""
    built = one(metric, column, compat=compat)
    assert (built.id, dict(built.params)["compat"]) == (metric, compat)
    return measure(frame, [(built, profile or reference())], missing={}).measured[0].reading


def test_the_textbooks_psi_floors_shares() -> None:
    """Reference deciles, shares of at least 1e-4: also where a bin holds nothing."""
    edges = np.quantile(KNOWN, np.arange(1, 10) / 10, method="inverted_cdf")
    for own in (OWN, OWN[edges[0] < OWN]):
        p, q = (np.maximum(np.bincount(np.searchsorted(edges, v), minlength=10) / v.size, 1e-4) for v in (KNOWN, own))
        found = reading("drift.psi", "x", "textbook", frame=pl.DataFrame({"x": own}))
        assert found.value == pytest.approx(float(((q - p) * np.log(q / p)).sum()), rel=1e-9)


def test_evidentlys_scores_are_p_values_and_a_normed_distance() -> None:
    """KS and χ² are SciPy's p; the Wasserstein distance is in standard deviations, but for a floor of 0.001."""
    ks = reading("drift.ks", "x", "evidently-0.7")
    assert ks.value is not None
    assert ks.bound is not None
    exact = float(ks_2samp(KNOWN, OWN, method="asymp").pvalue)
    assert ks.value - ks.bound - 1e-12 <= exact <= ks.value + 1e-12
    table = [[int((side == w).sum()) for w in "abcd"] for side in (WORDS, LATER)]
    chi2 = chi2_contingency(table, correction=False)
    assert reading("drift.chi2", "s", "evidently-0.7").value == pytest.approx(chi2.pvalue, abs=1e-12)
    assert reading("drift.chi2", "s", "nannyml-0.13").value == pytest.approx(chi2.statistic)
    area = reading("drift.wasserstein", "x", "evidently-0.7")
    assert area.value == pytest.approx(wasserstein_distance(KNOWN, OWN) / KNOWN.std(), abs=area.bound)
    constant = reading("drift.wasserstein", "x", "evidently-0.7", reference(np.ones(4_000)), pl.DataFrame({"x": [1.5]}))
    assert constant.value == pytest.approx(500.0)


def test_frouros_and_deequ_differ_by_nothing_or_by_a_unit() -> None:
    """KS and Wasserstein as SciPy; entropy in nats."""
    ks, area = reading("drift.ks", "x", "frouros-0.9"), reading("drift.wasserstein", "x", "frouros-0.9")
    assert ks.value == pytest.approx(ks_2samp(KNOWN, OWN, method="asymp").statistic, abs=ks.bound)
    assert area.value == pytest.approx(wasserstein_distance(KNOWN, OWN), abs=area.bound)
    counts = [int(np.count_nonzero(w == LATER)) for w in "abcd"]
    assert reading("data.entropy", "s", "deequ-2").value == pytest.approx(entropy(counts))


def test_what_does_not_follow_from_a_reference_is_not_guessed() -> None:
    """Permutations, samples of rows, trimmed tails: a reason; a peer that nobody knows is refused."""
    for (peer, metric), cause in CAUSES.items():
        found = reading(metric, "x", peer)
        assert found.reason is Reason.NOT_APPLICABLE
        assert cause in (found.cause or "")
    with pytest.raises(MetricError, match=r"unknown compat 'evidently'. Did you mean 'evidently-0.7'"):
        one("drift.psi", "x", compat="evidently")
    assert {peer for peer, _ in (*VARIANTS, *CAUSES)} <= set(PEERS)
