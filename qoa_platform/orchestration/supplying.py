"""Owns supplying: what a contracted function asks for by the names of its parameters, and the digests it read."""

import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from qoa_platform.faults import FRAME, MODEL, RUN, Fault, described, fault_of, pause_seconds
from qoa_platform.ledger.injections import take
from qoa_platform.orchestration.frames import Input
from qoa_platform.orchestration.models import LoadedModel, ModelOutcome, candidate_of, champion_of
from qoa_platform.orchestration.publishing import Made, Work
from qoa_platform.records import WHOLE, Injection, PointerKind, Read
from qoa_platform.workspace import Workspace

SPECIAL = ("context", "partition", "preset", "previous", "champion", "candidate", "faults", "note")
"""Parameters that the wrapper supplies; every other one is an input asset, a Dagster resource or ``config``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracted:
    """What the wrapper knows of one asset, under which *contract*.

    *frames* are the parameters that are inputs, *upstream* maps each to its asset; *trains* is the model whose
    candidates it makes, *model* the one whose versions it may read; *specs* the names of its checks.
    """

    contract: str
    asset: str
    function: Callable[..., Any]
    root: Path | None
    frames: tuple[str, ...]
    upstream: Mapping[str, str]
    partitioned: bool
    trains: str | None
    model: str | None
    presets: tuple[str, ...]
    code: str
    specs: tuple[str, ...]

    def wants(self, name: str) -> bool:
        """Whether the function asks for *name*."""
        return name in inspect.signature(self.function).parameters


@dataclass(slots=True, kw_only=True)
class Supplies:
    """The arguments of one call, the digests behind them, and why the call cannot be made (if it cannot)."""

    given: dict[str, Any] = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    inputs: dict[str, Input] = field(default_factory=dict)


def supply(workspace: Workspace, known: Contracted, work: Work, context: Any, inputs: Mapping[str, Any]) -> Supplies:
    """Everything that the function asks for, as it stands in the ledger at this moment."""
    found = Supplies()
    for name in known.frames:
        _frame(known, work, found, name, inputs[name])
    simple = {"context": context, "partition": work.partition, "preset": work.parameters.get("preset")}
    found.given |= {n: v for n, v in simple.items() if known.wants(n)}
    found.given |= {n: v for n, v in inputs.items() if n not in known.frames}
    if known.wants("note"):
        found.given["note"] = work.parameters.__setitem__
    if known.wants("previous"):
        _previous(workspace, work, found)
    for name, look in (("champion", champion_of), ("candidate", candidate_of)):
        if known.wants(name):
            _model(known, found, name, look(workspace, known.model or ""))
    return found


def preset_of(workspace: Workspace, known: Contracted) -> str | None:
    """The preset in force of an asset that has presets."""
    if not known.presets:
        return None
    head = workspace.ledger.pointer(PointerKind.PRESET, known.asset)
    return head.value if head and head.value else known.presets[-1]


def _frame(known: Contracted, work: Work, found: Supplies, name: str, whole: Input) -> None:
    chosen = whole.only(work.partition) if known.partitioned and work.partition in whole.digests else whole
    if chosen is None or not chosen.digests or (known.partitioned and chosen is whole and not _is_whole(whole)):
        found.missing.append(f"{known.upstream[name]} {work.partition}" if known.partitioned else known.upstream[name])
        return
    found.inputs[name] = chosen
    found.reads += chosen.reads()


def _is_whole(found: Input) -> bool:
    return set(found.digests) == {WHOLE}


def _previous(workspace: Workspace, work: Work, found: Supplies) -> None:
    """The asset's own published frame, which a growing table (forecasts made so far) is appended to."""
    digest = workspace.published(work.asset).get(work.partition)
    found.given["previous"] = workspace.read_frame(work.asset, work.partition, digest) if digest else None
    if digest:
        found.reads.append(Read(asset=work.asset, partition=work.partition, digest=digest))


def _model(known: Contracted, found: Supplies, name: str, loaded: LoadedModel | None) -> None:
    parameter = inspect.signature(known.function).parameters[name]
    found.given[name] = loaded
    if loaded is not None:
        found.reads.append(loaded.read())
    elif parameter.default is inspect.Parameter.empty:
        found.missing.append(f"{name} of model {known.model}")


def call(workspace: Workspace, known: Contracted, work: Work, supplies: Supplies) -> Made:
    """Run the function on what was supplied, under the faults that a person planted."""
    _delay(workspace, known, work)
    frames = {name: source.frame() for name, source in supplies.inputs.items()}
    given = {**supplies.given, **frames}
    if known.wants("faults"):
        given["faults"] = _faults(workspace, known, work)
    result = known.function(**{n: given[n] for n in inspect.signature(known.function).parameters if n in given})
    rows_in = sum(f.height for f in frames.values()) if frames else None
    if isinstance(result, ModelOutcome):
        return Made(frame=result.frame, rows_in=rows_in, outcome=result)
    if not isinstance(result, pl.DataFrame):
        allowed = "a ModelOutcome" if known.trains else "a polars.DataFrame"
        message = f"{known.asset} returned {type(result).__name__}. Allowed: {allowed}"
        raise TypeError(message)
    return Made(frame=result, rows_in=rows_in)


def _delay(workspace: Workspace, known: Contracted, work: Work) -> None:
    """A planted crash raises, a planted delay waits."""
    met = _taken(workspace, f"run:{known.asset}", work, RUN)
    for injection in met:
        time.sleep(pause_seconds(fault_of(injection)))


def _faults(workspace: Workspace, known: Contracted, work: Work) -> tuple[Fault, ...]:
    """Faults of what the asset fetches, of the training that it does, or of the predictions that it makes."""
    met = list(_taken(workspace, f"feed:{known.asset}", work, FRAME))
    if known.model is not None:
        kinds = [k for k in MODEL if (k == "worse") == (known.trains is not None)]
        met += _taken(workspace, f"model:{known.model}", work, kinds)
    return tuple(fault_of(injection) for injection in met)


def _taken(workspace: Workspace, target: str, work: Work, kinds: Any) -> tuple[Injection, ...]:
    met = take(
        workspace.ledger, target, work.partition, work.run, kinds=kinds, at=workspace.clock.at(),
        wall=workspace.clock.wall(),
    )  # fmt: skip
    if met:
        said = [str(work.parameters["injected"])] if "injected" in work.parameters else []
        work.parameters["injected"] = ", ".join([*said, described(met)])
    return met


def config_of(inputs: Mapping[str, Any]) -> dict[str, object]:
    """Run config as parameters of the trial."""
    found = inputs.get("config")
    return dict(found.model_dump()) if isinstance(found, dg.Config) else {}
