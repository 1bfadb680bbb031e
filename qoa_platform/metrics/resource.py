"""Owns the metrics of resources: what a run took in time, processor and memory (metrics.md 4.17)."""

from dataclasses import dataclass

from qoa_platform.metrics.protocol import MetricSpec
from qoa_platform.metrics.run_metric import RunMetric, RunShare
from qoa_platform.metrics.specs import spec
from qoa_platform.records import Direction, Spend, Unit, Usage


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


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueWait(RunMetric):
    """Seconds from submission to start: the longest wait of the run's steps, which were submitted together."""

    id = "resource.queue_wait"

    def _of_step(self, usage: Usage) -> float | None:
        return usage.queue_seconds

    def _together(self, amounts: list[float]) -> float:
        return max(amounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuUtilisation(RunShare):
    """CPU time ÷ (elapsed × allocated vCPUs), over all steps: low is paid for nothing, 1 is saturated."""

    id = "resource.cpu_utilisation"
    unit = Unit.RATIO
    direction = Direction.TARGET

    def _parts(self, spend: Spend) -> tuple[float | None, float | None]:
        usage = spend.usage
        return usage.cpu_seconds, None if usage.vcpus is None else usage.seconds * usage.vcpus


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBytes(RunMetric):
    """Bytes that the step's processes read, from caches too, summed over the steps of the run."""

    id = "resource.read_bytes"
    unit = Unit.BYTES

    def _of_step(self, usage: Usage) -> float | None:
        return usage.read_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBytes(RunMetric):
    """Bytes that the step's processes wrote, summed over the steps of the run."""

    id = "resource.write_bytes"
    unit = Unit.BYTES

    def _of_step(self, usage: Usage) -> float | None:
        return usage.write_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsIn(RunMetric):
    """Rows of the frames that the steps read, as counted by them, summed over the steps of the run."""

    id = "resource.rows_in"
    unit = Unit.ROWS
    direction = Direction.TARGET

    def _of_step(self, usage: Usage) -> float | None:
        return usage.rows_in


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsOut(RunMetric):
    """Rows of the frames that the steps made, as counted by them, summed over the steps of the run."""

    id = "resource.rows_out"
    unit = Unit.ROWS
    direction = Direction.TARGET

    def _of_step(self, usage: Usage) -> float | None:
        return usage.rows_out


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringOverhead(RunShare):
    """Time spent in our own measuring and judging ÷ elapsed time of the steps: promised by us, about ourselves."""

    id = "resource.monitoring_overhead"
    unit = Unit.RATIO

    def _parts(self, spend: Spend) -> tuple[float | None, float | None]:
        return spend.usage.overhead_seconds, spend.usage.seconds


SPECS: tuple[MetricSpec, ...] = (
    spec(Elapsed), spec(QueueWait), spec(CpuTime), spec(CpuUtilisation), spec(PeakMemory), spec(ReadBytes),
    spec(WriteBytes), spec(RowsIn), spec(RowsOut), spec(MonitoringOverhead),
)  # fmt: skip
