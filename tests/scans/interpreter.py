"""Owns the meaning of expressions and asks, written out over rows in plain Python: the oracle of the scans' tests."""

import math
import operator
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from qoa_platform.metrics.expression_nodes import (
    And,
    Apply,
    Arithmetic,
    Column,
    Comparison,
    Computing,
    Expr,
    Function,
    IsBetween,
    IsIn,
    IsNull,
    Literal,
    Match,
    Matching,
    Negative,
    Not,
    Or,
    When,
)
from qoa_platform.metrics.expressions import parse
from qoa_platform.records import Ask
from qoa_platform.scans.keys import group_text, value_text
from qoa_platform.states import (
    Comoments,
    Confusion,
    DistinctSketch,
    Frequencies,
    Grouped,
    Histogram,
    Keys,
    Moments,
    QuantileSketch,
    Span,
    State,
    Sums,
    Tally,
    key_hash,
)  # fmt: skip

Row = dict[str, Any]
"""The cells of a row: whatever Python value a frame holds."""


def meaning(expr: Expr, row: Row) -> Any:  # noqa: C901, PLR0911, PLR0912 (one case a node: it is the definition)
    """What *expr* means for one row; ``None`` is missing. The oracle."""
    match expr:
        case Column(name=name):
            value = row[name]
            return None if isinstance(value, float) and math.isnan(value) else value
        case Literal(value=value):
            return value
        case Negative(operand=x):
            return None if (v := meaning(x, row)) is None else -v
        case Not(operand=x):
            return None if (v := meaning(x, row)) is None else not v
        case And(operands=xs):
            found = [meaning(x, row) for x in xs]
            return False if False in found else None if None in found else True
        case Or(operands=xs):
            found = [meaning(x, row) for x in xs]
            return True if True in found else None if None in found else False
        case Comparison(operator=op, left=a, right=b):
            x, y = meaning(a, row), meaning(b, row)
            signs = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le}
            return None if x is None or y is None else (signs | {">": operator.gt, ">=": operator.ge})[op](x, y)
        case Arithmetic(operator=op, left=a, right=b):
            return _arithmetic(op, meaning(a, row), meaning(b, row))
        case Apply(function=function, operand=x):
            if (v := meaning(x, row)) is None:
                return None
            if function is Function.WEEKDAY:
                return v.isoweekday()
            plain: dict[Function, Callable[[Any], Any]] = {Function.ABS: abs, Function.LEN_CHARS: len}
            return plain.get(function, operator.attrgetter(function.partition(".")[2] or "real"))(v)
        case Match(matching=matching, operand=x, text=text):
            if (v := meaning(x, row)) is None:
                return None
            if matching is Matching.CONTAINS:
                return re.search(text, v) is not None
            return v.startswith(text) if matching is Matching.STARTS_WITH else v.endswith(text)
        case IsIn(operand=x, values=values):
            return None if (v := meaning(x, row)) is None else v in values
        case IsBetween(operand=x, low=a, high=b):
            return meaning(parse("col('x') >= col('a') and col('x') <= col('b')"),
                           {"x": meaning(x, row), "a": meaning(a, row), "b": meaning(b, row)})  # fmt: skip
        case IsNull(operand=x, negated=negated):
            return (meaning(x, row) is None) != negated
        case When(cases=cases, otherwise=z):
            return next((meaning(v, row) for c, v in cases if meaning(c, row) is True), meaning(z, row))


def _arithmetic(op: Computing, x: Any, y: Any) -> Any:
    if x is None or y is None or (op in {"/", "//", "%"} and y == 0):
        return None
    signs = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
    value = (signs | {"//": operator.floordiv, "%": operator.mod})[op](x, y)
    return None if isinstance(value, float) and math.isnan(value) else value


def answer(ask: Ask, rows: Sequence[Row]) -> State:
    """What *ask* means over *rows*, in which missing is ``None``."""
    if ask.where is not None:
        condition = parse(ask.where)
        rows = [row for row in rows if meaning(condition, row) is True]
    if not ask.by:
        return _state(ask, rows)
    names = [group_text(row[c] for c in ask.by) for row in rows]
    groups = {name: [row for row, n in zip(rows, names, strict=True) if n == name] for name in names}
    if dict(ask.params).get("hits") != "fences":
        return Grouped.from_groups(_state(ask, rows), {name: _state(ask, part) for name, part in groups.items()})
    tallies = {name: _fenced(ask, part, name) for name, part in groups.items()}
    return Grouped.from_groups(sum(tallies.values(), Tally()), tallies)


