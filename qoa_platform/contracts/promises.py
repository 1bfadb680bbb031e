"""Owns the reading of one promise against the catalogue: metric, unit, bound, columns, expressions, own parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qoa_platform.contracts import grammar
from qoa_platform.contracts.grammar import GrammarError
from qoa_platform.contracts.keys import PROMISE
from qoa_platform.contracts.problem import guess, show_value
from qoa_platform.contracts.shapes import Found, Report
from qoa_platform.contracts.yaml12 import Mark, Node
from qoa_platform.metrics import Arity, MetricError, MetricSpec, ParamSpec
from qoa_platform.metrics.expressions import ExpressionError, parse_condition
from qoa_platform.metrics.own import unloaded
from qoa_platform.records import Baseline, Mode, Must, Promise, Scalar, Severity, Subject, Unit, Versus

Catalogue = Mapping[str, MetricSpec]
Value = Scalar | tuple[Scalar, ...]

PROMISE_KEYS = frozenset(key.name for key in PROMISE.keys)
_SHARED = ("weight", "aggregate")
"""Keys of every promise that count only where the metric takes a parameter of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What the reading of a promise needs: the *catalogue* (``None``: metrics are not checked) and the *report*."""

    catalogue: Catalogue | None
    report: Report

    def spec(self, found: Found) -> MetricSpec | None:
        """The metric's row of the catalogue; an unknown id is reported."""
        metric = found.get("metric")
        if self.catalogue is None or metric is None:
            return None
        spec = self.catalogue.get(metric)
        if spec is None:
            said = f"unknown metric {show_value(metric)}"
            self._say(
                "E104",
                said,
                found,
                "metric",
                (guess(metric, self.catalogue, listed=0) or "Allowed: the ids of the catalogue, docs/metrics")
                + unloaded(),
            )
            found.whole = False
        return spec

    def promise(self, found: Found) -> Promise | None:
        """The promise in *found*, or ``None`` with its problems reported."""
        before = len(self.report.problems)
        spec = self.spec(found)
        unit = spec.unit if spec else None
        must = self._must(found, unit)
        params = self.own_params(found, spec, PROMISE_KEYS)
        columns = self._columns(found, spec)
        for key in ("expr", "where"):
            self._expression(found, key)
        self._shared(found, spec)
        if spec is not None and spec.needs_expr and "expr" not in found.nodes:
            self._say("E108", f"{spec.id} needs 'expr'", found, "metric", "As in: expr: \"col('sales_value') >= 0\"")
        if not found.whole or must is None or len(self.report.problems) > before:
            return None
        return Promise(
            id=found.get("id"), metric=found.get("metric"), columns=columns, expr=found.get("expr"), params=params,
            where=found.get("where"), by=found.get("by"), over=found.get("over"), window=found.get("window"),
            aggregate=found.get("aggregate"), reference=found.get("reference"), weight=found.get("weight"),
            compat=found.get("compat"), must=must, streak=found.get("for", 1),
            clear_after=found.get("clear_after", 2), severity=Severity(found.get("severity", Severity.WARNING)),
            mode=Mode(found.get("mode", Mode.ENFORCE)), min_n=found.get("min_n"),
            block_on_unknown=found.get("on_unknown") == "block", unusual_intent=found.get("intent") == "unusual",
            set_aside=found.get("set_aside"), fdr=found.get("fdr"),
        )  # fmt: skip

    def buildable(self, promise: Promise, subject: Subject, found: Found) -> None:
        """Report what only the metric itself knows to be wrong with *promise*."""
        spec = self.catalogue.get(promise.metric) if self.catalogue is not None else None
        if spec is None or promise.compat is not None:
            return
        try:
            spec.build(promise, subject)
        except (MetricError, ExpressionError) as error:
            said = str(error).removeprefix(f"promise {promise.id!r}: ")
            self.report.say("E108", said, found.mark_of("metric"), found.path)

    def own_params(self, found: Found, spec: MetricSpec | None, own: frozenset[str]) -> tuple[tuple[str, Value], ...]:
        """The metric's own parameters among the keys of *found*, typed, sorted by name."""
        known = {p.name: p for p in spec.params} if spec else {}
        given: dict[str, Value] = {}
        for name, node in found.nodes.items():
            if name in own:
                continue
            if name in known or (spec is None and self._known_somewhere(name)):
                value = self._param(known.get(name), name, node, found)
                if value is not None:
                    given[name] = value
            else:
                said = f"unknown key {show_value(name)}" + (f" for {spec.id}" if spec else "")
                hint = guess(name, [*own, *known], listed=40)
                self.report.say("E101", said, found.keys[name], (*found.path, name), hint)
        for param in known.values():
            if param.required and param.name not in found.nodes and param.name not in given:
                said = f"{spec.id if spec else ''} needs the parameter {param.name!r}: {param.text}"
                self._say("E108", said, found, "metric")
        return tuple(sorted(given.items()))

    def _known_somewhere(self, name: str) -> bool:
        """Whether some metric takes such a parameter (any will do when there is no catalogue)."""
        return self.catalogue is None or any(p.name == name for s in self.catalogue.values() for p in s.params)

    def _param(self, spec: ParamSpec | None, name: str, node: Node, found: Found) -> Value:
        try:
            return param_value(spec, node.plain)
        except GrammarError as error:
            said = f"parameter {name!r}: {error.message}"
            self.report.say("E108", said, node.mark, (*found.path, name), error.hint)
            return None

    def _must(self, found: Found, unit: Unit | None) -> Must | None:
        given = [key for key in ("must", "versus", *grammar.MUST_KEYS) if key in found.nodes]
        if len(given) != 1:
            said = f"a promise has one bound, found {', '.join(given) or 'none'}"
            self.report.say("E114", said, found.mark, found.path, "Allowed: must, or versus with margin")
            return None
        key = given[0]
        if (key == "versus") != ("margin" in found.nodes):
            self._say("E114", "versus and margin belong together", found, key, "As in: versus: champion, margin: 0.01")
            return None
        if key == "versus":
            return self._versus(found, unit)
        if key == "must" and "must" not in found.values:
            return None
        plain, mark, path = found.nodes[key].plain, found.mark_of(key), (*found.path, key)
        parse = (lambda: grammar.must(plain, unit)) if key == "must" else (lambda: grammar.must_key(key, plain, unit))
        result: Must | None = self.report.attempt(parse, mark, path)
        return result

    def _versus(self, found: Found, unit: Unit | None) -> Versus | None:
        margin = self.margin(found, unit)
        versus = found.get("versus")
        if isinstance(versus, Found):
            if len(versus.values) != 1:
                self._say("E114", "versus names one baseline", found, "versus", "Allowed: champion, previous, "
                          "{trial: …} or {reference: …}")  # fmt: skip
                return None
            ((kind, name),) = versus.values.items()
            return Versus(baseline=Baseline(kind), name=name, margin=margin) if margin else None
        return Versus(baseline=Baseline(versus), margin=margin) if versus and margin else None

    def margin(self, found: Found, unit: Unit | None) -> Any:
        """The margin in the metric's unit."""
        if "margin" not in found.values:
            return None
        plain, path = found.nodes["margin"].plain, (*found.path, "margin")
        return self.report.attempt(lambda: grammar.margin(plain, unit), found.mark_of("margin"), path)

    def _columns(self, found: Found, spec: MetricSpec | None) -> tuple[str, ...]:
        given = [key for key in ("column", "columns", "expr") if key in found.nodes]
        if len(given) > 1:
            said = f"{' and '.join(given)} exclude one another"
            self._say("E114", said, found, given[1], "Allowed: one of column, columns, expr")
        column, columns = found.get("column"), found.get("columns", ())
        named: tuple[str, ...] = (column,) if column is not None else columns
        twice = next((c for c in named if named.count(c) > 1), None)
        if twice is not None:
            self._say("E111", f"column {twice!r} is named twice", found, "columns")
        if spec is not None and "expr" not in found.nodes:
            self._arity(found, spec, named)
        return named

    def _arity(self, found: Found, spec: MetricSpec, named: tuple[str, ...]) -> None:
        n = len(named)
        fits = {Arity.NONE: n == 0, Arity.ONE: n == 1, Arity.MANY: n >= 1, Arity.ANY: True}[spec.columns]
        if fits or (n == 0 and ("column" in found.nodes or "columns" in found.nodes)):
            return
        allowed = {Arity.NONE: "no column", Arity.ONE: "one column"}.get(spec.columns, "one column or more")
        key = "columns" if "columns" in found.nodes else "column" if n else "metric"
        self._say("E109", f"{spec.id} reads {allowed}, found {', '.join(named) or 'none'}", found, key)

    def _expression(self, found: Found, key: str) -> None:
        self.expression(found.get(key), found.mark_of(key), (*found.path, key))

    def expression(self, text: str | None, mark: Mark, path: tuple[str, ...]) -> None:
        """Report what is wrong with a condition of the bounded expression language."""
        if text is None:
            return
        try:
            parse_condition(text)
        except ExpressionError as error:
            self.report.say("E115", str(error), mark, path)

    def _shared(self, found: Found, spec: MetricSpec | None) -> None:
        params = {p.name: p for p in spec.params} if spec else {}
        for key in _SHARED:
            if spec is None or key not in found.values:
                continue
            if key not in params:
                self._say("E108", f"{spec.id} takes no {key!r}", found, key, guess(key, params))
            elif params[key].choices and found.values[key] not in params[key].choices:
                said = f"{key} {show_value(found.values[key])} is not allowed"
                self._say("E108", said, found, key, guess(found.values[key], params[key].choices))

    def _say(self, code: str, message: str, found: Found, key: str, hint: str = "") -> None:
        self.report.say(code, message, found.mark_of(key), (*found.path, key), hint)


