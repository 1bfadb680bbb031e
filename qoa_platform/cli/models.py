"""Owns ``qoa models``: the versions of a model, what the release policy said of each, and who was champion when."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Exit
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from qoa_platform.cli.project import Project
    from qoa_platform.records import ModelVersion, Release
    from qoa_platform.releases import Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version with all its releases, oldest first; *bad* says why it is known to be bad."""

    version: str
    at: datetime
    wall: datetime
    trial: str
    artifact: str
    bad: str | None
    releases: "tuple[Release, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model: its aliases, its versions, and the terms of its champions, oldest first."""

    model: str
    aliases: dict[str, str | None]
    versions: tuple[Version, ...]
    champions: "tuple[Term, ...]"


@leaf(example=["qoa models", "qoa models demand"], exits=(Exit.PROJECT, Exit.LEDGER))
@click.argument("model", required=False)
def models(*, model: str | None, as_json: bool) -> None:
    """Model versions, their releases with the reasons, and (of one model) who was champion when, and why."""
    from qoa_platform.cli.output import Table, emit, say, tables
    from qoa_platform.cli.project import open_project
    from qoa_platform.records import ModelVersion

    project = open_project()
    names = [model] if model else sorted({v.model for v in project.ledger.find(ModelVersion)})
    found = [_model(project, name, project.versions(name)) for name in names]
    if as_json:
        emit({"models": found})
        return
    if not found:
        say("no model was trained yet")
        return
    rows = [_row(m, v) for m in found for v in m.versions]
    shown = [Table(columns=("model", "version", "is", "trained", "release", "because"), rows=rows)]
    if model is not None:
        terms = [(t.version, t.since, t.until, t.verb, t.actor, t.reason) for t in found[0].champions]
        columns = ("champion", "since", "until", "by", "who", "because")
        shown.append(Table(title="Champions", columns=columns, rows=terms))
    tables(*shown)


def _model(project: "Project", name: str, versions: "list[ModelVersion]") -> Model:
    from qoa_platform.records import Alias, PointerKind, Release
    from qoa_platform.releases import terms

    heads = {h.key.partition("|")[2]: h.value for h in project.ledger.pointers(PointerKind.ALIAS, f"{name}|")}
    marks = {h.key.partition("|")[2]: h.value for h in project.ledger.pointers(PointerKind.BAD_VERSION, f"{name}|")}
    releases = sorted(project.ledger.find(Release, series=name), key=lambda r: r.number)
    return Model(
        model=name,
        aliases={str(alias): heads.get(alias) for alias in Alias},
        versions=tuple(
            Version(
                version=v.version, at=v.at, wall=v.wall, trial=v.trial, artifact=v.artifact, bad=marks.get(v.version),
                releases=tuple(r for r in releases if r.version == v.version),
            )
            for v in versions
        ),
        champions=terms(project.ledger.moves(PointerKind.ALIAS, f"{name}|champion"), name),
    )  # fmt: skip


def _row(model: Model, version: Version) -> tuple[object, ...]:
    named = [alias for alias, value in model.aliases.items() if value == version.version]
    bad = ["known to be bad"] if version.bad else []
    last = version.releases[-1] if version.releases else None
    state = "not looked at" if last is None else f"{last.state} (forced)" if last.forced else last.state
    reasons = "; ".join(last.reasons) if last else ""
    return (model.model, version.version, ", ".join([*named, *bad]), version.at, state, reasons)
