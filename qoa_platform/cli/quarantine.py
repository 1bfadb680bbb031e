"""Owns ``qoa quarantine``: what is kept apart is shown, released or dropped. No data is ever deleted by it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Exit
from qoa_platform.cli.lazy import Entry, LazyGroup
from qoa_platform.cli.leaf import actor_option, leaf, reason_option

if TYPE_CHECKING:
    from qoa_platform.cli.output import Table
    from qoa_platform.cli.project import Project
    from qoa_platform.cli.rows import Apart

EXITS = (Exit.PROJECT, Exit.STATE, Exit.LEDGER)
HERE, ROWS = "qoa_platform.cli.quarantine", "qoa_platform.cli.rows"

quarantine = LazyGroup(
    name="quarantine",
    help="Show, release or drop what is kept apart: candidates that are bad, and rows. Quarantine never deletes.",
    entries={
        "show": Entry(module=HERE, attribute="show", summary="What is quarantined, and why."),
        "rows": Entry(module=ROWS, attribute="rows", summary="The rows that were set aside of a partition, and why."),
        "release": Entry(module=HERE, attribute="release", summary="Take the mark off: it may be published again."),
        "drop": Entry(module=HERE, attribute="drop", summary="Close the case: it stays unpublished."),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """One candidate that is marked as bad."""

    key: str
    asset: str
    partition: str
    digest: str
    reason: str
    actor: str
    reaction: str | None
    promises: tuple[str, ...]


@leaf(example=["qoa quarantine show", "qoa quarantine show retail/sales_day --json"])
@click.argument("asset", required=False)
def show(*, asset: str | None, as_json: bool) -> None:
    """What is quarantined, and why: the promises that its verdicts say were not kept.

    Below it the rows that were set aside: their partition is published without them.
    """
    from qoa_platform.cli.output import emit, say, tables
    from qoa_platform.cli.project import open_project
    from qoa_platform.cli.rows import apart

    project = open_project()
    found, rows = _marked(project, asset), apart(project, asset)
    if as_json:
        emit({"quarantined": found, "set_aside": rows})
    elif not found and not rows:
        say("nothing is quarantined")
    else:
        tables(*_tables(found, rows))


def _tables(found: "list[Marked]", rows: "list[Apart]") -> "Iterator[Table]":
    from qoa_platform.cli.output import Table

    if found:
        lines = [(m.asset, m.partition, m.digest[:12], ", ".join(m.promises), m.reason, m.actor) for m in found]
        yield Table(columns=("asset", "partition", "digest", "not kept", "reason", "marked by"), rows=lines)
    if rows:
        aside = [(r.asset, r.partition, r.digest[:12], r.rows, r.original[:12], r.at) for r in rows]
        columns = ("asset", "partition", "digest", "rows", "of", "set aside")
        yield Table(title="Rows set aside", columns=columns, rows=aside)


WHICH = click.option("--digest", help="Which candidate, where several are marked; its first digits are enough.")


@leaf(example=["qoa quarantine release retail/sales_day 2017-11-24 --reason 'the supplier confirmed it'"], exits=EXITS)
@click.argument("asset")
@click.argument("partition", default="all")
@WHICH
@click.option("--rows", "of_rows", is_flag=True, help="The rows that were set aside: publish the partition with them.")
@reason_option
@actor_option
def release(
    *, asset: str, partition: str, digest: str | None, of_rows: bool, reason: str, actor: str, as_json: bool
) -> None:
    """Take the mark off a candidate: the same content may be published by a later run.

    It is not published by this (see: qoa accept). With --rows the partition is published again with the rows that were
    set aside of it, as it came, and accepted so: a later run that brings the same is left whole.
    """
    if of_rows:
        from qoa_platform.cli.rows import released

        released(asset, partition, reason=reason, actor=actor, as_json=as_json)
        return
    _end(asset, partition, digest, verb="release", reason=reason, actor=actor, as_json=as_json)


@leaf(example=["qoa quarantine drop retail/sales_day 2017-11-24 --reason 'a repaired day replaced it'"], exits=EXITS)
@click.argument("asset")
@click.argument("partition", default="all")
@WHICH
@reason_option
@actor_option
def drop(*, asset: str, partition: str, digest: str | None, reason: str, actor: str, as_json: bool) -> None:
    """Close the case of a candidate: it is listed no more, and stays unpublished.

    Its bytes stay until retention removes what nothing refers to.
    """
    _end(asset, partition, digest, verb="drop", reason=reason, actor=actor, as_json=as_json)


def _end(asset: str, partition: str, digest: str | None, *, verb: str, reason: str, actor: str, as_json: bool) -> None:
    from qoa_platform.cli.output import emit, say
    from qoa_platform.cli.project import one_of, open_project
    from qoa_platform.reactions.commands import end_quarantine

    project = open_project()
    place = f"{asset}|{partition}"
    known = [m.digest for m in _marked(project, asset) if m.partition == partition]
    chosen = one_of(f"quarantined candidate of {asset} {partition}", digest, known, "Say which with --digest")
    world = project.world_of_asset(asset)
    project.commit(end_quarantine(world, f"{place}|{chosen}", verb=verb, actor=actor, reason=reason))
    if as_json:
        facts = {"asset": asset, "partition": partition, "digest": chosen, "verb": verb, "actor": actor}
        emit({**facts, "reason": reason, "at": world.at, "wall": world.wall})
    else:
        say(f"{asset} {partition} {chosen[:12]} is quarantined no more ({verb}): {reason}")


def _marked(project: "Project", asset: str | None) -> list[Marked]:
    from qoa_platform.records import PointerKind

    heads = project.ledger.pointers(PointerKind.QUARANTINE, f"{asset}|" if asset else "")
    return [_described(project, h.key) for h in heads if h.value is not None]


def _described(project: "Project", key: str) -> Marked:
    """A mark with who set it and why, and the promises of the trial that made its bytes."""
    from qoa_platform.records import PointerKind, Trial, Verdict

    asset, _, rest = key.partition("|")
    partition, _, digest = rest.rpartition("|")
    move = project.ledger.moves(PointerKind.QUARANTINE, key)[-1]
    trials = project.ledger.find(Trial, series=f"{asset}|{partition}")
    ids = [v for t in trials if t.output == digest for v in t.verdicts]
    bad = [v for v in project.ledger.find(Verdict, ids=ids) if not v.satisfied] if ids else []
    return Marked(
        key=key, asset=asset, partition=partition, digest=digest, reason=move.reason, actor=move.actor,
        reaction=move.reaction, promises=tuple(dict.fromkeys(str(v.key) for v in bad)),
    )  # fmt: skip
