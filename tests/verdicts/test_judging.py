"""Tests of verdicts.judging: one verdict for every situation, with its reason and its evidence."""

from dataclasses import replace
from datetime import UTC, datetime
from math import inf, nan

import pytest

from qoa_platform.records import (
    Baseline,
    Bounds,
    Contract,
    Direction,
    Fixed,
    Margin,
    MarginKind,
    Mode,
    Must,
    Operator,
    Promise,
    Reading,
    Reason,
    Severity,
    Status,
    Unit,
    Usual,
    Verdict,
    Versus,
    Window,
)
from qoa_platform.verdicts import (
    Band,
    Context,
    Observed,
    band_bounds,
    error_verdicts,
    judge,
    judge_columns,
    no_data_verdicts,
)

AT = datetime(2017, 10, 5, 6, tzinfo=UTC)
CONTEXT = Context(
    contract="retail", contract_version=3, contract_digest="d", subject="sales",
    window=Window.of_partition("2017-10-04"), at=AT, wall=AT, data="frame", trial="t1",
)  # fmt: skip
AT_LEAST = Fixed(operator=Operator.GE, bound=0.99, text=">= 99 %")
BELOW = Fixed(operator=Operator.LT, bound=0.2, text="< 0.2")
NOT_WORSE = Versus(baseline=Baseline.CHAMPION, margin=Margin(kind=MarginKind.RELATIVE, value=0.25))
BAND = Band(low=90, high=110, centre=100, spread=0.03, limit=4.0, model="plain", scale="log", n=40)


def promise(must: Must = AT_LEAST, *, min_n: int | None = None, severity: Severity = Severity.CRITICAL) -> Promise:
    """A critical promise with the given condition."""
    return Promise(id="p", metric="data.completeness", must=must, min_n=min_n, severity=severity)


def judged(
    must: Must, reading: Reading, direction: Direction = Direction.HIGHER, *, min_n: int | None = None,
    baseline: Reading | None = None, band: Band | Reason | None = None, floor: float | None = None,
    group: str | None = None, gate: bool = True,
) -> Verdict:  # fmt: skip
    """The verdict in the usual context."""
    return judge(
        promise(must, min_n=min_n), context=CONTEXT, reading=reading, unit=Unit.RATIO, direction=direction,
        baseline=baseline, band=band, floor=floor, group=group, gate=gate, measurements=("m1",),
    )  # fmt: skip


def value(number: float, n: int = 100, bound: float = 0.0) -> Reading:
    """A reading with a value."""
    return Reading(value=number, n=n, bound=bound)


def test_a_verdict_says_what_it_rests_on() -> None:
    """Value, bounds, margin, n, window, contract and measurements are all on the verdict (semantics 2)."""
    verdict = judged(AT_LEAST, value(0.995))
    assert (verdict.status, verdict.reason, verdict.blocks) == (Status.SATISFIED, None, False)
    assert (verdict.value, verdict.n, verdict.bounds) == (0.995, 100, Bounds(low=0.99))
    assert verdict.margin == pytest.approx(0.005)
    assert (verdict.contract_version, verdict.contract_digest, verdict.measurements) == (3, "d", ("m1",))
    assert (verdict.window, verdict.data, verdict.trial) == (CONTEXT.window, "frame", "t1")


def test_a_violated_critical_promise_blocks() -> None:
    """Below the bound is violated, with a negative margin, and keeps the candidate back."""
    verdict = judged(AT_LEAST, value(0.9))
    assert (verdict.status, verdict.blocks) == (Status.VIOLATED, True)
    assert verdict.margin == pytest.approx(-0.09)


@pytest.mark.parametrize("number", [nan, inf, -inf])
def test_what_is_not_finite_is_violated(number: float) -> None:
    """A NaN or infinity that was measured is violated, without a margin, even with few rows and no baseline."""
    for must in (AT_LEAST, Usual(), NOT_WORSE):
        verdict = judged(must, value(number), min_n=1_000)
        assert (verdict.status, verdict.margin) == (Status.VIOLATED, None)
        assert verdict.cause is not None


