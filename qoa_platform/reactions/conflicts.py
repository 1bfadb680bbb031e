"""Owns conflict resolution: which of several steps on one thing is performed (the published order in records)."""

from collections.abc import Sequence

from qoa_platform.reactions.wishes import Wish
from qoa_platform.reactions.world import World
from qoa_platform.records import CONFLICTS, ReactionKind, Target


def things(world: World, kind: ReactionKind, place: Target) -> tuple[tuple[str, str], ...]:
    """The (scope, name) pairs that a step touches: a retrain touches its model's asset."""
    found: list[tuple[str, str]] = []
    for scope, order in CONFLICTS:
        if kind not in order:
            continue
        if scope == "asset":
            name = place.asset or (world.graph.trainer(place.model) if place.model else None)
        elif scope == "model":
            name = place.model
        else:
            name = place.asset
        if name is not None:
            found.append((scope, name))
    return tuple(found)


def losers(world: World, taken: Sequence[Wish]) -> dict[int, Wish]:
    """Index of each wish that loses → the wish it loses to. Equal kinds never conflict.

    A rerun of one partition loses to a hold of the asset: the order is per named asset, whatever the partition. What is
    only observed is not performed, so nothing loses to it.
    """
    rank = {scope: {kind: i for i, kind in enumerate(order)} for scope, order in CONFLICTS}
    best: dict[tuple[str, str], Wish] = {}
    for wish in (w for w in taken if not w.observed):
        for scope, name in things(world, wish.kind, wish.target):
            head = best.get((scope, name))
            if head is None or rank[scope][wish.kind] < rank[scope][head.kind]:
                best[scope, name] = wish
    lost: dict[int, Wish] = {}
    for index, wish in enumerate(taken):
        for scope, name in things(world, wish.kind, wish.target):
            head = best.get((scope, name))
            if head is not None and rank[scope][head.kind] < rank[scope][wish.kind]:
                lost[index] = head
    return lost
