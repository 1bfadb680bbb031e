"""Owns Experiment: two arms, looked at again and again: ``update(batch)`` gives the decision with its evidence."""

from dataclasses import dataclass, field, replace
from math import inf, log
from typing import Protocol

import numpy as np

from qoa_platform.records import Reason
from qoa_platform.verdicts.sequential.batch import Batch
from qoa_platform.verdicts.sequential.bounded import BoundedTest
from qoa_platform.verdicts.sequential.decision import Arms, Decision, Effect, Outcome
from qoa_platform.verdicts.sequential.errors import ErrorTest
from qoa_platform.verdicts.sequential.means import MeanTest
from qoa_platform.verdicts.sequential.quantiles import QuantileTest
from qoa_platform.verdicts.sequential.rule import Rule
from qoa_platform.verdicts.sequential.units import Rows, Units
from qoa_platform.verdicts.sequential.waiting import Waiting

SPLIT_STOP, WARN = 1000.0, 20.0
"""E at which a comparison is invalid (as p < .001), and at which a person is warned."""
SPLIT_WARN = 0.01
POWER = 0.1
"""Below this conditional power an experiment with a declared end is futile."""


class Judge(Protocol):
    """What folds rows and knows of an effect."""

    def add(self, rows: Rows, /) -> None:
        """After more rows."""

    def ready(self, units: int, /) -> bool:
        """Whether its statements hold already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Values beyond the *share* quantile of their distance from the median count as that far: frozen at the burn-in.

    Both arms are one pool for it. It changes what is estimated: the difference of the means of clipped values.
    """

    share: float
    low: float
    high: float

    @classmethod
    def of(cls, values: "np.ndarray[tuple[int], np.dtype[np.float64]]", share: float) -> "Clip":
        """Frozen at what *values* show."""
        middle = float(np.median(values))
        reach = float(np.quantile(np.abs(values - middle), share))
        return cls(share=share, low=middle - reach, high=middle + reach)


