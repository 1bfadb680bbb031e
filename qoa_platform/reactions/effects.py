"""Owns effects: what performing a reaction writes, as data. One transaction holds the effect and its outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from qoa_platform.reactions.alerting import alert_of
from qoa_platform.reactions.followups import preset_to
from qoa_platform.reactions.releasing import promotion_of
from qoa_platform.reactions.world import World
from qoa_platform.records import (
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
    Target,
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


def effect_of(world: World, reaction: Reaction, sinks: Sequence[str]) -> Effect:
    """The effect of *reaction* in *world*: pure, so that it is printed and replayed by the code that performs it."""
    match reaction.kind:
        case ReactionKind.ALERT:
            return _alert(world, reaction, sinks)
        case ReactionKind.QUARANTINE:
            return _quarantine(world, reaction)
        case ReactionKind.HOLD:
            return _hold(world, reaction, reaction.reason)
        case ReactionKind.RELEASE:
            return _hold(world, reaction, None)
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
    place = reaction.target
    key = f"{place.asset}|{place.partition}|{place.digest}"
    if world.value(PointerKind.QUARANTINE, key) == "bad":
        return Effect(detail="is marked already", effect={"digest": place.digest})
    move = _move(world, reaction, PointerKind.QUARANTINE, key, "bad", "quarantine")
    return Effect(detail=f"{(place.digest or '')[:12]} kept and marked", moves=(move,), effect={"digest": place.digest})


def hold_key(place: Target) -> str:
    """The key of the hold pointer of an asset or of a model."""
    return f"asset:{place.asset}" if place.asset else f"model:{place.model}"


def _hold(world: World, reaction: Reaction, reason: str | None) -> Effect:
    key = hold_key(reaction.target)
    standing = world.value(PointerKind.HOLD, key)
    if reason is not None and standing is not None:
        return _skip(f"a hold stands already: {standing}")
    if reason is None and standing is None:
        return _skip("no hold stands")
    verb = "hold" if reason is not None else "release-hold"
    return Effect(detail=verb, moves=(_move(world, reaction, PointerKind.HOLD, key, reason, verb),))


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
    good = last_good(world.alias_moves, model, bad=[*_bad_versions(world, model), left or ""])
    if good is None:
        return _skip("nothing to go back to: no earlier champion that is not known to be bad")
    moves = (
        _move(world, reaction, PointerKind.ALIAS, key, good, "rollback"),
        _move(world, reaction, PointerKind.BAD_VERSION, f"{model}|{left}", reaction.reason, "rolled back"),
    )
    back = _revised(world, model, good, ReleaseState.PROMOTED, reaction)
    return Effect(
        detail=f"{left} → {good}", moves=moves, releases=back, effect={"from": left, "to": good},
        messages=(_told(world, reaction, model, good, "rollback"),),
    )  # fmt: skip


def _bad_versions(world: World, model: str) -> list[str]:
    prefix = f"{model}|"
    return [
        key.removeprefix(prefix)
        for (kind, key), head in world.pointers.items()
        if kind is PointerKind.BAD_VERSION and head.value is not None and key.startswith(prefix)
    ]


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
    moves = [_move(world, reaction, PointerKind.ALIAS, f"{model}|champion", version, "promote")]
    if world.value_of_alias(model, "challenger") == version:
        moves.append(_move(world, reaction, PointerKind.ALIAS, f"{model}|challenger", None, "promote"))
    return Effect(
        detail=f"{champion or 'none'} → {version}", moves=tuple(moves), releases=(promotion.release,),
        effect={"from": champion, "to": version}, messages=(_told(world, reaction, model, version, "promote"),),
        guards=(PointerIs(kind=PointerKind.HOLD, key=f"model:{model}", generation=_hold_generation(world, model)),),
    )  # fmt: skip


def _hold_generation(world: World, model: str) -> int:
    return world.generation(PointerKind.HOLD, f"model:{model}")


def _revised(
    world: World, model: str, version: str | None, state: ReleaseState, reaction: Reaction
) -> tuple[Release, ...]:
    """The last release of *version* in its new state; none when it has no release."""
    mine = [r for r in world.releases if r.model == model and r.version == version]
    if not mine:
        return ()
    last = max(mine, key=lambda r: r.number)
    reasons = (*last.reasons, f"{state} by {reaction.rule}: {reaction.reason}")
    return (
        replace(last, state=state, reasons=reasons, at=world.at, wall=world.wall, revision=last.revision + 1),
    )  # fmt: skip


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
