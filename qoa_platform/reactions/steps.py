"""Owns targets: what each step of a rule would act on, given one episode and its bad verdicts."""

from collections.abc import Sequence
from typing import assert_never

from qoa_platform.reactions.matching import blocked
from qoa_platform.reactions.world import World, partition_of
from qoa_platform.records import (
    Episode,
    ReactionKind,
    Step,
    Subject,
    Target,
    Verdict,
)


def targets(  # noqa: C901 (a closed set, one line each)
    world: World, episode: Episode, step: Step, bad: Sequence[Verdict]
) -> tuple[Target, ...]:
    """What *step* acts on for *episode*. Empty: there is nothing to act on (said as such in the plan)."""
    subject = world.contract.subject(episode.key.subject)
    if subject is None:
        return ()
    match step.kind:
        case ReactionKind.ALERT:
            return (Target(asset=subject.asset, model=subject.model, episode=episode.id),)
        case ReactionKind.QUARANTINE:
            return _candidates(world, subject, bad)
        case ReactionKind.RERUN:
            return _reruns(world, subject, step, bad)
        case ReactionKind.RETRAIN:
            model = step.target or subject.model
            return (Target(model=model),) if model else ()
        case ReactionKind.ROLLBACK | ReactionKind.PROMOTE:
            return _versions(world, episode, step, subject)
        case ReactionKind.HOLD | ReactionKind.RELEASE:
            return _holdable(world, step, subject)
        case ReactionKind.TERMINATE:
            return _runs(world, step, subject, bad)
        case ReactionKind.DEGRADE | ReactionKind.UPGRADE:
            asset = step.target or subject.asset
            preset = world.preset(asset) if asset else None
            return (Target(asset=asset, preset=preset),) if preset else ()
        case (
            ReactionKind.REJECT
            | ReactionKind.REROUTE
            | ReactionKind.SHIFT
            | ReactionKind.SCALE
            | ReactionKind.START_WORKFLOW
        ):
            return (Target(asset=step.target or subject.asset, model=subject.model, episode=episode.id),)
        case _:
            assert_never(step.kind)


def _candidates(world: World, subject: Subject, bad: Sequence[Verdict]) -> tuple[Target, ...]:
    """The candidates that were kept back: one per (partition, digest). What was published is no candidate."""
    found = {
        Target(asset=subject.asset, partition=partition_of(v.window), digest=v.data): None
        for v in bad
        if v.data is not None and blocked(world.contract, v)
    }
    return tuple(found)


def _reruns(world: World, subject: Subject, step: Step, bad: Sequence[Verdict]) -> tuple[Target, ...]:
    asset = step.target or subject.asset
    if asset is None:
        return ()
    node = world.graph.node(asset)
    if node is not None and node.partitioned:
        days = {Target(asset=asset, partition=v.window.partition): None for v in bad if v.window.is_day}
        return tuple(sorted(days, key=lambda t: t.partition or ""))
    return (Target(asset=asset),)


def _versions(world: World, episode: Episode, step: Step, subject: Subject) -> tuple[Target, ...]:
    """A rollback is bound to the version left, a promotion to the version gained.

    Without a version of its own (a service, a data set) an episode is bound to the champion that its first rollback
    left: so it cannot roll back again and again.
    """
    model = step.target or subject.model
    if model is None:
        return ()
    if step.kind is ReactionKind.PROMOTE:
        challenger = world.value_of_alias(model, "challenger")
        return (Target(model=model, version=challenger),) if challenger else ()
    own = episode.key.version if subject.model == model else None
    version = own or _left(world, episode, model) or world.champion(model)
    return (Target(model=model, version=version),) if version else ()


def _left(world: World, episode: Episode, model: str) -> str | None:
    """The version of *model* that a rollback for *episode* left already."""
    return next(
        (
            r.target.version
            for r in world.reactions
            if r.kind is ReactionKind.ROLLBACK and r.target.model == model and episode.id in r.serves
        ),
        None,
    )


def _holdable(world: World, step: Step, subject: Subject) -> tuple[Target, ...]:
    name = step.target or subject.asset or subject.model
    if name is None:
        return ()
    is_model = name == subject.model or world.graph.trainer(name) is not None
    return (Target(model=name),) if is_model and world.graph.node(name) is None else (Target(asset=name),)


def _runs(world: World, step: Step, subject: Subject, bad: Sequence[Verdict]) -> tuple[Target, ...]:
    """Active runs of the named asset, those that the verdicts judged where they name one."""
    assets = (step.target,) if step.target else subject.run
    judged = {str(v.evidence["run"]) for v in bad if "run" in v.evidence}
    return tuple(
        Target(asset=assets[0], run=run.id)
        for run in world.runs
        if set(assets) & set(run.assets) and (not judged or run.id in judged)
    )