@pytest.mark.parametrize("reason", list(Reason))
def test_an_unknown_reading_keeps_its_reason(reason: Reason) -> None:
    """The judge copies the reading's reason and cause; error, no_data and stale block, the others do not."""
    verdict = judged(AT_LEAST, Reading.unknown(reason, n=3, cause="why"))
    assert (verdict.status, verdict.reason, verdict.cause, verdict.n) == (Status.UNKNOWN, reason, "why", 3)
    assert verdict.blocks is (reason in {Reason.ERROR, Reason.NO_DATA, Reason.STALE})
    kept = judged(AT_LEAST, Reading(value=1.0, n=3, reason=reason))
    assert (kept.status, kept.reason, kept.value) == (Status.UNKNOWN, reason, 1.0)


def test_no_value_and_no_reason_is_an_error() -> None:
    """A reading that says nothing is unknown(error), never satisfied."""
    verdict = judged(AT_LEAST, Reading(value=None, n=0))
    assert (verdict.status, verdict.reason) == (Status.UNKNOWN, Reason.ERROR)


def test_too_few_rows_are_insufficient() -> None:
    """Fewer than min_n is unknown(insufficient_n), the value kept; min_n itself is enough."""
    few = judged(AT_LEAST, value(0.5, n=9), min_n=10)
    assert (few.status, few.reason, few.value) == (Status.UNKNOWN, Reason.INSUFFICIENT_N, 0.5)
    assert judged(AT_LEAST, value(0.5, n=10), min_n=10).violated


def test_a_bound_below_the_noise_floor_is_insufficient() -> None:
    """A bound that noise alone passes decides nothing, whatever the value; the floor is stored."""
    for number in (0.01, 0.72):
        verdict = judged(BELOW, value(number), Direction.LOWER, floor=0.28)
        assert (verdict.reason, verdict.evidence["floor"]) == (Reason.INSUFFICIENT_N, 0.28)
    assert judged(BELOW, value(0.72), Direction.LOWER, floor=0.1).violated


def test_of_a_signed_shift_the_nearer_side_must_stand_above_noise() -> None:
    """Bounds on either side of 0 are drowned when the nearer one lies below the floor, and only then."""
    either = Fixed(operator=Operator.BETWEEN, bound=-0.1, upper=0.5, text="between -0.1 and 0.5")
    assert judged(either, value(0.0), Direction.TARGET, floor=0.2).reason is Reason.INSUFFICIENT_N
    assert judged(either, value(0.0), Direction.TARGET, floor=0.05).satisfied
    below = Fixed(operator=Operator.GE, bound=-0.3, text=">= -0.3")
    assert judged(below, value(-0.4), Direction.TARGET, floor=0.2).violated
    assert judged(below, value(-0.4), Direction.TARGET, floor=0.4).reason is Reason.INSUFFICIENT_N


def test_false_discoveries_are_held_instead_of_a_floor() -> None:
    """Under ``fdr:`` the bound decides what is reported at the rate; what noise may explain, or hide, is unknown."""
    promise = Promise(id="p", metric="drift.psi", columns=("a", "b"), must=BELOW, fdr=0.05)

    def status(psi: float, adjusted: float, floor: float) -> str:
        seen = Observed(reading=value(psi), adjusted=adjusted, floor=floor)
        calm = Observed(reading=value(0.01), adjusted=0.9, floor=0.1)
        verdict = judge_columns(
            promise, context=CONTEXT, columns={"a": calm, "b": seen}, unit=Unit.NAT, direction=Direction.LOWER
        )  # fmt: skip
        return str(verdict)

    assert status(0.9, 0.01, floor=0.5) == "violated"
    assert status(0.9, 0.2, floor=0.5) == status(0.1, 0.01, floor=0.5) == "unknown(insufficient_n)"
    assert status(0.1, 0.01, floor=0.15) == "satisfied"


