"""Owns selection: which assets the run of a rerun or a retrain materializes (semantics 17, 21). Pure."""

from qoa_platform.reactions.world import World
from qoa_platform.records import WHOLE, PointerKind, Reaction, ReactionKind


def selection(world: World, reaction: Reaction) -> tuple[str, ...]:
    """Which assets the run of a rerun or a retrain materializes, upstream first; empty where the graph knows none.

    Rerun at or above the subject: everything from the named asset to the subject's, and what lies below that has
    fallen behind. Rerun below the subject: the asset and what lies below. A rerun never trains a model, and never
    makes the evidence of a release: the walk down stops at both. Retrain: the unpartitioned assets that the model's
    asset needs, that asset, and what the release's objective is read over.
    """
    graph = world.graph
    if reaction.kind is ReactionKind.RETRAIN:
        return _retrained(world, reaction)
    asset = reaction.target.asset
    if asset is None or graph.node(asset) is None:
        return ()
    subject = world.contract.subject(reaction.subject)
    own = subject.asset if subject and subject.model is None else None
    way = graph.between(asset, own) if own else ()
    below = _catching_up(world, own if way and own else asset)
    chosen = {*(way or (asset,)), *below}
    return tuple(a for a in graph.ordered if a in chosen)


def _catching_up(world: World, start: str) -> set[str]:
    """Assets below *start* that a repair lets catch up.

    A whole table that was never published has not fallen behind: nobody has made it yet, and its first run is not a
    reaction's to fail. An asset with partitions of its own cannot be in the run of these.
    """
    first = world.graph.node(start)
    release = world.contract.release
    stops = {n.asset for n in world.graph.nodes if n.model is not None}
    if release is not None and release.objective.over is not None:
        stops.add(release.objective.over)
    found: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        for node in world.graph.nodes:
            if name not in node.upstream or node.asset in stops | found:
                continue
            if node.partitioned and first is not None and node.partitions != first.partitions:
                continue
            if node.partitioned or world.value(PointerKind.PUBLISHED, f"{node.asset}|{WHOLE}") is not None:
                found.add(node.asset)
                todo.append(node.asset)
    return found


def _retrained(world: World, reaction: Reaction) -> tuple[str, ...]:
    model = reaction.target.model or ""
    trainer = world.graph.trainer(model)
    if trainer is None:
        return ()
    release = world.contract.release
    over = release.objective.over if release is not None and release.model == model else None
    needed = {a for a in world.graph.above(trainer) if not _partitioned(world, a)}
    evidence = {over, *world.graph.between(trainer, over)} if over else set()
    return tuple(a for a in world.graph.ordered if a in needed | {trainer} | evidence)


def _partitioned(world: World, asset: str) -> bool:
    node = world.graph.node(asset)
    return node is not None and node.partitioned
