"""Owns how a metric declares its parameters, and how a promise's text becomes their values."""

from collections.abc import Iterable
from dataclasses import MISSING, field, fields
from difflib import get_close_matches
from math import isfinite
from typing import Any

from qoa_platform.metrics.expression_nodes import And
from qoa_platform.metrics.expressions import canonical, parse_condition
from qoa_platform.metrics.protocol import Arity, MetricError, ParamSpec
from qoa_platform.records import SCALES, Promise, Scalar, Subject, Unit

Value = Scalar | tuple[Scalar, ...]


def param(kind: str, text: str, *, default: Any = MISSING, choices: tuple[str, ...] = ()) -> Any:
    """A field of a metric that a promise may set (must, without *default*). See ``ParamSpec`` for the kinds."""
    return field(default=default, metadata={"kind": kind, "text": text, "choices": choices})


def param_name(field_name: str) -> str:
    """The parameter that a field stands for: ``as_`` is ``as``, which Python keeps for itself."""
    return field_name.removesuffix("_")


def param_specs(metric: type) -> tuple[ParamSpec, ...]:
    """The parameters that *metric* declares, in their order."""
    return tuple(
        ParamSpec(
            name=param_name(f.name), kind=f.metadata["kind"], required=f.default is MISSING,
            choices=f.metadata["choices"], text=f.metadata["text"],
        )
        for f in fields(metric)
        if "kind" in f.metadata
    )  # fmt: skip


def own_params(metric: type, metric_id: str, promise: Promise) -> dict[str, Any]:
    """The values that *promise* gives to the parameters of *metric*, each of its kind. Raises MetricError."""
    specs = {spec.name: spec for spec in param_specs(metric)}
    given: dict[str, Value] = dict(promise.params)
    given |= {name: value for name in ("weight", "aggregate") if (value := getattr(promise, name)) is not None}
    for name in given:
        if name not in specs:
            raise _wrong(promise, metric_id, f"takes no parameter {name!r}", name, specs)
    for spec in specs.values():
        if spec.required and spec.name not in given:
            raise _wrong(promise, metric_id, f"needs the parameter {spec.name!r} ({spec.text})", "", specs)
    return {_field(metric, name): _valued(specs[name], value, promise, metric_id) for name, value in given.items()}


def _field(metric: type, name: str) -> str:
    return next(f.name for f in fields(metric) if "kind" in f.metadata and param_name(f.name) == name)


def numbered_columns(metric_id: str, arity: Arity, promise: Promise) -> tuple[str, ...]:
    """The columns of *promise*, if they are as many as the metric takes. Raises MetricError."""
    n = len(promise.columns)
    fits = {Arity.NONE: n == 0, Arity.ONE: n == 1, Arity.MANY: n >= 1, Arity.ANY: True}[arity]
    if not fits:
        allowed = {Arity.NONE: "no column", Arity.ONE: "exactly one"}.get(arity, "one or more")
        found = ", ".join(promise.columns) or "no column"
        raise MetricError(f"promise {promise.id!r}: {metric_id} is given {found}. Allowed: {allowed}")
    return promise.columns


def filter_text(promise: Promise, subject: Subject) -> str | None:
    """The canonical row filter: the promise's, and the subject's where its own asset is read.

    Raises ExpressionError.
    """
    texts = [promise.where] if promise.over is not None else [subject.where, promise.where]
    parsed = [parse_condition(text) for text in texts if text is not None]
    if not parsed:
        return None
    return canonical(parsed[0] if len(parsed) == 1 else And(operands=tuple(parsed)))


def seconds(value: Value) -> float | None:
    """A duration as seconds: a number as it is, ``5 min`` converted; ``None`` when it is neither.

    >>> seconds("5 min"), seconds(2.5), seconds("soon")
    (300.0, 2.5, None)
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    amount, _, unit = value.partition(" ") if isinstance(value, str) else ("", "", "")
    scale, factor = SCALES.get(unit.strip(), (Unit.ONE, 0.0))
    try:
        return float(amount) * factor if scale is Unit.SECONDS else None
    except ValueError:
        return None


def _valued(spec: ParamSpec, value: Value, promise: Promise, metric_id: str) -> Value:
    found = _of_kind(spec, value)
    if found is None or (isinstance(found, float) and not isfinite(found)):
        allowed = " | ".join(spec.choices) if spec.choices else spec.kind
        message = f"promise {promise.id!r}: parameter {spec.name!r} of {metric_id} is {value!r}. Allowed: {allowed}"
        raise MetricError(message)
    return found


def _of_kind(spec: ParamSpec, value: Value) -> Value:  # noqa: C901 (one case per kind)
    """*value* as the parameter's kind wants it, ``None`` when it is none of it."""
    match spec.kind, value:
        case "duration", _:
            return seconds(value)
        case "number", int() | float() if not isinstance(value, bool):
            return float(value)
        case "integer", int() if not isinstance(value, bool):
            return value
        case "text", str():
            return value if not spec.choices or value in spec.choices else None
        case "flag", bool():
            return value
        case "values", tuple():
            return _one_kind(value)
        case "columns", str():
            return (value,) if value else None
        case "columns", tuple():
            return _columns(value)
        case _:
            return None


def _one_kind(values: tuple[Scalar, ...]) -> tuple[Scalar, ...] | None:
    """*values* sorted and distinct, if they are numbers, or texts, or truth values: not some of each."""
    kinds = {"number" if type(v) in {int, float} else type(v).__name__ for v in values}
    if len(kinds) != 1 or not kinds <= {"number", "str", "bool"}:
        return None
    return tuple(sorted(set(values)))  # type: ignore[type-var]


def _columns(names: tuple[Scalar, ...]) -> tuple[Scalar, ...] | None:
    """Names of columns in their order, if each is text and stands once."""
    fits = all(isinstance(name, str) and name for name in names) and len(set(names)) == len(names)
    return names if names and fits else None


def _wrong(promise: Promise, metric_id: str, what: str, name: str, known: Iterable[str]) -> MetricError:
    near = get_close_matches(name, list(known), 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    allowed = ", ".join(sorted(known)) or "none"
    return MetricError(f"promise {promise.id!r}: {metric_id} {what}.{hint} Allowed: {allowed}")
