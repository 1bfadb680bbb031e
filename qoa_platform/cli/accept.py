"""Owns ``qoa accept``: a person lets a partition through that the gate held back."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Complaint, Exit
from qoa_platform.cli.leaf import actor_option, leaf, reason_option

if TYPE_CHECKING:
    from qoa_platform.cli.project import Project
    from qoa_platform.reactions.world import World

SUFFIX = ".parquet"


@leaf(
    example=[
        "qoa accept retail/sales_day 2017-11-24 --reason 'Black Friday: the stores were really closed early'",
        "qoa accept retail/sales_day 2017-09-01 --new-normal --reason 'thirty stores were sold'",
    ],
    exits=(Exit.PROJECT, Exit.STATE, Exit.LEDGER),
)
@click.argument("asset")
@click.argument("partition", default="all")
@click.option("--new-normal", is_flag=True, help="What changed with it lasts: usual puts the past on its level.")
@click.option("--digest", help="Which candidate, where several were held back; its first digits are enough.")
@reason_option
@actor_option
def accept(
    *, asset: str, partition: str, new_normal: bool, digest: str | None, reason: str, actor: str, as_json: bool
) -> None:
    """Publish a partition that was held back, as it is.

    PARTITION is a day (2017-11-24), or left out for a whole table. The pointer moves to the newest candidate that was
    held back, its digest is marked as accepted, its quarantine ends, and the episodes that only it kept open close. The
    verdicts stay what they are: violated.

    With --new-normal, a lasting shift that began with PARTITION is the new normal: promises that are learnt (must:
    usual) put what came before on the new level from the next partition on. A partition that is published already is
    not published again.
    """
    from qoa_platform.cli import naming
    from qoa_platform.cli.output import emit, say
    from qoa_platform.cli.project import open_project
    from qoa_platform.reactions.commands import accept as accepted
    from qoa_platform.reactions.commands import renew

    project = open_project()
    naming.asset(project, asset)
    if new_normal and _published(project, asset, partition):
        _renew(project, asset, partition, actor=actor, reason=reason, as_json=as_json)
        return
    chosen = _candidate(project, asset, partition, digest)
    world = world_of(project, asset, partition)
    aside = _aside(project, asset, partition, chosen)
    batch = accepted(world, asset, partition, chosen, actor=actor, reason=reason, aside=aside)
    if new_normal:
        more = renew(world, asset, partition, actor=actor, reason=reason)
        batch = replace(batch, moves=(*batch.moves, *more.moves))
    done = project.commit(batch)
    if as_json:
        facts = {"asset": asset, "partition": partition, "digest": chosen, "actor": actor, "reason": reason}
        published = next(head for head in done.pointers if head.kind == "published")
        emit({**facts, "generation": published.generation, "at": world.at, "wall": world.wall})
    else:
        say(f"{asset} {partition} is published with digest {chosen[:12]}, accepted by {actor}: {reason}")


def world_of(project: "Project", asset: str, partition: str) -> "World":
    """The world with what is published of this one partition: a policy never looks at it, the move must."""
    from qoa_platform.records import PointerKind

    world = project.world_of_asset(asset)
    kinds = (PointerKind.PUBLISHED, PointerKind.SET_ASIDE, PointerKind.NORMAL)
    heads = [head for kind in kinds if (head := project.ledger.pointer(kind, f"{asset}|{partition}"))]
    return replace(world, pointers={**world.pointers, **{(head.kind, head.key): head for head in heads}})


def _published(project: "Project", asset: str, partition: str) -> bool:
    """Whether the newest trial of the partition was published, so that nothing of it is held back."""
    from qoa_platform.records import PointerKind, Trial, TrialState

    head = project.ledger.pointer(PointerKind.PUBLISHED, f"{asset}|{partition}")
    trials = project.ledger.find(Trial, series=f"{asset}|{partition}")
    held = bool(trials) and trials[-1].state is TrialState.BLOCKED and trials[-1].output != (head and head.value)
    return head is not None and head.value is not None and not held


def _renew(project: "Project", asset: str, partition: str, *, actor: str, reason: str, as_json: bool) -> None:
    """Only call what is published the new normal."""
    from qoa_platform.cli.output import emit, say
    from qoa_platform.reactions.commands import renew

    world = world_of(project, asset, partition)
    project.commit(renew(world, asset, partition, actor=actor, reason=reason))
    if as_json:
        facts = {"asset": asset, "partition": partition, "new_normal": True, "actor": actor, "reason": reason}
        emit({**facts, "at": world.at, "wall": world.wall})
    else:
        say(f"{asset} from {partition} on is the new normal, said {actor}: {reason}")


def _aside(project: "Project", asset: str, partition: str, digest: str) -> str | None:
    """The rows that are not in that candidate, for they were set aside."""
    from qoa_platform.records import Trial

    made = [t.set_aside for t in project.ledger.find(Trial, series=f"{asset}|{partition}") if t.output == digest]
    return next((found.digest for found in reversed(made) if found is not None), None)


def _candidate(project: "Project", asset: str, partition: str, prefix: str | None) -> str:
    """The digest that is meant, checked to be there: no pointer moves to bytes that are gone."""
    from qoa_platform.artifacts import FileStore
    from qoa_platform.cli.project import one_of
    from qoa_platform.records import Trial, TrialState

    trials = project.ledger.find(Trial, series=f"{asset}|{partition}")
    held = list(dict.fromkeys(t.output for t in trials if t.state is TrialState.BLOCKED and t.output))
    place = f"{asset} {partition}"
    if not held:
        raise Complaint(Exit.STATE, f"nothing of {place} was ever held back: {_stands(project, asset, partition)}")
    if prefix is None:
        if trials[-1].output != held[-1]:
            message = f"the last trial of {place} was not held back ({trials[-1].state}). An earlier one: say --digest"
            raise Complaint(Exit.STATE, message)
        prefix = held[-1]
    chosen = one_of(f"candidate of {place}", prefix, held, "Say more digits")
    if not FileStore(project.home.state).exists(f"data/{asset}/{partition}", chosen, SUFFIX):
        raise Complaint(
            Exit.STATE, f"the bytes of {place} {chosen[:12]} are gone from {project.home.state}/data. Run it again"
        )
    return chosen


def _stands(project: "Project", asset: str, partition: str) -> str:
    from qoa_platform.records import PointerKind

    head = project.ledger.pointer(PointerKind.PUBLISHED, f"{asset}|{partition}")
    if head is not None and head.value is not None:
        return f"digest {head.value[:12]} is published"
    known = [p.key.partition("|")[2] for p in project.ledger.pointers(PointerKind.PUBLISHED, f"{asset}|")]
    return f"nothing is published of it. Published partitions: {known[0]} … {known[-1]}" if known else "it never ran"
