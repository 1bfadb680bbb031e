"""Owns a person's ways (accept, force, roll back, hold, end a quarantine), each one recorded batch."""

from dataclasses import replace
from datetime import datetime

from qoa_platform.reactions.effects import DAGSTER_SINK, bad_versions, gone_back, no_hold_since, release_of
from qoa_platform.reactions.world import World
from qoa_platform.records import (
    FINAL_RELEASES,
    Alias,
    Batch,
    Envelope,
    Message,
    ModelVersion,
    Move,
    PointerIs,
    PointerKind,
    Release,
    ReleaseState,
    short,
)
from qoa_platform.releases import last_good
from qoa_platform.releases.history import ROLLBACK


class NotPossible(ValueError):
    """A person asked for something that the ledger's state does not allow; the text says what stands there."""


def accept(
    world: World, asset: str, partition: str, digest: str, *, actor: str, reason: str, aside: str | None = None,
    verb: str = "accept",
) -> Batch:  # fmt: skip
    """Let a rightly odd candidate through: publish it, and mark its data as accepted (semantics 12).

    *aside* are the rows that are not in it, if any were set aside.
    """
    key = f"{asset}|{partition}"
    if world.value(PointerKind.PUBLISHED, key) == digest:
        message = f"{asset} {partition} is published already with digest {digest[:12]}"
        raise NotPossible(message)
    moves = [
        _move(world, PointerKind.ACCEPTED, key, digest, verb, actor, reason),
        _move(world, PointerKind.PUBLISHED, key, digest, verb, actor, reason),
    ]
    if world.value(PointerKind.SET_ASIDE, key) != aside:
        moves.append(_move(world, PointerKind.SET_ASIDE, key, aside, verb, actor, reason))
    mark = f"{key}|{digest}"
    if world.value(PointerKind.QUARANTINE, mark) is not None:
        moves.append(_move(world, PointerKind.QUARANTINE, mark, None, verb, actor, reason))
    data: dict[str, object] = {
        "asset": asset, "partition": partition, "digest": digest, "verb": verb, "reason": reason
    }  # fmt: skip
    return Batch(moves=tuple(moves), messages=(_told(world, asset, f"{mark}|{verb}", verb, data),))


def renew(world: World, asset: str, partition: str, *, actor: str, reason: str) -> Batch:
    """Say that the lasting shift that *partition* began is the new normal: ``usual`` puts the past on its level.

    Raises NotPossible where that was said already.
    """
    key = f"{asset}|{partition}"
    if (known := world.value(PointerKind.NORMAL, key)) is not None:
        message = f"{asset} is the new normal from {partition} on already: {known} said so"
        raise NotPossible(message)
    return Batch(moves=(_move(world, PointerKind.NORMAL, key, actor, "new normal", actor, reason),))


def release_rows(
    world: World, asset: str, partition: str, original: str, *, aside: str, actor: str, reason: str
) -> Batch:  # fmt: skip
    """Publish a partition with the rows that were set aside of it, as it came: its *original* is accepted.

    The verdicts stay what they are: about the rows that were published before. *aside* are the rows that were looked
    at: raises NotPossible where none are set aside, or others by now, for then a newer frame is published.
    """
    standing = world.value(PointerKind.SET_ASIDE, f"{asset}|{partition}")
    if standing != aside:
        found = "no rows" if standing is None else f"the rows {standing[:12]}"
        message = f"{found} of {asset} {partition} are set aside, not {aside[:12]}, which were looked at"
        raise NotPossible(message)
    return accept(world, asset, partition, original, actor=actor, reason=reason, verb="release rows")


