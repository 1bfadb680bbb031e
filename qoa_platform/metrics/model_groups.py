"""Owns the metrics over groups: how far a metric of predictions differs between groups, and its worst group (4.13)."""

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, ClassVar, Self

from qoa_platform.metrics import model_classes, model_errors, model_scores
from qoa_platform.metrics.frame_metric import FrameMetric, undefined
from qoa_platform.metrics.predictions import OfPredictions
from qoa_platform.metrics.protocol import Arity, MetricError, MetricSpec, ParamSpec, Source
from qoa_platform.metrics.specs import spec
from qoa_platform.records import Ask, Direction, Params, Profile, Promise, Reading, Reason, Subject, Unit
from qoa_platform.states import OVERFLOW, Grouped

INNER: dict[str, type[OfPredictions]] = {
    metric.id: metric for module in (model_errors, model_classes, model_scores) for metric in module.METRICS
}
"""What ``of:`` may name."""
IDEAL = {"model.bias": 0.0, "model.calibration_ratio": 1.0}
"""Where a metric of which neither side is better is best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _OverGroups(FrameMetric):
    """Read off the groups of another metric, those with at least ``min_n`` rows, through that metric's own state.

    Its own parameters (``positive``, ``average``, ``q`` …) stand beside ``of``. A group in which it is not defined is
    left out; one in which it is an error makes the whole an error.
    """

    arity = Arity.NONE
    per_column = False
    source = Source.PREDICTIONS
    unit = Unit.ONE
    per_group: ClassVar[bool] = False
    """The groups are what it is read off; there is no reading of one of them."""

    inner: FrameMetric
    min_n: int = 1

    @classmethod
    def of(cls, promise: Promise, subject: Subject) -> tuple[Self, ...]:
        """The metric of *promise* on the groups of its ``by:``. Raises MetricError."""
        named = str(dict(promise.params).get("of", ""))
        if named not in INNER:
            near = get_close_matches(named, INNER, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            allowed = ", ".join(sorted(INNER))
            raise MetricError(f"promise {promise.id!r}: {cls.id} of {named!r}.{hint} Allowed: {allowed}")
        if promise.by is None:
            raise MetricError(f"promise {promise.id!r}: {cls.id} compares groups. Allowed: by: a column")
        own = tuple((name, value) for name, value in promise.params if name != "of")
        (inner,) = INNER[named].of(replace(promise, metric=named, params=own), subject)
        return (
            cls(
                inner=inner, min_n=promise.min_n or 1, columns=inner.columns, where=inner.where, by=inner.by,
                over=inner.over,
            ),
        )  # fmt: skip

    @property
    def params(self) -> Params:
        """Those of the inner metric, which it is, and from how many rows on a group counts."""
        min_n = {} if self.min_n == 1 else {"min_n": self.min_n}
        return tuple(sorted({**dict(self.inner.params), "of": self.inner.id, **min_n}.items()))

    def ask(self, profile: Profile | None, /) -> Ask | None:
        """What the inner metric asks, by group."""
        return self.inner.ask(profile)

    def read(self, state: Any, profile: Profile | None, group: str | None = None, /) -> Reading:
        """The reading over the groups of *state*; of a single group there is none."""
        if group is not None or not isinstance(state, Grouped):
            return Reading.unknown(Reason.NO_DATA, cause=f"{self.id} is read off groups, not of one")
        names = [name for name, _ in state.groups if name != OVERFLOW]
        readings = {name: self.inner.read(state, profile, name) for name in names}
        large = {name: r for name, r in readings.items() if r.n >= self.min_n}
        if (broken := next((r for r in large.values() if r.reason is Reason.ERROR), None)) is not None:
            return broken
        found = {name: r for name, r in large.items() if r.value is not None}
        n = sum(r.n for r in found.values())
        if not found:
            cause = f"no group of at least {self.min_n} rows has a {self.inner.id}"
            return undefined(n, cause) if names else Reading.unknown(Reason.NO_DATA)
        return self._over({name: (r.value or 0.0, r.bound or 0.0) for name, r in found.items()}, n)

    def _over(self, found: dict[str, tuple[float, float]], n: int) -> Reading:
        """Of the values and bounds by group."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupGap(_OverGroups):
    """Greatest − least value of a metric over the groups with at least ``min_n`` rows; one group has no gap.

    Of ``model.selection_rate`` it is the difference in demographic parity, of ``model.recall`` that in equal
    opportunity. Reference: fairlearn ``MetricFrame.difference(method="between_groups")``.
    """

    id = "model.group_gap"
    direction = Direction.LOWER

    def _over(self, found: dict[str, tuple[float, float]], n: int) -> Reading:
        if len(found) == 1:
            return undefined(n, f"only group {next(iter(found))!r} has a {self.inner.id}")
        values = [value for value, _ in found.values()]
        bound = 2 * max(bound for _, bound in found.values())
        return Reading(value=max(values) - min(values), n=n, bound=bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstGroup(_OverGroups):
    """Worst value of a metric over the groups with at least ``min_n`` rows: the least of what should be high.

    Of a metric of which neither side is better it is the value furthest from its ideal (bias 0, calibration 1, coverage
    its level); where there is no ideal it is refused. Reference: Sagawa et al. (2020), group DRO.
    """

    id = "model.worst_group"
    direction = Direction.TARGET

    def __post_init__(self) -> None:
        if self.inner.direction is Direction.TARGET and self._ideal() is None:
            raise MetricError(f"{self.id}: no value of {self.inner.id} is the worst. Allowed: model.group_gap of it")

    def _ideal(self) -> float | None:
        level = getattr(self.inner, "level", None)
        return level if self.inner.id == "model.coverage" else IDEAL.get(self.inner.id)

    def _over(self, found: dict[str, tuple[float, float]], n: int) -> Reading:
        name = max(found, key=lambda g: (self._badness(found[g][0]), g))
        return Reading(
            value=found[name][0], n=n, bound=max(b for _, b in found.values()), cause=f"the worst group is {name!r}"
        )

    def _badness(self, value: float) -> float:
        match self.inner.direction:
            case Direction.HIGHER:
                return -value
            case Direction.LOWER:
                return value
            case Direction.TARGET:
                return abs(value - (self._ideal() or 0.0))


def _spec(metric: type[_OverGroups]) -> MetricSpec:
    """With ``of``, and every parameter that some inner metric takes."""
    known = {p.name: replace(p, required=False) for inner in INNER.values() for p in spec(inner).params}
    of = ParamSpec(name="of", kind="text", required=True, choices=tuple(sorted(INNER)), text="the metric")
    return replace(spec(metric), params=(of, *(known[name] for name in sorted(known))))


SPECS: tuple[MetricSpec, ...] = (_spec(GroupGap), _spec(WorstGroup))
