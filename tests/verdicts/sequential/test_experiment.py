"""The decision of a look: split first, then coverage, then the effect; late outcomes, units that return, guardrails."""

from typing import Any

import numpy as np
import pytest

from qoa_platform.records import Reason, Status
from qoa_platform.verdicts.sequential import (
    Batch,
    Effect,
    Goal,
    Guardrail,
    Outcome,
    PerUnit,
    Rule,
    guard,
    quantile_interval,
    start,
)

DRAW = np.random.default_rng(11)


def batch(unit: Any, arm: Any, value: Any, **more: Any) -> Batch:
    """Rows as arrays."""
    return Batch(unit=unit, arm=np.asarray(arm, np.int8), value=np.asarray(value, np.float64), **more)


@pytest.mark.parametrize("metric", ["mean", "errors", "quantile"])
def test_a_wrong_split_ends_it_before_any_effect_is_read(metric: str) -> None:
    """600 : 400 of a planned half is invalid, however clear the effect."""
    arm = np.repeat([0, 1], [600, 400])
    found = start(metric).update(batch(None, arm, arm))
    assert found.outcome is Outcome.INVALID
    assert "split mismatch" in found.why


def test_a_slight_imbalance_is_a_warning() -> None:
    """44,700 : 45,489 of a planned half (z −2.63) warns, and stops nothing."""
    arm = DRAW.permutation(np.repeat([0, 1], [44_700, 45_489]))
    found = start("mean").update(batch(None, arm, DRAW.normal(size=len(arm))))
    assert found.outcome is Outcome.CONTINUE
    assert found.warnings[0].startswith("split 44,700 : 45,489 of planned 0.5 : 0.5: p 0.0086")


def test_outcomes_that_are_missing_in_one_arm_end_it() -> None:
    """Where half of one arm's outcomes never come, the comparison is invalid and says so."""
    arm = np.tile([0, 1], 1000)
    value = np.where((arm == 1) & (DRAW.random(2000) < 0.5), np.nan, 1.0)
    found = start("mean").update(batch(list(range(2000)), arm, value))
    assert found.outcome is Outcome.INVALID
    assert found.why.startswith("coverage")


def test_it_waits_for_labels() -> None:
    """Below the declared coverage nothing is decided; a unit whose label comes later counts then, in its arm."""
    test, arm = start("mean", min_coverage=0.8), np.tile([0, 1], 200)
    effect = arm + DRAW.normal(size=400) * 0.1
    first = test.update(batch(list(range(400)), arm, np.where(np.arange(400) < 200, effect, np.nan)))
    assert (first.outcome, first.reason) == (Outcome.CONTINUE, Reason.LABEL_PENDING)
    last = test.update(batch(list(range(200, 400)), arm[200:], effect[200:]))
    assert last.outcome is Outcome.BENEFIT
    assert last.arms.assigned == (200, 200)
    assert last.arms.coverage == (1.0, 1.0)


def test_only_matured_rows_count() -> None:
    """A value that is not final yet is no outcome."""
    arm = np.tile([0, 1], 100)
    found = start("mean").update(batch(list(range(200)), arm, arm * 5.0, matured=np.zeros(200, np.bool_)))
    assert found.reason is Reason.LABEL_PENDING
    assert found.arms.due == (0, 0)


def test_every_unit_is_observed_equally_long() -> None:
    """With a window a unit counts when it has passed, once, with the rows inside it."""
    test = start("mean", window=10.0, per_unit=PerUnit.SUM, burn_in=1)
    early = test.update(batch([1, 2, 1], [0, 1, 0], [1.0, 4.0, 2.0], time=np.array([0.0, 1.0, 9.0])))
    assert early.arms.labelled == (0, 0)
    late = test.update(batch([1, 3], [0, 1], [100.0, 7.0], time=np.array([12.0, 12.0])))
    assert late.arms.labelled == (1, 1)
    assert late.effect.values == (3.0, 4.0)
    again = test.update(batch([1], [0], [50.0], time=np.array([30.0])), now=40.0)
    assert again.arms.labelled == (1, 2)
    assert again.effect.values == (3.0, 5.5)


