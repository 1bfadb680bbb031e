"""Owns models in a run: what a training function returns, the version that it becomes, and models that are read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from qoa_platform.artifacts import load_model, save_model
from qoa_platform.profiles import freeze, wanted
from qoa_platform.records import (
    FINAL_RELEASES,
    Contract,
    ModelVersion,
    PointerKind,
    Profile,
    Read,
    ReferenceKind,
    Release,
    Subject,
    Window,
    safe_name,
    short,
)
from qoa_platform.workspace import Workspace

KEPT = 8
"""So many loaded estimators a process keeps, by digest: content never changes, and a fitted estimator is only read."""
_ESTIMATORS: dict[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOutcome:
    """What a training function returns.

    *estimator* is what skops stores (scikit-learn estimators, plain containers and numbers); *frame* the asset's own
    data, which describes the version; *recipe* how it was made; *window* the training window in event time, from which
    the profiles of ``reference: training`` are frozen.
    """

    estimator: Any
    frame: pl.DataFrame
    window: Window
    recipe: dict[str, object] = field(default_factory=dict)
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A recorded version that an asset reads. *estimator* is loaded when it is asked for, its digest checked first."""

    record: ModelVersion
    workspace: Workspace

    @property
    def version(self) -> str:
        """The version's name: ``v3``."""
        return self.record.version

    @property
    def estimator(self) -> Any:
        """What the training function returned as its estimator. Raises ArtifactError when the file is not whole."""
        known = _ESTIMATORS.get(self.record.artifact)
        if known is None:
            name, model = model_name(self.record.model), self.record.model
            known = load_model(self.workspace.files, self.workspace.ledger, name, model, self.version)
            if len(_ESTIMATORS) >= KEPT:
                _ESTIMATORS.clear()
            _ESTIMATORS[self.record.artifact] = known
        return known

    def read(self) -> Read:
        """The digest really read, for the trial."""
        return Read(asset=f"model:{self.record.model}", partition=self.version, digest=self.record.artifact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A new candidate version, the profiles frozen with it, and the digests they were frozen from."""

    version: ModelVersion
    profiles: tuple[Profile, ...]
    reads: tuple[Read, ...]


def model_name(model: str) -> str:
    """Where the artifacts of *model* lie, below the store."""
    return f"models/{safe_name(model, 'model')}"


def champion_of(workspace: Workspace, model: str) -> LoadedModel | None:
    """The version that the alias ``champion`` names now."""
    head = workspace.ledger.pointer(PointerKind.ALIAS, f"{model}|champion")
    return _loaded(workspace, model, head.value) if head is not None and head.value is not None else None


def champions(workspace: Workspace) -> dict[str, str]:
    """Model → the version in force, of every model that has one."""
    heads = workspace.ledger.pointers(PointerKind.ALIAS)
    named = {h.key.removesuffix("|champion"): h.value for h in heads if h.key.endswith("|champion")}
    return {model: version for model, version in named.items() if version is not None}


def candidate_of(workspace: Workspace, model: str) -> LoadedModel | None:
    """The newest version that is still on its way (no final release), else the champion."""
    versions = workspace.ledger.find(ModelVersion, series=model)
    final = {r.version for r in workspace.ledger.find(Release, series=model) if r.state in FINAL_RELEASES}
    newest = next((v for v in reversed(versions) if v.version not in final), None)
    champion = champion_of(workspace, model)
    if newest is None or (champion is not None and _older(versions, newest.version, champion.version)):
        return champion
    return LoadedModel(record=newest, workspace=workspace)


def _older(versions: Sequence[ModelVersion], one: str, other: str) -> bool:
    names = [v.version for v in versions]
    return other in names and names.index(one) < names.index(other)


def _loaded(workspace: Workspace, model: str, version: str) -> LoadedModel | None:
    record = workspace.ledger.last(ModelVersion, short("model_version", model, version))
    return LoadedModel(record=record, workspace=workspace) if record is not None else None


def register(
    workspace: Workspace, contracts: Sequence[Contract], model: str, outcome: ModelOutcome, trial: str,
    *, at: datetime, wall: datetime,
) -> Registered:  # fmt: skip
    """Store the estimator and make the record of the next version: a candidate, never a champion (decision 6).

    The number follows the versions that the ledger knows; of two runs that train at once one is refused by the ledger
    and registers again.
    """
    artifact = save_model(workspace.files, model_name(model), outcome.estimator)
    number = len(workspace.ledger.find(ModelVersion, series=model)) + 1
    name = f"v{number}"
    frozen = list(_frozen(workspace, contracts, model, name, outcome.window, at=at, wall=wall))
    version = ModelVersion(
        model=model, version=name, artifact=artifact, trial=trial, recipe=outcome.recipe, at=at, wall=wall,
        profiles=tuple((profile.subject, profile.digest) for profile, _ in frozen),
    )  # fmt: skip
    fresh = tuple(p for p, _ in frozen if workspace.ledger.last(Profile, p.digest) is None)
    return Registered(version=version, profiles=fresh, reads=tuple(r for _, reads in frozen for r in reads))


def _frozen(
    workspace: Workspace, contracts: Sequence[Contract], model: str, version: str, window: Window, *, at: datetime,
    wall: datetime,
) -> Iterator[tuple[Profile, tuple[Read, ...]]]:  # fmt: skip
    """One profile per subject that compares with the training window of *model* (semantics 7, decision 14)."""
    for contract in contracts:
        if not any(s.model == model for s in contract.subjects):
            continue
        for subject in contract.subjects:
            if subject.asset is None or subject.model is not None or not _compares_with_training(subject):
                continue
            first, last = window.start.date().isoformat(), window.end.date().isoformat()
            published = workspace.published(subject.asset)
            reads = tuple(
                Read(asset=subject.asset, partition=p, digest=d) for p, d in published.items() if first <= p < last
            )
            if not reads:
                continue
            frame = pl.concat(
                [workspace.read_frame(r.asset, r.partition, r.digest) for r in reads], how="vertical_relaxed"
            )
            profile = freeze(
                frame, wanted(subject), name=f"{model} {version} training", subject=subject.target, window=window,
                source=tuple(r.digest for r in reads), at=at, wall=wall, missing=dict(subject.missing),
                where=subject.where, sensitive=subject.sensitive,
            )  # fmt: skip
            yield profile, reads


def _compares_with_training(subject: Subject) -> bool:
    return any(p.reference is not None and p.reference.kind is ReferenceKind.TRAINING for p in subject.promises)
