"""The small texts of a contract: quantities, durations, bounds, margins, references, conditions."""

import contextlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.contracts import grammar
from qoa_platform.contracts.grammar import GrammarError
from qoa_platform.records import (
    SCALES,
    Fixed,
    Margin,
    MarginKind,
    Operator,
    Reason,
    Reference,
    ReferenceKind,
    Severity,
    Unit,
    Usual,
    When,
    WhenStatus,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("99 %", 0.99, Unit.RATIO), ("99.9%", 0.999, Unit.RATIO), ("26 h", 93600.0, Unit.SECONDS),
        ("1.5e3 ms", 1.5, Unit.SECONDS),
        ("2 GiB", 2.0 * 1024**3, Unit.BYTES), ("0.02 USD", 0.02, Unit.USD), ("500 requests", 500.0, Unit.REQUESTS),
        (3, 3.0, None), ("-3", -3.0, None), ("0.1 %", 0.001, Unit.RATIO),
    ],
)  # fmt: skip
def test_quantities_are_in_base_units(text: object, value: float, unit: Unit | None) -> None:
    """A number with its unit, converted without the noise of binary fractions (99.9 % is 0.999)."""
    found = grammar.quantity(text)
    assert (found.value, found.unit) == (value, unit)


@given(st.decimals(-1_000_000, 1_000_000, places=3), st.sampled_from(sorted(SCALES)))
def test_every_unit_scales_by_its_factor(number: object, unit: str) -> None:
    """The value of "n unit" is n times the factor of the unit, in its base unit."""
    base, factor = SCALES[unit]
    found = grammar.quantity(f"{number} {unit}")
    assert found.unit is base
    assert found.value == pytest.approx(float(str(number)) * factor, rel=1e-12)


@pytest.mark.parametrize(
    "value", ["", "%", "99 % h", "nine", None, True, [], {}, "1e999", "inf", "nan", ".inf", "1 2", "--1"]
)
def test_what_is_no_quantity_is_refused(value: object) -> None:
    """No number, two numbers, no finite number: GrammarError with what is allowed."""
    with pytest.raises(GrammarError):
        grammar.quantity(value)


@pytest.mark.parametrize(
    ("text", "unit", "bound"),
    [
        (">= 99 %", Unit.RATIO, Fixed(operator=Operator.GE, bound=0.99, text=">= 99 %")),
        (">=99%", Unit.RATIO, Fixed(operator=Operator.GE, bound=0.99, text=">=99%")),
        ("≤ 50 ms", Unit.SECONDS, Fixed(operator=Operator.LE, bound=0.05, text="≤ 50 ms")),
        ("== 3", Unit.ROWS, Fixed(operator=Operator.EQ, bound=3.0, text="== 3")),
        ("<> 3", Unit.COUNT, Fixed(operator=Operator.NE, bound=3.0, text="<> 3")),
        ("less_equal 3 rows", Unit.COUNT, Fixed(operator=Operator.LE, bound=3.0, text="less_equal 3 rows")),
        ("min 3", Unit.ONE, Fixed(operator=Operator.GE, bound=3.0, text="min 3")),
        ("max 3", Unit.ONE, Fixed(operator=Operator.LE, bound=3.0, text="max 3")),
        ("between 1 and 3 h", Unit.SECONDS,
         Fixed(operator=Operator.BETWEEN, bound=3600.0, upper=10800.0, text="between 1 and 3 h")),
        ("between 5 min and 1 h", Unit.SECONDS,
         Fixed(operator=Operator.BETWEEN, bound=300.0, upper=3600.0, text="between 5 min and 1 h")),
        ("usual", Unit.ROWS, Usual()),
        ("<= 0.02 USD", Unit.COLUMN, Fixed(operator=Operator.LE, bound=0.02, text="<= 0.02 USD")),
    ],
)  # fmt: skip
def test_bounds(text: str, unit: Unit, bound: Fixed | Usual) -> None:
    """Signs and words of every operator, intervals with one unit or two, and usual."""
    assert grammar.must(text, unit) == bound


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        (">= 5 h", Unit.RATIO, "unit 'h' does not fit a metric counted in 'ratio'"),
        ("more than 3", None, "unknown operator 'more'"),
        ("between 1", None, "names no two bounds"), ("between 3 and 1", None, "lies above"),
        (">=", None, "is no quantity"),
        ("99 %", Unit.RATIO, "is no bound"), (99, Unit.RATIO, "is no bound"), (None, None, "is no bound"),
        (">= 1 and <= 2", None, "is no quantity"),
    ],
)  # fmt: skip
def test_bounds_that_are_none(text: object, unit: Unit | None, message: str) -> None:
    """The error says what is wrong with the bound."""
    with pytest.raises(GrammarError) as error:
        grammar.must(text, unit)
    assert message in error.value.message


@pytest.mark.parametrize("key", [k for k in grammar.MUST_KEYS if k != "mustBeBetween"])
def test_odcs_operators_say_the_same_as_signs(key: str) -> None:
    """mustBe…: v is the bound of its sign."""
    found = grammar.must_key(key, 5, Unit.ROWS)
    sign = grammar.must(f"{grammar.OPERATORS[key]} 5", Unit.ROWS)
    assert isinstance(sign, Fixed)
    assert (found.operator, found.bound) == (sign.operator, sign.bound)


