"""Owns ``qoa quarantine rows``: the rows that were set aside of a published partition, and their release."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Complaint, Exit
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    import polars as pl

    from qoa_platform.cli.project import Project

SUFFIX = ".parquet"
SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Rows that are not in what is published: their *digest*, how many, and the *original* frame they came in."""

    asset: str
    partition: str
    digest: str
    rows: int
    original: str
    published: str
    at: datetime


def apart(project: "Project", asset: str | None) -> "list[Apart]":
    """The rows that are set aside now, of all assets or of one."""
    from qoa_platform.records import PointerKind

    heads = project.ledger.pointers(PointerKind.SET_ASIDE, f"{asset}|" if asset else "")
    return [_described(project, h.key, h.value) for h in heads if h.value is not None]


def _described(project: "Project", key: str, digest: str) -> Apart:
    from qoa_platform.records import PointerKind, Trial

    asset, _, partition = key.partition("|")
    trials = project.ledger.find(Trial, series=key)
    made = next(t for t in reversed(trials) if t.set_aside is not None and t.set_aside.digest == digest)
    found = made.set_aside
    assert found is not None  # noqa: S101 (it was looked for)
    move = project.ledger.moves(PointerKind.SET_ASIDE, key)[-1]
    return Apart(
        asset=asset, partition=partition, digest=digest, rows=found.rows, original=found.original,
        published=made.output or "", at=move.at,
    )  # fmt: skip


@leaf(example=["qoa quarantine rows retail/sales_day 2017-10-05"], exits=(Exit.PROJECT, Exit.STATE, Exit.LEDGER))
@click.argument("asset")
@click.argument("partition", default="all")
@click.option("--last", type=click.IntRange(1), default=SHOWN, show_default=True, help="At most so many rows.")
def rows(*, asset: str, partition: str, last: int, as_json: bool) -> None:
    """The rows that were set aside of a partition: where they stood, which promises they fail, and why.

    Values of sensitive columns are masked.
    """
    from qoa_platform.cli.output import Table, emit, say, tables
    from qoa_platform.cli.project import open_project

    project = open_project()
    found = _standing(project, asset, partition)
    frame = _masked(project, asset, _read(project, found)).head(last)
    if as_json:
        emit({"set_aside": found, "rows": [{k: _cell(v) for k, v in row.items()} for row in frame.to_dicts()]})
        return
    say(f"{found.rows:,} rows of {asset} {partition} are set aside (of @{found.original[:12]})", "")
    tables(Table(columns=tuple(frame.columns), rows=[[_cell(v) for v in row] for row in frame.rows()]))


def released(asset: str, partition: str, *, reason: str, actor: str, as_json: bool) -> None:
    """Publish a partition with the rows that were set aside of it."""
    from qoa_platform.artifacts import FileStore
    from qoa_platform.cli.accept import world_of
    from qoa_platform.cli.output import emit, say
    from qoa_platform.cli.project import open_project
    from qoa_platform.reactions.commands import release_rows

    project = open_project()
    found = _standing(project, asset, partition)
    if not FileStore(project.home.state).exists(f"data/{asset}/{partition}", found.original, SUFFIX):
        message = f"the bytes of {asset} {partition} {found.original[:12]} are gone from the store. Run it again"
        raise Complaint(Exit.STATE, message)
    world = world_of(project, asset, partition)
    batch = release_rows(
        world, asset, partition, found.original, aside=found.digest, actor=actor, reason=reason
    )  # fmt: skip
    project.commit(batch)
    if as_json:
        facts = {"asset": asset, "partition": partition, "digest": found.original, "verb": "release rows"}
        emit({**facts, "actor": actor, "reason": reason, "at": world.at, "wall": world.wall})
    else:
        say(f"{asset} {partition} is published with its {found.rows:,} rows (@{found.original[:12]}): {reason}")


def _standing(project: "Project", asset: str, partition: str) -> Apart:
    from qoa_platform.cli import naming

    naming.asset(project, asset)
    found = next((a for a in apart(project, asset) if a.partition == partition), None)
    if found is None:
        known = [a.partition for a in apart(project, asset)]
        elsewhere = f"Rows are set aside of: {', '.join(known)}" if known else "No rows of this asset are"
        raise Complaint(Exit.STATE, f"no rows of {asset} {partition} are set aside. {elsewhere}")
    return found


def _read(project: "Project", found: Apart) -> "pl.DataFrame":
    from qoa_platform.artifacts import ArtifactError, FileStore, parquet_to_frame
    from qoa_platform.workspace import aside_name

    try:
        content = FileStore(project.home.state).get(aside_name(found.asset, found.partition), found.digest, SUFFIX)
        return parquet_to_frame(content)
    except ArtifactError as error:
        raise Complaint(Exit.STATE, str(error)) from error


def _masked(project: "Project", asset: str, frame: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    from qoa_platform.audit.setting_aside import PROMISES, ROW, WHY
    from qoa_platform.scans.flags import MASKED

    hidden = {c for k in project.in_force() for s in k.subjects if s.asset == asset for c in s.sensitive}
    masks = [pl.lit(MASKED).alias(name) for name in frame.columns if name in hidden]
    first = [ROW, PROMISES, WHY]
    return frame.with_columns(masks).select(*first, *(name for name in frame.columns if name not in first))


def _cell(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
