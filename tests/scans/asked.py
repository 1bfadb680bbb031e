"""Owns frames of every type of column, and every kind of ask over them, for the scans' tests."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import polars as pl
from hypothesis import strategies as st

from qoa_platform.records import Ask
from qoa_platform.scans.answering import answered
from qoa_platform.scans.normalising import normal
from qoa_platform.scans.planning import plan
from qoa_platform.scans.queries import Failure
from qoa_platform.states import State

SCHEMA: dict[str, Any] = {
    "i": pl.Int64, "n": pl.Int8, "f": pl.Float64, "g": pl.Float64, "s": pl.String, "c": pl.Categorical,
    "e": pl.Enum(["yes", "no"]), "b": pl.Boolean, "t": pl.Datetime("us", "UTC"), "u": pl.Datetime("us"), "d": pl.Date,
    "m": pl.Decimal(18, 2),
}  # fmt: skip
HUGE = 2**62 + 1
floats = st.none() | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, 2.5, -1.5, 7.25])
texts = st.none() | st.sampled_from(["", "a", "b", "é", "\U0001f600", "yes", "412"])
times = st.none() | st.datetimes(datetime(1960, 1, 1), datetime(2030, 1, 1)) | st.just(datetime(2017, 1, 1))
rows = st.fixed_dictionaries({
    "i": st.none() | st.sampled_from([0, 1, 2, 3, -3, 412, HUGE]),
    "n": st.none() | st.integers(-3, 3) | st.sampled_from([-128, 127]),
    "f": floats,
    "g": floats.map(lambda x: None if x is not None and math.isinf(x) else x),
    "s": texts,
    "c": texts,
    "e": st.none() | st.sampled_from(["yes", "no"]),
    "b": st.none() | st.booleans(),
    "t": times.map(lambda x: x and x.replace(tzinfo=UTC)),
    "u": times,
    "d": st.none() | st.dates(date(1960, 1, 1), date(2030, 1, 1)) | st.just(date(2017, 1, 1)),
    "m": st.none() | st.sampled_from([Decimal("1.50"), Decimal("-0.10"), Decimal("2.00")]),
})  # fmt: skip
Rows = Sequence[dict[str, Any]]


def frame_of(found: Rows) -> pl.DataFrame:
    """The rows as a frame of all types."""
    return pl.DataFrame(found, schema=SCHEMA, orient="row") if found else pl.DataFrame(schema=SCHEMA)


def missing_as_none(found: Rows) -> list[dict[str, Any]]:
    """The rows after the missing rule, as the interpreter wants them."""
    return [{k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()} for row in found]


def states(
    frame: pl.DataFrame, asks: Sequence[Ask], missing: Mapping[str, tuple[str, ...]] | None = None
) -> dict[Ask, State | Failure]:
    """All *asks* answered by one scan."""
    steps = plan(asks, frame.schema)
    return answered(steps, normal(frame, steps.columns or frame.columns[:1], missing or {}))


def ask(state: str, *columns: str, expr: str | None = None, **params: Any) -> Ask:
    """An ask; params by keyword."""
    return Ask(state=state, columns=columns, expr=expr, params=tuple(sorted(params.items())))


EDGES = (-1.5, 0.0, 2.5)
MANY = tuple(k / 10 for k in range(-40, 41))
PLAIN: tuple[Ask, ...] = (
    ask("tally", hits="rows"),
    *(ask("tally", c, hits="present") for c in SCHEMA),
    ask("tally", "i", "f", "s", hits="present"),
    ask("tally", "i", expr="col('i') >= 1", hits="expr"),
    ask("tally", "f", expr="(col('f') > 0) or (col('f') / col('f') == 1)", hits="expr"),
    ask("tally", "f", "i", expr="(col('f') >= col('i')) or (col('f') < 0)", hits="expr"),
    ask("tally", "i", expr="(col('i') == 1) or col('s').is_null()", hits="expr"),
    ask("tally", expr="col('s').is_null()", hits="expr"),
    ask("tally", expr="True", hits="expr"),
    ask("tally", "c", expr="col('c') > 'a'", hits="expr"),
    ask("tally", "i", expr="col('i') * 4 > col('i')", hits="expr"),
    *(ask("tally", c, hits="in_range", low=0.0, high=2.5, closed=k)
      for c, k in product("infm", ("both", "left", "right", "none"))),
    ask("tally", "i", hits="in_range", low=0.5), ask("tally", "i", hits="in_range", high=float(2**62)),
    ask("tally", "f", hits="in_range"), ask("tally", "n", hits="in_range", high=1e30),
    ask("tally", "f", hits="in_range", low=-math.inf, high=math.inf),
    ask("tally", "i", hits="in_set", values=(1, 2.0, 2.5, 300)), ask("tally", "f", hits="in_set", values=(1, 2.5)),
    ask("tally", "s", hits="in_set", values=("a", "", "é")), ask("tally", "c", hits="in_set", values=("a", "x")),
    ask("tally", "b", hits="in_set", values=(True,)), ask("tally", "d", hits="in_set", values=("2017-01-01",)),
    ask("tally", "t", hits="in_set", values=("2017-01-01T01:00:00+01:00",)),
    ask("tally", "i", hits="in_set", values=()),
    ask("tally", "s", hits="matches", pattern="^[a-b]$"), ask("tally", "c", hits="matches", pattern="e"),
    ask("tally", "f", hits="finite"), ask("tally", "i", hits="finite"),
    ask("tally", "t", hits="after", bound="2000-01-01T00:00:00+00:00"),
    ask("tally", "d", hits="after", bound="2016-12-31"),
    ask("tally", "t", "u", hits="after", skew=86400.0), ask("tally", "u", "d", hits="after"),
    ask("tally", "f", hits="fences", fences=(None, -1.0, 2.5)),
    ask("sums", "g", "n", terms="errors"), ask("sums", "m", "n", terms="errors"),
    *(ask("moments", c) for c in "nfm"), *(ask("moments", c, order=4) for c in "nfm"),
    ask("comoments", "f", "n"), ask("comoments", "n", "m"),
    *(ask("span", c) for c in "infmscetud"),
    ask("span", "t", until="2000-01-01T00:00:00+00:00"), ask("span", "d", until="2000-01-01T00:00:00+00:00"),
    *(ask("histogram", c, digest="few", edges=EDGES) for c in "infm"),
    ask("histogram", "f", digest="many", edges=MANY), ask("histogram", "n", digest="many", edges=MANY),
    *(ask("frequencies", c) for c in SCHEMA), ask("frequencies", "s", "i"),
    ask("confusion", "s", "c"), ask("confusion", "i", "f"), ask("confusion", "b", "b"),
    *(ask("uniqueness", c) for c in "isfm"),
    *(ask("uniqueness", *cs) for cs in (["n", "d"], ["i", "s", "b"], ["c", "e"], ["t", "u"])),
    ask("uniqueness", "i", "s", missing_keys="value"), ask("uniqueness", "f", missing_keys="value"),
    *(ask("quantile", c, q=q) for c, q in product("infgm", (0, 0.1, 0.5, 0.975, 1))),
    *(ask("quantile_sketch", c) for c in "infgm"), *(ask("distinct_sketch", c) for c in SCHEMA),
    ask("distinct_sketch", "i", "s", "f"), ask("distinct_sketch", "s", "d", missing_keys="value"),
    *(ask("keys", c) for c in SCHEMA), ask("keys", "i", "s", "f"), ask("keys", "s", "d", missing_keys="value"),
)  # fmt: skip
WHERE = ("col('i') > 0", "col('s') == 'a' or col('b')")
BY: tuple[tuple[str, ...], ...] = (("s",), ("c",), ("i",), ("b", "n"), ("f",), ("d",), ("t",))
FENCED = tuple(
    Ask(state="tally", columns=(c,), by=by, params=(("fences", flat), ("hits", "fences")))
    for c in "infm"
    for by, flat in (
        (("s",), ("a", -1.0, 2.0, "é", 0.0, 0.5, "␀", 1.0, 9.0)),
        (("b", "n"), ("true|1", 0.0, 3.0, "␀|␀", -9.0, 9.0)),
    )
)