@dataclass(slots=True, kw_only=True)
class Experiment:
    """A comparison of treatment and control that may be looked at after any batch, and stopped at any look.

    In this order: the split (p < .001, E ≥ 1000, ends it as invalid), outcomes missing in one arm (likewise), then the
    effect by *rule*. Nothing is decided while an arm has no outcome, before the burn-in, or below *min_coverage*. An
    outcome that ended it stays; later looks only add evidence. *maximum* rows, if declared, bring futility by
    conditional power. *clip* is the quantile at which values are clipped.
    """

    metric: str
    judge: Judge
    units: Units
    rule: Rule
    alpha: float
    waiting: Waiting = field(default_factory=Waiting)
    min_coverage: float = 0.0
    maximum: int | None = None
    clip: float | None = None
    clipped: Clip | None = None
    buffer: list[Rows] = field(default_factory=list)
    history: list[Decision] = field(default_factory=list)
    final: Decision | None = None

    def reshare(self, split: tuple[float, float]) -> None:
        """From here on new units are assigned by *split*: the next stage. What is known stays."""
        if not all(0 < share < 1 for share in split) or abs(sum(split) - 1) > 1e-6:  # noqa: PLR2004
            message = f"split {split} is no split. Allowed: two shares, each above 0, that add up to 1"
            raise ValueError(message)
        judge = self.judge
        if isinstance(judge, BoundedTest):
            first = judge.moments.shares[0]
            if min(split) < min(first, 1 - first):
                message = f"split {split} leaves the bounds of the first stage. Allowed: shares that are not smaller"
                raise ValueError(message)
        if split != self.units.splits[-1]:
            self.units.splits.append(split)
            if isinstance(judge, MeanTest | BoundedTest):
                judge.moments.shares.append(split[1])

    def update(self, batch: Batch, now: float | None = None) -> Decision:
        """Fold *batch*, and decide. *now* (seconds) is the clock by which observation windows end.

        Raises ValueError for columns of unequal length, or a window without times; never for what the rows hold.
        """
        if batch.unit is None and not self.history:
            self._alone()
        rows, kept = self.units.place(batch)
        used = self.units.mark(self.waiting.ready(rows, kept, batch, self.units, now))
        for part in self._clipped(used):
            self.judge.add(part)
        found = self._decide()
        self.history.append(found)
        return found

    def _alone(self) -> None:
        """No unit returns: nothing has to be kept of each."""
        if isinstance(self.judge, QuantileTest):
            self.judge.clustered = False
        elif isinstance(self.judge, MeanTest):
            self.judge.moments.clustered = False

    def _clipped(self, rows: Rows) -> list[Rows]:
        """The rows as they count: held back until the clip is frozen, then clipped."""
        if self.clip is None:
            return [rows]
        self.buffer.append(rows)
        if self.clipped is None:
            values = np.concatenate([part.value for part in self.buffer])
            if len(values) < max(100, 5 / (1 - self.clip)):
                return []
            self.clipped = Clip.of(values, self.clip)
        found, self.buffer = self.buffer, []
        low, high = self.clipped.low, self.clipped.high
        return [
            Rows(unit=p.unit, arm=p.arm, stage=p.stage, value=np.clip(p.value, low, high), kind=p.kind) for p in found
        ]

    def _decide(self) -> Decision:
        arms, effect = self.units.arms(), self._effect()
        found = Decision(
            outcome=Outcome.CONTINUE, why="", would_change="", metric=self.metric, alpha=self.alpha,
            look=len(self.history) + 1, effect=effect, arms=arms, warnings=self._warnings(arms, effect),
        )  # fmt: skip
        if self.final is not None:
            return replace(
                found, outcome=self.final.outcome, why=self.final.why, stopped=self.final.look,
                would_change="nothing: it was ended",
            )  # fmt: skip
        reason, why = self._blind(arms)
        invalid = _invalid(arms)
        if invalid is not None:
            outcome, why, reason = Outcome.INVALID, invalid, None
        elif reason is not None:
            return replace(found, reason=reason, why=why, would_change="more outcomes")
        else:
            outcome, why = self._outcome(effect)
        if outcome is Outcome.CONTINUE:
            return replace(found, why=why, would_change=self._would_change(effect))
        ending = "a corrected assignment, from the start" if outcome is Outcome.INVALID else "nothing: it is ended"
        self.final = replace(found, outcome=outcome, why=why, would_change=ending, stopped=found.look)
        return self.final

    def _effect(self) -> Effect:
        if isinstance(self.judge, ErrorTest):
            return self.judge.effect(self.alpha)
        self.judge.ready(self.units.size)
        found: Effect = self.judge.effect()  # type: ignore[attr-defined]
        return found

    def _blind(self, arms: Arms) -> tuple[Reason | None, str]:
        """Why nothing can be said yet."""
        if min(arms.assigned) == 0:
            return Reason.NO_DATA, "an arm has no unit"
        if min(arms.labelled) == 0:
            return Reason.LABEL_PENDING, "an arm has no outcome"
        least = min(part for part in arms.coverage if part is not None)
        if least < self.min_coverage:
            return Reason.LABEL_PENDING, f"{least:.1%} of the due outcomes are known. Wanted: {self.min_coverage:.1%}"
        if not self.judge.ready(self.units.size):
            return Reason.INSUFFICIENT_N, f"{sum(arms.labelled)} units, {arms.rows} rows: fewer than the burn-in"
        return None, ""

    def _outcome(self, effect: Effect) -> tuple[Outcome, str]:
        if isinstance(self.judge, ErrorTest) and self.judge.guard:
            level = log(1 / self.alpha)
            if effect.log_e >= level:
                said = f"E = {effect.e_value:.4g} against 'at most {1 + self.rule.margin:g} times the errors'"
                return Outcome.HARM, f"{said} reached 1/α = {1 / self.alpha:g}"
            found, why = self.rule.outcome(effect)
            if found is Outcome.HARM:
                return Outcome.CONTINUE, f"E = {effect.e_value:.4g} has not reached 1/α = {1 / self.alpha:g}"
            return found, why
        outcome, why = self.rule.outcome(effect)
        if outcome is Outcome.CONTINUE and self.maximum is not None:
            return self._exhausted(effect, why)
        return outcome, why

    def _exhausted(self, effect: Effect, why: str) -> tuple[Outcome, str]:
        rows = self.units.counts["rows"]
        if self.maximum is not None and rows >= self.maximum:
            return Outcome.FUTILITY, f"{rows:,} rows of {self.maximum:,} did not decide; {why}"
        minimum = self.rule.scaled(effect.values[0])[1]
        hoped = minimum if minimum is not None else abs(effect.estimate or 0.0)
        if isinstance(self.judge, MeanTest) and self.maximum is not None and hoped > 0:
            power = self.judge.power(hoped if self.rule.higher else -hoped, self.maximum)
            if power is not None and power < POWER:
                return Outcome.FUTILITY, f"the chance that {self.maximum:,} rows show {hoped:.4g} is {power:.1%}; {why}"
        return Outcome.CONTINUE, why

    def _would_change(self, effect: Effect) -> str:
        if isinstance(self.judge, ErrorTest) and self.judge.guard:
            return f"harm when E ({effect.e_value:.4g}) reaches {1 / self.alpha:g}; " + self.rule.would_change(effect)
        return self.rule.would_change(effect)

    def _warnings(self, arms: Arms, effect: Effect) -> tuple[str, ...]:
        found: list[str] = []
        planned = f"{self.units.splits[-1][0]:.4g} : {self.units.splits[-1][1]:.4g}"
        if arms.split_e >= WARN or (arms.split_p is not None and arms.split_p < SPLIT_WARN):
            found.append(
                f"split {arms.assigned[0]:,} : {arms.assigned[1]:,} of planned {planned}: "
                f"p {arms.split_p:.2g} at this size alone, E {arms.split_e:.3g}"
            )
        if arms.missing_e >= WARN:
            shares = ", ".join("–" if part is None else f"{part:.1%}" for part in arms.coverage)
            found.append(f"outcomes are known of {shares} of the due units: E {arms.missing_e:.3g} that this differs")
        for name, said in (
            ("crossed", "rows came under the other arm than their unit's first one"),
            ("foreign", "rows belong to no arm of this comparison"),
            ("unusable", "values are infinite, or no 0 or 1 where that is needed"),
        ):
            if count := getattr(arms, name):
                found.append(f"{count:,} {said}: left out")
        if effect.dispersion > 2 and effect.dispersion < inf:  # noqa: PLR2004
            found.append(f"rows go together: the estimate varies {effect.dispersion:.3g} times as independent rows do")
        return tuple(found)


def _invalid(arms: Arms) -> str | None:
    """Why the arms cannot be compared."""
    if arms.split_e >= SPLIT_STOP:
        counts = f"{arms.assigned[0]:,} : {arms.assigned[1]:,}"
        return f"split mismatch: {counts} units are not the declared split (E {arms.split_e:.3g}, p < .001)"
    if arms.missing_e >= SPLIT_STOP:
        shares = ", ".join("–" if part is None else f"{part:.1%}" for part in arms.coverage)
        return f"coverage: outcomes are known of {shares} of the due units, which differs (E {arms.missing_e:.3g})"
    return None
