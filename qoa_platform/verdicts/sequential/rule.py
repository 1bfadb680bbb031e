"""Owns Rule: when a look ends an experiment."""

from dataclasses import dataclass
from enum import StrEnum

from qoa_platform.verdicts.sequential.decision import Effect, Outcome


class Goal(StrEnum):
    """What counts as a success."""

    SUPERIOR = "superior"
    NON_INFERIOR = "non-inferior"
    HARMLESS = "harmless"
    """Nothing: only harm (and futility) ends it, for which all of α is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Stop for benefit, harm or futility, off the confidence sequence of the effect.

    *margin* ≥ 0 is how much worse is tolerated, *minimum* the least effect worth having (``None``: any), both on the
    effect's own scale as distances from *null* (0 of a difference, 1 of a ratio). *relative*: both are shares of the
    control's value, as it is known at the look. Where the interval lies decides:

    harm: all of it worse than null by more than *margin*; benefit: all of it better than null (goal *non-inferior*:
    not worse by more than the margin); futility: all of it below *minimum*. With an interval of confidence 1 − α the
    chance that a benefit or a harm is ever wrongly named is ≤ α together, over all looks; futility costs nothing of it.

    >>> Rule().outcome(Effect(estimate=2.0, low=1.0, high=3.0))[0]
    <Outcome.BENEFIT: 'benefit'>

    Raises ValueError for a negative margin or minimum.
    """

    higher: bool = True
    margin: float = 0.0
    minimum: float | None = None
    relative: bool = False
    goal: Goal = Goal.SUPERIOR
    null: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("margin", self.margin), ("minimum_effect", self.minimum)):
            if value is not None and not 0 <= value < float("inf"):
                message = f"{name} {value} is not allowed. Allowed: 0 or more; the metric says which side is worse"
                raise ValueError(message)

    def scaled(self, control: float | None) -> "tuple[float, float | None]":
        """Margin and minimum in the unit of the effect, given the control's value."""
        scale = abs(control or 0.0) if self.relative and not self.null else 1.0
        return self.margin * scale, None if self.minimum is None else self.minimum * scale

    def gain(self, effect: Effect) -> tuple[float, float]:
        """The interval as gains over null: positive is better."""
        low, high = effect.low - self.null, effect.high - self.null
        return (low, high) if self.higher else (-high, -low)

    def outcome(self, effect: Effect) -> tuple[Outcome, str]:
        """The outcome and why."""
        margin, minimum = self.scaled(effect.values[0])
        low, high = self.gain(effect)
        said = f"{effect.low:.4g} to {effect.high:.4g}"
        goal = -margin if self.goal is Goal.NON_INFERIOR else 0.0
        if high < -margin:
            return Outcome.HARM, f"the effect is {said}: worse by more than {margin:.4g}"
        if low > goal and self.goal is not Goal.HARMLESS:
            better = "better" if goal == 0 else f"not worse by more than {margin:.4g}"
            return Outcome.BENEFIT, f"the effect is {said}: {better}"
        if minimum is not None and high < minimum:
            return Outcome.FUTILITY, f"the effect is {said}: {minimum:.4g}, the least worth having, is excluded"
        return Outcome.CONTINUE, f"the effect is {said}: that decides nothing yet"

    def would_change(self, effect: Effect) -> str:
        """What would end it, in a sentence."""
        margin, minimum = self.scaled(effect.values[0])
        low, high = self.gain(effect)
        goal = -margin if self.goal is Goal.NON_INFERIOR else 0.0
        ways = [f"harm when the gain's high end ({high:.4g}) falls below {-margin:.4g}"]
        if self.goal is not Goal.HARMLESS:
            ways.append(f"benefit when its low end ({low:.4g}) passes {goal:.4g}")
        ways += [f"futility when the high end falls below {minimum:.4g}"] if minimum is not None else []
        more = f"; about {effect.needed:,} more rows if the estimate is true" if effect.needed is not None else ""
        return ", ".join(ways) + more
