"""Owns ClassMetric: a user's own Python class with ``ask`` and ``read``, as a metric like any other."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from inspect import Parameter, getdoc, signature
from typing import Any, Self

from qoa_platform.metrics.declaring import filter_text
from qoa_platform.metrics.expr_metric import checked, direction_of, unit_of
from qoa_platform.metrics.protocol import Arity, MetricError, ParamSpec
from qoa_platform.records import Ask, Direction, Params, Profile, Promise, Reading, Reason, Subject, Unit, Window
from qoa_platform.states import Grouped

_COLUMNS = frozenset({"column", "columns"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassMetric:
    """An instance of a user's class, with what a promise adds to it: a filter, groups, another asset.

    The class has ``id``, ``unit`` and ``direction``, an ``__init__`` that takes ``column`` or ``columns`` (or neither)
    and parameters by name, ``ask()`` or ``ask(profile)`` that returns an ``Ask``, and ``read(state)``,
    ``read(state, profile)`` or ``read(state, profile, group)`` that returns a Reading or a number. The state that it is
    handed is that of its rows, or of one group of them.
    """

    id: str
    unit: Unit
    direction: Direction
    columns: tuple[str, ...] = ()
    given: Params = ()
    where: str | None = None
    by: tuple[str, ...] = ()
    over: str | None = None
    inner: Any = field(compare=False, repr=False)

    @property
    def params(self) -> Params:
        """Columns, parameters, and where, by and over if they are given."""
        own = {"columns": self.columns, "where": self.where, "by": self.by, "over": self.over}
        return tuple(sorted({**dict(self.given), **{name: value for name, value in own.items() if value}}.items()))

    def at(self, now: datetime, window: Window, rows_in: int | None = None, /) -> Self:  # noqa: ARG002
        """Itself."""
        return self

    def ask(self, profile: Profile | None = None, /) -> Ask | None:
        """What the class asks, over the rows of the promise."""
        found = self.inner.ask(*[profile][: _arguments(self.inner.ask)])
        if found is None:
            return None
        if not isinstance(found, Ask):
            raise MetricError(f"{self.id}: ask() returned {found!r}. Allowed: a qoa_platform.records.Ask")
        return replace(found, where=found.where if self.where is None else self.where, by=found.by or self.by)

    def read(self, state: Any, profile: Profile | None = None, group: str | None = None, /) -> Reading:
        """What the class reads off the state of the whole, or of *group*; a bare number gets the n of the state."""
        part = state.get(group) if isinstance(state, Grouped) else state if group is None else None
        if part is None:
            return Reading.unknown(Reason.NO_DATA, cause=f"group {group!r} was not seen")
        found = self.inner.read(*[part, profile, group][: _arguments(self.inner.read)])
        if isinstance(found, Reading):
            return found
        n = int(getattr(part, "rows", None) or getattr(part, "n", None) or 0)
        if found is None:
            return Reading.unknown(Reason.NOT_APPLICABLE if n else Reason.NO_DATA, n, "read() returned None")
        return Reading(value=float(found), n=n)


def _arguments(method: Any) -> int:
    """How many of the positional arguments *method* takes."""
    kinds = [p.kind for p in signature(method).parameters.values()]
    if Parameter.VAR_POSITIONAL in kinds:
        return 3
    return sum(kind in {Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD} for kind in kinds)


@dataclass(frozen=True, slots=True)
class ClassOf:
    """A user's class as what metrics are built of. Raises MetricError for a class that lacks something."""

    made: Any

    def __post_init__(self) -> None:
        lacking = [name for name in ("id", "unit", "direction", "ask", "read") if not hasattr(self.made, name)]
        if lacking:
            name = getattr(self.made, "__qualname__", self.made)
            raise MetricError(
                f"{name} has no {', '.join(lacking)}. Allowed: a class with id, unit, direction, ask, read"
            )
        checked(self.made.id)
        unit_of(self.made.id, self.made.unit)
        direction_of(self.made.id, self.made.direction)

    @property
    def _signature(self) -> Mapping[str, Parameter]:
        found = signature(self.made).parameters
        variable = {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}
        return {name: p for name, p in found.items() if p.kind not in variable}

    @property
    def arity(self) -> Arity:
        """How many columns a promise names: what ``__init__`` takes them by says it."""
        taken = self._signature
        return Arity.MANY if _COLUMNS & set(taken) else Arity.NONE

    @property
    def per_column(self) -> bool:
        """Whether several columns are one metric each: ``__init__`` takes ``column``."""
        return "column" in self._signature

    @property
    def params(self) -> tuple[ParamSpec, ...]:
        """The parameters of ``__init__`` beside the columns, by the type of their defaults."""
        return tuple(
            ParamSpec(
                name=name, kind=_kind(p.default), required=p.default is Parameter.empty, text=f"of {self.made.id}"
            )
            for name, p in self._signature.items()
            if name not in _COLUMNS
        )

    @property
    def text(self) -> str:
        """The first line of the class's docstring."""
        return (getdoc(self.made) or self.made.id).partition("\n")[0]

    def of(self, promise: Promise, subject: Subject) -> tuple[ClassMetric, ...]:
        """The metrics of *promise*. Raises MetricError, also for whatever ``__init__`` raises."""
        given = dict(promise.params)
        known = {spec.name for spec in self.params}
        needed = {spec.name for spec in self.params if spec.required}
        if not needed <= set(given) <= known or promise.expr is not None:
            listed = ", ".join(sorted(known)) or "none"
            raise MetricError(f"promise {promise.id!r}: {self.made.id} is given {sorted(given)}. Allowed: {listed}")
        if bool(promise.columns) != (self.arity is not Arity.NONE):
            wanted = "no column" if self.arity is Arity.NONE else "one or more columns"
            raise MetricError(f"promise {promise.id!r}: {self.made.id} takes {wanted}")
        sets = [(c,) for c in promise.columns] if self.per_column else [promise.columns]
        where, by = filter_text(promise, subject), (promise.by,) if promise.by else ()
        return tuple(self.build(columns, given, where=where, by=by, over=promise.over) for columns in sets)

    def build(
        self, columns: tuple[str, ...], given: Mapping[str, Any], *, where: str | None = None,
        by: tuple[str, ...] = (), over: str | None = None,
    ) -> ClassMetric:  # fmt: skip
        """One metric over *columns*. Raises MetricError for whatever ``__init__`` raises."""
        own = {"column": columns[0]} if self.per_column else {"columns": columns} if columns else {}
        try:
            inner = self.made(**own, **given)
        except Exception as error:
            message = f"{self.made.id} cannot be made of {columns} and {dict(given)}: {type(error).__name__}: {error}"
            raise MetricError(message) from error
        return ClassMetric(
            id=self.made.id, unit=unit_of(self.made.id, self.made.unit),
            direction=direction_of(self.made.id, self.made.direction), columns=columns,
            given=tuple(sorted(given.items())), where=where, by=by, over=over, inner=inner,
        )  # fmt: skip


def _kind(default: Any) -> str:
    match default:
        case bool():
            return "flag"
        case int():
            return "integer"
        case float():
            return "number"
        case tuple() | list():
            return "values"
        case str():
            return "text"
        case _:
            return "any"
