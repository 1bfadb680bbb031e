"""Owns the reading of what follows from verdicts: rules and their steps, the release of a model."""

from collections.abc import Mapping, Sequence
from typing import Any

from qoa_platform.contracts.keys import GUARDRAIL, OBJECTIVE, UNTARGETED
from qoa_platform.contracts.problem import guess
from qoa_platform.contracts.promises import Reader
from qoa_platform.contracts.shapes import Found
from qoa_platform.records import (
    Objective,
    Params,
    ReactionKind,
    ReleasePolicy,
    Rule,
    Scalar,
    Stage,
    Step,
    Unit,
    canonical,
)

_TARGETED = frozenset(kind.value for kind in ReactionKind if kind not in UNTARGETED)
_GUARDRAIL_KEYS = frozenset(key.name for key in GUARDRAIL.keys)
_OBJECTIVE_KEYS = frozenset(key.name for key in OBJECTIVE.keys)
_SERVING = ("unit", "watch_after", "error_budget", "freeze", "approval")


def read_rule(found: Found, reader: Reader, promised: Mapping[str, Sequence[str]]) -> Rule | None:
    """The rule in *found*. *promised* are the promise ids of each subject: a rule may name no others."""
    steps = tuple(step for item in found.get("do", ()) if (step := _step(item, found, reader)) is not None)
    when = found.get("when")
    if when is not None:
        _target(when.subject, when.promise, found, reader, promised)
    if not found.whole or not steps:
        return None
    return Rule(
        name=found.get("name"), when=when, steps=steps, cooldown=found.get("cooldown"),
        on_recovery=found.get("on_recovery"),
    )  # fmt: skip


def _target(
    subject: str | None, promise: str | None, found: Found, reader: Reader, promised: Mapping[str, Sequence[str]]
) -> None:
    mark, path = found.mark_of("when"), (*found.path, "when")
    if subject is not None and subject not in promised:
        reader.report.say("E112", f"there is no subject {subject!r}", mark, path, guess(subject, promised))
    elif subject is not None and promise is not None and promise not in promised[subject]:
        hint = guess(promise, promised[subject])
        reader.report.say("E112", f"subject {subject!r} promises no {promise!r}", mark, path, hint)


def _step(item: str | Found, rule: Found, reader: Reader) -> Step | None:
    if isinstance(item, str):
        return Step(kind=ReactionKind(item))
    kinds = [key for key in item.nodes if key in _TARGETED]
    if len(kinds) != 1:
        said = f"a step is one thing to do, found {', '.join(kinds) or 'none'}"
        reader.report.say("E114", said, item.mark, item.path, "As in: {rerun: retail/raw_day, attempts: 3}")
        return None
    if not item.whole:
        rule.whole = False
        return None
    return Step(
        kind=ReactionKind(kinds[0]), target=item.get(kinds[0]), attempts=item.get("attempts", 1),
        backoff=item.get("backoff", Step(kind=ReactionKind.ALERT).backoff),
    )  # fmt: skip


def read_release(found: Found, reader: Reader) -> ReleasePolicy | None:
    """The release policy in *found*."""
    objective = found.get("objective")
    judged = _objective(objective, reader) if isinstance(objective, Found) else None
    stages = tuple(s for item in found.get("stages", ()) if (s := _stage(item, found, reader)) is not None)
    _stages_in_order(stages, found, reader)
    rollback = found.get("rollback")
    low, high = found.get("min_samples"), found.get("max_samples")
    if low is not None and high is not None and low > high:
        reader.report.say(
            "E106", f"min_samples {low} is above max_samples {high}", found.mark_of("min_samples"), found.path
        )
    serving = _serving(found, reader)
    if not found.whole or judged is None:
        return None
    return ReleasePolicy(
        model=found.get("model"), stages=stages, first=found.get("first", "promises"), objective=judged,
        inconclusive=found.get("inconclusive", "wait"),
        rollback_to=rollback.get("to", "last_good") if rollback else "last_good",
        keep=rollback.get("keep", 2) if rollback else 2, min_samples=low, max_samples=high, serving=serving,
    )  # fmt: skip