def test_an_error_interval_over_the_bound_is_imprecise() -> None:
    """A sketched value whose interval holds the bound is unknown(imprecise); clear of it, it is judged."""
    assert judged(AT_LEAST, value(0.995, bound=0.01)).reason is Reason.IMPRECISE
    assert judged(AT_LEAST, value(0.9, bound=0.01)).violated


def test_versus_compares_with_the_baseline() -> None:
    """25 % worse than the baseline is the last good value; the baseline is stored."""
    baseline = value(0.2)
    assert judged(NOT_WORSE, value(0.25), Direction.LOWER, baseline=baseline).satisfied
    worse = judged(NOT_WORSE, value(0.26), Direction.LOWER, baseline=baseline)
    assert worse.violated
    assert worse.evidence["baseline"] == {"value": 0.2, "n": 100, "reason": None}
    vague = judged(NOT_WORSE, value(0.25), Direction.LOWER, baseline=value(0.2, bound=0.05))
    assert vague.reason is Reason.IMPRECISE


@pytest.mark.parametrize(
    ("baseline", "reason"),
    [
        (None, Reason.NO_REFERENCE),
        (Reading.unknown(Reason.NO_DATA), Reason.NO_REFERENCE),
        (Reading.unknown(Reason.ERROR, cause="x"), Reason.ERROR),
        (Reading.unknown(Reason.LABEL_PENDING), Reason.LABEL_PENDING),
        (Reading(value=nan, n=3), Reason.NO_REFERENCE),
        (Reading(value=0.2, n=3, reason=Reason.INSUFFICIENT_N), Reason.INSUFFICIENT_N),
    ],
)
def test_versus_without_a_baseline_is_unknown(baseline: Reading | None, reason: Reason) -> None:
    """No champion, or none that can be read, is unknown, and says why."""
    verdict = judged(NOT_WORSE, value(0.1), Direction.LOWER, baseline=baseline)
    assert (verdict.status, verdict.reason) == (Status.UNKNOWN, reason)
    assert verdict.cause


def test_usual_is_judged_by_its_band() -> None:
    """Inside the band is satisfied, outside violated; no band yet is insufficient_n; the band is stored."""
    assert judged(Usual(), value(100), Direction.TARGET, band=BAND).satisfied
    odd = judged(Usual(), value(0), Direction.TARGET, band=BAND)
    assert (odd.status, odd.bounds, odd.margin) == (Status.VIOLATED, Bounds(low=90, high=110), -90)
    assert odd.evidence["band"] == BAND.evidence()
    for none in (None, Reason.INSUFFICIENT_N):
        assert judged(Usual(), value(0), Direction.TARGET, band=none).reason is Reason.INSUFFICIENT_N


def test_unusually_good_is_no_violation() -> None:
    """The band of a metric with a direction binds on its bad side only."""
    assert band_bounds(BAND, Direction.HIGHER) == Bounds(low=90)
    assert band_bounds(BAND, Direction.LOWER) == Bounds(high=110)


def test_a_promise_that_is_no_number_is_an_error() -> None:
    """A between without an upper bound gives unknown(error) with its cause, not an exception."""
    verdict = judged(Fixed(operator=Operator.BETWEEN, bound=1.0, text="between 1"), value(1.0))
    assert (verdict.reason, verdict.blocks) == (Reason.ERROR, True)
    assert "between 1" in (verdict.cause or "")


def test_only_the_enforced_whole_of_an_own_frame_gates() -> None:
    """Groups, promises read elsewhere, warnings and observed contracts never block (semantics 3, 12)."""
    bad = value(0.1)
    assert judged(AT_LEAST, bad).blocks
    assert not judged(AT_LEAST, bad, group="DELI").blocks
    assert not judged(AT_LEAST, bad, gate=False).blocks
    for p, context in (
        (promise(severity=Severity.WARNING), CONTEXT),
        (promise(), replace(CONTEXT, mode=Mode.OBSERVE)),
        (replace(promise(), mode=Mode.OBSERVE), CONTEXT),
    ):
        verdict = judge(p, context=context, reading=bad, unit=Unit.RATIO, direction=Direction.HIGHER)
        assert verdict.violated
        assert not verdict.blocks


