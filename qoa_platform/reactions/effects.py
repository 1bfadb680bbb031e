"""Owns effects: what performing a reaction writes, as data. One transaction holds the effect and its outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from qoa_platform.reactions.alerting import alert_of
from qoa_platform.reactions.asking import asked
from qoa_platform.reactions.coalescing import FOLLOW
from qoa_platform.reactions.followups import hold_key, mark_key, own_hold, preset_to
from qoa_platform.reactions.releasing import promotion_of
from qoa_platform.reactions.world import World
from qoa_platform.records import (
    FINAL_RELEASES,
    Alias,
    Batch,
    Envelope,
    Guard,
    Message,
    Move,
    Outcome,
    OutcomeState,
    PointerIs,
    PointerKind,
    Reaction,
    ReactionKind,
    Release,
    ReleaseState,
    RevisionIs,
    plain,
)
from qoa_platform.releases import last_good

DAGSTER_SINK = "dagster"
"""The outbox sink from which the orchestrator is told what happened outside a run (runless materializations)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a reaction does to the ledger, and its outcome. *external* is set where somebody else must act first."""

    state: OutcomeState = OutcomeState.APPLIED
    detail: str = ""
    moves: tuple[Move, ...] = ()
    guards: tuple[Guard, ...] = ()
    releases: tuple[Release, ...] = ()
    messages: tuple[Message, ...] = ()
    effect: dict[str, object] = field(default_factory=dict)
    external: bool = False


def effect_of(world: World, reaction: Reaction, sinks: Sequence[str]) -> Effect:  # noqa: C901, PLR0911 (closed set)
    """The effect of *reaction* in *world*: pure, so that it is printed and replayed by the code that performs it."""
    if orphaned(world, reaction):
        return Effect(state=OutcomeState.SUPERSEDED, detail="its rule left the contract in force")
    match reaction.kind:
        case ReactionKind.ALERT:
            return _alert(world, reaction, sinks)
        case ReactionKind.QUARANTINE:
            return _quarantine(world, reaction)
        case ReactionKind.HOLD:
            return _hold(world, reaction)
        case ReactionKind.RELEASE:
            return _drop(world, reaction) if reaction.target.digest else _release(world, reaction)
        case ReactionKind.DEGRADE | ReactionKind.UPGRADE:
            return _preset(world, reaction)
        case ReactionKind.ROLLBACK:
            return _rollback(world, reaction)
        case ReactionKind.PROMOTE:
            return _promote(world, reaction)
        case ReactionKind.RERUN | ReactionKind.RETRAIN:
            return Effect(state=OutcomeState.REQUESTED, detail="a run is awaited")
        case ReactionKind.TERMINATE:
            return Effect(external=True)
        case (
            ReactionKind.REJECT
            | ReactionKind.REROUTE
            | ReactionKind.SHIFT
            | ReactionKind.SCALE
            | ReactionKind.START_WORKFLOW
        ):
            return Effect(state=OutcomeState.SKIPPED, detail=f"no performer for {reaction.kind} is installed")
        case _:
            assert_never(reaction.kind)


def orphaned(world: World, reaction: Reaction) -> bool:
    """Whether every rule that asked for *reaction* left the contract in force: its work is superseded (semantics 23).

    Rules that nobody wrote, such as ``(resolved)``, never leave.
    """
    known = {r.name for r in world.contract.policy}
    return not any(rule.startswith(FOLLOW) or rule in known for _, rule, _ in asked(reaction))


def batch_of(world: World, reaction: Reaction, effect: Effect) -> Batch:
    """The one transaction of an effect: moves, releases, messages and the outcome, under the effect's guards."""
    outcome = Outcome(
        reaction=reaction.id, state=effect.state, detail=effect.detail, effect=effect.effect, at=world.at,
        wall=world.wall, revision=next_revision(world, reaction),
    )  # fmt: skip
    last = world.outcomes.get(reaction.id)
    guard = RevisionIs(kind=Outcome.KIND, id=outcome.id, revision=last.revision if last else None)
    return Batch(
        records=(*effect.releases, outcome),
        moves=effect.moves,
        guards=(*effect.guards, guard),
        messages=effect.messages,
    )


def next_revision(world: World, reaction: Reaction) -> int:
    """The revision that the next outcome of *reaction* must have."""
    last = world.outcomes.get(reaction.id)
    return last.revision + 1 if last else 0