def _state(ask: Ask, rows: Sequence[Row]) -> State:  # noqa: C901, PLR0911, PLR0912 (one case per state)
    params: dict[str, Any] = dict(ask.params)
    cells: list[tuple[Any, ...]] = [tuple(row[c] for c in ask.columns) for row in rows]
    present = [cell for cell in cells if None not in cell]
    match ask.state:
        case "tally":
            return _tally(ask, params, rows, present)
        case "sums":
            errors = [(float(y), float(p) - float(y)) for y, p in present]
            if not errors:
                return Sums()
            terms = {"absolute": [abs(e) for _, e in errors], "squared": [e * e for _, e in errors]}
            terms |= {"error": [e for _, e in errors], "truth": [abs(y) for y, _ in errors]}
            return Sums.of_terms(len(errors), **{name: sum(v) for name, v in terms.items()})
        case "moments":
            finite = [float(x) for (x,) in present if math.isfinite(x)]
            return _moments(finite, len(present) - len(finite), shape=params.get("order") == 4)
        case "comoments":
            pairs = [(float(x), float(y)) for x, y in present if math.isfinite(x) and math.isfinite(y)]
            return _comoments(pairs, len(present) - len(pairs))
        case "span":
            return _span([x for (x,) in present], params.get("until"))
        case "frequencies":
            texts = [value_text(c[0]) if len(c) == 1 else group_text(c) for c in present]
            return Frequencies.exact(
                Counter(texts), n=len(texts), missing=len(cells) - len(texts), cap=params.get("cap", 10_000)
            )
        case "histogram":
            edges = params["edges"]
            bins = Counter(sum(float(x) > e for e in edges) for (x,) in present)
            counts = tuple(bins[k] for k in range(len(edges) + 1))
            return Histogram(params["digest"], counts, len(cells) - len(present))
        case "quantile" | "quantile_sketch":
            finite = sorted(float(x) for (x,) in present if math.isfinite(x))
            if ask.state == "quantile_sketch":
                return QuantileSketch.of_values(finite, len(present) - len(finite))
            return Sums.of_terms(len(finite), value=_between(finite, params["q"])) if finite else Sums()
        case "confusion":
            return Confusion.count((value_text(a), value_text(b)) for a, b in present)
        case _:
            kept = cells if params.get("missing_keys") == "value" else present
            if ask.state in {"keys", "distinct_sketch"}:
                hashes = map(key_hash, kept)
                return Keys.count(hashes) if ask.state == "keys" else DistinctSketch.count(hashes)
            seen = Counter(kept)
            return Sums.of_terms(len(kept), distinct=len(seen), once=sum(n == 1 for n in seen.values()))


def _between(x: Sequence[float], q: float) -> float:
    position = (len(x) - 1) * q
    low, high = x[math.floor(position)], x[math.ceil(position)]
    return low + (high - low) * (position - math.floor(position))


def _tally(ask: Ask, params: Mapping[str, Any], rows: Sequence[Row], present: Sequence[tuple[Any, ...]]) -> Tally:
    match params["hits"]:
        case "rows":
            return Tally(len(rows), len(rows))
        case "present":
            return Tally(len(present), len(rows))
        case "expr":
            condition = parse(ask.expr or "")
            kept = [row for row in rows if all(row[c] is not None for c in ask.columns)]
            return Tally(sum(meaning(condition, row) is True for row in kept), len(kept))
        case "after":
            skew = timedelta(seconds=params.get("skew") or 0)
            bound = params.get("bound")
            late = [_time(c[0]) > (_time(c[1]) + skew if bound is None else _time(bound)) for c in present]
            return Tally(sum(late), len(late))
        case hits:
            return Tally(sum(_hit(hits, params, x) for (x,) in present), len(present))


def _hit(hits: object, params: Mapping[str, Any], x: Any) -> bool:
    match hits:
        case "in_range":
            low, high, closed = params.get("low"), params.get("high"), params.get("closed", "both")
            above = low is None or x > low or (x == low and closed in {"both", "left"})
            return above and (high is None or x < high or (x == high and closed in {"both", "right"}))
        case "in_set":
            return x in params["values"] if not isinstance(x, date) else _time(x) in map(_time, params["values"])
        case "matches":
            return re.search(params["pattern"], x) is not None
        case "finite":
            return math.isfinite(x)
        case _:
            _, low, high = params["fences"]
            return bool(low <= x <= high)


def _fenced(ask: Ask, rows: Sequence[Row], name: str) -> Tally:
    flat: Any = dict(ask.params)["fences"]
    found = {g: (low, high) for g, low, high in zip(flat[0::3], flat[1::3], flat[2::3], strict=True)}
    present = [row[ask.columns[0]] for row in rows if row[ask.columns[0]] is not None]
    if name not in found:
        return Tally()
    low, high = found[name]
    return Tally(sum(low <= x <= high for x in present), len(present))


def _time(x: Any) -> datetime:
    time = datetime.fromisoformat(x) if isinstance(x, str) else x
    if not isinstance(time, datetime):
        time = datetime(time.year, time.month, time.day)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _span(values: Sequence[Any], until: object) -> Span:
    if values and isinstance(values[0], date):
        values = [v for v in map(_time, values) if until is None or v <= _time(until)]
    values = [float(v) if isinstance(v, Decimal) else v for v in values if not (isinstance(v, float) and math.isinf(v))]
    return Span(len(values), min(values), max(values)) if values else Span()


def _moments(x: Sequence[float], nonfinite: int, *, shape: bool) -> Moments:
    if not x:
        return Moments(n_nonfinite=nonfinite)
    mean = math.fsum(x) / len(x)
    m2, m3, m4 = (math.fsum((v - mean) ** k for v in x) for k in (2, 3, 4))
    return Moments(len(x), mean, m2, m3, m4, nonfinite) if shape else Moments(len(x), mean, m2, None, None, nonfinite)


def _comoments(pairs: Sequence[tuple[float, float]], nonfinite: int) -> Comoments:
    if not pairs:
        return Comoments(n_nonfinite=nonfinite)
    n, mx, my = len(pairs), math.fsum(x for x, _ in pairs) / len(pairs), math.fsum(y for _, y in pairs) / len(pairs)
    gaps = [(x - mx, y - my) for x, y in pairs]
    xx, yy = math.fsum(a * a for a, _ in gaps), math.fsum(b * b for _, b in gaps)
    xy = math.fsum(a * b for a, b in gaps)
    return Comoments(n, mx, my, xx, yy, xy, nonfinite)
