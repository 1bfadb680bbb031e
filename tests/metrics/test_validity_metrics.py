"""Validity: what share of the present values satisfies a predicate."""

import pytest

from qoa_platform.metrics import MetricError
from qoa_platform.metrics.expressions import ExpressionError
from qoa_platform.records import Ask, Reading, Reason
from qoa_platform.states import Grouped, Tally
from tests.metrics.making import all_of, numbers, one, profile

SHARES = [
    ("data.pass_rate", (), {"expr": "col('x') > 0"}),
    ("data.in_range", ("x",), {"low": 0}),
    ("data.in_set", ("x",), {"values": (1, 2)}),
    ("data.matches", ("x",), {"pattern": "^a"}),
    ("data.finite_share", ("x",), {}),
]


@pytest.mark.parametrize(("metric", "columns", "given"), SHARES)
def test_shares_are_of_present_values(metric: str, columns: tuple[str, ...], given: dict[str, object]) -> None:
    """Hits ÷ present values; where every value is missing there is no data: that is completeness's business."""
    assert one(metric, *columns, **given).read(Tally(3, 4), None) == Reading(value=0.75, n=4)
    assert one(metric, *columns, **given).read(Tally(0, 0), None) == Reading.unknown(Reason.NO_DATA)


def test_violations_are_counted_in_rows() -> None:
    """violation_count is present rows minus hits, and shares the ask of the pass rate."""
    count = one("data.violation_count", expr="col('x') > 0")
    assert count.read(Tally(3, 4), None) == Reading(value=1, n=4)
    assert count.read(Tally(0, 0), None) == Reading(value=0, n=0)
    assert count.ask(None) == one("data.pass_rate", expr="col('x')  >  0").ask(None)


def test_an_expression_says_which_columns_it_takes_for_granted() -> None:
    """Rows with a missing column are left out, unless the expression itself asks whether it is missing."""
    metric = one("data.pass_rate", expr="col('b').is_null() or col('c') > col('a')")
    assert metric.columns == ("a", "c")
    ask = metric.ask(None)
    assert ask is not None
    assert ask.expr == "col('b').is_null() or col('c') > col('a')"


def test_filters_are_canonical_and_part_of_the_ask() -> None:
    """The same filter spelled otherwise is the same ask; another filter is another series."""
    first = one("data.finite_share", "x", where="(col('y')>0)")
    assert first == one("data.finite_share", "x", where="col('y') > 0")
    assert first != one("data.finite_share", "x")
    assert first.ask(None) == Ask(state="tally", columns=("x",), where="col('y') > 0", params=(("hits", "finite"),))


@pytest.mark.parametrize(
    ("metric", "columns", "given", "says"),
    [
        ("data.pass_rate", (), {}, "needs expr. Allowed: a condition such as"),
        ("data.pass_rate", ("x",), {"expr": "col('x') > 0"}, "is given x. Allowed: no column"),
        ("data.in_range", ("x",), {}, "without an end every value is in the range"),
        ("data.in_range", ("x",), {"low": 2, "high": 1}, "no value lies from 2.0 to 1.0"),
        ("data.in_range", ("x",), {"low": float("nan")}, "parameter 'low' of data.in_range is nan"),
        ("data.in_range", ("x",), {"low": 0, "closed": "open"}, "Allowed: both | left | right | none"),
        ("data.in_set", ("x",), {}, "needs the parameter 'values'"),
        ("data.in_set", ("x",), {"values": ()}, "parameter 'values' of data.in_set is ()"),
        ("data.in_set", ("x",), {"values": (1, "a")}, "parameter 'values' of data.in_set is"),
        ("data.in_set", ("x",), {"values": (1, True)}, "parameter 'values' of data.in_set is"),
        ("data.matches", ("x",), {"pattern": "(?=a)"}, "common subset of re and Rust's regex"),
        ("data.finite_share", ("x",), {"expr": "col('x') > 0"}, "takes no expr"),
    ],
)  # fmt: skip
def test_what_makes_no_predicate_is_refused(
    metric: str, columns: tuple[str, ...], given: dict[str, object], says: str
) -> None:
    """A promise that every value keeps, that none can keep, or that cannot be read, is refused when it is built."""
    with pytest.raises(MetricError) as caught:
        all_of(metric, *columns, **given)
    assert says in str(caught.value)


def test_a_wrong_expression_is_an_expression_error() -> None:
    """What the language does not know is refused with its place, when the promise is built."""
    with pytest.raises(ExpressionError, match="character 10"):
        one("data.pass_rate", expr="col('x').is_beetween(1, 2)")


FENCED = profile(numbers("x", fences=(0.0, 9.0)), numbers("x", group="a", fences=(1.0, 2.0)), numbers("x", group="b"))


def test_fences_are_frozen_per_group_or_for_all() -> None:
    """Without ``by`` the whole's fences are asked for, with it those of every group that has some."""
    whole, grouped = one("data.in_fences", "x").ask(FENCED), one("data.in_fences", "x", by="g").ask(FENCED)
    assert whole is not None
    assert grouped is not None
    assert dict(whole.params)["fences"] == (None, 0.0, 9.0)
    assert dict(grouped.params)["fences"] == ("a", 1.0, 2.0)


def test_a_group_without_fences_has_no_reference() -> None:
    """What was not frozen cannot be left: the group is unknown, the whole counts the others."""
    metric = one("data.in_fences", "x", by="g")
    state = Grouped(Tally(1, 2), (("a", Tally(1, 2)), ("b", Tally(0, 0)), ("c", Tally(0, 0))))
    assert metric.read(state, FENCED) == Reading(value=0.5, n=2)
    assert metric.read(state, FENCED, "a") == Reading(value=0.5, n=2)
    assert {metric.read(state, FENCED, g).reason for g in "bc"} == {Reason.NO_REFERENCE}


def test_without_fences_nothing_is_asked() -> None:
    """No profile, another column, a column without numbers: no ask, and no reference."""
    metric = one("data.in_fences", "x")
    assert metric.ask(None) is None
    assert metric.ask(profile(numbers("y", fences=(0.0, 1.0)))) is None
    assert metric.read(Tally(1, 1), None).reason is Reason.NO_REFERENCE
