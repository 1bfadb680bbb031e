"""Owns the metrics of cost: what a run, a request or a gain in quality is paid with (metrics.md 4.18)."""

from dataclasses import dataclass

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.protocol import Arity, MetricError, MetricSpec, Source
from qoa_platform.metrics.run_metric import RunMetric
from qoa_platform.metrics.specs import declared, spec
from qoa_platform.records import Direction, Unit, Usage

HOUR = 3600.0


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
        if self.vcpu_hour < 0 or self.gb_hour < 0:
            raise MetricError(f"{self.id}: rates are {self.vcpu_hour} and {self.gb_hour} USD/h. Allowed: 0 or more")

    def _of_step(self, usage: Usage) -> float | None:
        if usage.usd is not None:
            return usage.usd
        if usage.vcpus is None or usage.gigabytes is None:
            return None
        return usage.seconds / HOUR * (usage.vcpus * self.vcpu_hour + usage.gigabytes * self.gb_hour)


def _ledger(metric_id: str, unit: Unit, definition: str) -> MetricSpec:
    return declared(metric_id, unit, Direction.LOWER, Arity.NONE, definition, source=Source.LEDGER)


SPECS: tuple[MetricSpec, ...] = (
    spec(Cost),
    _ledger("cost.usd_per_1k", Unit.USD, "1 000 × cost of the window ÷ requests answered, idle time included."),
    _ledger("cost.usd_per_run", Unit.USD, "Cost ÷ runs."),
    _ledger("cost.waste", Unit.RATIO, "Cost of failed, superseded and terminated runs ÷ cost."),
    _ledger("cost.usd_per_quality", Unit.USD, "Difference in cost ÷ difference in quality of two presets."),
)
