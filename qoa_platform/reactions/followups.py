"""Owns what follows from a reaction or from the end of an episode: exhaustion, resolution, recovery."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from qoa_platform.reactions.asking import causes, was_observed
from qoa_platform.reactions.episodes import MENDED
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
CANCELED = "canceled by a person"
"""The detail of a reaction that a person ended: they know, and are not told."""

Caused = Mapping[tuple[str, ReactionKind], Sequence[Reaction]]
"""(cause, kind) → the reactions that were caused so."""


def followups(world: World) -> Iterator[Wish]:
    """Steps that no rule names but that the language promises: semantics 17 (exhausted), 18 (recovery), 19 (resolved).

    And the end of a quarantine once a later run repaired the window (decision 4).
    """
    caused = _caused(world)
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
        elif reaction.kind is ReactionKind.QUARANTINE:
            yield from _dropped(world, reaction, last, episodes, caused)
    yield from _upgrades(world, episodes, caused)


def _caused(world: World) -> Caused:
    found: dict[tuple[str, ReactionKind], list[Reaction]] = {}
    for reaction in world.reactions:
        for cause in causes(reaction):
            found.setdefault((cause, reaction.kind), []).append(reaction)
    return found


def _exhausted(reaction: Reaction, last: Outcome, caused: Caused) -> Iterator[Wish]:
    failed = last.state is OutcomeState.FAILED and last.detail != CANCELED
    if failed and (reaction.id, ReactionKind.ALERT) not in caused:
        yield _follow(
            reaction, ReactionKind.ALERT, reaction.target, EXHAUSTED_RULE, Why.EXHAUSTED,
            f"{reaction.kind} of {reaction.target}: {last.detail}",
        )  # fmt: skip


def _resolved(reaction: Reaction, last: Outcome, episodes: dict[str, Episode], caused: Caused) -> Iterator[Wish]:
    over = _over(reaction, episodes)
    if over and last.state is OutcomeState.APPLIED and (reaction.id, ReactionKind.ALERT) not in caused:
        closing = ", ".join(sorted({str(e.closing) for e in over}))
        yield _follow(reaction, ReactionKind.ALERT, reaction.target, RESOLVED_RULE, Why.RECOVERED, closing)


def _over(reaction: Reaction, episodes: dict[str, Episode]) -> tuple[Episode, ...]:
    """The episodes that *reaction* serves when all of them have ended, else none."""
    served = tuple(episodes[e] for e in reaction.serves if e in episodes)
    return () if any(e.open for e in served) else served


def _released(
    world: World, reaction: Reaction, last: Outcome, episodes: dict[str, Episode], caused: Caused
) -> Iterator[Wish]:
    """Release of the rule's own Hold, once no episode needs it any more."""
    rule = next((r for r in world.contract.policy if r.name == reaction.rule), None)
    if rule is None or rule.on_recovery != "release" or not own_hold(world, reaction, last):
        return
    needed = any(
        r.kind is ReactionKind.HOLD and r.target == reaction.target and not _over(r, episodes)
        for r in world.reactions
        if not was_observed(r)
    )
    if not needed and (reaction.id, ReactionKind.RELEASE) not in caused:
        yield _follow(reaction, ReactionKind.RELEASE, reaction.target, RECOVERY_RULE, Why.RECOVERED, reaction.rule)


def own_hold(world: World, reaction: Reaction, last: Outcome | None) -> bool:
    """Whether the hold that stands is the one that *reaction* set, and not one that a person set since."""
    if last is None or last.state is not OutcomeState.APPLIED:
        return False
    head = world.pointers.get((PointerKind.HOLD, hold_key(reaction.target)))
    return head is not None and head.value is not None and last.effect.get("generation") == head.generation


def hold_key(place: Target) -> str:
    """The key of the hold pointer of an asset or of a model."""
    return f"asset:{place.asset}" if place.asset else f"model:{place.model}"


def _dropped(
    world: World, reaction: Reaction, last: Outcome, episodes: dict[str, Episode], caused: Caused
) -> Iterator[Wish]:
    """A later satisfied run drops the mark on the candidate that it replaces (decision 4)."""
    over = _over(reaction, episodes)
    mended = bool(over) and all(e.closing in MENDED for e in over)
    marked = world.value(PointerKind.QUARANTINE, mark_key(reaction.target)) is not None
    if mended and marked and last.state is OutcomeState.APPLIED and (reaction.id, ReactionKind.RELEASE) not in caused:
        detail = "a later run is satisfied"
        yield _follow(reaction, ReactionKind.RELEASE, reaction.target, RECOVERY_RULE, Why.RECOVERED, detail)


