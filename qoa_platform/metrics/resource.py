"""Owns the metrics of resources: what a run took in time, processor and memory (metrics.md 4.17)."""

from dataclasses import dataclass

from qoa_platform.metrics.protocol import Arity, MetricSpec, Source
from qoa_platform.metrics.run_metric import RunMetric
from qoa_platform.metrics.specs import declared, spec
from qoa_platform.records import Direction, Unit, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Elapsed(RunMetric):
    """Seconds from start to end, by a monotonic clock, summed over the steps of the run."""

    id = "resource.elapsed"

    def _of_step(self, usage: Usage) -> float | None:
        return usage.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuTime(RunMetric):
    """User and system seconds of the step's processes, summed over the steps of the run."""

    id = "resource.cpu_time"

    def _of_step(self, usage: Usage) -> float | None:
        return usage.cpu_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakMemory(RunMetric):
    """Greatest resident memory of a step's process tree: the greatest of the steps, which run one after another."""

    id = "resource.peak_memory"
    unit = Unit.BYTES

    def _of_step(self, usage: Usage) -> float | None:
        return None if usage.peak_bytes is None else float(usage.peak_bytes)

    def _together(self, amounts: list[float]) -> float:
        return max(amounts)


def _run(metric_id: str, unit: Unit, direction: Direction, definition: str) -> MetricSpec:
    return declared(metric_id, unit, direction, Arity.NONE, definition, source=Source.RUN)


SPECS: tuple[MetricSpec, ...] = (
    spec(Elapsed),
    _run("resource.queue_wait", Unit.SECONDS, Direction.LOWER, "Seconds from submission to start."),
    spec(CpuTime),
    _run("resource.cpu_utilisation", Unit.RATIO, Direction.TARGET, "CPU time ÷ (elapsed × allocated vCPUs)."),
    spec(PeakMemory),
    _run("resource.read_bytes", Unit.BYTES, Direction.LOWER, "Bytes read, as the step counted them."),
    _run("resource.write_bytes", Unit.BYTES, Direction.LOWER, "Bytes written, as the step counted them."),
    _run("resource.rows_in", Unit.ROWS, Direction.TARGET, "Rows read, as the step counted them."),
    _run("resource.rows_out", Unit.ROWS, Direction.TARGET, "Rows written, as the step counted them."),
    _run("resource.monitoring_overhead", Unit.RATIO, Direction.LOWER, "Time spent in our own measuring ÷ elapsed."),
)
