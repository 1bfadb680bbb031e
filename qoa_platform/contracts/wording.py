"""Owns words: what a bound, a condition, a step or a duration of a contract says, as a person would say it."""

from datetime import timedelta
from typing import assert_never

from qoa_platform.contracts.problem import listed
from qoa_platform.records import (
    Baseline,
    Fixed,
    Margin,
    MarginKind,
    Must,
    Operator,
    Promise,
    ReactionKind,
    Reason,
    Reference,
    ReferenceKind,
    Rule,
    Step,
    Unit,
    Usual,
    Versus,
    When,
    WhenStatus,
    show,
)

REASONS = {
    Reason.NO_DATA: "there is no data", Reason.STALE: "the data is stale",
    Reason.INSUFFICIENT_N: "there is too little of it",
    Reason.NO_REFERENCE: "there is no reference", Reason.LABEL_PENDING: "labels are pending",
    Reason.IMPRECISE: "it is not precise enough", Reason.NOT_APPLICABLE: "it does not apply",
    Reason.ERROR: "measuring it failed",
}  # fmt: skip
"""Why a verdict is unknown, as the end of a sentence."""

_OPERATORS = {
    Operator.LT: "less than", Operator.LE: "at most", Operator.GT: "more than", Operator.GE: "at least",
    Operator.EQ: "exactly", Operator.NE: "not",
}  # fmt: skip


def how_long(length: timedelta) -> str:
    """A duration.

    >>> how_long(timedelta(hours=26))
    '26 h'
    """
    return show(length.total_seconds(), Unit.SECONDS)


def bound(must: Must, unit: Unit) -> str:
    """What a promise demands, after the name of the number.

    >>> bound(Fixed(operator=Operator.GE, bound=0.99, text=""), Unit.RATIO)
    'is at least 99 %'
    """
    match must:
        case Fixed(operator=Operator.BETWEEN):
            return f"is between {_number(must.bound, unit)} and {_number(must.upper, unit)}"
        case Fixed():
            return f"is {_OPERATORS[must.operator]} {_number(must.bound, unit)}"
        case Usual():
            return "is as usual: within the band learnt from its published history"
        case Versus():
            return f"is {_worse(must.margin, unit)} {_baseline(must)}"
        case _:
            assert_never(must)


def set_aside(limit: float | None) -> str:
    """What becomes of rows that fail, as the end of a sentence; empty where nothing does.

    >>> set_aside(0.01)
    '; rows that fail it are set aside, up to 1 % of them'
    """
    return "" if limit is None else f"; rows that fail it are set aside, up to {show(limit, Unit.RATIO)} of them"


def discoveries(rate: float | None) -> str:
    """How many of the columns and groups found may be false, as the end of a sentence; empty where nothing is said.

    >>> discoveries(0.05)
    '; of the columns and groups found to drift, on average at most 5 % are false'
    """
    if rate is None:
        return ""
    return f"; of the columns and groups found to drift, on average at most {show(rate, Unit.RATIO)} are false"


def _number(value: float | None, unit: Unit) -> str:
    plain = unit in (Unit.ONE, Unit.COLUMN)
    return f"{value:g}" if plain and value is not None else show(value, unit) + (f" {unit}" if unit is Unit.NAT else "")


def _worse(limit: Margin, unit: Unit) -> str:
    if limit.kind is MarginKind.FACTOR:
        return f"at most {limit.value:g} times that of"
    return f"at most {margin(limit, unit)} worse than that of" if limit.value else "no worse than that of"


def margin(limit: Margin, unit: Unit) -> str:
    """A margin.

    >>> margin(Margin(kind=MarginKind.RELATIVE, value=0.25), Unit.ONE)
    '25 %'
    """
    match limit.kind:
        case MarginKind.RELATIVE:
            return show(limit.value, Unit.RATIO)
        case MarginKind.FACTOR:
            return f"a factor of {limit.value:g}"
        case MarginKind.ABSOLUTE:
            points = f"{limit.value * 100:.4g} percentage points"
            return points if unit is Unit.RATIO else _number(limit.value, unit)
        case _:
            assert_never(limit.kind)


def _baseline(must: Versus) -> str:
    match must.baseline:
        case Baseline.CHAMPION:
            return "the champion"
        case Baseline.PREVIOUS:
            return "the window before"
        case Baseline.TRIAL:
            return f"trial {must.name}"
        case Baseline.REFERENCE:
            return str(must.name)
        case _:
            assert_never(must.baseline)


