"""Owns what tests of metrics are made of: promises, subjects, profiles and usages in one line each."""

from datetime import UTC, datetime
from typing import Any

from qoa_platform.metrics import FoldMetric, Metric, build
from qoa_platform.records import (
    Category,
    ColumnProfile,
    Edges,
    Fences,
    Fixed,
    Operator,
    Profile,
    Promise,
    Subject,
    SubjectKind,
    Usage,
    Window,
)

NOW = datetime(2017, 10, 5, 12, tzinfo=UTC)
DAY = Window.of_partition("2017-10-04")
ANY = Fixed(operator=Operator.GE, bound=0.0, text=">= 0")


def promised(metric: str, *columns: str, **given: Any) -> Promise:
    """A promise on *metric*; keywords that no promise has are the metric's own parameters."""
    own = {name: given.pop(name) for name in list(given) if name not in Promise.__dataclass_fields__}
    params = tuple(sorted(own.items()))
    return Promise(id="p", metric=metric, columns=columns, params=params, must=ANY, **given)


def subject(**given: Any) -> Subject:
    """A daily asset with event times in column ``t``."""
    known = {"id": "sales", "kind": SubjectKind.ASSET, "asset": "retail/sales_day", "event_time": "t"}
    return Subject(promises=(), **(known | given))


def all_of(metric: str, *columns: str, **given: Any) -> tuple[Metric, ...]:
    """The metrics of a promise on the subject of these tests."""
    found = build(promised(metric, *columns, **given), subject())
    assert all(isinstance(m, Metric) for m in found)
    return tuple(m for m in found if isinstance(m, Metric))


def one(metric: str, *columns: str, **given: Any) -> Metric:
    """The only metric of a promise."""
    (found,) = all_of(metric, *columns, **given)
    return found


def of_run(metric: str, **given: Any) -> FoldMetric:
    """The only metric of a promise on a run."""
    training = subject(id="training", kind=SubjectKind.RUN, asset=None, event_time=None, run=("retail/features",))
    (found,) = build(promised(metric, **given), training)
    assert isinstance(found, FoldMetric)
    return found


def profile(*columns: ColumnProfile) -> Profile:
    """A frozen reference."""
    return Profile(
        name="training", subject="retail/sales_day", window=DAY, columns=columns, source=("d",), at=NOW, wall=NOW
    )


def categories(column: str, group: str | None = None, **counts: int) -> ColumnProfile:
    """A frozen dictionary."""
    known = tuple(Category(value=value, count=count) for value, count in counts.items())
    return ColumnProfile(column=column, group=group, n=sum(counts.values()), missing=0, dictionary=known)


def numbers(
    column: str, *, edges: tuple[float, ...] = (), counts: tuple[int, ...] = (), group: str | None = None,
    fences: tuple[float, float] | None = None,
) -> ColumnProfile:  # fmt: skip
    """Frozen edges with counts, and fences."""
    return ColumnProfile(
        column=column, group=group, n=sum(counts), missing=0,
        bins10=Edges(edges=edges, counts=counts) if edges else None,
        fences=None if fences is None else Fences(low=fences[0], high=fences[1]),
    )  # fmt: skip


def usage(seconds: float = 1.0, **given: Any) -> Usage:
    """What a step used."""
    return Usage(seconds=seconds, **given)
