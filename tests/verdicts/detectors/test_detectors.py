"""Tests of the stream detectors: beside river's, by formula, by simulation, and as states that are carried on."""

import json
from collections.abc import Callable
from itertools import pairwise
from math import inf, nan
from random import Random
from statistics import mean
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import drift
from scipy.stats import ks_2samp

from qoa_platform.verdicts.detectors import (
    Adwin,
    Cusum,
    Ddm,
    Detector,
    EDetector,
    Ewma,
    Kswin,
    PageHinkley,
    restored,
)
from qoa_platform.verdicts.detectors.kswin import critical, distance
from qoa_platform.verdicts.detectors.making import fold

EVERY: list[Callable[[], Detector]] = [
    lambda: Cusum(mean=0.3, std=0.4), lambda: Ewma(mean=0.3, std=0.4), lambda: PageHinkley(threshold=5.0),
    lambda: Adwin(delta=0.1, clock=4), Ddm, lambda: Kswin(window=20, size=8, seed=3), lambda: EDetector(p0=0.3),
]  # fmt: skip


def errors(rng: Random, *parts: tuple[int, float]) -> list[float]:
    """Errors, 0 or 1: so many of each rate."""
    return [float(rng.random() < rate) for n, rate in parts for _ in range(n)]


def alarms(detector: Detector, values: list[float]) -> list[int]:
    """Where it raises an alarm, when it is reset after each."""
    found = []
    for i, x in enumerate(values):
        detector.update(x)
        if detector.alarm:
            found.append(i)
            detector.reset()
    return found


def rivers(detector: Any, values: list[float]) -> list[int]:
    """Where river's detector sees drift."""
    found = []
    for i, x in enumerate(values):
        detector.update(x)
        if detector.drift_detected:
            found.append(i)
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("mine", "theirs"),
    [(Adwin, drift.ADWIN), (PageHinkley, drift.PageHinkley), (Ddm, drift.binary.DDM)],
)  # fmt: skip
def test_alarms_are_rivers(mine: type, theirs: type, seed: int) -> None:
    """ADWIN, Page-Hinkley and DDM raise an alarm at the very values at which river's do, if reset after each."""
    values = [1.0, *errors(Random(seed), (2000, 0.1), (1500, 0.35), (1500, 0.1), (1500, 0.2))]
    found = alarms(mine(), values)
    assert found == rivers(theirs(), values)
    assert found


def test_adwin_of_real_values_is_rivers() -> None:
    """Not only of errors: of a mean that moves by half a deviation."""
    rng = Random(5)
    values = [rng.gauss(0.0 if i < 4000 else 0.5, 1.0) for i in range(8000)]
    assert alarms(Adwin(), values) == rivers(drift.ADWIN(), values) != []  # type: ignore[no-untyped-call]


def test_the_distance_and_its_limit_are_scipys() -> None:
    """KSWIN's distance is that of ks_2samp, and its limit is where the exact p-value falls to alpha."""
    rng = Random(1)
    for shift in (0.0, 0.5, 1.0, 1.5):
        one, two = [rng.gauss(0, 1) for _ in range(30)], [round(rng.gauss(shift, 1), 1) for _ in range(30)]
        found = ks_2samp(one, two, method="exact")
        assert distance(one, two) == pytest.approx(found.statistic)
        assert (distance(one, two) > critical(0.005, 30)) == (found.pvalue <= 0.005)


def test_kswin_sees_what_rivers_sees() -> None:
    """The draws differ, the abrupt change is seen by both within the newest part."""
    rng = Random(2)
    values = [rng.random() + (2.0 if i >= 300 else 0.0) for i in range(400)]
    mine, theirs = alarms(Kswin(alpha=1e-4), values), rivers(drift.KSWIN(alpha=1e-4, seed=1), values)
    assert 300 < mine[0] < 330
    assert abs(mine[0] - theirs[0]) <= 8


@pytest.mark.parametrize(("h", "expected"), [(4.0, 168.0), (5.0, 465.0)])
def test_run_lengths_of_cusum(h: float, expected: float) -> None:
    """In control, h 4 runs for 168 values on average, and h 5 for 465."""
    rng = Random(4)
    lengths = []
    chart = Cusum(mean=0.0, std=1.0, h=h)
    for _ in range(int(200_000 / expected)):
        start = chart.n
        while not chart.alarm:
            chart.update(rng.gauss(0, 1))
        lengths.append(chart.n - start)
        chart.reset()
    assert mean(lengths) == pytest.approx(expected, rel=0.12)


def test_cusum_and_ewma_are_their_formulas() -> None:
    """Both follow their recursions value by value; of EWMA the exact limits in t."""
    rng = Random(6)
    values = [rng.gauss(5.0, 2.0) for _ in range(50)]
    cusum, ewma = Cusum(mean=5.0, std=2.0, h=50.0), Ewma(mean=5.0, std=2.0)
    up = down = e = 0.0
    for t, x in enumerate(values, 1):
        z = (x - 5.0) / 2.0
        up, down, e = max(0.0, up + z - 0.5), max(0.0, down - z - 0.5), 0.2 * z + 0.8 * e
        assert cusum.update(x) == pytest.approx(max(up, down))
        assert ewma.update(x) == pytest.approx(abs(e) / (0.2 / 1.8 * (1 - 0.8 ** (2 * t))) ** 0.5)


