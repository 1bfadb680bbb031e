"""Laws of states as the scan makes them: what is counted of parts, stored and merged is that of the whole."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from math import fsum
from operator import add
from typing import Any, Self

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.metrics import Metric
from qoa_platform.records import Ask, Direction, Params, Profile, Reading, Unit, Window
from qoa_platform.scans import measure
from qoa_platform.states import STATES, Fields, Histogram, State, Sums, decode, encode
from tests.laws import state_cases as built
from tests.laws.state_cases import EDGES, Close, Rows

TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A metric that only asks, for the state itself."""

    asked: Ask
    id: str = "data.probe"
    unit: Unit = Unit.ONE
    direction: Direction = Direction.TARGET
    columns: tuple[str, ...] = ()
    params: Params = ()

    def ask(self, profile: Profile | None, /) -> Ask:
        """What it was made of."""
        return self.asked

    def read(self, state: Any, profile: Profile | None, group: str | None = None, /) -> Reading:
        """Nothing."""
        return Reading(value=0.0, n=0)

    def at(self, now: datetime, window: Window, rows_in: int | None = None, /) -> Self:
        """Itself."""
        return self


@dataclass(frozen=True)
class Scanned:
    """A state's kind: rows of a frame with this schema, the ask, and the state that rows must give."""

    name: str
    schema: dict[str, Any]
    row: st.SearchStrategy[tuple[Any, ...]]
    ask: Ask
    build: Callable[[Rows], State]
    close: Close = built.equal

    def scan(self, rows: Rows) -> State:
        """The state of *rows*, as stored and read back."""
        frame = pl.DataFrame(rows, schema=self.schema, orient="row")
        probe = Probe(asked=self.ask)
        assert isinstance(probe, Metric)
        found = measure(frame, [(probe, None)], missing={})
        assert found.report.failed == ()
        return decode(encode(found.states[self.ask]))


def errors(rows: Rows) -> State:
    """The sums of errors of (truth, prediction)."""
    found = [(y, p - y) for y, p in rows if y is not None and p is not None]
    if not found:
        return Sums()
    return Sums.of_terms(
        len(found), absolute=sum(abs(e) for _, e in found), squared=sum(e * e for _, e in found),
        error=sum(e for _, e in found), truth=sum(abs(y) for y, _ in found),
    )  # fmt: skip


def errors_close(a: Sums, b: Sums, rows: Rows) -> bool:
    """Counts exactly, sums relative to the sums of magnitudes."""
    near = all(
        built.near(a.get(k), b.get(k), b.get("absolute") + b.get("squared") + b.get("truth")) for k, _ in b.values
    )
    return near and a.n == b.n and dict(a.values).keys() == dict(b.values).keys()


def of_first(build: Callable[[Rows], State]) -> Callable[[Rows], State]:
    """Of a single column, missing values left out."""
    return lambda rows: build([x for (x,) in rows if x is not None])


def first_close(close: Close) -> Close:
    """The same of its tolerance."""
    return lambda a, b, rows: close(a, b, [x for (x,) in rows if x is not None])


def grouped(build: Callable[[Rows], State]) -> Callable[[Rows], State]:
    """By the first column, whose missing values are a group; missing values of the second left out."""
    return lambda rows: built.grouped(lambda xs: build([x for x in xs if x is not None]))(
        [("␀" if g is None else g, x) for g, x in rows]
    )


def complete(rows: Rows) -> Rows:
    """The rows in which nothing is missing."""
    return [row for row in rows if None not in row]


def with_sums(rows: Rows) -> State:
    """Counts per bin, the sums of the values there, and the rows that are 1."""
    kept = complete(rows)
    bins = [[(x, y) for x, y in kept if bisect_left(EDGES, x) == i] for i in range(len(EDGES) + 1)]
    sums = {"x": tuple(fsum(x for x, _ in b) for b in bins), "y": tuple(float(sum(y for _, y in b)) for b in bins)}
    return Histogram("edges", tuple(map(len, bins)), len(rows) - len(kept), tuple(sorted(sums.items())))


def sums_close(a: Histogram, b: Histogram, rows: Rows) -> bool:
    """Counts exactly, sums relative to the magnitudes."""
    scale = 1e-9 * sum(abs(x) for x, _ in complete(rows)) + 1e-290
    pairs = zip(dict(a.sums)["x"], dict(b.sums)["x"], strict=True)
    return all(abs(x - y) <= scale for x, y in pairs) and (a.counts, a.missing, dict(a.sums)["y"]) == (
        b.counts,
        b.missing,
        dict(b.sums)["y"],
    )


maybe = st.none() | built.values
letters = st.none() | st.sampled_from(["a", "b", "é", ""])
FLAG, NUMBER, TEXT, WHOLE = pl.Boolean, pl.Float64, pl.String, pl.Int64


def scanned_fields(rows: Any) -> State:
    """Both ends of what is present, and how many are odd, among all rows."""
    present = [x for (x,) in rows if x is not None]
    ends = ("least", "min", min(present, default=None)), ("most", "max", max(present, default=None))
    return Fields(len(rows), (*ends, ("odd", "sum", sum(x % 2 == 1 for x in present))))