def param_value(spec: ParamSpec | None, value: Any) -> Value:  # noqa: C901, PLR0912 (one case per kind)
    """*value* as the parameter's kind says. Raises GrammarError.

    >>> param_value(ParamSpec(name="skew", kind="duration"), "5 min")
    300.0
    """
    kind = spec.kind if spec is not None else "any"
    choices = spec.choices if spec is not None else ()
    if isinstance(value, str) and choices and value not in choices:
        raise GrammarError(f"{show_value(value)} is not allowed", guess(value, choices))
    match kind, value:
        case _, None | dict():
            pass
        case "duration", str():
            return grammar.duration(value).total_seconds()
        case (("duration" | "number" | "integer" | "text" | "any"), bool()) if kind != "any":
            pass
        case (("duration" | "number"), int() | float()):
            return grammar.quantity(value).value
        case "number", str():
            return grammar.quantity(value).value
        case (("integer" | "any"), int()):
            return value
        case (("text" | "any"), str()):
            return value
        case (("flag" | "any"), bool()):
            return value
        case "any", float():
            return grammar.quantity(value).value
        case (("values" | "any"), list()) if value and all(isinstance(v, str | int | float | bool) for v in value):
            return tuple(value)
        case "columns", str() if value:
            return (value,)
        case "columns", list() if value and all(isinstance(v, str) and v for v in value):
            return tuple(value)
        case _:
            pass
    allowed = {
        "integer": "a whole number",
        "flag": "true or false",
        "values": "a list of values",
        "columns": "a column, or a list of columns",
        "duration": grammar.DURATIONS,
    }
    raise GrammarError(f"found {show_value(value)}", f"Allowed: {allowed.get(kind, kind)}")
