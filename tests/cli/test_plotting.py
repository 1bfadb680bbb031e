"""A plot of a history fits its width, marks what was violated, and survives whatever a history holds."""

from datetime import UTC, datetime, timedelta
from math import inf, nan

from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.cli.plotting import ROWS, plotted
from qoa_platform.verdicts.explanation import Moment

START = datetime(2017, 1, 1, tzinfo=UTC)
NUMBER = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True), st.floats(-1e3, 1e3))


def moment(day: int, value: float | None, *, low: float | None = None, high: float | None = None,
           status: str = "satisfied") -> Moment:  # fmt: skip
    """One day."""
    end = START + timedelta(days=day + 1)
    return Moment(window=f"{START + timedelta(days=day):%Y-%m-%d}", end=end, status=status, value=value, low=low,
                  high=high, n=1)  # fmt: skip


def drawn(history: list[Moment], *, width: int = 60, fancy: bool = False) -> list[str]:
    """Its lines."""
    return plotted(history, width=width, show=lambda v: f"{v:.4g}", fancy=fancy)


@given(
    parts=st.lists(st.tuples(NUMBER, NUMBER, NUMBER, st.sampled_from(["violated", "satisfied", "unknown(x)"])),
                   max_size=90),
    width=st.integers(1, 130), fancy=st.booleans(),
)  # fmt: skip
def test_any_history_is_drawn_within_its_width(
    parts: list[tuple[float | None, float | None, float | None, str]], *, width: int, fancy: bool
) -> None:
    """NaN, ±inf, missing values, bounds the wrong way round: ten lines and an axis, or nothing where nothing is."""
    history = [moment(k, v, low=a, high=b, status=s) for k, (v, a, b, s) in enumerate(parts)]
    lines = drawn(history, width=width, fancy=fancy)
    finite = [v for v, *_ in parts if v is not None and v - v == 0]
    assert len(lines) == (ROWS + 1 if finite else 0)
    assert all(len(line) <= max(width, 20 + 14) for line in lines)


def test_violations_are_marked_where_they_are() -> None:
    """The low day is at the foot, under a band that is shaded; without a terminal all is ASCII."""
    history = [moment(k, 100.0 + k % 3, low=95.0, high=106.0) for k in range(20)]
    history[12] = moment(12, 60.0, low=95.0, high=106.0, status="violated")
    lines = drawn(history)
    assert lines[ROWS - 1].index("X") - lines[0].index("+") == 13
    assert sum(line.count("X") for line in lines) == 1
    assert "." in lines[1]
    assert all(line.isascii() for line in lines)
    fancy = drawn(history, fancy=True)
    assert "×" in fancy[ROWS - 1]
    assert "░" in "".join(fancy)


def test_more_windows_than_columns_share_them_and_the_last_are_shown() -> None:
    """Braille holds two a column; what does not fit is the oldest."""
    history = [moment(k, float(k % 7)) for k in range(300)]
    assert drawn(history, width=60, fancy=True)[-1].rstrip().endswith("2017-10-27")
    assert "2017-10-27" in drawn(history, width=60)[-1]
    assert len(drawn(history, width=60)[0]) <= 60


def test_what_is_not_finite_is_at_the_foot_and_no_value_a_question() -> None:
    """A violated NaN is still marked; a window without a value is asked about."""
    lines = drawn([moment(0, 5.0), moment(1, nan, status="violated"), moment(2, None, status="unknown(no_data)"),
                   moment(3, inf, status="violated"), moment(4, 6.0)])  # fmt: skip
    assert lines[ROWS - 1].count("X") == 2
    assert "?" in lines[ROWS - 1]
