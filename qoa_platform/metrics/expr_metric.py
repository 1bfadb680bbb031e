"""Owns ExprMetric: a user's own metric as named aggregates that are fused into the scan, their merge, and a formula."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar, Self

from qoa_platform.metrics.declaring import filter_text
from qoa_platform.metrics.expression_nodes import Expr, canonical, columns
from qoa_platform.metrics.expressions import parse
from qoa_platform.metrics.field_arithmetic import computed, formula
from qoa_platform.metrics.protocol import MetricError
from qoa_platform.records import Ask, Direction, Params, Profile, Promise, Reading, Reason, Subject, Unit, Window
from qoa_platform.states import Fields, Grouped
from qoa_platform.states.fields import RULES

IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,63}")
ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_CALL = re.compile(r"\s*(sum|count|min|max)\s*\((.*)\)\s*", re.DOTALL)
_KEPT = frozenset({"abs", "and", "col", "lit", "not", "or", "when"})
NATIVE = "narwhals "
"""Begins the text of a field that is no text of ours."""
_defined: dict[str, Any] = {}
"""The narwhals expressions of this process by their text: an ask names them, and is plain data."""


@dataclass(frozen=True, slots=True)
class Field:
    """One aggregate: its name, how it merges, and what it is: ``sum(…)``, ``count()``, or a narwhals expression."""

    name: str
    rule: str
    text: str


@dataclass(frozen=True, init=False, repr=False)
class ExprMetric:
    """A metric of your own: *fields* are aggregates over rows, *merge* says how each adds up, *read* is the formula.

    A field is a bounded expression as text (``"sum(col('arrived') > col('due'))"``, ``"count()"``, ``"min(…)"``,
    ``"max(…)"``; it says itself how it merges), or a narwhals aggregate, which merges by *merge*: ``sum``, ``min`` or
    ``max``, for all or by name. All of them go into the one pass of the scan, by group too; states of partitions merge.
    The formula computes with the names of the fields; without a value, or divided by 0, it is ``not_applicable``
    (``no_data`` without rows). NaN and ±inf are values, which violate every promise. Missing follows the rule of
    every metric: null, NaN and declared tokens are null before an expression reads them.

    >>> late = ExprMetric(
    ...     id="shop.late_share",
    ...     unit="ratio",
    ...     direction="lower",
    ...     read="late / n",
    ...     fields={"late": "sum(col('minutes') > 60)", "n": "count(col('minutes'))"},
    ... )
    >>> late.columns, [field.rule for field in late.fields]
    (('minutes',), ['sum', 'sum'])
    """

    arity: ClassVar[str] = "none"

    id: str
    unit: Unit
    direction: Direction
    fields: tuple[Field, ...]
    formula: str
    text: str
    where: str | None
    by: tuple[str, ...]
    over: str | None

    def __init__(
        self, *, id: str, unit: str, direction: str, fields: Mapping[str, Any], read: str,  # noqa: A002 (its name)
        merge: str | Mapping[str, str] = "sum", text: str = "",
        where: str | None = None, by: tuple[str, ...] = (), over: str | None = None,
    ) -> None:  # fmt: skip
        """Raises MetricError for a definition that cannot be, ExpressionError for an expression."""
        found = tuple(_field(id, name, value, merge) for name, value in sorted(fields.items()))
        checked(id)
        formula(read, tuple(field.name for field in found))
        values = {
            "id": id, "unit": unit_of(id, unit), "direction": direction_of(id, direction), "fields": found,
            "formula": read, "text": text or f"``{read}``", "where": where, "by": by, "over": over,
        }  # fmt: skip
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"ExprMetric({self.id!r}, {self.formula!r})"

    def of(self, promise: Promise, subject: Subject) -> tuple[Self, ...]:
        """The metric of *promise*: over its rows, by its groups. Raises MetricError for what it does not take."""
        if promise.columns or promise.params or promise.expr:
            raise MetricError(
                f"promise {promise.id!r}: {self.id} is given columns, parameters or expr. "
                "Allowed: where, by, over; its own fields say what it reads"
            )
        return (self._with(filter_text(promise, subject), (promise.by,) if promise.by else (), promise.over),)

    def _with(self, where: str | None, by: tuple[str, ...], over: str | None) -> Self:
        found = object.__new__(type(self))
        values = {**self.__dict__, "where": where, "by": by, "over": over}
        for name, value in values.items():
            object.__setattr__(found, name, value)
        return found

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the fields read."""
        return tuple(sorted({name for field in self.fields for name in read_by(field)}))

    @property
    def definition(self) -> str:
        """A short digest of fields and formula: two definitions are two series."""
        return sha256(repr((self.fields, self.formula)).encode()).hexdigest()[:12]

    @property
    def params(self) -> Params:
        """The definition, and where, by and over if they are given."""
        own = {"where": self.where, "by": self.by, "over": self.over}
        return tuple(
            sorted({"definition": self.definition, **{name: value for name, value in own.items() if value}}.items())
        )

    def at(self, now: datetime, window: Window, rows_in: int | None = None, /) -> Self:  # noqa: ARG002
        """Itself."""
        return self

    def ask(self, profile: Profile | None = None, /) -> Ask:  # noqa: ARG002 (as every metric is called)
        """For ``Fields``: each field with its rule and its text."""
        flat = tuple(part for field in self.fields for part in (field.name, field.rule, field.text))
        return Ask(state="fields", columns=self.columns, where=self.where, by=self.by, params=(("fields", flat),))

    def read(self, state: Any, profile: Profile | None = None, group: str | None = None, /) -> Reading:  # noqa: ARG002
        """The formula over the fields of the whole, or of *group*."""
        part = state.get(group) if isinstance(state, Grouped) else state if group is None else None
        if not isinstance(part, Fields):
            return Reading.unknown(Reason.NO_DATA, cause=f"group {group!r} was not seen")
        names = tuple(field.name for field in self.fields)
        value = computed(formula(self.formula, names), {name: part.get(name) for name in names})
        if value is None:
            reason = Reason.NOT_APPLICABLE if part.n else Reason.NO_DATA
            return Reading.unknown(reason, part.n, f"{self.formula} has no value")
        return Reading(value=float(value), n=part.n)


