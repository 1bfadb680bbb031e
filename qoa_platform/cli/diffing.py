"""Owns ``qoa contract diff``: what changed between two contracts, or from the one in force."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Complaint, Exit
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from qoa_platform.contracts import Difference
    from qoa_platform.records import Contract

FILE = click.Path(path_type=Path)


@leaf(
    name="diff",
    example=[
        "qoa contract diff contracts/retail.yaml",
        "qoa contract diff old.yaml new.yaml --json",
        "qoa contract diff old.yaml new.yaml --fail-on loosening",
    ],
    exits=(Exit.FINDINGS, Exit.PROJECT, Exit.STATE, Exit.LEDGER),
)
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="[OLD] NEW")
@click.option(
    "--fail-on", "failing", multiple=True, type=click.Choice(["tightening", "loosening", "mixed", "any"]),
    help="Exit code 1 where there is such a change; may be repeated.",
)  # fmt: skip
@click.pass_context
def diff(ctx: click.Context, *, files: tuple[Path, ...], failing: tuple[str, ...], as_json: bool) -> None:
    """What changed from OLD to NEW; without OLD, from the contract in force of that name.

    Promises added, removed and changed, in words, and what each change does: tightening, loosening, mixed (neither
    follows from the other) or neutral. Spelling, order and comments are no change. The exit code is 1 where the version
    must rise and does not, and where there is what --fail-on names.
    """
    from qoa_platform.cli.output import emit
    from qoa_platform.contracts import difference

    if len(files) > 2:  # noqa: PLR2004 (an old one and a new one)
        raise Complaint(Exit.USAGE, f"{len(files)} contracts are given. Allowed: [OLD] NEW")
    new = _read(files[-1])
    old = _read(files[0]) if len(files) > 1 else _in_force(new)
    found = difference(old, new)
    effects = {str(c.effect) for c in found.changes}
    failed = bool(effects & set(failing)) or ("any" in failing and bool(found.changes))
    if as_json:
        emit({
            "old": dict(zip(("name", "version", "digest"), found.old, strict=True)),
            "new": dict(zip(("name", "version", "digest"), found.new, strict=True)),
            "changes": found.changes, "version_must_rise": found.must_rise,
        })  # fmt: skip
    else:
        _say(found)
    ctx.exit(Exit.FINDINGS if found.must_rise or failed else Exit.DONE)


def _read(path: Path) -> "Contract":
    from qoa_platform.cli.documents import document

    return document(path).contract


def _in_force(new: "Contract") -> "Contract":
    from qoa_platform.cli.project import open_project

    project = open_project()
    known = {c.name: c for c in project.in_force()}
    if new.name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise Complaint(Exit.STATE, f"no contract {new.name!r} is in force. In force: {names}. Or: OLD NEW, two files")
    return known[new.name]


def _say(found: "Difference") -> None:
    from qoa_platform.cli.output import say
    from qoa_platform.contracts.effects import Effect

    (name, old, before), (_, new, after) = found.old, found.new
    say(f"{name} version {old} ({before[:12]}) → {found.new[0]} version {new} ({after[:12]})")
    say(*(f"{change}  [{change.effect}]" for change in found.changes))
    counts = [f"{n} {effect}" for effect in Effect if (n := found.count(effect))]
    say(f"{len(found.changes)} changes: {', '.join(counts)}" if counts else "no change")
    if found.must_rise:
        say(f"the version must rise to {old + 1}: until then the old content stays in force")