SCANNED: tuple[Scanned, ...] = (
    Scanned(
        "tally", {"x": FLAG}, st.tuples(st.none() | st.booleans()),
        Ask(state="tally", columns=("x",), params=(("hits", "in_set"), ("values", (True,)))), of_first(built.tally),
    ),
    Scanned(
        "sums", {"x": NUMBER, "y": NUMBER}, st.tuples(st.none() | built.numbers, st.none() | built.numbers),
        Ask(state="sums", columns=("x", "y"), params=(("terms", "errors"),)), errors, errors_close,
    ),
    Scanned(
        "moments", {"x": NUMBER}, st.tuples(maybe),
        Ask(state="moments", columns=("x",), params=(("order", 4),)),
        of_first(built.moments), first_close(built.moments_close),
    ),
    Scanned(
        "comoments", {"x": NUMBER, "y": NUMBER}, st.tuples(maybe, maybe), Ask(state="comoments", columns=("x", "y")),
        lambda rows: built.comoments(complete(rows)), lambda a, b, rows: built.comoments_close(a, b, complete(rows)),
    ),
    Scanned(
        "span", {"x": WHOLE}, st.tuples(st.none() | st.integers(-(2**63), 2**63 - 1)),
        Ask(state="span", columns=("x",)), of_first(built.span),
    ),
    Scanned(
        "span", {"x": TEXT}, st.tuples(st.none() | built.words), Ask(state="span", columns=("x",)), of_first(built.span)
    ),
    Scanned(
        "span", {"x": TIME}, st.tuples(st.none() | built.times), Ask(state="span", columns=("x",)), of_first(built.span)
    ),
    Scanned(
        "frequencies", {"x": TEXT}, st.tuples(st.none() | built.words), Ask(state="frequencies", columns=("x",)),
        lambda rows: built.frequencies([x for (x,) in rows]),
    ),
    Scanned(
        "histogram", {"x": NUMBER}, st.tuples(maybe),
        Ask(state="histogram", columns=("x",), params=(("digest", "edges"), ("edges", EDGES))),
        lambda rows: built.counted([x for (x,) in rows]),
    ),
    Scanned(
        "histogram", {"x": NUMBER, "y": WHOLE}, st.tuples(st.none() | built.numbers, st.none() | st.integers(0, 1)),
        Ask(
            state="histogram", columns=("x", "y"),
            params=(("digest", "edges"), ("edges", EDGES), ("sums", ("x", "y"))),
        ),
        with_sums, sums_close,
    ),
    Scanned(
        "fields", {"x": WHOLE}, st.tuples(st.none() | st.integers(-(2**62), 2**62)),
        Ask(state="fields", columns=("x",), params=(("fields", (
            "least", "min", "min(col('x'))", "most", "max", "max(col('x'))", "odd", "sum", "sum(col('x') % 2 == 1)",
        )),)),
        scanned_fields,
    ),
    Scanned(
        "keys", {"x": TEXT, "y": WHOLE}, st.tuples(letters, st.none() | st.integers(0, 3)),
        Ask(state="keys", columns=("x", "y"), params=(("missing_keys", "value"),)), built.keys,
    ),
    Scanned(
        "quantile_sketch", {"x": NUMBER}, st.tuples(maybe), Ask(state="quantile_sketch", columns=("x",)),
        of_first(built.quantile_sketch), first_close(built.quantile_sketch_close),
    ),
    Scanned(
        "distinct_sketch", {"x": TEXT, "y": WHOLE}, st.tuples(letters, st.none() | st.integers(0, 3)),
        Ask(state="distinct_sketch", columns=("x", "y"), params=(("missing_keys", "value"),)), built.distinct_sketch,
    ),
    Scanned(
        "confusion", {"x": TEXT, "y": TEXT}, st.tuples(letters, letters), Ask(state="confusion", columns=("x", "y")),
        lambda rows: built.confusion(complete(rows)),
    ),
    Scanned(
        "grouped", {"g": TEXT, "x": WHOLE}, st.tuples(letters, st.none() | st.integers(-9, 9)),
        Ask(state="span", columns=("x",), by=("g",)), grouped(built.span),
    ),
)  # fmt: skip
"""At least one ask per registered state: a state that no scan makes fails the suite."""

every_state = pytest.mark.parametrize("case", SCANNED, ids=[f"{c.name}-{i}" for i, c in enumerate(SCANNED)])


def test_every_registered_state_can_be_scanned() -> None:
    """Whatever is registered, some ask is answered by it."""
    assert {case.name for case in SCANNED} == set(STATES)
    for case in SCANNED:
        assert isinstance(case.scan([]), STATES[case.name])


@every_state
@given(data=st.data())
def test_scanned_parts_are_the_scanned_whole(case: Scanned, data: st.DataObject) -> None:
    """``scan(a) + scan(b) + … = scan(a ++ b ++ …)``, and both are the state that was counted by hand."""
    parts = [data.draw(st.lists(case.row, max_size=6), label=f"part {i}") for i in range(3)]
    rows = [row for part in parts for row in part]
    whole, merged = case.scan(rows), reduce(add, map(case.scan, parts))
    assert case.close(merged, whole, rows)
    assert case.close(whole, case.build(rows), rows)