def test_the_sum_comes_down_again() -> None:
    """However long a shift lasted, the alarm ends within 2h ÷ k values of the old mean."""
    chart = Cusum(mean=0.0, std=1.0)
    for _ in range(1000):
        chart.update(3.0)
    assert chart.alarm
    for _ in range(11):
        chart.update(0.0)
    assert not chart.alarm


@pytest.mark.parametrize("p0", [0.05, 0.3])
def test_false_alarms_of_the_e_detector(p0: float) -> None:
    """At its limit the mean run length is at least 1 ÷ α, looked at after every value."""
    rng = Random(7)
    alpha, runs = 1 / 200, 80
    lengths = []
    detector = EDetector(p0=p0, alpha=alpha)
    for _ in range(runs):
        start = detector.n
        while not detector.alarm:
            detector.update(float(rng.random() < p0))
        lengths.append(detector.n - start)
        detector.reset()
    assert mean(lengths) >= 200


def test_delay_beside_cusum() -> None:
    """With as many false alarms (one in 600 values) it is hardly later than a CUSUM that was tuned to have as many."""
    rng = Random(8)
    delays: dict[str, list[int]] = {"e": [], "cusum": []}
    for _ in range(60):
        pair = {"e": EDetector(p0=0.1, alpha=1 / 465), "cusum": Cusum(mean=0.1, std=0.3, h=7.5)}
        values = errors(rng, (600, 0.25))
        for name, detector in pair.items():
            delays[name].append(next(i for i, x in enumerate(values) if detector.update(x) and detector.alarm))
    assert mean(delays["e"]) < 1.5 * mean(delays["cusum"])


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 1), max_size=80), st.integers(0, 80), st.sampled_from(EVERY))
def test_a_fold_that_is_carried_on_is_the_whole_fold(
    values: list[float], cut: int, make: Callable[[], Detector]
) -> None:
    """Through JSON and back at any place, nothing is other than without."""
    whole, part = make(), make()
    for x in values:
        whole.update(x)
    for x in values[:cut]:
        part.update(x)
    rest = restored(json.loads(json.dumps(part.state())))
    for x in values[cut:]:
        rest.update(x)
    assert rest == whole
    assert rest.statistic is None or rest.statistic >= 0


@pytest.mark.parametrize("make", EVERY)
def test_what_is_no_value_is_skipped(make: Callable[[], Detector]) -> None:
    """Missing and infinite values change nothing but their count, and a constant is no drift."""
    detector = make()
    for x in (None, nan, inf, -inf):
        detector.update(x)
    assert (detector.n, detector.skipped, detector.alarm) == (0, 4, False)
    for _ in range(300):
        detector.update(0.3)
    assert not detector.alarm


def test_adwin_is_quick_and_small() -> None:
    """40 000 values take less than a second, and the window is kept in O(log n)."""
    rng = Random(9)
    detector = Adwin()
    values = errors(rng, (40_000, 0.2))
    began = perf_counter()
    for x in values:
        detector.update(x)
    assert perf_counter() - began < 2.0
    assert detector.width > 30_000
    assert sum(len(row) for row in detector.rows) < 100


def test_adwin_keeps_what_is_new() -> None:
    """After a change the window holds the mean of the new part, and positions go on."""
    detector = Adwin()
    for x in errors(Random(10), (2000, 0.1), (1000, 0.6)):
        detector.update(x)
    assert detector.n == 3000
    assert detector.mean == pytest.approx(0.6, abs=0.06)


def test_where_the_change_was() -> None:
    """The estimated start lies near the change, whichever detector found it."""
    values = errors(Random(11), (1000, 0.1), (1000, 0.5))
    for detector in (Cusum(mean=0.1, std=0.3, h=8.0), EDetector(p0=0.1, alpha=1e-4), Adwin(), Ddm()):
        at = next((detector.since for x in values if detector.update(x) and detector.alarm and detector.n > 1000), None)
        assert at is not None
        assert 900 <= at <= 1040, detector.ID


def test_wrong_arguments_are_said() -> None:
    """What cannot be is a ValueError that says what is allowed."""
    wrongs: tuple[Callable[[], Detector], ...] = (
        lambda: Cusum(mean=0.0, std=0.0), lambda: Ewma(mean=0.0, std=1.0, weight=2.0), lambda: Adwin(delta=1.0),
        lambda: EDetector(p0=0.0), lambda: Kswin(size=1), lambda: PageHinkley(forget=1.5), lambda: Ddm(threshold=0.0),
        lambda: restored({"detector": "nothing"}), lambda: Cusum.of({"detector": "drift.ewma"}),
        lambda: Ddm.of({"detector": "drift.ddm", "other": 1}),
    )  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(ValueError, match=r"Allowed|not one of|not a state"):
            wrong()


def test_limits_are_monotone() -> None:
    """The surer one wants to be, the larger a distance it takes."""
    limits = [critical(alpha, 30) for alpha in (0.05, 0.01, 0.001, 1e-6)]
    assert all(a < b for a, b in pairwise(limits))


def test_a_fold_restarts_what_does_not_go_on() -> None:
    """After an alarm DDM learns the level anew, as if it had been reset by hand; CUSUM goes on."""
    values = [1.0, *errors(Random(12), (1000, 0.1), (1000, 0.4))]
    assert fold(Ddm(), values).alarms == len(alarms(Ddm(), values)) >= 1
    assert fold(Cusum(mean=0.1, std=0.3, h=8.0), values).alarms > 500