def mark_key(place: Target) -> str:
    """The key of the quarantine pointer of a candidate."""
    return f"{place.asset}|{place.partition}|{place.digest}"


def _upgrades(world: World, episodes: dict[str, Episode], caused: Caused) -> Iterator[Wish]:
    """Back to the preset that was left last, once its episode ended and its bar is over (semantics 18)."""
    for presets in world.contract.presets:
        now = world.preset(presets.asset)
        left = degraded(world, presets.asset)
        if not left or now == presets.names[-1]:
            continue
        reaction = left[-1]
        before = caused.get((reaction.id, ReactionKind.UPGRADE), ())
        if not _over(reaction, episodes) or any(not _lost(world, r) for r in before):
            continue
        until = barred_until(world, reaction)
        if until is None:
            continue
        place = Target(asset=presets.asset, preset=now)
        why, detail = (Why.RECOVERED, f"back to {reaction.target.preset}")
        if world.at < until:
            why, detail = Why.BARRED, f"{reaction.target.preset} is barred until {until:%Y-%m-%d %H:%M}"
        yield _follow(
            reaction, ReactionKind.UPGRADE, place, RECOVERY_RULE, why, detail, taken=world.at >= until,
            firing=1 + len(before),
        )  # fmt: skip


def _lost(world: World, upgrade: Reaction) -> bool:
    """Whether an upgrade lost to a degrade of the same evaluation: it may be asked for again."""
    last = world.outcomes.get(upgrade.id)
    return last is not None and last.state is OutcomeState.SUPERSEDED


def degraded(world: World, asset: str) -> list[Reaction]:
    """Applied degrades of *asset* that no upgrade has taken back yet, oldest first."""
    stack: list[Reaction] = []
    for reaction in sorted(_preset_moves(world, asset), key=lambda r: (r.at, _applied_at(world, r))):
        if reaction.kind is ReactionKind.DEGRADE:
            stack.append(reaction)
        elif stack:
            stack.pop()
    return stack


def _preset_moves(world: World, asset: str) -> list[Reaction]:
    kinds = {ReactionKind.DEGRADE, ReactionKind.UPGRADE}
    return [r for r in world.reactions if r.target.asset == asset and r.kind in kinds and _applied(world, r)]


def _applied(world: World, reaction: Reaction) -> bool:
    last = world.outcomes.get(reaction.id)
    return last is not None and last.state is OutcomeState.APPLIED


def _applied_at(world: World, reaction: Reaction) -> datetime:
    return world.outcomes[reaction.id].wall


def barred_until(world: World, reaction: Reaction) -> datetime | None:
    """When the preset that *reaction* left may be taken again: its cool-down, doubled at each repetition.

    An upgrade is a firing of its rule: the next one follows a cool-down later, so that every preset on the way up is
    tried. ``None`` when the rule asks for no upgrade.
    """
    rule = next((r for r in world.contract.policy if r.name == reaction.rule), None)
    if rule is None or rule.on_recovery != "upgrade":
        return None
    moves, cooldown = _preset_moves(world, reaction.target.asset or ""), rule.cooldown or timedelta(0)
    times = sum(r.kind is ReactionKind.DEGRADE and r.target == reaction.target and r.at <= reaction.at for r in moves)
    climbed = [r.at + cooldown for r in moves if r.kind is ReactionKind.UPGRADE and r.at >= reaction.at]
    return max([reaction.at + cooldown * int(2 ** max(times - 1, 0)), *climbed])


def _follow(
    cause: Reaction, kind: ReactionKind, place: Target, rule: str, why: Why, detail: str, *, taken: bool = True,
    firing: int = 1,
) -> Wish:  # fmt: skip
    return Wish(
        rule=rule, step=0, kind=kind, target=place, subject=cause.subject, cause=cause.id, serves=cause.serves,
        severity=Severity.WARNING if why is Why.RECOVERED else cause.severity, firing=firing, taken=taken, why=why,
        detail=detail,
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
