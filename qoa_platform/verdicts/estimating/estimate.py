"""Owns Estimate: a metric of a model in one window, told without its labels, beside what came true."""

from dataclasses import dataclass
from enum import StrEnum

from qoa_platform.records import Reason


class Gap(StrEnum):
    """How what came true relates to what was told."""

    NONE = "none"
    """There are no labels yet."""
    WITHIN = "within"
    """It lies in the interval."""
    OUTSIDE = "outside"
    """It does not: the relation of inputs to outcomes has changed, which no estimate without labels can see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What *metric* is told to be in a window of *n* rows: *value* with the interval *low* to *high*.

    The interval is that of the *realised* metric, at *confidence*: the chance in the outcomes, the chance in the
    calibration, and how far windows of the reference strayed from their own estimates. *realised* is over the
    *labelled* rows. Without a value *reason* says why (``no_data``, ``not_applicable``).
    """

    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int
    confidence: float
    realised: float | None = None
    labelled: int = 0
    reason: Reason | None = None

    @property
    def coverage(self) -> float:
        """The share of rows whose outcome is known, 0 to 1."""
        return self.labelled / self.n if self.n else 0.0

    @property
    def gap(self) -> Gap:
        """Whether what came true lies in the interval; only where every outcome is known."""
        if self.realised is None or self.low is None or self.high is None or self.labelled < self.n:
            return Gap.NONE
        return Gap.WITHIN if self.low <= self.realised <= self.high else Gap.OUTSIDE

    def evidence(self) -> dict[str, object]:
        """The estimate as plain data."""
        return {
            "metric": self.metric, "value": self.value, "low": self.low, "high": self.high, "n": self.n,
            "confidence": self.confidence, "realised": self.realised, "labelled": self.labelled, "gap": str(self.gap),
            "reason": str(self.reason) if self.reason else None,
        }  # fmt: skip