def test_on_unknown_block_blocks() -> None:
    """``on_unknown: block`` makes every unknown of a critical promise block."""
    strict = replace(promise(min_n=10), block_on_unknown=True)
    verdict = judge(strict, context=CONTEXT, reading=value(1, n=1), unit=Unit.RATIO, direction=Direction.HIGHER)
    assert verdict.blocks


def test_the_worst_column_decides() -> None:
    """Violated before unknown before satisfied, then the least margin; the evidence lists every column."""
    columns = {
        "a": Observed(reading=value(0.1), measurements=("ma",)),
        "b": Observed(reading=Reading.unknown(Reason.NO_REFERENCE), measurements=("mb",)),
        "c": Observed(reading=value(0.5), measurements=("mc",)),
        "d": Observed(reading=value(0.7), measurements=("md",)),
    }
    verdict = judge_columns(
        promise(BELOW), context=CONTEXT, columns=columns, unit=Unit.NAT, direction=Direction.LOWER
    )  # fmt: skip
    assert (verdict.status, verdict.value, verdict.evidence["column"]) == (Status.VIOLATED, 0.7, "d")
    assert verdict.measurements == ("ma", "mb", "mc", "md")
    listed = verdict.evidence["columns"]
    assert isinstance(listed, dict)
    assert [listed[c]["status"] for c in "abcd"] == ["satisfied", "unknown", "violated", "violated"]


def test_one_unknown_column_is_enough_to_be_unknown() -> None:
    """A promise over several columns is kept only when every one of them is known to keep it."""
    columns = {"a": Observed(reading=value(0.1)), "b": Observed(reading=Reading.unknown(Reason.NO_REFERENCE))}
    verdict = judge_columns(
        promise(BELOW), context=CONTEXT, columns=columns, unit=Unit.NAT, direction=Direction.LOWER
    )  # fmt: skip
    assert verdict.reason is Reason.NO_REFERENCE
    nothing = judge_columns(promise(BELOW), context=CONTEXT, columns={}, unit=Unit.NAT, direction=Direction.LOWER)
    assert nothing.reason is Reason.ERROR


def test_a_function_that_raised_leaves_a_verdict_for_every_promise() -> None:
    """unknown(error) or unknown(no_data) for each promise, in the metric's unit, gating only where it gates."""
    promises = [promise(), replace(promise(), id="q", metric="model.wape")]
    raised = error_verdicts(promises, context=CONTEXT, cause="ZeroDivisionError: x", gating={"p"})
    assert [(str(v.key), v.reason, v.cause, v.blocks) for v in raised] == [
        ("sales.p", Reason.ERROR, "ZeroDivisionError: x", True),
        ("sales.q", Reason.ERROR, "ZeroDivisionError: x", False),
    ]
    units = {"data.completeness": Unit.RATIO}
    missing = no_data_verdicts(promises, context=CONTEXT, cause="retail/raw_day 2017-10-04", units=units)
    assert [(v.reason, v.unit, v.value, v.blocks) for v in missing] == [
        (Reason.NO_DATA, Unit.RATIO, None, True),
        (Reason.NO_DATA, Unit.ONE, None, True),
    ]


def test_context_is_taken_from_the_contract() -> None:
    """The contract's name, version, digest and mode are what the verdicts carry."""
    contract = Contract(
        name="retail", version=7, owner="o", runbook="r", stakeholders=(), subjects=(), digest="dd", mode=Mode.OBSERVE
    )
    context = Context.under(contract, "sales", CONTEXT.window, at=AT, wall=AT)
    found = (context.contract, context.contract_version, context.contract_digest, context.subject, context.mode)
    assert found == ("retail", 7, "dd", "sales", Mode.OBSERVE)
