"""Owns the metrics of robustness, reliability, resilience and elasticity; declared so far (metrics.md 4.20)."""

from qoa_platform.metrics.protocol import Arity, MetricSpec, ParamSpec, Source
from qoa_platform.metrics.specs import declared, number, text
from qoa_platform.records import Direction, Unit

_LOWER, _HIGHER, _TARGET = Direction.LOWER, Direction.HIGHER, Direction.TARGET


def _r3e(name: str, unit: Unit, direction: Direction, definition: str, *params: ParamSpec) -> MetricSpec:
    return declared(f"r3e.{name}", unit, direction, Arity.NONE, definition, *params, source=Source.LEDGER)


SPECS: tuple[MetricSpec, ...] = (
    _r3e(
        "bad_data_tolerance", Unit.RATIO, _HIGHER, "Quality on corrupted data ÷ quality on clean data.",
        text("kind", "the corruption"), number("rate", "the share corrupted"),
    ),
    _r3e("performance_drop_rate", Unit.RATIO, _LOWER, "Share of the quality that a perturbation costs."),
    _r3e("cohens_h", Unit.RADIAN, _LOWER, "Effect size of two pass rates: 2·asin√p₁ − 2·asin√p₂."),
    _r3e("consistency_rate", Unit.RATIO, _HIGHER, "Predictions that a natural perturbation leaves unchanged ÷ inputs."),
    _r3e("error_containment", Unit.RATIO, _HIGHER, "Bad rows stopped at the first check ÷ bad rows that came in."),
    _r3e("drift_exposure", Unit.RATIO, _LOWER, "Windows with drift above tau ÷ windows.", number("tau", "the bound")),
    _r3e("run_reliability", Unit.RATIO, _HIGHER, "Successful ÷ started materializations."),
    _r3e("service_reliability", Unit.RATIO, _HIGHER, "service.reliability, beside availability."),
    _r3e(
        "reproducibility", Unit.RATIO, _HIGHER, "Equal re-runs with equal results ÷ equal re-runs.",
        number("epsilon", "difference that counts as equal"),
    ),
    _r3e("confidence_reliability", Unit.RATIO, _LOWER, "Calibration error of the served version, beside its floor."),
    _r3e("timely_share", Unit.RATIO, _HIGHER, "Reads whose data was as fresh as promised ÷ reads."),
    _r3e("attainment", Unit.RATIO, _HIGHER, "Satisfied ÷ decided verdicts."),
    _r3e("coverage", Unit.RATIO, _HIGHER, "Decided ÷ all verdicts."),
    _r3e("mttd", Unit.SECONDS, _LOWER, "Mean time from the start of an incident to its detection."),
    _r3e("mttr", Unit.SECONDS, _LOWER, "Mean time from the detection of an incident to recovery."),
    _r3e("time_to_mitigate", Unit.SECONDS, _LOWER, "Mean time from the detection of an incident to its mitigation."),
    _r3e("mtbf", Unit.SECONDS, _HIGHER, "Mean time between incidents."),
    _r3e("degradation_area", Unit.RATIO, _LOWER, "Quality lost over an incident ÷ quality due over it."),
    _r3e("recovery_ratio", Unit.RATIO, _HIGHER, "Incidents recovered without a person ÷ incidents."),
    _r3e("retry_success", Unit.RATIO, _HIGHER, "Runs that were right after a retry ÷ runs retried."),
    _r3e("rollback_latency", Unit.SECONDS, _LOWER, "From the first bad window to the last good version serving."),
    _r3e("blast_radius", Unit.RATIO, _LOWER, "Downstream assets built from bad partitions ÷ downstream assets."),
    _r3e("resource_elasticity", Unit.RATIO, _LOWER, "Demand not met, and supply not needed, averaged over time."),
    _r3e("quality_elasticity", Unit.ONE, _TARGET, "Change of quality ÷ change of cost (or time) between presets."),
    _r3e("adaptation_delay", Unit.SECONDS, _LOWER, "From a reaction to the metric's return to its zone."),
    _r3e("return_to_form", Unit.SECONDS, _LOWER, "From the end of pressure to the baseline preset and resources."),
)  # fmt: skip