def _field(metric: str, name: str, value: Any, merge: str | Mapping[str, str]) -> Field:
    if not IDENTIFIER.fullmatch(name) or name in _KEPT:
        raise MetricError(f"{metric}: {name!r} is no name of a field. Allowed: a-z, 0-9, _, and not {sorted(_KEPT)}")
    if isinstance(value, str):
        function, inner = aggregate_of(metric, name, value)
        text = f"{function}({canonical(inner)})" if inner is not None else "count()"
        return Field(name, "sum" if function == "count" else function, text)
    rule = merge if isinstance(merge, str) else merge.get(name, "")
    if rule not in RULES:
        raise MetricError(f"{metric}: field {name!r} merges by {rule!r}. Allowed: {', '.join(RULES)}")
    text = NATIVE + str(value)
    _defined[text] = value
    native(text)
    return Field(name, rule, text)


def aggregate_of(metric: str, name: str, text: str) -> tuple[str, Expr | None]:
    """The function and the expression of a field's text. Raises MetricError, ExpressionError."""
    match = _CALL.fullmatch(text)
    if match is None or (not match[2].strip() and match[1] != "count"):
        raise MetricError(
            f"{metric}: field {name!r} is {text!r}. Allowed: sum(…), count(), count(…), min(…), max(…) of an expression"
        )
    return match[1], parse(match[2]) if match[2].strip() else None


def native(text: str) -> Any:
    """The Polars expression of a narwhals field. Raises MetricError where this process does not know it, or cannot."""
    if text not in _defined:
        raise MetricError(f"{text!r} is not defined in this process: the module that holds the metric is not loaded")
    import narwhals as nw  # noqa: PLC0415 (only where a metric is written in it)
    import polars as pl  # noqa: PLC0415

    space = nw.from_native(pl.DataFrame()).__narwhals_namespace__()
    try:
        found = _defined[text]._to_compliant_expr(space).native  # noqa: SLF001 (narwhals translates frames, not expressions)
    except Exception as error:
        message = f"{text!r} is no narwhals expression that Polars has: {type(error).__name__}: {error}"
        raise MetricError(message) from error
    if not isinstance(found, pl.Expr):
        raise MetricError(f"{text!r} is {type(found).__name__}. Allowed: one narwhals aggregate")
    return found


def definitions(texts: tuple[str, ...]) -> dict[str, Any]:
    """The narwhals expressions of those texts, to be taken to another process."""
    return {text: _defined[text] for text in texts if text in _defined}


def define(known: Mapping[str, Any]) -> None:
    """Makes narwhals expressions known in this process, by their texts."""
    _defined.update(known)


def read_by(field: Field) -> frozenset[str]:
    """The columns that a field reads."""
    if field.text.startswith(NATIVE):
        return frozenset(native(field.text).meta.root_names())
    _, inner = aggregate_of("", field.name, field.text)
    return columns(inner) if inner is not None else frozenset()


def checked(metric: str) -> str:
    """*metric*, if it can be an id. Raises MetricError."""
    if not ID.fullmatch(metric):
        raise MetricError(f"{metric!r} is no id of a metric. Allowed: prefix.name in a-z, 0-9 and _")
    return metric


def unit_of(metric: str, unit: str) -> Unit:
    """The unit that is spelled so. Raises MetricError."""
    try:
        return Unit(unit)
    except ValueError as error:
        raise MetricError(f"{metric}: unit {unit!r}. Allowed: {', '.join(Unit)}") from error


def direction_of(metric: str, direction: str) -> Direction:
    """The direction that is spelled so. Raises MetricError."""
    try:
        return Direction(direction)
    except ValueError as error:
        raise MetricError(f"{metric}: direction {direction!r}. Allowed: {', '.join(Direction)}") from error
