"""Owns FrameMetric: what all metrics of a frame share, from the promise they are built of to the reading they give."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import lru_cache
from math import isfinite
from operator import itemgetter
from typing import Any, ClassVar, Self

from qoa_platform.metrics.declaring import filter_text, numbered_columns, own_params, param_name
from qoa_platform.metrics.protocol import Arity, MetricError, Source
from qoa_platform.records import (
    Ask,
    Direction,
    Params,
    Profile,
    Promise,
    Reading,
    Reason,
    Reference,
    ReferenceKind,
    Scalar,
    Subject,
    Unit,
    Window,
)
from qoa_platform.states import Grouped, State

CLOCK: Mapping[str, bool] = {"clock": True}
"""Metadata of a field that :meth:`FrameMetric.at` fills in: no part of the series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameMetric:
    """A metric of a frame. A subclass says which state it asks for and how the value is read off it.

    *columns* it reads, *where* the row filter (canonical), *by* the grouping columns, *over* the asset whose frame it
    is (``None``: the subject's own). A subclass adds its own parameters as fields (``declaring.param``), and the first
    line of its docstring is its definition in the catalogue.
    """

    id: ClassVar[str]
    unit: ClassVar[Unit] = Unit.RATIO
    direction: ClassVar[Direction] = Direction.HIGHER
    arity: ClassVar[Arity] = Arity.MANY
    per_column: ClassVar[bool] = True
    source: ClassVar[Source] = Source.FRAME
    needs_reference: ClassVar[bool] = False
    needs_expr: ClassVar[bool] = False

    columns: tuple[str, ...] = ()
    where: str | None = None
    by: tuple[str, ...] = ()
    over: str | None = None

    @classmethod
    def of(cls, promise: Promise, subject: Subject) -> tuple[Self, ...]:
        """The metrics of *promise*: one per column, or one over all of them. Raises MetricError."""
        if promise.expr is not None and not cls.needs_expr:
            raise MetricError(
                f"promise {promise.id!r}: {cls.id} takes no expr. Allowed: data.pass_rate, data.violation_count"
            )
        if cls.needs_reference and promise.where is not None and _is_frozen(promise.reference):
            raise MetricError(
                f"promise {promise.id!r}: where leaves out rows that the frozen reference holds. "
                "Allowed: where on the subject, by, or a moving reference (last 28 partitions)"
            )
        own = cls.own_of(promise)
        columns = cls.columns_of(promise, subject)
        sets: Iterable[tuple[str, ...]] = [(c,) for c in columns] if cls.per_column and columns else [columns]
        where, by = filter_text(promise, subject), (promise.by,) if promise.by else ()
        return tuple(cls(columns=c, where=where, by=by, over=promise.over, **own) for c in sets)

    @classmethod
    def own_of(cls, promise: Promise) -> dict[str, Any]:
        """The values of the metric's own fields, from what *promise* says."""
        return own_params(cls, cls.id, promise)

    @classmethod
    def columns_of(cls, promise: Promise, subject: Subject) -> tuple[str, ...]:  # noqa: ARG003 (others read it)
        """The columns that *promise* names, as many as the metric takes."""
        return numbered_columns(cls.id, cls.arity, promise)

    @property
    def params(self) -> Params:
        """What differs from the defaults, sorted by name; the clock is no part of it."""
        kind: type[Any] = type(self)
        found = ((said, getattr(self, name), default) for said, name, default in _series_fields(kind))  # type: ignore[arg-type]
        return tuple((said, value) for said, value, default in found if value != default)

    def over_columns(self, columns: tuple[str, ...], **changes: Any) -> Self:
        """The same metric, of other *columns* (each once), and with other fields where they change."""
        return replace(self, columns=tuple(dict.fromkeys(columns)), **changes)

    def at(self, now: datetime, window: Window, rows_in: int | None = None) -> Self:  # noqa: ARG002 (others care)
        """Itself: most metrics do not look at the clock."""
        return self

    def ask(self, profile: Profile | None, /) -> Ask | None:
        """Which state it reads."""
        raise NotImplementedError

    def read(self, state: Any, profile: Profile | None, group: str | None = None, /) -> Reading:
        """The reading of the whole, or of *group*.

        Without a row, or for a group that was not seen, it is ``no_data``; without the profile it needs,
        ``no_reference``; what would be NaN or infinite is an ``error``: a built-in metric never returns either.
        """
        if self.needs_reference and profile is None:
            return Reading.unknown(Reason.NO_REFERENCE, cause="no profile is in force")
        part = state.get(group) if isinstance(state, Grouped) else state if group is None else None
        if part is None:
            return Reading.unknown(Reason.NO_DATA, cause=f"group {group!r} was not seen")
        reading = self._read(part, profile, group)
        if reading.value is not None and not isfinite(reading.value):
            cause = f"{self.id} is {reading.value}: the column holds numbers too large to be summed, or ±inf"
            return Reading.unknown(Reason.ERROR, reading.n, cause)
        return reading

    def _read(self, state: Any, profile: Profile | None, group: str | None) -> Reading:
        raise NotImplementedError

    def _ask(
        self, state: str | type[State], *, expr: str | None = None, columns: tuple[str, ...] | None = None,
        **params: Scalar | tuple[Scalar, ...],
    ) -> Ask:  # fmt: skip
        """An ask over this metric's rows; params that are ``None`` are left out."""
        return Ask(
            state=state if isinstance(state, str) else state.NAME,
            columns=self.columns if columns is None else columns,
            expr=expr, where=self.where, by=self.by,
            params=tuple(sorted((param_name(name), value) for name, value in params.items() if value is not None)),
        )  # fmt: skip


@lru_cache(maxsize=1024)
def _series_fields(kind: type[Any]) -> tuple[tuple[str, str, Any], ...]:
    """The fields that tell two series apart: as contracts name them, sorted, as they are called, their defaults."""
    own = (f for f in fields(kind) if not f.metadata.get("clock"))
    return tuple(sorted(((param_name(f.name), f.name, f.default) for f in own), key=itemgetter(0)))


def _is_frozen(reference: Reference | None) -> bool:
    return reference is not None and reference.kind in {ReferenceKind.TRAINING, ReferenceKind.PROFILE}


def ratio(hits: float, n: int) -> Reading:
    """Hits ÷ n, or ``no_data`` for n = 0."""
    return Reading(value=hits / n, n=n) if n else Reading.unknown(Reason.NO_DATA)


def undefined(n: int, cause: str) -> Reading:
    """``not_applicable``: the formula has no value here, and says why."""
    return Reading.unknown(Reason.NOT_APPLICABLE, n, cause)