def test_odcs_between_takes_a_pair() -> None:
    """mustBeBetween: [low, high]; anything else is refused."""
    assert grammar.must_key("mustBeBetween", [1, 2], None).upper == 2.0
    for value in ([1], [1, 2, 3], 3, "1 and 2", [2, 1], [None, 1]):
        with pytest.raises(GrammarError):
            grammar.must_key("mustBeBetween", value, None)


@pytest.mark.parametrize(
    ("text", "margin"),
    [
        ("25 %", Margin(kind=MarginKind.RELATIVE, value=0.25)), ("0 %", Margin(kind=MarginKind.RELATIVE, value=0.0)),
        ("1.5 x", Margin(kind=MarginKind.FACTOR, value=1.5)), (0.01, Margin(kind=MarginKind.ABSOLUTE, value=0.01)),
        ("0.01", Margin(kind=MarginKind.ABSOLUTE, value=0.01)),
    ],
)  # fmt: skip
def test_margins(text: object, margin: Margin) -> None:
    """Relative, factor, or absolute in the metric's unit."""
    assert grammar.margin(text, Unit.RATIO) == margin


@pytest.mark.parametrize("text", ["-1 %", "0 x", "5 h", "1.5 y", None])
def test_margins_that_are_none(text: object) -> None:
    """Negative, zero times, of another kind: refused."""
    with pytest.raises(GrammarError):
        grammar.margin(text, Unit.RATIO)


def test_durations_shares_streaks_and_windows() -> None:
    """What a duration, a share, a streak and a training window may be, and their limits."""
    assert grammar.duration("500 ms") == timedelta(milliseconds=500)
    assert grammar.share("95 %") == grammar.share(0.95) == 0.95
    assert grammar.streak(3) == grammar.streak("3") == 3
    assert grammar.streak("2 d") == timedelta(days=2)
    assert grammar.training_window("last 56 d") == grammar.training_window("56 d") == timedelta(days=56)
    refused: list[tuple[Callable[[object], object], tuple[object, ...]]] = [
        (grammar.duration, (5, "5", "5 %", "-1 h", "200000 d", None)),
        (grammar.share, ("101 %", -0.1, "1 h", True)),
        (grammar.streak, (0, -1, True, "0", "5 %", None)),
        (grammar.training_window, ("last 0 d", "last week", 3)),
    ]
    for parse, values in refused:
        for value in values:
            with pytest.raises(GrammarError):
                parse(value)


def test_references() -> None:
    """training, previous, last N partitions, or a profile's name; no name leads out of its folder."""
    assert grammar.reference("training") == Reference(kind=ReferenceKind.TRAINING)
    assert grammar.reference("previous") == Reference(kind=ReferenceKind.PREVIOUS)
    assert grammar.reference("last 1 partition") == Reference(kind=ReferenceKind.LAST_PARTITIONS, count=1)
    assert grammar.reference("may-2017") == Reference(kind=ReferenceKind.PROFILE, name="may-2017")
    for bad in ("last 0 partitions", "last x partitions", "../x", "a/b", "", "A", 3, "a..b", None):
        with pytest.raises(GrammarError):
            grammar.reference(bad)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("sales.* blocked", When(subject="sales", promise=None, status=WhenStatus.BLOCKED, text="sales.* blocked")),
        ("sales.steady violated critical for 3",
         When(subject="sales", promise="steady", status=WhenStatus.VIOLATED, severity=Severity.CRITICAL, streak=3,
              text="sales.steady violated critical for 3")),
        ("any  unknown(no_data | stale)  for 2 d",
         When(subject=None, promise=None, status=WhenStatus.UNKNOWN, reasons=(Reason.NO_DATA, Reason.STALE),
              streak=timedelta(days=2), text="any unknown(no_data | stale) for 2 d")),
        ("any unknown", When(subject=None, promise=None, status=WhenStatus.UNKNOWN, text="any unknown")),
    ],
)  # fmt: skip
def test_conditions(text: str, when: When) -> None:
    """Target, status with reasons, severity and duration; blanks do not count."""
    assert grammar.when(text) == when


@pytest.mark.parametrize(
    "text",
    ["", "sales violated", "*.* violated", "sales.* broken", "sales.* violated(no_data)", "any unknown(nodata)",
     "a.b violated or c.d violated", "any violated for", "any violated for 0", "any violated fatal",
     "Sales.* violated", 3, None],
)  # fmt: skip
def test_conditions_that_are_none(text: object) -> None:
    """One clause, of the grammar, or an error."""
    with pytest.raises(GrammarError):
        grammar.when(text)


anything = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.lists(st.integers(), max_size=2)
)


@given(anything)
def test_parsers_raise_only_grammar_errors(value: object) -> None:
    """Whatever stands there, each parser answers or raises GrammarError."""
    for parse in (grammar.quantity, grammar.duration, grammar.share, grammar.streak, grammar.must, grammar.margin,
                  grammar.reference, grammar.training_window, grammar.when):  # fmt: skip
        with contextlib.suppress(GrammarError):
            parse(value)
