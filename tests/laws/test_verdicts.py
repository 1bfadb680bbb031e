"""Laws of judging: total, never satisfied by silence, monotone in the value, symmetric in the direction."""

from datetime import UTC, datetime
from math import inf, isfinite, nan

from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.records import (
    BLOCKING_REASONS,
    Baseline,
    Bounds,
    Direction,
    Fixed,
    Margin,
    MarginKind,
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
from qoa_platform.verdicts import Band, Context, Observed, inside, judge, judge_columns, margin_of, versus_bounds

AT = datetime(2017, 10, 5, tzinfo=UTC)
CONTEXT = Context(
    contract="c", contract_version=1, contract_digest="d", subject="s", window=Window.of_partition("2017-10-04"),
    at=AT, wall=AT,
)  # fmt: skip
MIRROR = {
    Operator.LT: Operator.GT, Operator.LE: Operator.GE, Operator.GT: Operator.LT, Operator.GE: Operator.LE,
    Operator.EQ: Operator.EQ, Operator.NE: Operator.NE, Operator.BETWEEN: Operator.BETWEEN,
}  # fmt: skip
MIRRORED = {Direction.LOWER: Direction.HIGHER, Direction.HIGHER: Direction.LOWER, Direction.TARGET: Direction.TARGET}

anything = st.floats(allow_nan=True, allow_infinity=True)
numbers = st.floats(-1e6, 1e6)
errors = st.none() | st.floats(0, 1e3) | st.just(inf)
reasons = st.none() | st.sampled_from(Reason)
directions = st.sampled_from(Direction)
readings = st.builds(
    Reading,
    value=st.none() | anything | numbers,
    n=st.integers(0, 10**6),
    reason=reasons,
    bound=errors,
    cause=st.none(),
)
margins = st.builds(Margin, kind=st.sampled_from(MarginKind), value=anything | st.floats(-2, 2))
fixed = st.builds(
    Fixed, operator=st.sampled_from(Operator), bound=anything | numbers, upper=st.none() | numbers, text=st.just("t")
)
musts: st.SearchStrategy[Must] = (
    fixed | st.builds(Usual) | st.builds(Versus, baseline=st.sampled_from(Baseline), margin=margins)
)
bands = st.none() | st.sampled_from(Reason) | st.builds(
    Band, low=numbers, high=numbers, centre=numbers, spread=st.floats(0, 9), limit=st.just(4.0), model=st.just("plain"),
    scale=st.just("log"), n=st.integers(28, 99),
)  # fmt: skip
promises = st.builds(
    Promise, id=st.just("p"), metric=st.just("data.mean"), must=musts, min_n=st.none() | st.integers(0, 100),
    severity=st.sampled_from(Severity), block_on_unknown=st.booleans(),
)  # fmt: skip


def verdict(
    promise: Promise, reading: Reading, direction: Direction, baseline: Reading | None = None,
    band: Band | Reason | None = None, floor: float | None = None,
) -> Verdict:  # fmt: skip
    """The verdict in a fixed context."""
    return judge(
        promise, context=CONTEXT, reading=reading, unit=Unit.ONE, direction=direction, baseline=baseline, band=band,
        floor=floor,
    )  # fmt: skip


@given(promises, readings, directions, st.none() | readings, bands, st.none() | st.floats(0, 1))
def test_judging_is_total(
    promise: Promise, reading: Reading, direction: Direction, baseline: Reading | None, band: Band | Reason | None,
    floor: float | None,
) -> None:  # fmt: skip
    """Any reading against any promise gives one verdict; unknown has a reason, and silence is never satisfied."""
    found = verdict(promise, reading, direction, baseline, band, floor)
    assert (found.status is Status.UNKNOWN) == (found.reason is not None)
    if reading.value is None or reading.reason is not None:
        assert found.status is Status.UNKNOWN
        assert found.reason is (reading.reason or Reason.ERROR)
    elif not isfinite(reading.value):
        assert found.status is Status.VIOLATED
    if found.satisfied:
        assert reading.value is not None
        assert found.margin is None or found.margin >= 0
    if found.margin is not None:
        assert isfinite(reading.value or 0.0)


@given(promises, readings, directions, st.none() | readings, bands)
def test_only_critical_verdicts_block(
    promise: Promise, reading: Reading, direction: Direction, baseline: Reading | None, band: Band | Reason | None
) -> None:
    """A warning never blocks; a critical one blocks when violated, for error, no_data or stale, or when told to."""
    found = verdict(promise, reading, direction, baseline, band)
    bad = found.violated or found.reason in BLOCKING_REASONS
    told = found.status is Status.UNKNOWN and promise.block_on_unknown
    assert found.blocks is (promise.critical and (bad or told))


@given(fixed, numbers, numbers)
def test_margin_and_status_agree(must: Fixed, value: float, other: float) -> None:
    """Satisfied goes with a margin ≥ 0, violated with ≤ 0; of two values the one with more margin is no worse."""
    promise = Promise(id="p", metric="data.mean", must=must)
    first, second = (verdict(promise, Reading(value=x, n=9), Direction.TARGET) for x in (value, other))
    for found in (first, second):
        if found.margin is not None and isfinite(found.margin) and found.status is not Status.UNKNOWN:
            assert found.margin >= 0 if found.satisfied else found.margin <= 0
    if first.margin is not None and second.margin is not None and first.margin > second.margin and second.satisfied:
        assert first.satisfied


@given(numbers, st.floats(0, 1e3), st.sampled_from([Operator.LE, Operator.LT]), numbers)
def test_better_values_have_more_margin(value: float, step: float, operator: Operator, bound: float) -> None:
    """Against an upper bound a smaller value never has less margin, and never turns satisfied into violated."""
    promise = Promise(id="p", metric="data.mean", must=Fixed(operator=operator, bound=bound, text="t"))
    worse, better = (verdict(promise, Reading(value=x, n=9), Direction.LOWER) for x in (value, value - step))
    assert worse.margin is not None
    assert better.margin is not None
    assert better.margin >= worse.margin
    assert better.satisfied or not worse.satisfied


@given(fixed, st.floats(-1e6, 1e6), st.floats(0, 1e3), directions)
def test_judging_is_symmetric_in_the_direction(must: Fixed, value: float, error: float, direction: Direction) -> None:
    """Mirrored value, operator and direction give the same status, reason and margin."""
    if must.operator is Operator.BETWEEN:
        if must.upper is None:
            return
        mirrored = Fixed(operator=Operator.BETWEEN, bound=-must.upper, upper=-must.bound, text="t")
    else:
        mirrored = Fixed(operator=MIRROR[must.operator], bound=-must.bound, text="t")
    one = verdict(Promise(id="p", metric="m", must=must), Reading(value=value, n=9, bound=error), direction)
    two = verdict(
        Promise(id="p", metric="m", must=mirrored), Reading(value=-value, n=9, bound=error), MIRRORED[direction]
    )
    assert (one.status, one.reason, one.margin) == (two.status, two.reason, two.margin)


@given(st.floats(0, 1e3), st.sampled_from(MarginKind), st.floats(1e-3, 1e3), st.floats(0, 10))
def test_a_wider_margin_never_refuses_more(baseline: float, kind: MarginKind, margin: float, more: float) -> None:
    """What a margin accepts, every larger margin of the same kind accepts, in all three directions."""
    for direction in Direction:
        if direction is Direction.TARGET and kind is MarginKind.FACTOR and margin < 1:
            continue
        narrow = versus_bounds(baseline, Margin(kind=kind, value=margin), direction)
        wide = versus_bounds(baseline, Margin(kind=kind, value=margin + more), direction)
        assert wide.low is None or narrow.low is None or wide.low <= narrow.low
        assert wide.high is None or narrow.high is None or wide.high >= narrow.high


@given(numbers, st.none() | numbers, st.none() | numbers, st.booleans())
def test_inside_means_a_margin_that_is_not_negative(
    value: float,
    low: float | None,
    high: float | None,
    strict: bool,
) -> None:
    """For any bounds a value inside has margin ≥ 0, and one with margin > 0 is inside."""
    bounds = Bounds(low=low, high=high, strict=strict)
    margin = margin_of(value, bounds)
    if margin is not None:
        assert margin >= 0 or not inside(value, bounds)
        assert margin <= 0 or inside(value, bounds)
    assert not inside(nan, bounds)


@given(promises, st.dictionaries(st.sampled_from("abcd"), readings, min_size=1), directions)
def test_no_column_is_better_than_the_verdict(
    promise: Promise, columns: dict[str, Reading], direction: Direction
) -> None:
    """Several columns are satisfied only if each is, and violated as soon as one is."""
    each = [verdict(promise, r, direction) for r in columns.values()]
    seen = {name: Observed(reading=r) for name, r in columns.items()}
    found = judge_columns(promise, context=CONTEXT, columns=seen, unit=Unit.ONE, direction=direction)
    assert found.satisfied == all(v.satisfied for v in each)
    assert found.violated == any(v.violated for v in each)
    assert found.blocks == any(v.blocks for v in each if v.status is found.status)