def _move(world: World, reaction: Reaction, kind: PointerKind, key: str, value: str | None, verb: str) -> Move:
    return Move(
        kind=kind, key=key, value=value, expected=world.generation(kind, key), verb=verb, actor="qoa",
        reason=reaction.reason, reaction=reaction.id, at=world.at, wall=world.wall,
        evidence={"rule": reaction.rule, "episodes": list(reaction.serves), **reaction.evidence},
    )  # fmt: skip


def _skip(detail: str) -> Effect:
    return Effect(state=OutcomeState.SKIPPED, detail=detail)


def _alert(world: World, reaction: Reaction, sinks: Sequence[str]) -> Effect:
    alert = alert_of(world, reaction)
    data: dict[str, object] = plain(alert)
    envelope = Envelope(
        source=f"qoa/{world.contract.name}", type="qoa.alert", subject=alert.subject, key=alert.key, time=world.at,
        data=data,
    )  # fmt: skip
    messages = tuple(Message(sink=sink, envelope=envelope) for sink in sinks)
    return Effect(detail=str(alert.state), messages=messages, effect={"key": alert.key, "sinks": list(sinks)})


def _quarantine(world: World, reaction: Reaction) -> Effect:
    place, key = reaction.target, mark_key(reaction.target)
    if world.value(PointerKind.QUARANTINE, key) is not None:
        return Effect(detail="is marked already", effect={"digest": place.digest})
    move = _move(world, reaction, PointerKind.QUARANTINE, key, "bad", "quarantine")
    return Effect(detail=f"{(place.digest or '')[:12]} kept and marked", moves=(move,), effect={"digest": place.digest})


def _drop(world: World, reaction: Reaction) -> Effect:
    key = mark_key(reaction.target)
    if world.value(PointerKind.QUARANTINE, key) is None:
        return _skip("is not marked any more")
    return Effect(detail="dropped", moves=(_move(world, reaction, PointerKind.QUARANTINE, key, None, "drop"),))


def _hold(world: World, reaction: Reaction) -> Effect:
    key = hold_key(reaction.target)
    standing = world.value(PointerKind.HOLD, key)
    if standing is not None:
        return _skip(f"a hold stands already: {standing}")
    move = _move(world, reaction, PointerKind.HOLD, key, reaction.reason, "hold")
    return Effect(detail="hold", moves=(move,), effect={"generation": move.expected + 1})


def _release(world: World, reaction: Reaction) -> Effect:
    """Release the hold that the reaction's cause set; one that a person set since stands on."""
    key = hold_key(reaction.target)
    setter = next((r for r in world.reactions if r.id == reaction.cause), None)
    if setter is not None and not own_hold(world, setter, world.outcomes.get(setter.id)):
        return _skip("its own hold stands no more")
    if world.value(PointerKind.HOLD, key) is None:
        return _skip("no hold stands")
    move = _move(world, reaction, PointerKind.HOLD, key, None, "release-hold")
    return Effect(detail="release-hold", moves=(move,))


def _preset(world: World, reaction: Reaction) -> Effect:
    asset = reaction.target.asset or ""
    to = preset_to(world, reaction)
    if to is None:
        return _skip(f"the preset of {asset} is {world.preset(asset)}, no longer {reaction.target.preset}")
    move = _move(world, reaction, PointerKind.PRESET, asset, to, str(reaction.kind))
    return Effect(detail=f"{reaction.target.preset} → {to}", moves=(move,), effect={"preset": to})


def _rollback(world: World, reaction: Reaction) -> Effect:
    model, left = reaction.target.model or "", reaction.target.version
    key = f"{model}|champion"
    if world.champion(model) != left:
        return _skip(f"{left} is no longer champion; {world.champion(model)} is")
    good = last_good(world.alias_moves, model, bad=[*bad_versions(world, model), left or ""])
    if good is None:
        return _skip("nothing to go back to: no earlier champion that is not known to be bad")
    moves = (
        _move(world, reaction, PointerKind.ALIAS, key, good, "rollback"),
        _move(world, reaction, PointerKind.BAD_VERSION, f"{model}|{left}", reaction.reason, "rolled back"),
        *_leaving(world, reaction, model, good, "rollback"),
    )
    return Effect(
        detail=f"{left} → {good}", moves=moves,
        releases=gone_back(world, model, left or "", good, f"rolled back by {reaction.rule}: {reaction.reason}"),
        effect={"from": left, "to": good}, messages=(_told(world, reaction, model, good, "rollback"),),
    )  # fmt: skip


