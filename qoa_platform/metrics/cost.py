"""Owns the metrics of cost: what a run, a request or a gain in quality is paid with (metrics.md 4.18)."""

from collections.abc import Sequence
from dataclasses import dataclass

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.frame_metric import undefined
from qoa_platform.metrics.protocol import MetricError, MetricSpec, Source
from qoa_platform.metrics.run_metric import RunMetric, RunShare
from qoa_platform.metrics.specs import spec
from qoa_platform.records import Reading, Reason, Spend, TrialState, Unit, Usage

HOUR = 3600.0
WASTED = frozenset({TrialState.FAILED, TrialState.LOST, TrialState.BLOCKED})
"""Ends that leave nothing behind: it failed (or was terminated), another run was faster, it was kept back."""


def price(usage: Usage, vcpu_hour: float, gb_hour: float) -> float | None:
    """USD of a step: what it recorded, else its allocation × elapsed time × the rates; ``None`` without either."""
    if usage.usd is not None:
        return usage.usd
    if usage.vcpus is None or usage.gigabytes is None:
        return None
    return usage.seconds / HOUR * (usage.vcpus * vcpu_hour + usage.gigabytes * gb_hour)


def _checked(metric: str, vcpu_hour: float, gb_hour: float) -> None:
    if vcpu_hour < 0 or gb_hour < 0:
        raise MetricError(f"{metric}: rates are {vcpu_hour} and {gb_hour} USD/h. Allowed: 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost(RunMetric):
    """Allocated vCPUs and gigabytes × elapsed time × their rates, in USD, summed over the steps of the run.

    What is *allocated* is paid, busy or not, and elapsed time is paid once; CPU percent plays no part. A step that
    recorded its price keeps it; else the rates (defaults: AWS Fargate, Linux/x86, us-east-1) price its allocation.

    >>> round(Cost().fold([Usage(seconds=1000, vcpus=1, gigabytes=4)]).value, 4)
    0.0162
    """

    id = "cost.usd"
    unit = Unit.USD

    vcpu_hour: float = param("number", "USD per allocated vCPU and hour", default=0.04048)
    gb_hour: float = param("number", "USD per allocated GB and hour", default=0.004445)

    def __post_init__(self) -> None:
        _checked(self.id, self.vcpu_hour, self.gb_hour)

    def _of_step(self, usage: Usage) -> float | None:
        return price(usage, self.vcpu_hour, self.gb_hour)


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfCost(RunShare):
    """A ratio with the cost of the steps in it, priced as ``cost.usd``."""

    unit = Unit.USD

    vcpu_hour: float = param("number", "USD per allocated vCPU and hour", default=0.04048)
    gb_hour: float = param("number", "USD per allocated GB and hour", default=0.004445)

    def __post_init__(self) -> None:
        _checked(self.id, self.vcpu_hour, self.gb_hour)

    def _price(self, spend: Spend) -> float | None:
        return price(spend.usage, self.vcpu_hour, self.gb_hour)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPer1k(_OfCost):
    """1 000 × cost of the window ÷ requests answered in it: idle time of warm versions is paid by those who asked."""

    id = "cost.usd_per_1k"
    source = Source.LEDGER

    def _parts(self, spend: Spend) -> tuple[float | None, float | None]:
        usd = self._price(spend)
        return None if usd is None else 1_000 * usd, spend.requests


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPerRun(_OfCost):
    """Cost ÷ runs. Steps of one run share it; a step that names no run is one of its own."""

    id = "cost.usd_per_run"

    def _of_spends(self, spends: Sequence[Spend]) -> Reading:
        prices = [usd for spend in spends if (usd := self._price(spend)) is not None]
        if len(prices) < len(spends):
            return self._missing(len(prices), len(spends))
        runs = len({spend.run if spend.run is not None else index for index, spend in enumerate(spends)})
        return Reading(value=sum(prices) / runs, n=runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waste(_OfCost):
    """Cost of steps that failed, were terminated, superseded or kept back ÷ cost of all. What still runs is neither.

    Nothing was wasted where nothing cost anything: ``not_applicable``.
    """

    id = "cost.waste"
    unit = Unit.RATIO

    def _of_spends(self, spends: Sequence[Spend]) -> Reading:
        ended = [spend for spend in spends if spend.outcome not in {None, TrialState.STARTED}]
        if not ended:
            return Reading.unknown(Reason.NO_DATA, cause="no step has ended")
        return super(Waste, self)._of_spends(ended)  # slots make another class of this one

    def _parts(self, spend: Spend) -> tuple[float | None, float | None]:
        usd = self._price(spend)
        return (usd if spend.outcome in WASTED else 0.0, usd) if usd is not None else (None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPerQuality(_OfCost):
    """``(cost of b − cost of a) ÷ (quality of b − quality of a)`` of two presets: what a unit of quality costs.

    Cost and quality are means over the runs of a preset; quality is higher where it is better. Where b is no better
    than a there is no price: ``not_applicable``, *dominated*. Reference: incremental cost-effectiveness, Weinstein &
    Stason (1977).
    """

    id = "cost.usd_per_quality"

    a: str = param("text", "the preset to start from")
    b: str = param("text", "the preset that should be better")

    def _of_spends(self, spends: Sequence[Spend]) -> Reading:
        chosen = {name: [s for s in spends if s.preset == name] for name in (self.a, self.b)}
        if absent := sorted(name for name, those in chosen.items() if not those):
            return Reading.unknown(Reason.NO_DATA, cause=f"no run of preset {', '.join(absent)} has been measured")
        means = [self._mean(those) for those in chosen.values()]
        n = sum(map(len, chosen.values()))
        if None in means:
            return Reading.unknown(Reason.NO_DATA, n, "some runs did not record their price or their quality")
        (usd_a, good_a), (usd_b, good_b) = (mean for mean in means if mean is not None)
        if good_b <= good_a:
            return undefined(n, f"{self.b!r} is dominated: its quality is {good_b:g}, that of {self.a!r} {good_a:g}")
        return Reading(value=(usd_b - usd_a) / (good_b - good_a), n=n)

    def _mean(self, spends: Sequence[Spend]) -> tuple[float, float] | None:
        pairs = [(self._price(spend), spend.quality) for spend in spends]
        known = [(usd, quality) for usd, quality in pairs if usd is not None and quality is not None]
        if len(known) < len(pairs):
            return None
        return sum(usd for usd, _ in known) / len(known), sum(quality for _, quality in known) / len(known)


SPECS: tuple[MetricSpec, ...] = (spec(Cost), spec(CostPer1k), spec(CostPerRun), spec(Waste), spec(CostPerQuality))
