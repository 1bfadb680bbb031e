"""Owns ``qoa hold`` and ``qoa release-hold``: a person stops an asset or a model, and lets it go on."""

import click

from qoa_platform.cli.exits import Exit
from qoa_platform.cli.leaf import actor_option, leaf, reason_option

EXITS = (Exit.PROJECT, Exit.STATE, Exit.LEDGER)
ALLOWED = {"asset": "asset", "model": "model"}
TARGET = "asset:KEY|model:NAME"


@leaf(
    example=[
        "qoa hold model:demand --reason 'the labels are being rebuilt'",
        "qoa hold asset:retail/forecast --reason audit",
    ],
    exits=EXITS,
)
@click.argument("target", metavar=TARGET)
@reason_option
@actor_option
def hold(*, target: str, reason: str, actor: str, as_json: bool) -> None:
    """Stop an asset or a model, with a reason.

    While the hold stands, the asset refuses to run with that reason, no reaction asks for a run of it, and no version
    of the model is promoted. A rollback is never stopped: it is the safe way.
    """
    _set(target, reason=reason, actor=actor, why=reason, as_json=as_json)


@leaf(name="release-hold", example=["qoa release-hold model:demand --reason 'the labels are back'"], exits=EXITS)
@click.argument("target", metavar=TARGET)
@reason_option
@actor_option
def release_hold(*, target: str, reason: str, actor: str, as_json: bool) -> None:
    """Let a held asset or model go on.

    What was deferred by the hold is taken up again by the next reconcile.
    """
    _set(target, reason=None, actor=actor, why=reason, as_json=as_json)


def _set(target: str, *, reason: str | None, actor: str, why: str, as_json: bool) -> None:
    from qoa_platform.cli import naming
    from qoa_platform.cli.output import emit, say
    from qoa_platform.cli.project import open_project
    from qoa_platform.reactions.commands import set_hold

    project = open_project()
    kind, name = naming.target(project, target, ALLOWED)
    world = project.world_of_asset(name) if kind == "asset" else project.world_of_model(name)
    done = project.commit(set_hold(world, target, reason=reason, actor=actor, why=why))
    head = done.pointers[0]
    if as_json:
        facts = {"target": target, "held": reason is not None, "reason": why, "actor": actor}
        emit({**facts, "generation": head.generation, "at": head.at, "wall": head.wall})
    elif reason is not None:
        say(f"{target} is held: {reason}", f"Let it go on with: qoa release-hold {target} --reason …")
    else:
        say(f"{target} is held no more: {why}")
