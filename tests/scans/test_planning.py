"""The plan of a scan: which passes answer which asks."""

from dataclasses import replace

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.records import Ask
from qoa_platform.scans import Shape, plan
from tests.scans.asked import BY, FENCED, PLAIN, SCHEMA, ask

DTYPES = {name: dtype() if isinstance(dtype, type) else dtype for name, dtype in SCHEMA.items()}


@given(st.lists(st.sampled_from(PLAIN), max_size=30), st.randoms())
def test_equal_asks_are_answered_once(asks: list[Ask], random: object) -> None:
    """However often and in whichever order an ask comes, one pass holds it, once."""
    again = [*asks, *asks]
    random.shuffle(again)  # type: ignore[attr-defined]
    steps = plan(again, DTYPES)
    planned = [a for step in steps.passes for a in step.asks]
    assert sorted(map(repr, planned)) == sorted({repr(a) for a in asks})
    assert set(steps.passes[0].asks) == set(plan(asks, DTYPES).passes[0].asks) if asks else steps.passes == ()


def test_row_local_asks_share_one_select() -> None:
    """Tallies, sums, moments, spans and histograms of the same rows are one pass; another filter is another."""
    local = [a for a in PLAIN if a.state in {"tally", "sums", "moments", "comoments", "span", "histogram"}]
    steps = plan([*local, replace(local[1], where="col('i') > 0")], DTYPES)
    assert [(step.shape, step.where, len(step.asks)) for step in steps.passes] == [
        (Shape.SELECT, None, len(local)),
        (Shape.SELECT, "col('i') > 0", 1),
    ]


def test_a_grouped_ask_shares_its_whole() -> None:
    """The whole of a grouped ask is the ask without groups: with that one asked too, nothing is added."""
    plain = ask("tally", "i", hits="present")
    grouped = replace(plain, by=("s",))
    steps = plan([plain, grouped], DTYPES)
    assert [(step.shape, step.asks) for step in steps.passes] == [(Shape.SELECT, (plain,)), (Shape.GROUP, (grouped,))]
    assert plan([grouped], DTYPES).passes == steps.passes


def test_a_quick_hash_is_no_stable_one() -> None:
    """Uniqueness and kept keys of the same columns are two passes: only the second hash may leave the process."""
    steps = plan([ask("uniqueness", "s"), ask("keys", "s"), ask("uniqueness", "s", missing_keys="value")], DTYPES)
    assert [(step.shape, len(step.asks)) for step in steps.passes] == [(Shape.REPEAT, 2), (Shape.KEY, 1)]


def test_a_missing_column_refuses_its_own_asks_only() -> None:
    """What names no column of the frame is refused with the nearest one; a filter and a group are named too."""
    good = ask("tally", "i", hits="present")
    bad = [
        ask("moments", "ff"), replace(good, where="col('sss') == 'a'"), replace(good, by=("dd",)), ask("moment", "f"),
        ask("tally", "i", expr="col('i') > col('tt')", hits="expr"),
    ]  # fmt: skip
    steps = plan([good, *bad], DTYPES)
    assert [step.asks for step in steps.passes] == [(good,)]
    assert list(steps.refused) == bad
    causes = list(steps.refused.values())
    assert causes[0].startswith("column 'ff' is not in the frame. Did you mean 'f' (Float64)? Columns: i, n, f, g, s,")
    assert ["'sss'" in causes[1], "'dd'" in causes[2], "'moment'" in causes[3], "'tt'" in causes[4]] == [True] * 4


def test_only_what_is_asked_is_read() -> None:
    """The columns of a plan are those of asks, filters, expressions and groups; a key of no columns is of all."""
    asks = [replace(ask("tally", "i", expr="col('i') > col('n')", hits="expr"), where="col('b')", by=("s",))]
    assert plan(asks, DTYPES).columns == {"i", "n", "b", "s"}
    assert plan([ask("tally", hits="rows")], DTYPES).columns == frozenset()
    assert plan([ask("uniqueness")], DTYPES).columns == set(DTYPES)


def test_a_plan_can_be_read() -> None:
    """The text of a plan says, pass by pass, what is done for which asks, and what is refused."""
    asks = [
        FENCED[0],
        ask("frequencies", "s"),
        ask("tally", hits="rows"),
        ask("uniqueness", "i", "s"),
        ask("span", "x"),
    ]
    assert str(plan(asks, DTYPES)).splitlines() == [
        "5 asks in 4 passes",
        "select: tally()",
        "count of s: frequencies(s)",
        "fence of i by s: tally(i)",
        "repeat of i, s: uniqueness(i, s)",
        "refused span(x): column 'x' is not in the frame. Columns: i, n, f, g, s, c, e, b, t, u, d, m",
    ]


def test_the_plan_is_pure() -> None:
    """The same asks and schema give the same plan."""
    asks = [replace(a, by=by) for a in PLAIN for by in BY[:2]]
    assert plan(asks, DTYPES) == plan(asks, DTYPES)
    assert plan([], {"a": pl.Int64()}).passes == ()
