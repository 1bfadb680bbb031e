"""Owns a person's ways: accept, promote by force, hold and release it, drop a quarantine. Each is one recorded batch."""

from dataclasses import replace
from datetime import datetime

from qoa_platform.reactions.effects import DAGSTER_SINK
from qoa_platform.reactions.world import World
from qoa_platform.records import (
    Batch,
    Envelope,
    Message,
    ModelVersion,
    Move,
    PointerKind,
    Release,
    ReleaseState,
    short,
)


class NotPossible(ValueError):
    """A person asked for something that the ledger's state does not allow; the text says what stands there."""


def accept(world: World, asset: str, partition: str, digest: str, *, actor: str, reason: str) -> Batch:
    """Let a rightly odd candidate through: publish it, and mark its data as accepted (semantics 12)."""
    key = f"{asset}|{partition}"
    if world.value(PointerKind.PUBLISHED, key) == digest:
        message = f"{asset} {partition} is published already with digest {digest[:12]}"
        raise NotPossible(message)
    moves = [
        _move(world, PointerKind.ACCEPTED, key, digest, "accept", actor, reason),
        _move(world, PointerKind.PUBLISHED, key, digest, "accept", actor, reason),
    ]
    mark = f"{key}|{digest}"
    if world.value(PointerKind.QUARANTINE, mark) is not None:
        moves.append(_move(world, PointerKind.QUARANTINE, mark, None, "accept", actor, reason))
    data: dict[str, object] = {
        "asset": asset, "partition": partition, "digest": digest, "verb": "accept", "reason": reason
    }  # fmt: skip
    return Batch(moves=tuple(moves), messages=(_told(world, asset, f"{mark}|accept", "accept", data),))


def promote_by_force(world: World, version: ModelVersion, asset: str, *, actor: str, reason: str) -> Batch:
    """Make *version* champion against (or without) the gate: a release of its own, recorded as forced (semantics 20)."""
    champion = world.champion(version.model)
    if champion == version.version:
        message = f"{version.version} is champion of {version.model} already"
        raise NotPossible(message)
    if (hold := world.hold(model=version.model)) is not None:
        message = f"a hold stands on model {version.model}: {hold}. Release it first: qoa release-hold"
        raise NotPossible(message)
    mine = [r for r in world.releases if r.model == version.model and r.version == version.version]
    number = max((r.number for r in mine), default=0) + 1
    release = Release(
        model=version.model, version=version.version, number=number, state=ReleaseState.PROMOTED, forced=True,
        reasons=(f"forced by {actor}: {reason}",), actor=actor, at=world.at, wall=world.wall,
    )  # fmt: skip
    left = [r for r in world.releases if r.model == version.model and r.version == champion]
    retired = [replace(max(left, key=lambda r: r.number), state=ReleaseState.RETIRED)] if left else []
    retired = [replace(r, at=world.at, wall=world.wall, revision=r.revision + 1) for r in retired]
    key = f"{version.model}|champion"
    move = _move(world, PointerKind.ALIAS, key, version.version, "promote --force", actor, reason)
    data: dict[str, object] = {
        "asset": asset, "model": version.model, "version": version.version, "verb": "promote --force", "reason": reason
    }  # fmt: skip
    told = _told(world, asset, release.id, "promote", data)
    return Batch(records=(release, *retired), moves=(move,), messages=(told,))


def set_hold(world: World, key: str, *, reason: str | None, actor: str, why: str) -> Batch:
    """Set a hold (*reason* given) or release it. *key* is ``asset:…`` or ``model:…``."""
    standing = world.value(PointerKind.HOLD, key)
    if reason is None and standing is None:
        message = f"no hold stands on {key}"
        raise NotPossible(message)
    if reason is not None and standing is not None:
        message = f"a hold stands on {key} already: {standing}"
        raise NotPossible(message)
    verb = "hold" if reason is not None else "release-hold"
    return Batch(moves=(_move(world, PointerKind.HOLD, key, reason, verb, actor, why),))


def end_quarantine(world: World, key: str, *, verb: str, actor: str, reason: str) -> Batch:
    """Take the mark off a candidate (``release`` or ``drop``). *key* is ``<asset>|<partition>|<digest>``."""
    if world.value(PointerKind.QUARANTINE, key) is None:
        message = f"{key} is not quarantined"
        raise NotPossible(message)
    return Batch(moves=(_move(world, PointerKind.QUARANTINE, key, None, verb, actor, reason),))


def _move(world: World, kind: PointerKind, key: str, value: str | None, verb: str, actor: str, reason: str) -> Move:
    return Move(
        kind=kind, key=key, value=value, expected=world.generation(kind, key), verb=verb, actor=actor, reason=reason,
        at=world.at, wall=world.wall,
    )  # fmt: skip


def _told(world: World, asset: str, key: str, verb: str, data: dict[str, object]) -> Message:
    envelope = Envelope(
        source=f"qoa/{world.contract.name}", type=f"qoa.{verb}", subject=asset, key=short(key, _stamp(world.wall)),
        time=world.at, data=data,
    )  # fmt: skip
    return Message(sink=DAGSTER_SINK, envelope=envelope)


def _stamp(wall: datetime) -> str:
    return wall.isoformat()
