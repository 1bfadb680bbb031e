"""Owns ``qoa promote`` and ``qoa rollback``: a person moves a model's champion, forward by force or back."""

from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Complaint, Exit, unknown
from qoa_platform.cli.leaf import actor_option, leaf, reason_option

if TYPE_CHECKING:
    from qoa_platform.cli.project import Project
    from qoa_platform.records import Batch

EXITS = (Exit.PROJECT, Exit.STATE, Exit.LEDGER)


@leaf(example=["qoa promote demand v3 --force --reason 'v2 cannot read the new stores'"], exits=EXITS)
@click.argument("model")
@click.argument("version")
@click.option("--force", is_flag=True, help="Against (or without) the release policy. It is recorded as forced.")
@click.option("--reason", default="", help="Why. It is kept for ever. Needed with --force.")
@actor_option
def promote(*, model: str, version: str, force: bool, reason: str, actor: str, as_json: bool) -> None:
    """Make a version champion against the release policy.

    Promotion is the release policy's decision, on evidence. With --force a person overrides it: a release of its own,
    recorded as forced, and watched like any champion: its `live` promises roll it back when they are broken.
    """
    from qoa_platform.cli.project import open_project
    from qoa_platform.reactions.commands import promote_by_force

    project = open_project()
    chosen = {v.version: v for v in project.versions(model)}
    if version not in chosen:
        raise unknown(f"version of {model}", version, chosen)
    if not force:
        raise Complaint(Exit.STATE, _policys(project, model, version))
    if not reason.strip():
        raise Complaint(Exit.USAGE, "qoa promote --force needs --reason: it is kept for ever, with your name")
    world = project.world_of_model(model)
    asset = project.trainer(chosen[version])
    left = world.champion(model)
    batch = promote_by_force(world, chosen[version], asset, actor=actor, reason=reason.strip())
    _moved(project, batch, model, left, version, verb="promote --force", actor=actor, reason=reason, as_json=as_json)


def _policys(project: "Project", model: str, version: str) -> str:
    """What the release policy says of *version*, and how a person overrides it."""
    from qoa_platform.records import Release

    releases = [r for r in project.ledger.find(Release, series=model) if r.version == version]
    last = max(releases, key=lambda r: r.number, default=None)
    stands = f"it is {last.state}: {'; '.join(last.reasons)}" if last else "it was not looked at yet"
    return (
        f"promotion is the release policy's: of {model} {version} it says that {stands}. "
        f"To override it: qoa promote {model} {version} --force --reason …"
    )


@leaf(example=["qoa rollback demand --reason 'forecasts of today are nonsense'"], exits=EXITS)
@click.argument("model")
@reason_option
@actor_option
def rollback(*, model: str, reason: str, actor: str, as_json: bool) -> None:
    """Go back to the last good version of a model.

    A forward event: the alias `champion` moves to the version that was champion last and is not known to be bad; the
    version left is marked as bad, and never becomes champion again but by force. A hold does not stop it.
    """
    from qoa_platform.cli.project import open_project
    from qoa_platform.reactions.commands import rollback_by_hand

    project = open_project()
    chosen = {v.version: v for v in project.versions(model)}
    world = project.world_of_model(model)
    left = world.champion(model) or ""
    asset = project.trainer(chosen[left]) if left in chosen else f"model/{model}"
    batch = rollback_by_hand(world, model, asset, actor=actor, reason=reason)
    to = batch.moves[0].value or ""
    _moved(project, batch, model, left, to, verb="rollback", actor=actor, reason=reason, as_json=as_json)


def _moved(
    project: "Project", batch: "Batch", model: str, left: str | None, to: str, *, verb: str, actor: str, reason: str,
    as_json: bool,
) -> None:  # fmt: skip
    from qoa_platform.cli.output import emit, say

    done = project.commit(batch)
    if as_json:
        facts = {"model": model, "from": left, "to": to, "verb": verb, "actor": actor, "reason": reason}
        emit({**facts, "generation": done.pointers[0].generation, "at": batch.moves[0].at, "wall": batch.moves[0].wall})
    else:
        say(f"champion of {model}: {left or 'none'} → {to} ({verb} by {actor}: {reason})")