def compared_with(reference: Reference) -> str:
    """What a promise compares with.

    >>> compared_with(Reference(kind=ReferenceKind.LAST_PARTITIONS, count=28))
    'the last 28 partitions'
    """
    match reference.kind:
        case ReferenceKind.TRAINING:
            return "what the champion was trained on"
        case ReferenceKind.PREVIOUS:
            return "the partition before"
        case ReferenceKind.LAST_PARTITIONS:
            return f"the last {reference.count} partitions"
        case ReferenceKind.PROFILE:
            return f"profile {reference.name}"
        case _:
            assert_never(reference.kind)


def condition(when: When) -> str:
    """When a rule reacts.

    >>> condition(When(subject="sales", promise=None, status=WhenStatus.BLOCKED, text=""))
    'when a promise of sales keeps a candidate from being published'
    """
    kind = f"{when.severity} promise" if when.severity is not None else "promise"
    if when.promise is not None:
        named = f"{when.subject}.{when.promise}" + (f" ({when.severity})" if when.severity is not None else "")
    else:
        named = f"a {kind} of {when.subject}" if when.subject is not None else f"any {kind}"
    match when.status:
        case WhenStatus.VIOLATED:
            happens = "is violated"
        case WhenStatus.BLOCKED:
            happens = "keeps a candidate from being published"
        case WhenStatus.UNKNOWN if when.reasons:
            happens = f"is unknown because {listed([REASONS[reason] for reason in when.reasons])}"
        case WhenStatus.UNKNOWN:
            happens = "is unknown, whatever the reason"
        case _:
            assert_never(when.status)
    return f"when {named} {happens}{lasting(when.streak)}"


def lasting(streak: int | timedelta) -> str:
    """How long something lasts before it counts; nothing, where once is enough."""
    if isinstance(streak, timedelta):
        return f", for {how_long(streak)}"
    return f", {streak} windows in a row" if streak > 1 else ""


def action(step: Step, subject: str = "the subject") -> str:  # noqa: C901, PLR0911 (one case per kind)
    """What a step does; *subject* stands for the target that it does not name.

    >>> action(Step(kind=ReactionKind.RERUN, target="retail/raw_day", attempts=3, backoff=timedelta(minutes=5)))
    'run retail/raw_day again (up to 3 times, 5 min apart)'
    """
    what = step.target or subject
    match step.kind:
        case ReactionKind.ALERT:
            return "alert people"
        case ReactionKind.QUARANTINE:
            return "quarantine the candidate"
        case ReactionKind.RERUN:
            return f"run {what} again{_attempts(step)}"
        case ReactionKind.RETRAIN:
            return f"train a candidate of {what}{_attempts(step)}"
        case ReactionKind.HOLD:
            return f"hold {what}"
        case ReactionKind.TERMINATE:
            return f"end the run of {what}"
        case ReactionKind.ROLLBACK:
            return f"roll {what} back to its last good version"
        case ReactionKind.PROMOTE:
            return f"promote the challenger of {what}"
        case ReactionKind.DEGRADE:
            return f"take the next cheaper preset of {what}"
        case ReactionKind.UPGRADE:
            return f"take the next better preset of {what}"
        case ReactionKind.RELEASE:
            return f"release the hold of {what}"
        case _:
            return f"{step.kind.replace('_', ' ')} {what}".strip()


def _attempts(step: Step) -> str:
    if step.attempts == 1:
        return ""
    apart = f", {how_long(step.backoff)} apart" if step.backoff else ""
    return f" (up to {step.attempts} times{apart})"


def afterwards(rule: Rule) -> str:
    """What else a rule says: how often it fires, and what it undoes."""
    parts = [f"again after {how_long(rule.cooldown)} in a still-open episode"] if rule.cooldown is not None else []
    undone = {"upgrade": "goes back to the better preset", "release": "releases the hold"}
    parts += [f"when the episode ends, it {undone[rule.on_recovery]}"] if rule.on_recovery in undone else []
    return "; ".join(parts)


def read_of(promise: Promise) -> str:
    """What a promise reads, after the name of its metric: columns or expression, filter, groups, frame, window."""
    said = {
        f"of {', '.join(promise.columns)}": promise.columns, f"of {promise.expr}": promise.expr,
        f"({promise.aggregate})": promise.aggregate, f"where {promise.where}": promise.where,
        f"over {promise.over}": promise.over, f"weighted by {promise.weight}": promise.weight,
    }  # fmt: skip
    window = [f"within {how_long(promise.window)}"] if promise.window is not None else []
    return " ".join([*(text for text, there in said.items() if there), *window])
