"""Freezing a reference: what a profile holds, and that nothing but content counts."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.profiles.freezing import FreezeError, freeze
from qoa_platform.profiles.wanting import Wanted
from qoa_platform.records import Category, Profile, Window

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def frozen(frame: pl.DataFrame, *wanted: Wanted, **options: object) -> Profile:
    """A profile of *frame*."""
    facts = {"name": "n", "subject": "retail/sales_day", "window": Window.of_day(date(2026, 1, 1)), "source": ("d",)}
    return freeze(frame, wanted, at=NOON, wall=NOON, **(facts | options))  # type: ignore[arg-type]


FRAME = pl.DataFrame(
    {
        "x": [1.0, 2.0, None, float("nan"), float("inf"), 4.0, -9.0],
        "store": [412, 412, 31, None, 31, 412, 7],
        "dept": ["A", "B", "A", None, "", "B", "B"],
        "ok": [True, True, None, False, True, True, True],
    }
)


def test_numbers_are_frozen_after_the_missing_rule() -> None:
    """Null, NaN and tokens are missing; mean, std (ddof 0), min and max are over finite values (NumPy's)."""
    column = frozen(FRAME, Wanted("x"), missing={"x": ("-9",)}).column("x")
    assert column is not None
    finite = np.array([1.0, 2.0, 4.0])
    assert (column.n, column.missing, column.minimum, column.maximum) == (7, 3, 1.0, 4.0)
    assert (column.mean, column.std) == pytest.approx((finite.mean(), finite.std(ddof=0)))
    assert column.bins10 is not None
    assert (column.bins10.edges, column.bins10.counts) == ((1.0, 2.0, 4.0), (1, 1, 1, 1))
    assert column.bins2048 is None
    assert column.dictionary is None


def test_categories_are_counted_and_numbers_only_where_wanted() -> None:
    """Text and booleans have a dictionary, most frequent first; ids have one where a promise needs it."""
    profile = frozen(FRAME, Wanted("dept"), Wanted("ok"), Wanted("store", (), dictionary=True), missing={"dept": ("",)})
    store, dept, ok = profile.columns[2], profile.columns[0], profile.columns[1]
    assert dept.dictionary == (Category(value="B", count=3), Category(value="A", count=2))
    assert dept.missing == 2
    assert ok.dictionary == (Category(value="true", count=5), Category(value="false", count=1))
    assert store.dictionary == tuple(Category(value=v, count=c) for v, c in (("412", 3), ("31", 2), ("7", 1)))


def test_groups_are_frozen_beside_the_whole() -> None:
    """A ``by:`` promise has facts per group, missing groups under ␀, equal to pandas' group by."""
    profile = frozen(FRAME, Wanted("store", ("dept",)), Wanted("store", (), dictionary=True))
    by_hand = FRAME.to_pandas().groupby("dept", dropna=False)["store"].agg(["size", "mean"])
    groups = {c.group: c for c in profile.columns if c.group is not None}
    sizes = {k if isinstance(k, str) else "␀": n for k, n in by_hand["size"].items()}
    assert {k: g.n for k, g in groups.items()} == sizes
    assert groups["B"].mean == pytest.approx(by_hand["mean"]["B"])
    whole = profile.column("store")
    assert whole is not None
    assert whole.dictionary is not None


def test_over_the_cap_there_is_no_dictionary() -> None:
    """More than 10 000 distinct values overflow: unknown, not a part of them."""
    column = frozen(pl.DataFrame({"s": [str(i) for i in range(10_001)]}), Wanted("s")).column("s")
    assert column is not None
    assert (column.dictionary, column.overflow) == (None, True)


@pytest.mark.parametrize(
    "frame",
    [FRAME.clear(), pl.DataFrame({"x": [None, None]}, schema={"x": pl.Float64}), pl.DataFrame({"x": [float("nan")]})],
)
def test_nothing_present_is_frozen_as_nothing(frame: pl.DataFrame) -> None:
    """An empty or all-missing column has counts and no edges, fences or moments."""
    column = frozen(frame, Wanted("x")).column("x")
    assert column is not None
    assert column.missing == column.n == frame.height
    assert (column.mean, column.std, column.bins10, column.fences) == (None, None, None, None)


def test_a_missing_column_is_named() -> None:
    """What is not in the reference cannot be frozen; the error lists what is."""
    with pytest.raises(FreezeError, match=r"'y' of retail/sales_day.*Columns: x, store"):
        frozen(FRAME, Wanted("y"))


rows = st.lists(
    st.tuples(st.none() | st.floats(-5, 5) | st.just(float("nan")), st.sampled_from([None, "a", "b"])), max_size=40
)


@given(rows, st.randoms())
def test_row_order_never_matters(found: list[tuple[float | None, str | None]], random: object) -> None:
    """The digest is that of the content: shuffled rows, another name, another time give the same."""
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    schema = {"x": pl.Float64, "g": pl.String}
    wanted = (Wanted("x", ("g",)), Wanted("g"))
    a = frozen(pl.DataFrame(found, schema=schema, orient="row"), *wanted)
    b = frozen(pl.DataFrame(shuffled, schema=schema, orient="row"), *wanted, name="other")
    assert a.digest == b.digest
    assert a.columns == b.columns


def test_source_and_window_count_in_the_digest() -> None:
    """Equal facts from other data, or of another window, are another profile."""
    base = frozen(FRAME, Wanted("x")).digest
    assert frozen(FRAME, Wanted("x"), source=("e",)).digest != base
    assert frozen(FRAME, Wanted("x"), window=Window.of_day(date(2026, 1, 2))).digest != base


def test_fine_edges_are_frozen_when_asked_for() -> None:
    """``fine`` adds the 2 048 edges of KS and W1, from the least to the greatest value."""
    column = frozen(pl.DataFrame({"x": np.arange(10_000.0)}), Wanted("x"), fine=True).column("x")
    assert column is not None
    assert column.bins2048 is not None
    assert column.bins10 is not None
    assert len(column.bins2048.edges) == 2048
    assert (column.bins2048.edges[0], column.bins2048.edges[-1]) == (0.0, 9_999.0)
    assert column.bins2048.counts[-1] == 0
    assert column.bins10.counts == (1000,) * 10
