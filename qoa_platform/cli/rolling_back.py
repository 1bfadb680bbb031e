"""Owns a person's rollback as one recorded batch. Pure; it belongs beside ``reactions.commands``."""

from dataclasses import replace

from qoa_platform.reactions.commands import NotPossible
from qoa_platform.reactions.effects import DAGSTER_SINK
from qoa_platform.reactions.world import World
from qoa_platform.records import (
    Alias,
    Batch,
    Envelope,
    Message,
    Move,
    PointerIs,
    PointerKind,
    Release,
    ReleaseState,
    short,
)
from qoa_platform.releases import last_good
from qoa_platform.releases.history import ROLLBACK


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
    bad = _known_bad(world, model)
    good = last_good(world.alias_moves, model, bad=[*bad, left])
    if good is None:
        message = (
            f"model {model} has no earlier champion to go back to; {left} is champion, known to be bad: "
            f"{', '.join(bad) or 'none'}. Train and promote a new version"
        )
        raise NotPossible(message)
    others = [a for a in Alias if a is not Alias.CHAMPION and world.value_of_alias(model, a) == good]
    back, away = f"{model}|{good}", f"{model}|{left}"
    moves = [(PointerKind.ALIAS, f"{model}|{Alias.CHAMPION}", good), (PointerKind.BAD_VERSION, away, reason)]
    moves += [(PointerKind.ALIAS, f"{model}|{alias}", None) for alias in others]  # type: ignore[misc]
    return Batch(
        records=(
            *_revised(world, model, left, ReleaseState.ROLLED_BACK, f"rolled back by {actor}: {reason}"),
            *_revised(world, model, good, ReleaseState.PROMOTED, f"gone back to by {actor}: {reason}"),
        ),
        moves=tuple(_move(world, kind, key, value, actor, reason) for kind, key, value in moves),
        guards=(
            PointerIs(
                kind=PointerKind.BAD_VERSION, key=back, generation=world.generation(PointerKind.BAD_VERSION, back)
            ),
        ),
        messages=(_told(world, asset, model, left, good, reason),),
    )  # fmt: skip


def _known_bad(world: World, model: str) -> list[str]:
    prefix = f"{model}|"
    marks = [key for (kind, key), head in world.pointers.items() if kind is PointerKind.BAD_VERSION and head.value]
    return sorted(key.removeprefix(prefix) for key in marks if key.startswith(prefix))


def _revised(world: World, model: str, version: str, state: ReleaseState, said: str) -> tuple[Release, ...]:
    """The last release of *version* in its new state; none when it has no release."""
    mine = [r for r in world.releases if r.model == model and r.version == version]
    last = max(mine, key=lambda r: (r.number, r.revision), default=None)
    if last is None:
        return ()
    reasons = (*last.reasons, said)
    return (replace(last, state=state, reasons=reasons, at=world.at, wall=world.wall, revision=last.revision + 1),)


def _move(world: World, kind: PointerKind, key: str, value: str | None, actor: str, reason: str) -> Move:
    return Move(
        kind=kind, key=key, value=value, expected=world.generation(kind, key), verb=ROLLBACK, actor=actor,
        reason=reason, at=world.at, wall=world.wall,
    )  # fmt: skip


def _told(world: World, asset: str, model: str, left: str, good: str, reason: str) -> Message:
    data: dict[str, object] = {"asset": asset, "model": model, "version": good, "verb": ROLLBACK, "reason": reason}
    key = short(model, left, good, world.wall.isoformat())
    envelope = Envelope(
        source=f"qoa/{world.contract.name}", type=f"qoa.{ROLLBACK}", subject=asset, key=key, time=world.at, data=data
    )
    return Message(sink=DAGSTER_SINK, envelope=envelope)
