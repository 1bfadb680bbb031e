"""Owns the metrics of services: how requests were answered, by resolved version (metrics.md 4.16)."""

from qoa_platform.metrics.protocol import Arity, MetricSpec, ParamSpec, Source
from qoa_platform.metrics.service_evidence import ErrorEValue, SplitP
from qoa_platform.metrics.specs import declared, number, spec, text
from qoa_platform.records import Direction, Unit

_LOWER, _HIGHER, _TARGET = Direction.LOWER, Direction.HIGHER, Direction.TARGET


def _service(name: str, unit: Unit, direction: Direction, definition: str, *params: ParamSpec) -> MetricSpec:
    return declared(f"service.{name}", unit, direction, Arity.NONE, definition, *params, source=Source.LEDGER)


SPECS: tuple[MetricSpec, ...] = (
    _service(
        "response_time", Unit.SECONDS, _LOWER, "Last byte in to last byte out, on the server, as a quantile or mean.",
        text("aggregate", "which one", "p50", "p90", "p95", "p99", "mean", "max", required=True),
    ),
    _service("throughput", Unit.PER_SECOND, _TARGET, "Requests answered ÷ the whole window, idle time too."),
    _service("error_rate", Unit.RATIO, _LOWER, "Server errors, exceptions, timeouts and refusals ÷ valid requests."),
    _service("availability", Unit.RATIO, _HIGHER, "Probes answered ready ÷ probes with an answer or a refusal."),
    _service("reliability", Unit.RATIO, _HIGHER, "Answers in time, valid and within their invariants ÷ answers."),
    _service("timeout_rate", Unit.RATIO, _LOWER, "Requests that timed out ÷ requests."),
    _service("rejected_rate", Unit.RATIO, _LOWER, "Requests refused by back-pressure ÷ requests."),
    _service("invariant_breach_rate", Unit.RATIO, _LOWER, "Evaluations that broke an invariant ÷ evaluations."),
    _service("fallback_rate", Unit.RATIO, _LOWER, "Requests that the fallback version answered ÷ requests."),
    _service("bad_answers", Unit.REQUESTS, _LOWER, "Answers that broke an invariant and reached the user."),
    _service(
        "shadow_disagreement", Unit.RATIO, _LOWER, "Shadowed units on which the versions differ ÷ shadowed units.",
        number("tolerance", "difference that counts as equal"),
    ),
    spec(SplitP),
    _service(
        "burn_rate", Unit.ONE, _LOWER, "Error rate ÷ what the objective allows.",
        number("objective", "promised share of good answers", required=True),
    ),
    _service("queue_depth", Unit.REQUESTS, _LOWER, "Most requests that waited at once."),
    _service("queue_age", Unit.SECONDS, _LOWER, "Age of the oldest waiting request."),
    _service("saturation", Unit.RATIO, _TARGET, "Busy worker time ÷ available worker time."),
    _service("load_time", Unit.SECONDS, _LOWER, "From the request to load a version to its first correct warm answer."),
    spec(ErrorEValue),
)  # fmt: skip