def promote_by_force(world: World, version: ModelVersion, asset: str, *, actor: str, reason: str) -> Batch:
    """Make *version* champion against (or without) the gate: a release of its own, recorded as forced.

    Semantics 20. Other aliases that name it are unset by the same batch, and the release of the champion it succeeds
    is retired. Raises NotPossible when it is champion already, or while a hold stands on the model.
    """
    champion = world.champion(version.model)
    if champion == version.version:
        message = f"{version.version} is champion of {version.model} already"
        raise NotPossible(message)
    if (hold := world.hold(model=version.model)) is not None:
        message = f"a hold stands on model {version.model}: {hold}. Release it first: qoa release-hold"
        raise NotPossible(message)
    known = release_of(world.releases, version.model, version.version)
    release = Release(
        model=version.model, version=version.version, number=known.number + 1 if known else 1,
        state=ReleaseState.PROMOTED, forced=True, reasons=(f"forced by {actor}: {reason}",), actor=actor, at=world.at,
        wall=world.wall,
    )  # fmt: skip
    left = release_of(world.releases, version.model, champion) if champion else None
    retired: tuple[Release, ...] = ()
    if left is not None and left.state not in FINAL_RELEASES:
        why = (*left.reasons, f"succeeded by {version.version}, forced by {actor}")
        retired = (replace(left, state=ReleaseState.RETIRED, reasons=why, at=world.at, wall=world.wall,
                           revision=left.revision + 1),)  # fmt: skip
    verb = "promote --force"
    others = [a for a in Alias if a is not Alias.CHAMPION and world.value_of_alias(version.model, a) == version.version]
    moves = [
        _move(world, PointerKind.ALIAS, f"{version.model}|{Alias.CHAMPION}", version.version, verb, actor, reason),
        *(_move(world, PointerKind.ALIAS, f"{version.model}|{a}", None, verb, actor, reason) for a in others),
    ]
    data: dict[str, object] = {
        "asset": asset, "model": version.model, "version": version.version, "verb": verb, "reason": reason
    }  # fmt: skip
    told = _told(world, asset, release.id, "promote", data)
    return Batch(
        records=(release, *retired), moves=tuple(moves), messages=(told,), guards=(no_hold_since(world, version.model),)
    )


def rollback_by_hand(world: World, model: str, asset: str, *, actor: str, reason: str) -> Batch:
    """Go back to the last good version of *model* and mark the one left as bad, in one batch (decision 6).

    Never into a version that is known to be bad. A standing hold does not stop it: going back is the safe way. *asset*
    is the one that trains the model: the orchestrator is told, so that its lineage shows the move. The champion's move
    comes first in the batch. Raises NotPossible when there is no champion, or nothing to go back to.
    """
    left = world.champion(model)
    if left is None:
        message = f"model {model} has no champion: there is nothing to roll back"
        raise NotPossible(message)
    bad = bad_versions(world, model)
    good = last_good(world.alias_moves, model, bad=[*bad, left])
    if good is None:
        message = (
            f"model {model} has no earlier champion to go back to; {left} is champion, known to be bad: "
            f"{', '.join(bad) or 'none'}. Train and promote a new version"
        )
        raise NotPossible(message)
    others = [a for a in Alias if a is not Alias.CHAMPION and world.value_of_alias(model, a) == good]
    places: list[tuple[PointerKind, str, str | None]] = [
        (PointerKind.ALIAS, f"{model}|{Alias.CHAMPION}", good), (PointerKind.BAD_VERSION, f"{model}|{left}", reason),
        *((PointerKind.ALIAS, f"{model}|{alias}", None) for alias in others),
    ]  # fmt: skip
    mark = f"{model}|{good}"
    data: dict[str, object] = {"asset": asset, "model": model, "version": good, "verb": ROLLBACK, "reason": reason}
    return Batch(
        records=gone_back(world, model, left, good, f"rolled back by {actor}: {reason}", actor=actor),
        moves=tuple(_move(world, kind, key, value, ROLLBACK, actor, reason) for kind, key, value in places),
        guards=(PointerIs(kind=PointerKind.BAD_VERSION, key=mark,
                          generation=world.generation(PointerKind.BAD_VERSION, mark)),),
        messages=(_told(world, asset, f"{model}|{left}|{good}", ROLLBACK, data),),
    )  # fmt: skip


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


def _move(  # noqa: PLR0917 (the fields of a move, in its order)
    world: World, kind: PointerKind, key: str, value: str | None, verb: str, actor: str, reason: str
) -> Move:
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
