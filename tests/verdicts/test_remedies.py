"""What is said to change a verdict does change it: the value, the rows, the pairs that are named are tried."""

from dataclasses import replace
from math import inf, nan

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qoa_platform.records import (
    Bounds,
    Direction,
    Fixed,
    Noise,
    Operator,
    Promise,
    Reading,
    Reason,
    Reference,
    ReferenceKind,
    Status,
    Unit,
    Usual,
    Verdict,
)
from qoa_platform.verdicts import Band, floor_of, judge, judge_columns
from qoa_platform.verdicts.judging import Observed
from qoa_platform.verdicts.remedies import Known, because, between, command, distance, remedies
from tests.verdicts.test_judging import AT_LEAST, CONTEXT, NOT_WORSE, promise

NOISE = (
    Noise(metric="drift.wasserstein", rows=500, p99=0.05, p999=0.07),
    Noise(metric="drift.tvd", rows=500, p99=0.05, p999=0.07),
    Noise(metric="drift.mmd", rows=500, p99=0.002, p999=0.003),
)


def verdict_on(mine: Promise, reading: Reading, direction: Direction = Direction.TARGET, **more: object) -> Verdict:
    """The verdict of the real judge."""
    return judge(mine, context=CONTEXT, reading=reading, unit=Unit.ONE, direction=direction, **more)  # type: ignore[arg-type]


@given(
    value=st.floats(-1e6, 1e6), bound=st.floats(-1e6, 1e6), width=st.floats(0, 1e6),
    operator=st.sampled_from([Operator.LE, Operator.GE, Operator.BETWEEN, Operator.EQ]),
)  # fmt: skip
def test_the_value_that_is_named_keeps_the_promise(
    value: float, bound: float, width: float, operator: Operator
) -> None:
    """Of a violated promise the nearest allowed value; read in place of what was found, the judge is satisfied."""
    mine = promise(Fixed(operator=operator, bound=bound, upper=bound + width, text=""))
    found = verdict_on(mine, Reading(value=value, n=9))
    assume(found.violated)
    needed = remedies(found, mine)[0].needed
    assert needed is not None
    assert verdict_on(mine, Reading(value=needed, n=9)).satisfied


@pytest.mark.parametrize("metric", ["drift.psi", "drift.js", "drift.hellinger", "drift.ks", "drift.domain_auc",
                                    "drift.wasserstein", "drift.tvd", "drift.mmd"])  # fmt: skip
def test_the_rows_that_are_named_bring_the_noise_below_the_bound(metric: str) -> None:
    """So many rows, and no fewer than by a hundredth, and the floor of the same reference lies at the bound."""
    rows, reference = 600, 9_000
    floor = floor_of(metric, rows, reference, 10, noise=NOISE)
    level = 0.5 if metric == "drift.domain_auc" else 0.0
    assert floor is not None
    bound = level + (floor - level) * 0.75
    mine = replace(promise(Fixed(operator=Operator.LT, bound=bound, text="")), metric=metric)
    found = verdict_on(mine, Reading(value=level, n=rows), Direction.LOWER, floor=floor)
    assert found.reason is Reason.INSUFFICIENT_N
    (said,) = remedies(found, mine, Known(reference_rows=reference))
    assert said.needed is not None
    at = floor_of(metric, int(said.needed), reference, 10, noise=NOISE)
    assert at == pytest.approx(bound, rel=0.01)
    low = remedies(found, mine)[0].needed
    assert low is not None
    assert rows < low <= said.needed


def test_a_reference_that_is_too_small_is_said_to_be() -> None:
    """Where the reference alone makes more noise than the bound, no number of rows is promised."""
    mine = replace(promise(Fixed(operator=Operator.LT, bound=0.01, text="")), metric="drift.psi")
    floor = floor_of("drift.psi", 500, 100, 10)
    found = verdict_on(mine, Reading(value=0.0, n=500), Direction.LOWER, floor=floor)
    (said,) = remedies(found, mine, Known(reference_rows=100))
    assert said.kind == "reference"
    assert "100 rows of the reference" in said.says


def test_rows_for_min_n_and_windows_for_a_band_are_counted() -> None:
    """What is there, what it takes, and the difference."""
    few = promise(min_n=50)
    (said,) = remedies(verdict_on(few, Reading(value=1.0, n=20)), few)
    assert (said.needed, said.says) == (50.0, "50 rows (min_n): 30 more than the 20 there are")
    learnt = promise(Usual())
    (said,) = remedies(
        verdict_on(learnt, Reading(value=1.0, n=9), band=Reason.INSUFFICIENT_N), learnt, Known(history=11, minimum=28)
    )
    assert (said.kind, said.needed) == ("history", 28.0)
    assert "there are 11" in said.says


