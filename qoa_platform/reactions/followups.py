"""Owns what follows from a reaction or from the end of an episode: exhaustion, resolution, recovery."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from qoa_platform.reactions.wishes import Wish
from qoa_platform.reactions.world import World
from qoa_platform.records import (
    Episode,
    Outcome,
    OutcomeState,
    PointerKind,
    Reaction,
    ReactionKind,
    Severity,
    Target,
    Why,
)

EXHAUSTED_RULE = "(exhausted)"
RESOLVED_RULE = "(resolved)"
RECOVERY_RULE = "(recovery)"


def followups(world: World) -> Iterator[Wish]:
    """Steps that no rule names but that the language promises: semantics 17 (exhausted), 18 (recovery), 19 (resolved)."""
    caused = {(r.cause, r.kind) for r in world.reactions}
    episodes = {e.id: e for e in world.episodes}
    for reaction in world.reactions:
        last = world.outcomes.get(reaction.id)
        if last is None:
            continue
        if reaction.kind is ReactionKind.RERUN or reaction.kind is ReactionKind.RETRAIN:
            yield from _exhausted(reaction, last, caused)
        elif reaction.kind is ReactionKind.ALERT and reaction.rule != RESOLVED_RULE:
            yield from _resolved(reaction, last, episodes, caused)
        elif reaction.kind is ReactionKind.HOLD:
            yield from _released(world, reaction, last, episodes, caused)
    yield from _upgrades(world, episodes, caused)


Caused = set[tuple[str, ReactionKind]]


def _exhausted(reaction: Reaction, last: Outcome, caused: Caused) -> Iterator[Wish]:
    if last.state is OutcomeState.FAILED and (reaction.id, ReactionKind.ALERT) not in caused:
        yield _follow(
            reaction, ReactionKind.ALERT, reaction.target, EXHAUSTED_RULE, Why.EXHAUSTED,
            f"{reaction.kind} of {reaction.target}: {last.detail}",
        )  # fmt: skip


def _resolved(reaction: Reaction, last: Outcome, episodes: dict[str, Episode], caused: Caused) -> Iterator[Wish]:
    served = [episodes[e] for e in reaction.serves if e in episodes]
    over = bool(served) and not any(e.open for e in served)
    if over and last.state is OutcomeState.APPLIED and (reaction.id, ReactionKind.ALERT) not in caused:
        closing = ", ".join(sorted({str(e.closing) for e in served}))
        yield _follow(reaction, ReactionKind.ALERT, reaction.target, RESOLVED_RULE, Why.RECOVERED, closing)


def _released(
    world: World, reaction: Reaction, last: Outcome, episodes: dict[str, Episode], caused: Caused
) -> Iterator[Wish]:
    rule = next((r for r in world.contract.policy if r.name == reaction.rule), None)
    served = [episodes[e] for e in reaction.serves if e in episodes]
    if rule is None or rule.on_recovery != "release" or last.state is not OutcomeState.APPLIED:
        return
    standing = world.hold(reaction.target.asset, reaction.target.model) is not None
    if standing and served and not any(e.open for e in served) and (reaction.id, ReactionKind.RELEASE) not in caused:
        yield _follow(reaction, ReactionKind.RELEASE, reaction.target, RECOVERY_RULE, Why.RECOVERED, reaction.rule)


def _upgrades(world: World, episodes: dict[str, Episode], caused: Caused) -> Iterator[Wish]:
    """Back to the preset that was left last, once its episode ended and its bar is over (semantics 18)."""
    for presets in world.contract.presets:
        now = world.preset(presets.asset)
        left = degraded(world, presets.asset)
        if not left or now == presets.names[-1]:
            continue
        reaction = left[-1]
        served = [episodes[e] for e in reaction.serves if e in episodes]
        if (reaction.id, ReactionKind.UPGRADE) in caused or any(e.open for e in served):
            continue
        until = barred_until(world, left, reaction)
        if until is None:
            continue
        place = Target(asset=presets.asset, preset=now)
        why, detail = (Why.RECOVERED, f"back to {reaction.target.preset}")
        if world.at < until:
            why, detail = Why.BARRED, f"{reaction.target.preset} is barred until {until:%Y-%m-%d %H:%M}"
        yield _follow(reaction, ReactionKind.UPGRADE, place, RECOVERY_RULE, why, detail, taken=world.at >= until)


def degraded(world: World, asset: str) -> list[Reaction]:
    """Applied degrades of *asset* that no upgrade has taken back yet, oldest first."""
    stack: list[Reaction] = []
    for reaction in sorted(world.reactions, key=lambda r: (r.at, r.id)):
        last = world.outcomes.get(reaction.id)
        if reaction.target.asset != asset or last is None or last.state is not OutcomeState.APPLIED:
            continue
        if reaction.kind is ReactionKind.DEGRADE:
            stack.append(reaction)
        elif reaction.kind is ReactionKind.UPGRADE and stack:
            stack.pop()
    return stack


def barred_until(world: World, left: list[Reaction], reaction: Reaction) -> datetime | None:
    """When the preset that *reaction* left may be taken again: its cool-down, doubled at each repetition.

    ``None`` when its rule asks for no upgrade.
    """
    rule = next((r for r in world.contract.policy if r.name == reaction.rule), None)
    if rule is None or rule.on_recovery != "upgrade":
        return None
    times = sum(
        r.kind is ReactionKind.DEGRADE and r.target == reaction.target and r.at <= reaction.at for r in world.reactions
    )
    bar = (rule.cooldown or timedelta(0)) * int(2 ** max(times - 1, 0))
    return reaction.at + bar


def _follow(
    cause: Reaction, kind: ReactionKind, place: Target, rule: str, why: Why, detail: str, *, taken: bool = True
) -> Wish:
    return Wish(
        rule=rule, step=0, kind=kind, target=place, subject=cause.subject, cause=cause.id, serves=cause.serves,
        severity=Severity.WARNING if why is Why.RECOVERED else cause.severity, firing=1, attempts=1, backoff_from=None,
        taken=taken, why=why, detail=detail,
    )  # fmt: skip


def preset_to(world: World, reaction: Reaction) -> str | None:
    """Which preset a degrade or an upgrade moves to."""
    names = next((p.names for p in world.contract.presets if p.asset == reaction.target.asset), ())
    now = world.value(PointerKind.PRESET, reaction.target.asset or "") or (names[-1] if names else None)
    if now is None or now not in names or now != reaction.target.preset:
        return None
    if reaction.kind is ReactionKind.DEGRADE:
        return names[names.index(now) - 1] if names.index(now) else None
    cause = next((r for r in world.reactions if r.id == reaction.cause), None)
    return cause.target.preset if cause else None
