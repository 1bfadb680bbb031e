"""Owns the summary of rows that do not fit into memory: states of batches, merged, and what the sum tells."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from math import log2, sqrt
from typing import Any

import polars as pl

from qoa_platform.contracts.schema import LogicalType
from qoa_platform.profiles.ordered import TAILS, TOP, edges_of
from qoa_platform.profiles.summary import QUANTILES, Bins, Cell, ColumnSummary, Common, Summary, logical
from qoa_platform.records import Ask
from qoa_platform.scans.columns import Schema
from qoa_platform.scans.kernel import answers, merged
from qoa_platform.scans.normalising import Missing
from qoa_platform.states import DistinctSketch, Frequencies, Moments, QuantileSketch, Span, State, Tally
from qoa_platform.states.kll import retained
from qoa_platform.states.quantile_sketch import RANK_ERROR

ROWS = Ask(state="tally", params=(("hits", "rows"),))
NUMBERS = frozenset({LogicalType.INTEGER, LogicalType.NUMBER})
TIMES = frozenset({LogicalType.DATE, LogicalType.TIMESTAMP})
COUNTED = frozenset({LogicalType.STRING, LogicalType.BOOLEAN})


def folded(batches: Iterable[pl.DataFrame], schema: Schema, missing: Missing) -> Summary:
    """The summary of all *batches* of a *schema*, of which only one has to be in memory.

    Rows, missing, extremes, mean and spread are exact. Distinct values and quantiles come from sketches, within the
    bounds that are given; values of text are counted up to ten thousand, beyond which ``top_bound`` says how far below
    the truth a count may be. Quantiles and bins of times are left out, and so are the values of what is nested.
    """
    asks = {name: _asks(name, dtype) for name, dtype in schema.items()}
    flat = [ROWS, *(ask for own in asks.values() for ask in own)]
    found = merged(answers(batch, flat, missing=missing) for batch in batches)
    total = found.get(ROWS)
    rows = total.rows if isinstance(total, Tally) else 0
    columns = []
    for name, dtype in schema.items():
        failed = [found[ask] for ask in asks[name] if ask in found and not isinstance(found[ask], State)]
        states = {ask.state: found[ask] for ask in asks[name] if isinstance(found.get(ask), State)}
        said: dict[str, Any] = {"name": name, "type": logical(dtype), "dtype": str(dtype), "n": rows}
        cause = getattr(failed[0], "cause", None) if failed else None
        columns.append(ColumnSummary(**said, **_facts(states, rows, dtype), cause=cause))
    return Summary(rows=rows, columns=tuple(columns))


def _asks(name: str, dtype: pl.DataType) -> tuple[Ask, ...]:
    """What is asked of a column, by what it holds."""
    kind, columns = logical(dtype), (name,)
    found = [Ask(state="tally", columns=columns, params=(("hits", "present"),))]
    if kind in NUMBERS | TIMES | COUNTED:
        found.append(Ask(state="distinct_sketch", columns=columns))
    if kind in NUMBERS:
        found += [Ask(state="moments", columns=columns), Ask(state="quantile_sketch", columns=columns)]
    if kind in NUMBERS | TIMES or isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        found.append(Ask(state="span", columns=columns))
    if kind in COUNTED:
        found.append(Ask(state="frequencies", columns=columns))
    return tuple(found)


def _facts(states: Mapping[str, Any], rows: int, dtype: pl.DataType) -> dict[str, Any]:
    """What the states of a column tell; a state that is not there tells nothing."""
    facts: dict[str, Any] = {}
    kind = logical(dtype)
    match states.get("tally"):
        case Tally() as tally:
            facts["missing"] = rows - tally.hits
    match states.get("distinct_sketch"):
        case DistinctSketch() as sketch:
            facts |= {"distinct": sketch.estimate, "distinct_bound": float(sketch.bound)}
    match states.get("span"):
        case Span() as span if span.n:
            facts |= {"minimum": _end(span.low, dtype), "maximum": _end(span.high, dtype)}
    match states.get("moments"):
        case Moments() as moments if moments.n:
            spread = None if moments.variance is None else sqrt(max(moments.variance, 0.0))
            facts |= {"mean": moments.mean, "std": spread, "nonfinite": moments.n_nonfinite}
    match states.get("frequencies"):
        case Frequencies() as counts:
            facts |= _counted(counts, kind)
    match states.get("quantile_sketch"):
        case QuantileSketch() as quantiles if quantiles.n:
            facts |= _shape(quantiles, facts, kind)
    return facts


def _end(value: Any, dtype: pl.DataType) -> Cell:
    """An extreme as the column shows it: a date without a time of day, a time in the column's zone or in none."""
    if isinstance(dtype, pl.Date | pl.Datetime):
        moment: Cell = pl.Series([value], dtype=pl.Datetime("us", "UTC")).cast(_shown(dtype)).item()
        return moment
    found: Cell = value
    return found


def _shown(dtype: pl.Date | pl.Datetime) -> pl.DataType:
    return dtype if isinstance(dtype, pl.Date) else pl.Datetime("us", dtype.time_zone)


def _counted(counts: Frequencies, kind: LogicalType) -> dict[str, Any]:
    """Commonest values; and, where none was dropped, how many there are and their entropy, exactly."""
    best = sorted(counts.counts, key=lambda pair: (-pair[1], pair[0]))
    listed = [pair for pair in best[:TOP] if len(best) <= TOP or pair[1] > 1]
    shown = {"true": True, "false": False} if kind is LogicalType.BOOLEAN else {}
    top = tuple(Common(value=shown.get(value, value), count=count) for value, count in listed)
    if counts.error:
        return {"top": top, "top_bound": counts.error}
    n, logs = counts.n, sum(count * log2(count) for _, count in counts.counts)
    entropy = max(log2(n) - logs / n, 0.0) if n else None
    return {"top": top, "distinct": len(counts.counts), "distinct_bound": 0.0, "entropy": entropy}


def _shape(sketch: QuantileSketch, facts: Mapping[str, Any], kind: LogicalType) -> dict[str, Any]:
    """Quantiles, and bins between the extremes, off a sketch."""
    import numpy as np  # noqa: PLC0415 (only where there are sketches)

    held = retained(sketch.content)
    order = np.argsort(held.items, kind="stable")
    items, below = held.items[order], np.concatenate(([0], np.cumsum(held.weights[order])))
    tails = (sketch.located(TAILS).value, sketch.located(1 - TAILS).value)
    edges = edges_of(facts["minimum"], facts["maximum"], tails, whole=kind is LogicalType.INTEGER)
    inner = below[np.searchsorted(items, np.array(edges[1:-1]), side="right")].tolist() if edges else []
    counts = tuple(b - a for a, b in pairwise([0, *inner, held.n])) if edges else ()
    return {
        "quantiles": tuple(sketch.located(q).value for q in QUANTILES),
        "quantiles_bound": 0.0 if sketch.exact else RANK_ERROR,
        "histogram": Bins(edges=edges, counts=counts) if counts else None,
    }
