"""Owns the stream detectors that are declared until their engines exist (metrics.md 4.11)."""

from qoa_platform.metrics.protocol import Arity, MetricSpec
from qoa_platform.metrics.specs import declared, number
from qoa_platform.records import Direction, Unit

_LOWER = Direction.LOWER


DECLARED: tuple[MetricSpec, ...] = (
    declared(
        "drift.cusum", Unit.ONE, _LOWER, Arity.ANY, "Two-sided cumulative sum of standardised values.",
        number("k", "allowance"), number("h", "alarm level"), needs_reference=True,
    ),
    declared(
        "drift.ewma", Unit.ONE, _LOWER, Arity.ANY, "Exponentially weighted mean of standardised values.",
        number("lambda", "weight of the newest"), number("l", "width of the limits"), needs_reference=True,
    ),
    declared(
        "drift.page_hinkley", Unit.ONE, _LOWER, Arity.ANY,
        "Cumulative deviation from the running mean above its minimum.",
        number("delta", "tolerated change"), number("lambda", "alarm level"),
    ),
    declared(
        "drift.adwin", Unit.ONE, _LOWER, Arity.ANY, "Adaptive window: how far the means of its two halves lie apart.",
        number("delta", "false alarm rate"),
    ),
    declared("drift.ddm", Unit.ONE, _LOWER, Arity.ANY, "Error rate above its minimum, in standard deviations."),
    declared(
        "drift.kswin", Unit.ONE, _LOWER, Arity.ANY, "KS distance of the newest values from a sample of the window.",
        number("alpha", "significance"), number("seed", "of the sample"),
    ),
    declared(
        "drift.e_detector", Unit.ONE, _LOWER, Arity.ANY,
        "Evidence against 'the mean is at most p₀', valid at any time.",
        number("p0", "the mean that is still good", required=True), number("alpha", "1 ÷ mean run length"),
    ),
)  # fmt: skip
