"""Owns what a plan rested on: the guards under which it is written, and the mark that it was (decision 13)."""

from qoa_platform.reactions.followups import hold_key
from qoa_platform.reactions.world import World
from qoa_platform.records import (
    Batch,
    Episode,
    Guard,
    Move,
    Plan,
    PointerIs,
    PointerKind,
    Reaction,
    RevisionIs,
)


def plan_batch(world: World, plan: Plan) -> Batch:
    """The one transaction that writes *plan*: refused when anything it rested on has changed meanwhile.

    It rested on the contract in force, on every episode that it revises or serves, on the holds, champions and presets
    of what it acts on, and on no other plan of this contract having been written since: of two processes that decide
    the same ledger at once, one is refused and decides again.
    """
    return Batch(
        records=(*plan.episodes, *plan.releases, *plan.reactions, *plan.outcomes),
        moves=(_decided(world, plan),),
        guards=tuple(dict.fromkeys((_stands(world, PointerKind.CONTRACT, world.contract.name), *_rests(world, plan)))),
    )


def _decided(world: World, plan: Plan) -> Move:
    """The mark that a plan was written: its generation counts the plans of a contract."""
    name = world.contract.name
    reason = ", ".join(
        f"{what}: {len(items)}"
        for what, items in (
            ("episodes", plan.episodes), ("releases", plan.releases), ("reactions", plan.reactions),
            ("outcomes", plan.outcomes),
        )
        if items
    )  # fmt: skip
    return Move(
        kind=PointerKind.DECIDED, key=name, value=world.at.isoformat(),
        expected=world.generation(PointerKind.DECIDED, name), verb="decide", actor="qoa", reason=reason, at=world.at,
        wall=world.wall,
    )  # fmt: skip


def _rests(world: World, plan: Plan) -> list[Guard]:
    revised = {e.id: e.revision - 1 if e.revision else None for e in plan.episodes}
    served = {e for r in plan.reactions for e in r.serves} - set(revised)
    known = {e.id: e.revision for e in world.episodes if e.id in served}
    guards: list[Guard] = [RevisionIs(kind=Episode.KIND, id=i, revision=r) for i, r in {**known, **revised}.items()]
    for reaction in plan.reactions:
        guards += _acts_on(world, reaction)
    return guards


def _acts_on(world: World, reaction: Reaction) -> list[Guard]:
    place = reaction.target
    guards: list[Guard] = []
    if place.asset or place.model:
        guards.append(_stands(world, PointerKind.HOLD, hold_key(place)))
    if place.model:
        guards.append(_stands(world, PointerKind.ALIAS, f"{place.model}|champion"))
    if place.preset:
        guards.append(_stands(world, PointerKind.PRESET, place.asset or ""))
    return guards


def _stands(world: World, kind: PointerKind, key: str) -> PointerIs:
    return PointerIs(kind=kind, key=key, generation=world.generation(kind, key))
