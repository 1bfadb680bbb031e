"""Owns the metrics of consistency: keys, dependencies and totals that must agree; declared so far (metrics.md 4.4)."""

from qoa_platform.metrics.protocol import Arity, MetricSpec
from qoa_platform.metrics.specs import declared, number, text
from qoa_platform.records import Direction, Unit

_FD = (text("left", "the determining columns", required=True), text("right", "the determined column", required=True))

SPECS: tuple[MetricSpec, ...] = (
    declared(
        "data.referential_integrity", Unit.RATIO, Direction.HIGHER, Arity.MANY,
        "Present foreign keys that are found in the parent asset ÷ present foreign keys.",
        text("parent", "the asset that holds the keys", required=True),
    ),
    declared(
        "data.fd_violation", Unit.RATIO, Direction.LOWER, Arity.NONE,
        "Least share of rows to remove so that left determines right (g3).", *_FD,
    ),
    declared(
        "data.fd_conflict_share", Unit.RATIO, Direction.LOWER, Arity.NONE,
        "Rows whose left value has several right values ÷ rows.", *_FD,
    ),
    declared(
        "data.dc_violation_share", Unit.RATIO, Direction.LOWER, Arity.NONE,
        "Rows that violate a denial constraint, alone or in a pair ÷ rows.",
        text("constraint", "what must not hold", required=True),
    ),
    declared(
        "data.balance_gap", Unit.RATIO, Direction.LOWER, Arity.MANY,
        "|Σa − Σb| ÷ |Σb| of two columns; sums hide errors that cancel.", number("epsilon", "least denominator"),
    ),
    declared("data.correlation", Unit.ONE, Direction.TARGET, Arity.MANY, "Pearson correlation of two columns."),
    declared(
        "data.reconciliation", Unit.RATIO, Direction.HIGHER, Arity.MANY,
        "Keys that both assets hold with equal columns ÷ keys of either.",
        text("other", "the asset compared with", required=True),
    ),
)  # fmt: skip
