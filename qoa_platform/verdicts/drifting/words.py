"""Owns how causes are said: where a shift is, and what it costs, in words."""

from qoa_platform.records import Unit, show
from qoa_platform.verdicts.drifting.causes import Cause
from qoa_platform.verdicts.drifting.parts import Estimate, LossParts

WIDTH = 3
"""Digits of a number that is printed."""


def where_of(cause: Cause, *, masked: str | None = None) -> str:
    """The segment that holds most of a shift, in words; empty where none stands out. *masked* stands for its value."""
    if not cause.where:
        return ""
    top = cause.where[0]
    rows = show(sum(top.shares) / 2, Unit.RATIO)
    return f"{top.column} = {masked or top.segment}: {show(top.part, Unit.RATIO)} of it, {rows} of the rows"


def loss_of(loss: LossParts | None) -> str:
    """What other inputs explain of a change of loss, in words."""
    return "" if loss is None else f"{_between(loss.covariate)} of {loss.change.value:+.{WIDTH}g}"


def loss_said(loss: LossParts | None) -> str:
    """How a change of loss splits into inputs and concept, as the end of a sentence."""
    if loss is None:
        return ""
    return (
        f". Loss {_between(loss.change)}: other inputs {_between(loss.covariate)}, "
        f"other losses at the same inputs {_between(loss.conditional)}"
    )


def _between(found: Estimate) -> str:
    return f"{found.value:+.{WIDTH}g} ({found.low:+.{WIDTH}g} … {found.high:+.{WIDTH}g})"
