"""The moving reference: the dictionary of the last partitions is that of their rows together."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.metrics.distribution import Mean
from qoa_platform.metrics.schema import UnseenShare
from qoa_platform.profiles import FreezeError, Wanted, decode, encode, freeze, moving
from qoa_platform.records import Ask, Profile, Window
from qoa_platform.scans import measure
from qoa_platform.states import Frequencies, State, Tally

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
DAYS = [f"2026-01-{day:02}" for day in range(1, 5)]


def of_states(parts: list[tuple[str, State]], ask: Ask) -> Profile:
    """The moving profile of *parts*."""
    return moving(parts, ask=ask, subject="retail/sales_day", at=NOON, wall=NOON, source=("d1", "d2"))


def stored(frames: list[pl.DataFrame], metric: Any) -> tuple[list[tuple[str, State]], Ask]:
    """The states that a scan of each day hands on, and what was asked."""
    scans = [measure(frame, [(metric, None)], missing={"x": ("",)}) for frame in frames]
    return [(day, next(iter(scan.states.values()))) for day, scan in zip(DAYS, scans, strict=False)], metric.ask(None)


days = st.lists(
    st.lists(st.tuples(st.none() | st.sampled_from(["", "a", "b", "é"]), st.sampled_from([None, 1, 2])), max_size=8),
    min_size=1,
    max_size=4,
)


@settings(max_examples=40)
@given(days, st.booleans(), st.randoms())
def test_merged_dictionaries_are_those_of_all_rows(found: list[list[tuple[Any, Any]]], by: bool, random: Any) -> None:
    """What is merged from stored states equals what freezing the rows of all days gives, per group, in any order."""
    frames = [pl.DataFrame(rows, schema={"x": pl.String, "g": pl.Int64}, orient="row") for rows in found]
    groups = ("g",) if by else ()
    parts, ask = stored(frames, UnseenShare(columns=("x",), by=groups))
    random.shuffle(parts)
    profile = of_states(parts, ask)
    wanted = [Wanted("x", groups, dictionary=True)]
    direct = freeze(
        pl.concat(frames), wanted, name="n", subject="s", window=profile.window, source=(), at=NOON, wall=NOON,
        missing={"x": ("",)},
    )  # fmt: skip
    assert {(c.group, c.n, c.missing, c.dictionary) for c in profile.columns} == {
        (c.group, c.n, c.missing, c.dictionary) for c in direct.columns
    }
    assert all(not c.overflow for c in profile.columns)


def test_it_says_what_it_is() -> None:
    """The name begins with ``last`` and the window spans the days, gaps included; it survives its bytes."""
    frequencies = Frequencies.count(["a"])
    profile = of_states(
        [("2026-01-04", frequencies), ("2026-01-01", frequencies)], Ask(state="frequencies", columns=("x",))
    )
    assert profile.name == "last 2 partitions of retail/sales_day"
    first, last = Window.of_day(date(2026, 1, 1)), Window.of_day(date(2026, 1, 4))
    assert profile.window == Window(start=first.start, end=last.end)
    assert (profile.source, profile.subject) == (("d1", "d2"), "retail/sales_day")
    assert decode(encode(profile), profile.digest) == profile


def test_a_dictionary_that_is_not_exact_is_none() -> None:
    """Counts cut at a cap, and more values than a dictionary holds, are an overflow: no half reference."""
    cut = Frequencies.count(["a", "a", "b"], cap=1)
    many = Frequencies.count(map(str, range(10_001)), cap=20_000)
    for state in (cut, many):
        column = of_states([("2026-01-01", state)], Ask(state="frequencies", columns=("x",))).column("x")
        assert column is not None
        assert (column.dictionary, column.overflow) == (None, True)


def test_moments_give_mean_and_spread() -> None:
    """Merged moments are the mean and the spread (ddof 0) of all values, as Polars computes them."""
    frames = [pl.DataFrame({"x": [1.0, 2.0]}), pl.DataFrame({"x": [4.0, None]})]
    parts, ask = stored(frames, Mean(columns=("x",)))
    column = of_states(parts, ask).column("x")
    values = pl.concat(frames)["x"]
    assert column is not None
    assert column.mean == pytest.approx(values.mean())
    assert column.std == pytest.approx(values.std(ddof=0))


def test_what_is_no_reference_is_refused() -> None:
    """No parts, partitions that are no days, and states without values are errors that say what is allowed."""
    ask = Ask(state="frequencies", columns=("x",))
    with pytest.raises(FreezeError, match="no partition"):
        of_states([], ask)
    with pytest.raises(FreezeError, match=r"no days. Allowed: YYYY-MM-DD"):
        of_states([("first", Frequencies())], ask)
    with pytest.raises(FreezeError, match=r"tally.*Allowed: frequencies, histogram, moments"):
        of_states([("2026-01-01", Tally(1, 2))], ask)