def test_a_window_needs_times() -> None:
    """Without a column of times a window cannot be kept: ValueError."""
    with pytest.raises(ValueError, match="an observation window needs the times"):
        start("mean", window=1.0).update(batch([1], [0], [1.0]))


def test_a_unit_stays_in_its_first_arm() -> None:
    """Rows under the other arm are left out, counted and said."""
    found = start("mean").update(batch([1, 1, 2], [0, 1, 1], [1.0, 9.0, 2.0]))
    assert found.arms.crossed == 1
    assert found.effect.values == (1.0, 2.0)
    assert "1 rows came under the other arm" in found.warnings[0]


def test_repeated_rows_of_one_unit_are_no_more_evidence() -> None:
    """The same rows ten times over, of the same units, leave the interval as wide as it was."""
    arm, value = np.tile([0, 1], 300), DRAW.normal(size=600)
    units = np.arange(600)
    once = start("mean", planned=600).update(batch(units.tolist(), arm, value)).effect
    many = start("mean", planned=6000)
    tenfold = many.update(batch(np.repeat(units, 10).tolist(), np.repeat(arm, 10), np.repeat(value, 10))).effect
    assert tenfold.high - tenfold.low > 0.9 * (once.high - once.low)
    assert tenfold.dispersion > 8


def test_an_outcome_stays() -> None:
    """What ended it is final; later looks add evidence and change nothing."""
    test, arm = start("mean"), np.tile([0, 1], 500)
    ended = test.update(batch(None, arm, arm + DRAW.normal(size=1000)))
    assert (ended.outcome, ended.stopped) == (Outcome.BENEFIT, 1)
    later = test.update(batch(None, arm, DRAW.normal(size=1000) - 5 * arm))
    assert (later.outcome, later.stopped, later.look) == (Outcome.BENEFIT, 1, 2)


@pytest.mark.parametrize(
    ("rule", "low", "high", "outcome"),
    [
        (Rule(), 0.1, 0.5, Outcome.BENEFIT),
        (Rule(), -0.5, -0.1, Outcome.HARM),
        (Rule(higher=False), -0.5, -0.1, Outcome.BENEFIT),
        (Rule(margin=0.2), -0.5, -0.1, Outcome.CONTINUE),
        (Rule(margin=0.2), -0.5, -0.3, Outcome.HARM),
        (Rule(margin=0.2, goal=Goal.NON_INFERIOR), -0.1, 0.3, Outcome.BENEFIT),
        (Rule(minimum=0.4), -0.1, 0.3, Outcome.FUTILITY),
        (Rule(minimum=0.4), -0.1, 0.5, Outcome.CONTINUE),
        (Rule(margin=0.1, relative=True), -3.0, -1.5, Outcome.HARM),
        (Rule(goal=Goal.HARMLESS), 0.1, 0.5, Outcome.CONTINUE),
        (Rule(null=1.0, margin=0.5, higher=False), 1.6, 3.0, Outcome.HARM),
    ],
)  # fmt: skip
def test_where_the_interval_lies_decides(rule: Rule, low: float, high: float, outcome: Outcome) -> None:
    """Benefit, harm and futility are where the whole interval lies; the direction is the metric's."""
    effect = Effect(estimate=(low + high) / 2, low=low, high=high, values=(10.0, 10.0))
    assert rule.outcome(effect)[0] is outcome


def test_a_declared_end_brings_futility() -> None:
    """With the rows nearly used up and no effect in sight the rest is not waited for."""
    arm = np.tile([0, 1], 2000)
    found = start("mean", maximum=4200, minimum=0.05).update(batch(None, arm, DRAW.normal(size=4000)))
    assert found.outcome is Outcome.FUTILITY
    assert "the chance that 4,200 rows show" in found.why


