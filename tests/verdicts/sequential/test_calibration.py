"""False stops and power by simulation, on a virtual clock: seeds are fixed, more of them under ``slow``."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, norm

from qoa_platform.verdicts.sequential import Batch, Outcome, start
from tests.verdicts.sequential.streams import Make, Stream, drawn, outcomes, remembering, returning, watch

NULLS: dict[str, tuple[Make, dict[str, Any]]] = {
    "rare": (drawn(lambda d, n: (d.random(n) < 0.005).astype(float), 6000), {"metric": "proportion"}),
    "rare, 5 % split": (
        drawn(lambda d, n: (d.random(n) < 0.01).astype(float), 6000, 0.05),
        {"metric": "proportion", "split": (0.95, 0.05)},
    ),
    "lognormal": (drawn(lambda d, n: d.lognormal(0, 2, n), 6000), {}),
    "no variance at all": (drawn(lambda d, n: d.pareto(1.2, n), 6000, 0.2), {"split": (0.8, 0.2)}),
    "over-dispersed": (drawn(lambda d, n: d.negative_binomial(0.1, 0.02, n).astype(float), 6000), {}),
    "returning": (returning(6000, 300), {}),
    "returning, median": (returning(3000, 300), {"metric": "quantile"}),
    "remembering": (remembering(6000, 0.5), {}),
    "median with ties": (drawn(lambda d, n: d.poisson(3, n).astype(float), 3000), {"metric": "quantile"}),
    "conversions": (
        drawn(lambda d, n: (d.random(n) < 0.2).astype(float), 3000), {"metric": "proportion", "scale": "ratio"},
    ),
    "errors": (drawn(lambda d, n: (d.random(n) < 0.05).astype(float), 3000), {"metric": "errors"}),
}  # fmt: skip


def calibrated(name: str, runs: int, seed: int) -> None:
    """No more false stops than the declared 5 % lets expect (99.9 %)."""
    make, declared = NULLS[name]
    found = outcomes(make, runs=runs, looks=200, seed=seed, **declared)
    wrong = runs - found["continue"]
    assert found["invalid"] == 0
    assert wrong <= binom.ppf(0.999, runs, 0.05), found


@pytest.mark.parametrize("name", NULLS)
def test_false_stops_keep_their_rate(name: str) -> None:
    """Equal arms, looked at 200 times, are stopped in at most 5 % of the streams."""
    calibrated(name, runs=12, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", NULLS)
def test_false_stops_keep_their_rate_over_many_seeds(name: str) -> None:
    """The same over 400 streams: the rate itself is below 5 % but for chance."""
    calibrated(name, runs=400, seed=2)


def errors(rates: tuple[float, float], shares: list[tuple[float, int]], draw: np.random.Generator) -> Stream:
    """Requests of a canary in stages (share, requests) with the error rates of champion and canary."""
    arm = np.concatenate([draw.random(n) < share for share, n in shares]).astype(np.int8)
    return Stream(arm=arm, value=(draw.random(len(arm)) < np.array(rates)[arm]).astype(float))


def test_a_canary_that_always_fails_is_caught_after_three_requests() -> None:
    """At a split of 5 % and α = 1 % three canary requests are enough, whatever the champion's errors."""
    needed = []
    for seed in range(20):
        stream = errors((0.005, 1.0), [(0.05, 400)], np.random.default_rng(seed))
        found = watch(start("errors", split=(0.95, 0.05), alpha=0.01, margin=0.5), stream, len(stream.arm))
        assert found.outcome is Outcome.HARM
        needed.append(found.arms.assigned[1])
    assert max(needed) <= 3


def test_ten_times_the_errors_are_caught_in_time() -> None:
    """From 0.5 % to 5 % errors the median is about 110 canary requests."""
    needed = []
    for seed in range(40):
        stream = errors((0.005, 0.05), [(0.05, 12_000)], np.random.default_rng(seed))
        found = watch(start("errors", split=(0.95, 0.05), alpha=0.01, margin=0.5), stream, 1200)
        assert found.outcome is Outcome.HARM
        needed.append(found.arms.assigned[1])
    assert 70 <= np.median(needed) <= 130


@pytest.mark.parametrize("ratio", [1.0, 1.5])
def test_a_stage_may_widen_meanwhile(ratio: float) -> None:
    """5 → 25 → 50 %: at equality and on the edge of the null no more than α = 5 % are rolled back."""
    wrong = 0
    for seed in range(40):
        stages = [(0.05, 2000), (0.25, 2000), (0.5, 2000)]
        stream = errors((0.05, 0.05 * ratio), stages, np.random.default_rng([3, seed]))
        test, begin, stopped = start("errors", split=(0.95, 0.05), alpha=0.05, margin=0.5), 0, False
        for share, n in stages:
            test.reshare((1 - share, share))
            for rows in np.array_split(np.arange(begin, begin + n), 10):
                stopped = test.update(Batch(unit=None, arm=stream.arm[rows], value=stream.value[rows])).stop
            begin += n
        wrong += stopped
    assert wrong <= binom.ppf(0.999, 40, 0.05)


def test_errors_in_bursts_of_one_unit_are_one_error() -> None:
    """Equal versions whose erring units err ten times each: nothing is rolled back when units are named."""
    stopped = {"named": 0, "nameless": 0}
    for seed in range(20):
        draw = np.random.default_rng([4, seed])
        arm = np.repeat((draw.random(400) < 0.05).astype(np.int8), 10)
        unit = np.repeat(np.arange(400), 10).tolist()
        for name, key in (("named", unit), ("nameless", None)):
            test = start("errors", split=(0.95, 0.05), alpha=0.01, margin=0.5)
            found = [
                test.update(Batch(unit=key[i : i + 40] if key else None, arm=arm[i : i + 40], value=np.ones(40)))
                for i in range(0, 4000, 40)
            ][-1]
            stopped[name] += found.outcome is Outcome.HARM
    assert stopped["named"] == 0
    assert stopped["nameless"] > 0


def test_power_beside_a_test_of_fixed_size() -> None:
    """What a z-test decides with 80 % power at one look, is decided at any look with at most three times the rows."""
    effect, runs = 0.1, 16
    fixed = 4 * (norm.ppf(0.975) + norm.ppf(0.8)) ** 2 / effect**2
    found = outcomes(drawn(lambda d, n: d.normal(size=n), round(3 * fixed), effect=effect), runs=runs, looks=60, seed=5)
    assert found["harm"] == found["invalid"] == 0
    assert found["benefit"] >= 0.8 * runs


@pytest.mark.parametrize("metric", ["mean", "proportion", "quantile", "errors"])
def test_nothing_is_decided_on_missing_data(metric: str) -> None:
    """No row, an arm without units, no outcome yet: it goes on, with the reason."""
    test = start(metric)
    empty = Batch(unit=None, arm=np.zeros(0, np.int8), value=np.zeros(0))
    assert (str(test.update(empty).outcome), str(test.update(empty).reason)) == ("continue", "no_data")
    alone = Batch(unit=None, arm=np.zeros(5, np.int8), value=np.zeros(5))
    assert str(start(metric).update(alone).reason) == "no_data"
    pending = Batch(unit=None, arm=np.array([0, 1] * 5, np.int8), value=np.full(10, np.nan))
    assert str(start(metric).update(pending).reason) == "label_pending"
