"""Owns the metrics of chains, end to end over assets and services; declared so far (metrics.md 4.19)."""

from qoa_platform.metrics.protocol import Arity, MetricSpec, ParamSpec, Source
from qoa_platform.metrics.specs import declared, text
from qoa_platform.records import Direction, Unit


def _chain(name: str, unit: Unit, direction: Direction, definition: str, *params: ParamSpec) -> MetricSpec:
    return declared(f"chain.{name}", unit, direction, Arity.NONE, definition, *params, source=Source.LEDGER)


SPECS: tuple[MetricSpec, ...] = (
    _chain(
        "response_time", Unit.SECONDS, Direction.LOWER, "From the start of a flow to its end, as a quantile or mean.",
        text("aggregate", "which one", "p50", "p90", "p95", "p99", "mean", "max"),
    ),
    _chain("timeliness", Unit.SECONDS, Direction.LOWER, "Age of the oldest input that the end asset rests on."),
    _chain("reliability", Unit.RATIO, Direction.HIGHER, "Flows of which every required stage succeeded ÷ flows."),
    _chain("availability", Unit.RATIO, Direction.HIGHER, "Time with every required stage up ÷ time."),
    _chain("completeness", Unit.RATIO, Direction.HIGHER, "Keys of the source that reach the end ÷ keys due."),
    _chain("cost", Unit.USD, Direction.LOWER, "Cost of the distinct stages of a flow; a shared stage is counted once."),
    _chain("duration", Unit.SECONDS, Direction.LOWER, "Last end − first start of a flow."),
    _chain("attainment", Unit.RATIO, Direction.HIGHER, "Satisfied ÷ decided windows of the chain's promises."),
    _chain("coverage", Unit.RATIO, Direction.HIGHER, "Decided ÷ all windows of the chain's promises."),
)  # fmt: skip