@pytest.mark.parametrize("metric", ["mean", "proportion", "quantile", "errors"])
@pytest.mark.parametrize(
    "values",
    [
        [], [1.0], [np.nan] * 6, [np.inf, -np.inf, 1, 0, 1, 0], [0.0] * 6, [1.0] * 6, [1e308, -1e308] * 3,
        [1e59, 0] * 3, [0, 1, 2, 3, 4, 5],
    ],
)  # fmt: skip
def test_no_values_make_it_raise(metric: str, values: list[float]) -> None:
    """Nothing, one row, all missing, infinite, constant, huge: a decision with evidence that JSON holds, no NaN."""
    found = start(metric, burn_in=1).update(batch(None, np.arange(len(values)) % 2, values))
    assert found.outcome in {Outcome.CONTINUE, Outcome.HARM}
    assert "nan" not in str(found.evidence())


def test_a_guardrail_is_judged() -> None:
    """As a contract keeps it: violated by harm, satisfied only when shown to be within the margin, else unknown."""
    rail = Guardrail.of('{"metric": "service.error_rate", "margin": {"kind": "factor", "value": 1.5}, "alpha": 0.01}')
    assert (rail.margin, rail.relative, rail.on_breach) == (0.5, True, "rollback")
    test, arm = rail.experiment((0.5, 0.5)), np.tile([0, 1], 2000)
    assert guard(rail, test.update(batch(None, arm[:20], np.zeros(20)))).status is Status.UNKNOWN
    bad = guard(rail, test.update(batch(None, arm, (DRAW.random(4000) < 0.01 + 0.1 * arm).astype(float))))
    assert (bad.status, bad.then) == (Status.VIOLATED, "rollback")
    good = rail.experiment((0.5, 0.5)).update(batch(None, arm, (DRAW.random(4000) < 0.3).astype(float)))
    assert guard(rail, good).status is Status.SATISFIED
    latency = {"metric": "service.response_time", "aggregate": "p99", "margin": {"kind": "relative", "value": 0.2}}
    slow = Guardrail.of(latency)
    assert slow.experiment((0.5, 0.5)).metric == "quantile"
    with pytest.raises(ValueError, match="test 'fixed' may not be looked at"):
        Guardrail.of({"metric": "service.error_rate", "margin": 0.1, "test": "fixed"})


def test_the_interval_of_a_difference_of_quantiles_is_joint() -> None:
    """It holds the difference, and is narrower than two intervals at half the rate each."""
    arm, value = np.tile([0, 1], 2000), DRAW.lognormal(size=4000)
    found = start("quantile").update(batch(None, arm, value + arm)).effect
    (l0, h0), (l1, h1) = (quantile_interval(np.sort((value + arm)[arm == a]), 0.5, 0.025) for a in (0, 1))
    assert found.low <= 1 <= found.high
    assert found.high - found.low < (h1 - l0) - (l1 - h0)


def test_bounded_values_have_the_interval_of_ville() -> None:
    """The empirical-Bernstein sequence is ville's of the same signed rows; values outside are left out."""
    import ville  # type: ignore[import-untyped]

    arm, value = DRAW.integers(0, 2, 3000), DRAW.random(3000)
    test = start("mean", bounds=(0.0, 1.0))
    found = [test.update(batch(None, arm[i : i + 500], value[i : i + 500])) for i in range(0, 3000, 500)][-1].effect
    before = np.concatenate(([value[0]], np.cumsum(value)[:-1] / np.arange(1, 3000)))
    signed = (value - before) * np.where(arm == 1, 2, -2)
    oracle = ville.EmpiricalBernsteinCS(bounds=(-2, 2), intersect=False).fit(signed)
    assert (found.low, found.high) == pytest.approx(oracle.interval())
    assert test.update(batch(None, [0, 1], [1.5, -0.1])).arms.unusable == 2
    with pytest.raises(ValueError, match="leaves the bounds of the first stage"):
        test.reshare((0.9, 0.1))
