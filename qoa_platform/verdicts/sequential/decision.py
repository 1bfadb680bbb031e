"""Owns Decision: what is known at a look, what follows, and what would change it."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from math import exp, inf, log
from typing import Any

from qoa_platform.records import Reason


class Outcome(StrEnum):
    """What follows from a look. All but the first are final."""

    CONTINUE = "continue"
    BENEFIT = "benefit"
    """Better (or, where that is the goal, not worse by more than the margin)."""
    HARM = "harm"
    """Worse by more than the margin."""
    FUTILITY = "futility"
    """An effect worth having is excluded, or no longer to be expected."""
    INVALID = "invalid"
    """The arms cannot be compared: the split is not the declared one, or outcomes are missing in one arm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arms:
    """Who was seen: *assigned* units per arm (control, treatment), how many of them are *due* and *labelled*.

    *rows* were used; *split_e* and *split_p* say how the assignment fits the declared shares; *missing_e* whether
    outcomes are missing alike in both arms. *crossed* rows came under the other arm than their unit's first, *foreign*
    ones under none of the two, *unusable* ones were no finite number (or no 0 or 1): all of these are left out.
    """

    assigned: tuple[int, int] = (0, 0)
    due: tuple[int, int] = (0, 0)
    labelled: tuple[int, int] = (0, 0)
    rows: int = 0
    split_e: float = 1.0
    split_p: float | None = None
    missing_e: float = 1.0
    crossed: int = 0
    foreign: int = 0
    unusable: int = 0

    @property
    def coverage(self) -> tuple[float | None, float | None]:
        """Labelled ÷ due, per arm."""
        control, treatment = (n / of if of else None for n, of in zip(self.labelled, self.due, strict=True))
        return control, treatment


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What is known of the effect: *estimate* in *low* to *high*, a confidence sequence (valid at every look).

    *log_e* is the log of the e-value against "no effect" (errors: against "not worse by more than the margin").
    *values* are those of the arms (means, quantiles; errors: errors ÷ units). *dispersion* is how much more the
    estimate varies than independent rows would say; *needed* how many more rows decide, if the estimate is the truth.
    """

    estimate: float | None = None
    low: float = -inf
    high: float = inf
    log_e: float = 0.0
    values: tuple[float | None, float | None] = (None, None)
    dispersion: float = 1.0
    needed: int | None = None

    @property
    def e_value(self) -> float:
        """E; infinite beyond the largest float."""
        return exp(self.log_e) if self.log_e < log(1e308) else inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision at one look.

    *reason* says why there is none although there could be (``no_data``, ``insufficient_n``, ``label_pending``);
    *why* is a sentence, *would_change* another one; *warnings* are what a person should see. *look* counts from 1;
    *stopped* is the look at which the outcome became final.
    """

    outcome: Outcome
    why: str
    would_change: str
    metric: str
    alpha: float
    look: int
    effect: Effect
    arms: Arms
    reason: Reason | None = None
    warnings: tuple[str, ...] = field(default=())
    stopped: int | None = None

    @property
    def stop(self) -> bool:
        """Whether the experiment ends."""
        return self.outcome is not Outcome.CONTINUE

    @property
    def e_value(self) -> float:
        """E of the effect."""
        return self.effect.e_value

    @property
    def interval(self) -> tuple[float, float]:
        """The confidence sequence of the effect."""
        return self.effect.low, self.effect.high

    def evidence(self) -> dict[str, Any]:
        """All of it as JSON holds it: unbounded ends of the interval are ``None``."""
        effect = {k: None if isinstance(v, float) and abs(v) == inf else v for k, v in asdict(self.effect).items()}
        return {
            "outcome": str(self.outcome), "reason": None if self.reason is None else str(self.reason),
            "why": self.why, "would_change": self.would_change, "metric": self.metric, "alpha": self.alpha,
            "look": self.look, "stopped": self.stopped, "warnings": list(self.warnings), **effect,
            "values": list(self.effect.values), **{k: _plain(v) for k, v in asdict(self.arms).items()},
            "coverage": list(self.arms.coverage),
        }  # fmt: skip


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else None if value == inf else value