@pytest.mark.parametrize(
    ("kind", "word"),
    [(ReferenceKind.TRAINING, "promotion"), (ReferenceKind.PREVIOUS, "before"), (ReferenceKind.LAST_PARTITIONS, "28"),
     (ReferenceKind.PROFILE, "qoa contract freeze")],
)  # fmt: skip
def test_the_reference_that_is_missing_is_named(kind: ReferenceKind, word: str) -> None:
    """With what makes one."""
    mine = replace(promise(), reference=Reference(kind=kind, count=28, name="spring"))
    (said,) = remedies(verdict_on(mine, Reading.unknown(Reason.NO_REFERENCE)), mine)
    assert word in said.says


def test_a_missing_baseline_is_named() -> None:
    """Of ``versus`` the baseline, not a profile."""
    mine = promise(NOT_WORSE)
    (said,) = remedies(verdict_on(mine, Reading(value=0.1, n=9), Direction.LOWER), mine)
    assert "a baseline: champion" in said.says


@given(half=st.floats(0.01, 5), apart=st.floats(0.001, 0.9), n=st.integers(5, 500))
def test_the_pairs_that_are_named_decide_a_comparison(half: float, apart: float, n: int) -> None:
    """At so many pairs the interval, which shrinks with their root, leaves the margin; the least difference is told."""
    found = replace(
        verdict_on(promise(), Reading.unknown(Reason.IMPRECISE, n)), value=half * apart, n=n, bounds=Bounds(low=0.0),
        evidence={"low": half * apart - half, "high": half * apart + half},
    )  # fmt: skip
    (said,) = remedies(found)
    assert said.needed is not None
    assert half * (n / said.needed) ** 0.5 <= half * apart * (1 + 1e-9)
    assert "least difference" in said.says


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_remedy_and_a_cause(reason: Reason) -> None:
    """No unknown leaves a person with nothing, with the promise at hand and without."""
    found = verdict_on(promise(), Reading.unknown(reason))
    assert all(r.says for r in remedies(found, promise()))
    assert remedies(found)
    assert because(found)


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_what_is_not_finite_is_told_so(value: float) -> None:
    """NaN and ±inf are violated: only a finite value helps."""
    found = verdict_on(promise(), Reading(value=value, n=9))
    assert found.violated
    assert "finite" in remedies(found)[0].says
    assert "finite" in because(found)


def test_a_band_tells_how_many_spreads_off_the_value_lies() -> None:
    """On the scale of the band: a log ratio, a difference, or one in units of the level."""
    told = {"centre": 100.0, "spread": 0.1, "scale": "log"}
    assert distance(100.0 * 2.718281828459045**0.5, told) == pytest.approx(5.0)
    assert distance(0.0, told) is None
    assert distance(130.0, {"centre": 100.0, "spread": 5.0, "scale": "linear"}) == pytest.approx(6.0)
    assert distance(130.0, {"centre": 100.0, "spread": 0.1, "scale": "root", "unit": 10.0}) == pytest.approx(30.0)
    assert distance(1.0, {"centre": None}) is None
    band = Band(low=90, high=110, centre=100, spread=0.03, limit=4.0, model="plain", scale="log", n=40)
    said = because(verdict_on(promise(Usual()), Reading(value=70.0, n=9), band=band))
    assert "70 is below what is usual, 90 … 110" in said
    assert "(plain, 40 windows)" in said


def test_a_satisfied_promise_tells_what_would_break_it() -> None:
    """The bounds, and how far away they are."""
    (said,) = remedies(verdict_on(promise(), Reading(value=1.0, n=9)), promise())
    assert said.says == "it breaks below 0.99: 0.01 away"


def test_several_columns_name_the_worst_and_the_others() -> None:
    """The worst column decides; the others that break it are named, however odd their names are."""
    columns = {name: Observed(reading=Reading(value=v, n=9)) for name, v in (("a", 1.0), ("b", 0.5), ("\x1b[31m", 0.6))}
    found = judge_columns(
        promise(AT_LEAST), context=CONTEXT, columns=columns, unit=Unit.ONE, direction=Direction.HIGHER
    )
    assert "in column b" in because(found)
    others = remedies(found)[1].says
    assert "[31m" in others
    assert "\x1b" not in others


def test_a_held_back_candidate_names_the_way_of_a_person() -> None:
    """Only where the verdict blocks, the asset is known, and there is data that could be accepted."""
    found = verdict_on(promise(), Reading(value=0.0, n=9))
    nothing = remedies(replace(found, data=None), promise(), Known(asset="shop/sales"))
    assert not any("accept" in r.says for r in nothing)
    assert found.blocks
    assert "qoa accept shop/sales 2017-10-04" in remedies(found, promise(), Known(asset="shop/sales"))[-1].says
    assert command(found) == "qoa explain retail/sales.p --at 2017-10-04"
    assert between(Bounds(low=1.0, high=1.0, strict=True), Unit.ONE) == "anything but 1"
    assert found.status is Status.VIOLATED
