"""Tests of verdicts.comparing.pairs: intervals against scipy, coverage by simulation, the objective's verdict."""

from datetime import UTC, datetime
from math import inf, nan

import numpy as np
import pytest
from scipy import stats

from qoa_platform.records import Direction, Margin, MarginKind, Objective, Reason, Status, Verdict, Window
from qoa_platform.verdicts import Context, Interval, Method, Pair, objective_verdict, paired, threshold

AT = datetime(2017, 12, 1, tzinfo=UTC)
CONTEXT = Context(
    contract="retail", contract_version=1, contract_digest="d", subject="demand", version="v2",
    window=Window.of_partition("2017-11-30"), at=AT, wall=AT, data="backtest-digest",
)  # fmt: skip


def pairs(differences: np.ndarray, champion: float = 0.2) -> list[Pair]:
    """A pair per (week, department) whose ratios differ by the given matrix."""
    return [
        Pair(
            keys=(f"w{w}", f"d{d}"), champion_num=champion * 100, champion_den=100,
            candidate_num=(champion - float(differences[w, d])) * 100, candidate_den=100,
        )
        for w in range(differences.shape[0])
        for d in range(differences.shape[1])
    ]  # fmt: skip


def interval(differences: np.ndarray, method: Method = Method.CLUSTERED, confidence: float = 0.95) -> Interval:
    """The interval of the matrix of differences."""
    found = paired(pairs(differences), method=method, confidence=confidence)
    assert isinstance(found, Interval)
    return found


def test_plain_is_the_t_interval_of_scipy() -> None:
    """Plain is the paired t interval over all pairs."""
    differences = np.random.default_rng(1).normal(0.01, 0.02, (12, 8))
    found = interval(differences, Method.PLAIN, 0.9)
    low, high = stats.ttest_1samp(differences.ravel(), 0).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert (found.n, found.clusters) == (96, 96)


