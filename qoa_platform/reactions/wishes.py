"""Owns wishes: every step that some rule asks for in this world, with why it may be taken now or not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from qoa_platform.reactions.episodes import is_bad
from qoa_platform.reactions.matching import long_enough, matched
from qoa_platform.reactions.steps import targets
from qoa_platform.reactions.world import World
from qoa_platform.records import (
    ACTIVE,
    Episode,
    Mode,
    Reaction,
    ReactionKind,
    Rule,
    Severity,
    Step,
    Target,
    Verdict,
    Why,
)

DEFERRED_BY_HOLD = frozenset({ReactionKind.RERUN, ReactionKind.RETRAIN, ReactionKind.PROMOTE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One step on one target for one episode. *why* says what speaks for it, or, when not *taken*, against it."""

    rule: str
    step: int
    kind: ReactionKind
    target: Target
    subject: str
    cause: str
    serves: tuple[str, ...]
    severity: Severity
    firing: int
    attempts: int
    backoff_from: Step | None
    taken: bool
    why: Why
    detail: str
    observed: bool = False
    evidence: dict[str, object] = field(default_factory=dict)


def wishes(world: World) -> Iterator[Wish]:
    """All steps of all rules on all open episodes: most severe first, then in the order of the policy (semantics 16)."""
    ordered = sorted((e for e in world.episodes if e.open), key=lambda e: (-e.severity.rank, str(e.key), e.opened_at))
    heads = {(v.key, v.window): v for v in world.verdicts}
    for episode in ordered:
        held = [heads[episode.key, w] for w in episode.windows if (episode.key, w) in heads]
        bad = tuple(v for v in held if is_bad(world, v))
        for rule in world.contract.policy:
            yield from _rule_wishes(world, rule, episode, matched(rule, episode, bad))


def _rule_wishes(world: World, rule: Rule, episode: Episode, found: Sequence[Verdict]) -> Iterator[Wish]:
    if not found:
        return
    ripe = long_enough(rule.when, episode, found, world.at)
    for index, step in enumerate(rule.steps):
        places = targets(world, episode, step, found)
        if not places:
            yield _wish(rule, index, step, Target(episode=episode.id), episode, Why.NO_TARGET, taken=False)
        for place in places:
            if not ripe:
                yield _wish(rule, index, step, place, episode, Why.NOT_YET, taken=False)
            else:
                yield _judged(world, rule, index, step, place, episode, found)


def _judged(
    world: World, rule: Rule, index: int, step: Step, place: Target, episode: Episode, found: Sequence[Verdict]
) -> Wish:
    """Whether this step is taken now: what was done already, cool-down, holds, active runs."""
    served = [r for r in world.reactions if episode.id in r.serves and same(r, step.kind, place)]
    last = _last_firing(world, rule, episode.key.subject)
    why, taken, firing = Why.OPENED, True, 1 + sum(r.rule == rule.name and r.step == index for r in served)
    if rule.cooldown is not None and last is not None and world.at - last < rule.cooldown:
        why, taken = (Why.ALREADY if served else Why.COOLING_DOWN), False
    elif served and rule.cooldown is None:
        why, taken = Why.ALREADY, False
    elif served:
        why = Why.FIRES_AGAIN
    if taken and (refusal := _refusal(world, step, place, found)) is not None:
        why, taken = refusal, False
    return _wish(
        rule, index, step, place, episode, why, taken=taken, firing=firing, observed=_observed(world, episode),
        detail=f"{episode.key} {found[-1]} in {found[-1].window}",
    )  # fmt: skip


def same(reaction: Reaction, kind: ReactionKind, place: Target) -> bool:
    """Whether *reaction* is an equal step: an alert tells an episode once, whatever it is told about."""
    if kind is ReactionKind.ALERT:
        return reaction.kind is kind and not reaction.rule.startswith("(")
    return reaction.kind is kind and reaction.target == place


def _last_firing(world: World, rule: Rule, subject: str) -> datetime | None:
    """When *rule* last fired for *subject*: cool-down is per rule and subject, and spans episodes (semantics 14)."""
    return max((r.at for r in world.reactions if r.rule == rule.name and r.subject == subject), default=None)


def _refusal(world: World, step: Step, place: Target, found: Sequence[Verdict]) -> Why | None:
    if step.kind in DEFERRED_BY_HOLD and world.hold(place.asset, place.model) is not None:
        return Why.HELD
    if step.kind is ReactionKind.RETRAIN and world.hold(world.graph.trainer(place.model or "")) is not None:
        return Why.HELD
    if step.kind is ReactionKind.RERUN and _active(world, place):
        return Why.ACTIVE_RUN
    if step.kind is ReactionKind.DEGRADE:
        return _no_degrade(world, place, found)
    return None


def _active(world: World, place: Target) -> bool:
    return any(
        run.state in ACTIVE and place.asset in run.assets and run.partition == place.partition for run in world.runs
    )


def _no_degrade(world: World, place: Target, found: Sequence[Verdict]) -> Why | None:
    """No cheaper preset, or no violation since the last move (violated *again* leads to the next cheaper one)."""
    names = next((p.names for p in world.contract.presets if p.asset == place.asset), ())
    if not names or place.preset == names[0]:
        return Why.CHEAPEST
    moves = [r.at for r in world.reactions if r.kind is ReactionKind.DEGRADE and r.target.asset == place.asset]
    if moves and all(v.at <= max(moves) for v in found):
        return Why.ALREADY
    return None


def _observed(world: World, episode: Episode) -> bool:
    subject = world.contract.subject(episode.key.subject)
    promise = subject.promise(episode.key.promise) if subject else None
    return world.contract.mode is Mode.OBSERVE or (promise is not None and promise.mode is Mode.OBSERVE)


def _wish(
    rule: Rule, index: int, step: Step, place: Target, episode: Episode, why: Why, *, taken: bool, firing: int = 1,
    detail: str = "", observed: bool = False,
) -> Wish:  # fmt: skip
    return Wish(
        rule=rule.name, step=index, kind=step.kind, target=place, subject=episode.key.subject, cause=episode.id,
        serves=(episode.id,), severity=episode.severity, firing=firing, attempts=step.attempts, backoff_from=step,
        taken=taken, why=why, detail=detail or str(episode.key), observed=observed,
    )  # fmt: skip
