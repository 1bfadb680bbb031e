"""Owns how rows of the catalogue come about: from a metric that is implemented, or declared until its engine exists."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from qoa_platform.metrics.declaring import filter_text, param_specs
from qoa_platform.metrics.frame_metric import FrameMetric
from qoa_platform.metrics.protocol import AnyMetric, Arity, MetricSpec, ParamSpec, Source
from qoa_platform.metrics.run_metric import RunMetric
from qoa_platform.records import (
    Ask,
    Direction,
    Params,
    Profile,
    Promise,
    Reading,
    Reason,
    Spend,
    Subject,
    Unit,
    Usage,
    Window,
)

__all__ = ["Declared", "MetricSpec", "declared", "duration", "number", "spec", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A metric that lints but is not computed here: every reading is ``not_applicable``, never a guess."""

    id: str
    unit: Unit
    direction: Direction
    columns: tuple[str, ...] = ()
    params: Params = ()
    cause: str = "its engine does not exist yet"

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Nothing: no row is read for it."""
        return Ask(state="nothing")

    def read(self, state: Any, profile: Profile | None, group: str | None = None, /) -> Reading:  # noqa: ARG002
        """``not_applicable``."""
        return self._unknown()

    def at(self, now: datetime, window: Window, rows_in: int | None = None, /) -> Self:  # noqa: ARG002
        """Itself."""
        return self

    def fold(self, records: Iterable[Usage | Spend], /) -> Reading:  # noqa: ARG002
        """``not_applicable``."""
        return self._unknown()

    def _unknown(self) -> Reading:
        return Reading.unknown(Reason.NOT_APPLICABLE, cause=f"{self.id}: {self.cause}")


def spec(metric: type[FrameMetric] | type[RunMetric]) -> MetricSpec:
    """The row of a metric that is implemented: all of it is said by its class."""
    return MetricSpec(
        id=metric.id,
        family=metric.__module__.rpartition(".")[2],
        unit=metric.unit,
        direction=metric.direction,
        definition=(metric.__doc__ or metric.id).partition("\n")[0],
        params=param_specs(metric),
        columns=metric.arity,
        per_column=metric.per_column,
        source=metric.source,
        needs_reference=metric.needs_reference,
        needs_expr=metric.needs_expr,
        implemented=True,
        build=metric.of,
    )


def declared(
    metric_id: str, unit: Unit, direction: Direction, columns: Arity, definition: str, *params: ParamSpec,
    source: Source = Source.FRAME, needs_reference: bool = False, family: str = "",
) -> MetricSpec:  # fmt: skip
    """The row of a metric whose engine does not exist yet. *family* is filled in by the catalogue."""

    def build(promise: Promise, subject: Subject) -> tuple[AnyMetric, ...]:
        return (stand_in(metric_id, unit, direction, promise, subject),)

    return MetricSpec(
        id=metric_id, family=family, unit=unit, direction=direction, definition=definition, params=params,
        columns=columns, per_column=False, source=source, needs_reference=needs_reference, build=build,
    )  # fmt: skip


def stand_in(
    metric_id: str, unit: Unit, direction: Direction, promise: Promise, subject: Subject, cause: str | None = None
) -> Declared:
    """The Declared metric of a promise, with everything that names its series."""
    named = {
        "columns": promise.columns, "where": filter_text(promise, subject), "by": (promise.by,) if promise.by else (),
        "over": promise.over, "expr": promise.expr, "aggregate": promise.aggregate, "compat": promise.compat,
    }  # fmt: skip
    params = tuple(sorted((*promise.params, *((name, value) for name, value in named.items() if value))))
    found = Declared(id=metric_id, unit=unit, direction=direction, columns=promise.columns, params=params)
    return found if cause is None else Declared(
        id=metric_id, unit=unit, direction=direction, columns=promise.columns, params=params, cause=cause
    )  # fmt: skip


def number(name: str, description: str, *, required: bool = False) -> ParamSpec:
    """A numeric parameter of a declared metric."""
    return ParamSpec(name=name, kind="number", required=required, text=description)


def duration(name: str, description: str, *, required: bool = False) -> ParamSpec:
    """A duration as a parameter of a declared metric: seconds, or text such as ``5 min``."""
    return ParamSpec(name=name, kind="duration", required=required, text=description)


def text(name: str, description: str, *choices: str, required: bool = False) -> ParamSpec:
    """A textual parameter of a declared metric."""
    return ParamSpec(name=name, kind="text", required=required, choices=choices, text=description)
