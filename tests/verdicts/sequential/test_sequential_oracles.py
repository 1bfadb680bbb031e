"""Mixtures, intervals and the guard beside their oracles: ville, SciPy, the published table."""

from math import exp, log

import numpy as np
import pytest
import ville  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare
from ville import normal_mixture

from qoa_platform.metrics.error_evidence import ErrorEvidence, together
from qoa_platform.metrics.split_evidence import split_e, split_p
from qoa_platform.verdicts.sequential import (
    best_rho,
    boundary,
    log_beta_binomial,
    log_mixture,
    quantile_interval,
    share_interval,
)

alphas = st.sampled_from([0.001, 0.01, 0.05, 0.2])


@given(st.floats(1, 1e6), alphas)
def test_the_boundary_is_that_of_ville(variance: float, alpha: float) -> None:
    """The normal mixture's boundary and its narrowest ρ are those of ville."""
    rho = best_rho(variance, alpha)
    assert boundary(variance, rho, alpha) == pytest.approx(float(normal_mixture(variance, alpha, rho)))
    assert rho == pytest.approx(ville.best_rho(variance, alpha), rel=1e-3)
    assert log_mixture(boundary(variance, rho, alpha), variance, rho) == pytest.approx(log(1 / alpha))


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=50), st.floats(0.1, 10))
def test_the_mixture_is_the_msprt(values: list[float], sigma: float) -> None:
    """With V = n·σ² and ρ = σ⁴/τ² the mixture is the mSPRT of Johari et al., as ville has it."""
    tau = 0.7
    test = ville.MSPRT(sigma=sigma, tau=tau).fit(values)
    found = log_mixture(sum(values), len(values) * sigma**2, sigma**4 / tau**2)
    assert found == pytest.approx(float(test.log_e_values_[-1]), abs=1e-9)


@given(st.lists(st.booleans(), min_size=1, max_size=60), alphas)
def test_shares_are_those_of_ville(hits: list[bool], alpha: float) -> None:
    """The beta-binomial e-value and interval of a share are ville's."""
    oracle = ville.BernoulliCS(alpha=alpha, intersect=False).fit([float(hit) for hit in hits])
    assert share_interval(sum(hits), len(hits), alpha) == pytest.approx(oracle.interval(), abs=1e-6)
    test = ville.BernoulliTest(0.3).fit([float(hit) for hit in hits])
    assert log_beta_binomial(sum(hits), len(hits), 0.3) == pytest.approx(float(test.log_e_values_[-1]), abs=1e-9)


@pytest.mark.parametrize("q", [0.5, 0.9, 0.99])
def test_a_quantile_is_held_and_tighter_than_by_hoeffding(q: float) -> None:
    """The interval of a quantile holds it, also with ties, and is narrower than ville's, which knows no variance."""
    draw = np.random.default_rng(1)
    for values in (np.sort(draw.lognormal(size=4000)), np.sort(np.round(draw.lognormal(size=4000), 1))):
        low, high = quantile_interval(values, q, 0.05)
        assert low <= np.quantile(values, q) <= high
        wide = ville.QuantileCS(q=q, intersect=False).fit(values).interval()
        assert high - low <= 1.05 * (wide[1] - wide[0])


TABLE = {  # split w: E after 1, 2, 3 errors of the canary alone, errors needed at 1 % (uniform on q, log-uniform on r)
    0.05: ((7.4, 68, 695), 3, 2), 0.10: ((4.0, 19, 101), 3, 3), 0.25: ((2.0, 4.4, 10), 6, 5),
    0.50: ((1.3, 1.8, 2.5), 13, 10),
}  # fmt: skip


@pytest.mark.parametrize("share", TABLE)
def test_the_guard_is_the_published_table(share: float) -> None:
    """E after one, two and three errors, and the errors needed at α = 1 %, for both priors."""
    values, uniform, ratio = TABLE[share]
    for prior, needed in (("share", uniform), ("ratio", ratio)):
        found, seen = ErrorEvidence(margin=0.5, prior=prior), list[float]()
        while not seen or seen[-1] < 100:
            found = found.add([True], share=share)
            seen.append(found.value)
        assert len(seen) == needed
        if prior == "share":
            assert seen[:3] == pytest.approx(values, rel=0.03)


@given(st.lists(st.booleans(), max_size=30), st.integers(0, 30), st.sampled_from([0.05, 0.25, 0.5]))
def test_the_guard_folds_and_is_kept(errors: list[bool], cut: int, share: float) -> None:
    """Parts give what the whole gives, and a state that was written goes on where it stood."""
    whole = ErrorEvidence(margin=0.5).add(errors, share=share)
    part = ErrorEvidence.of(ErrorEvidence(margin=0.5).add(errors[:cut], share=share).plain())
    again = part.add(errors[cut:], share=share)
    assert again.log_e == pytest.approx(whole.log_e)
    assert again.best == pytest.approx(whole.best)
    assert again.errors == whole.errors
    assert together([whole, whole]) == pytest.approx(whole.log_e)


def test_the_null_is_fair() -> None:
    """At the edge of the null the mean of E after one error is exactly 1, whatever the share: it is a martingale."""
    for share, margin in ((0.05, 0.5), (0.5, 0.0), (0.9, 2.0)):
        null = share * (1 + margin) / (share * (1 + margin) + 1 - share)
        yes, no = (ErrorEvidence(margin=margin).add([mine], share=share).value for mine in (True, False))
        assert null * yes + (1 - null) * no == pytest.approx(1)


@given(st.integers(0, 400), st.integers(0, 400), st.sampled_from([0.05, 0.5]))
def test_the_split_is_that_of_scipy(control: int, treatment: int, share: float) -> None:
    """χ² is SciPy's; E grows with the distance from the plan and is 1 before anybody was assigned."""
    n, split = control + treatment, (1 - share, share)
    if n:
        oracle = chisquare([control, treatment], [n * split[0], n * split[1]]).pvalue
        assert split_p((control, treatment), split) == pytest.approx(oracle, abs=1e-12)
    assert split_e((0, 0), split) == pytest.approx(1)
    assert split_e((control, treatment + 5000), split) > exp(7)


def test_the_mean_of_e_of_a_split_is_one() -> None:
    """Under the declared split the mean of E over all assignments of 12 units is 1."""
    from scipy.stats import binom

    for share in (0.05, 0.5):
        parts = [binom.pmf(k, 12, share) * split_e((12 - k, k), (1 - share, share)) for k in range(13)]
        assert sum(parts) == pytest.approx(1)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: ErrorEvidence(margin=-0.1),
        lambda: ErrorEvidence(prior="flat"),
        lambda: ErrorEvidence().add([True], share=1.0),
        lambda: split_p((1, 2), (0.5, 0.6)),
        lambda: split_p((1, 2), (1.0, 0.0)),
    ],
)
def test_what_is_no_guard_or_split_is_refused(wrong: object) -> None:
    """A margin below 0, an unknown prior, shares that are none: ValueError that says what is allowed."""
    with pytest.raises(ValueError, match="Allowed: "):
        wrong()  # type: ignore[operator]