def _objective(found: Found, reader: Reader) -> Objective | None:
    spec = reader.spec(found)
    margin = reader.margin(found, spec.unit if spec else None)
    params = reader.own_params(found, spec, _OBJECTIVE_KEYS)
    if not found.whole or margin is None:
        return None
    return Objective(
        metric=found.get("metric"), over=found.get("over"), pair_by=found.get("pair_by", ()),
        confidence=found.get("confidence", 0.95), margin=margin, params=params,
    )  # fmt: skip


def _stage(item: str | Found, release: Found, reader: Reader) -> Stage | None:
    if isinstance(item, str):
        return Stage(name=item)
    if len(item.values) != 1 or not item.whole:
        if item.whole:
            said = f"a stage is one thing, found {', '.join(item.values) or 'none'}"
            reader.report.say("E114", said, item.mark, item.path, "Allowed: {shadow: 500 requests} or {canary: 5 %}")
        release.whole = False
        return None
    ((name, amount),) = item.values.items()
    if name == "canary":
        return Stage(name=name, amount=amount, unit=Unit.RATIO)
    count = reader.report.attempt(lambda: amount.of(Unit.REQUESTS), item.mark_of(name), (*item.path, name))
    return None if count is None else Stage(name=name, amount=count, unit=Unit.REQUESTS)


def _stages_in_order(stages: Sequence[Stage], found: Found, reader: Reader) -> None:
    order = {"backtest": 0, "shadow": 1, "canary": 2, "full": 3}
    ranks = [(order[s.name], s.amount or 0.0) for s in stages]
    if ranks != sorted(set(ranks)) and "stages" in found.values:
        said = "stages must widen: backtest, shadow, canaries by share, full, each once"
        reader.report.say("E106", said, found.mark_of("stages"), (*found.path, "stages"))
    elif stages and stages[-1].name != "full":
        said = "the last stage must be 'full': no version would ever become champion"
        reader.report.say("E106", said, found.mark_of("stages"), (*found.path, "stages"))


def _serving(found: Found, reader: Reader) -> Params:
    """The keys that are inert until serving exists, as flat pairs: nested ones as canonical JSON."""
    pairs: dict[str, Scalar | tuple[Scalar, ...]] = {}
    for key in _SERVING:
        value = found.get(key)
        if value is not None:
            pairs[key] = _flat(value)
    objective = found.get("objective")
    if isinstance(objective, Found):
        for key in ("label", "label_delay", "min_label_coverage"):
            value = objective.get(key)
            if value is not None:
                pairs[f"objective.{key}"] = _flat(value)
    guardrails = [g for g in found.get("guardrails", ()) if isinstance(g, Found)]
    if guardrails:
        pairs["guardrails"] = tuple(sorted(_guardrail(g, reader) for g in guardrails))
    invariants = tuple(sorted(_invariant(i, reader) for i in found.get("invariants", ())))
    if invariants:
        pairs["invariants"] = invariants
    return tuple(sorted(pairs.items()))


def _guardrail(found: Found, reader: Reader) -> str:
    spec = reader.spec(found)
    params = dict(reader.own_params(found, spec, _GUARDRAIL_KEYS - {"aggregate"}))
    margin = reader.margin(found, spec.unit if spec else None)
    values = {key: value for key, value in found.values.items() if key != "margin"}
    return canonical({**values, **params, "margin": margin})


def _invariant(item: str | Found, reader: Reader) -> str:
    if isinstance(item, str):
        return canonical(item)
    if len(item.values) != 1:
        said = "an invariant is one thing"
        reader.report.say(
            "E114", said, item.mark, item.path, "Allowed: finite, {range: [low, high]}, {latency: 500 ms}"
        )
    limits = item.get("range")
    if limits is not None and (len(limits) != 2 or not limits[0] <= limits[1]):  # noqa: PLR2004
        reader.report.say("E106", "a range is [low, high], low ≤ high", item.mark_of("range"), item.path)
    return canonical(item.values)


def _flat(value: Any) -> Scalar | tuple[Scalar, ...]:
    match value:
        case tuple() | str() | int() | float():
            return value
        case _ if hasattr(value, "total_seconds"):
            return float(value.total_seconds())
        case _:
            return float(value.value)