def test_clustered_is_the_t_interval_of_the_week_means() -> None:
    """With weeks of one size the clustered interval is the t interval over the weeks' means."""
    differences = np.random.default_rng(2).normal(0.01, 0.02, (12, 8))
    found = interval(differences)
    low, high = stats.ttest_1samp(differences.mean(axis=1), 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert (found.n, found.clusters, found.method) == (96, 12, Method.CLUSTERED)
    assert dict(found.per_group)["d3"] == pytest.approx(differences[:, 3].mean())


def false_promotions(method: Method, rng: np.random.Generator, *, drop: float = 0.0) -> float:
    """How often two equal models are told apart in the candidate's favour, with errors shared by a week."""
    promoted, rounds = 0, 1_500
    for _ in range(rounds):
        differences = rng.normal(0, 0.02, (12, 1)) + rng.normal(0, 0.02, (12, 8))
        evidence = [p for p in pairs(differences) if rng.random() >= drop]
        found = paired(evidence, method=method)
        promoted += isinstance(found, Interval) and found.low > 0
    return promoted / rounds


def test_equal_models_are_rarely_promoted() -> None:
    """A/A: with errors shared by weeks the clustered interval promotes ≤ its declared 2.5 %; the plain one does not."""
    rng = np.random.default_rng(3)
    noise = 3 * (0.025 * 0.975 / 1_500) ** 0.5
    assert false_promotions(Method.CLUSTERED, rng) <= 0.025 + noise
    assert false_promotions(Method.CLUSTERED, rng, drop=0.3) <= 0.025 + noise
    assert false_promotions(Method.PLAIN, rng) > 0.05


def test_pairs_without_a_ratio_are_skipped_and_counted() -> None:
    """An empty sum or one that is not finite has no ratio: left out, and said."""
    odd = [
        Pair(keys=("w9", "d1"), champion_num=1, champion_den=0, candidate_num=1, candidate_den=1),
        Pair(keys=("w9", "d2"), champion_num=nan, champion_den=1, candidate_num=1, candidate_den=1),
        Pair(keys=("w9", "d3"), champion_num=1, champion_den=1, candidate_num=inf, candidate_den=1),
    ]
    differences = np.random.default_rng(4).normal(0, 0.02, (3, 2))
    found = paired([*pairs(differences), *odd])
    assert isinstance(found, Interval)
    assert (found.n, found.clusters, found.skipped) == (6, 3, 3)
    assert paired(odd) is Reason.NO_DATA
    assert paired([]) is Reason.NO_DATA


def test_one_week_is_no_evidence() -> None:
    """A single cluster has no spread: insufficient_n, whatever its size."""
    one = pairs(np.full((1, 8), 0.1))
    assert paired(one) is Reason.INSUFFICIENT_N
    assert isinstance(paired(one, method=Method.PLAIN), Interval)


def test_higher_is_better_turns_the_sign() -> None:
    """Swapping the roles and the direction gives the same interval; a target has no better side."""
    differences = np.random.default_rng(5).normal(0.01, 0.02, (6, 3))
    lower, higher = paired(pairs(differences)), paired(pairs(-differences), direction=Direction.HIGHER)
    assert isinstance(lower, Interval)
    assert isinstance(higher, Interval)
    assert (lower.low, lower.high) == pytest.approx((higher.low, higher.high))
    with pytest.raises(ValueError, match="no better side"):
        paired(pairs(differences), direction=Direction.TARGET)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_confidence_is_a_share(confidence: float) -> None:
    """A confidence outside (0, 1) is an error that says what is allowed."""
    with pytest.raises(ValueError, match=r"Allowed: between 0 and 1"):
        paired([], confidence=confidence)


def verdict_on(differences: np.ndarray, margin: Margin | None = None) -> Verdict:
    """The objective's verdict on the matrix of differences."""
    objective = Objective(metric="model.wape", margin=margin or Margin(kind=MarginKind.RELATIVE, value=0.0))
    return objective_verdict(objective, interval(differences), context=CONTEXT, champion="v1")


NOISE = np.random.default_rng(6).normal(0, 0.01, (12, 8))
NOISE -= NOISE.mean()


def test_better_is_satisfied_worse_violated_and_the_rest_imprecise() -> None:
    """The interval above the margin promotes, below it refuses, over it waits."""
    better, worse, same = verdict_on(NOISE + 0.02), verdict_on(NOISE - 0.02), verdict_on(NOISE)
    assert (better.status, worse.status) == (Status.SATISFIED, Status.VIOLATED)
    assert (same.status, same.reason) == (Status.UNKNOWN, Reason.IMPRECISE)
    assert verdict_on(NOISE - 0.0005).reason is Reason.IMPRECISE
    assert (better.value, better.margin) == pytest.approx((0.02, 0.02))
    assert (str(better.key), better.blocks) == ("release.objective[v2]", False)
    assert (better.evidence["champion"], better.evidence["clusters"]) == ("v1", 12)


def test_the_margin_must_be_beaten() -> None:
    """A margin of 20 % of the champion's .2 asks for .04: better by .02 is then worse than asked."""
    asked = Margin(kind=MarginKind.RELATIVE, value=0.2)
    assert verdict_on(NOISE + 0.02, asked).violated
    assert verdict_on(NOISE + 0.06, asked).satisfied


def test_equal_models_wait() -> None:
    """The very same forecasts have an interval of width 0 at 0: neither better nor worse."""
    assert verdict_on(np.zeros((12, 8))).reason is Reason.IMPRECISE


def test_a_reason_is_handed_on() -> None:
    """No interval, no verdict on it: unknown for the reason that was found."""
    objective = Objective(metric="model.wape", margin=Margin(kind=MarginKind.ABSOLUTE, value=0.0))
    verdict = objective_verdict(objective, Reason.NO_DATA, context=CONTEXT, champion="v1", cause="no backtest")
    assert (verdict.reason, verdict.cause, verdict.value) == (Reason.NO_DATA, "no backtest", None)


def test_thresholds_of_each_kind() -> None:
    """A share of the champion's value, a factor on it, or a number."""
    assert threshold(Margin(kind=MarginKind.RELATIVE, value=0.1), 0.2) == pytest.approx(0.02)
    assert threshold(Margin(kind=MarginKind.FACTOR, value=2.0), 0.2) == pytest.approx(0.1)
    assert threshold(Margin(kind=MarginKind.ABSOLUTE, value=0.03), 0.2) == pytest.approx(0.03)
    with pytest.raises(ValueError, match="Allowed: a positive number"):
        threshold(Margin(kind=MarginKind.FACTOR, value=0.0), 0.2)


def test_a_department_that_gets_worse_is_named_though_the_objective_is_met() -> None:
    """The verdict's evidence holds each group with its interval, and names those that regress after Holm."""
    noise = np.random.default_rng(3).normal(0, 0.004, (8, 4))
    found = paired(pairs(noise + np.array([0.05, 0.05, 0.05, -0.03])))
    assert isinstance(found, Interval)
    objective = Objective(
        metric="model.wape", over="b", pair_by=("week", "department"),
        margin=Margin(kind=MarginKind.ABSOLUTE, value=0.0),
    )  # fmt: skip
    told = objective_verdict(objective, found, context=CONTEXT, champion="v1")
    assert told.status is Status.SATISFIED
    assert told.evidence["regressions"] == ["d3"]
    part = next(p for p in found.parts if p.name == "d3")
    asked = stats.ttest_1samp((noise - 0.03)[:, 3], 0)
    interval = asked.confidence_interval(0.95)
    assert (part.low, part.high) == pytest.approx((interval.low, interval.high))


def test_what_is_inconclusive_says_how_many_weeks_would_decide() -> None:
    """The cause names the least difference that so many weeks find, and how many more find this one."""
    found = paired(pairs(np.random.default_rng(5).normal(0.01, 0.03, (6, 1))))
    assert isinstance(found, Interval)
    objective = Objective(
        metric="model.wape", over="b", pair_by=("week",), margin=Margin(kind=MarginKind.ABSOLUTE, value=0.0)
    )
    told = objective_verdict(objective, found, context=CONTEXT, champion="v1")
    assert told.reason is Reason.IMPRECISE
    assert told.cause is not None
    assert "6 weeks find a difference of" in told.cause
    count = told.evidence["needed"]
    assert isinstance(count, int)
    assert f"about {count - 6:,} more weeks" in told.cause