def _leaving(world: World, reaction: Reaction, model: str, version: str, verb: str) -> tuple[Move, ...]:
    """Unset every other alias that names *version*: a champion is challenger no more."""
    return tuple(
        _move(world, reaction, PointerKind.ALIAS, f"{model}|{alias}", None, verb)
        for alias in (Alias.CHALLENGER, Alias.SHADOW)
        if world.value_of_alias(model, alias) == version
    )


def gone_back(world: World, model: str, left: str, good: str, why: str, *, actor: str = "qoa") -> tuple[Release, ...]:
    """The release of the version that is *left* is rolled back; the *good* one gone back to begins a new release.

    Retired is final for a release: that *good* is champion again is a release of its own, as a forced one is.
    """
    before = release_of(world.releases, model, left)
    ended: tuple[Release, ...] = ()
    if before is not None and before.state not in FINAL_RELEASES:
        reasons = (*before.reasons, why)
        ended = (replace(before, state=ReleaseState.ROLLED_BACK, reasons=reasons, at=world.at, wall=world.wall,
                         revision=before.revision + 1),)  # fmt: skip
    known = release_of(world.releases, model, good)
    if known is not None and known.state is ReleaseState.PROMOTED:
        return ended
    again = Release(
        model=model, version=good, number=known.number + 1 if known else 1, state=ReleaseState.PROMOTED,
        reasons=(f"{left} was {why}",), actor=actor, at=world.at, wall=world.wall,
    )  # fmt: skip
    return (*ended, again)


def release_of(releases: Sequence[Release], model: str, version: str) -> Release | None:
    """The release of *version* that counts: the one with the highest number."""
    mine = [r for r in releases if r.model == model and r.version == version]
    return max(mine, key=lambda r: r.number, default=None)


def bad_versions(world: World, model: str) -> list[str]:
    """The versions of *model* that are known to be bad, in order: no rollback goes into them."""
    prefix = f"{model}|"
    return sorted(
        key.removeprefix(prefix)
        for (kind, key), head in world.pointers.items()
        if kind is PointerKind.BAD_VERSION and head.value is not None and key.startswith(prefix)
    )


def _promote(world: World, reaction: Reaction) -> Effect:
    model, version = reaction.target.model or "", reaction.target.version or ""
    champion = world.champion(model)
    if champion == version:
        return Effect(detail=f"{version} is champion already")
    if (hold := world.hold(model=model)) is not None:
        return _skip(f"held: {hold}")
    promotion = promotion_of(world, model, version)
    if promotion is None:
        return _skip(f"the release policy no longer promotes {version}; the champion is {champion or 'none'}")
    moves = (
        _move(world, reaction, PointerKind.ALIAS, f"{model}|champion", version, "promote"),
        *_leaving(world, reaction, model, version, "promote"),
    )
    return Effect(
        detail=f"{champion or 'none'} → {version}", moves=moves, releases=(promotion.release,),
        effect={"from": champion, "to": version}, messages=(_told(world, reaction, model, version, "promote"),),
        guards=(no_hold_since(world, model),),
    )  # fmt: skip


def no_hold_since(world: World, model: str) -> PointerIs:
    """The guard that nobody moved the hold of *model* since it was looked at."""
    key = f"model:{model}"
    return PointerIs(kind=PointerKind.HOLD, key=key, generation=world.generation(PointerKind.HOLD, key))


def _told(world: World, reaction: Reaction, model: str, version: str, verb: str) -> Message:
    asset = world.graph.trainer(model) or f"model/{model}"
    data: dict[str, object] = {
        "asset": asset, "model": model, "version": version, "verb": verb, "reaction": reaction.id,
        "reason": reaction.reason,
    }  # fmt: skip
    envelope = Envelope(
        source=f"qoa/{world.contract.name}",
        type=f"qoa.{verb}",
        subject=asset,
        key=reaction.id,
        time=world.at,
        data=data,
    )
    return Message(sink=DAGSTER_SINK, envelope=envelope)
