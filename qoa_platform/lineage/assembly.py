"""Owns trial assembly: a Trial, the edges that it draws, and the one transaction that keeps both."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from qoa_platform.lineage.nodes import Kind, data_node, model_node, reaction_node, trial_node, verdict_node
from qoa_platform.records import Batch, Edge, Read, Record, Trial, TrialState, Usage

READ, WROTE, JUDGED, CAUSED, TRAINED = "read", "wrote", "judged", "caused", "trained"
"""Kinds of edges: digest → trial, trial → digest, verdict → trial, reaction → trial, trial → model version."""
PARTED = "parted"
"""Trial → the frame as it came, and the rows that it set aside of it: neither is what it published."""


def edges_of(trial: Trial) -> tuple[Edge, ...]:
    """The edges of a trial, each once: what it really read, what it wrote, who judged it, what caused and it trained.

    They follow from the trial alone, so writing them again changes nothing.
    """
    node = trial_node(trial.id)
    edges = [Edge(source=_source(read), destination=node, kind=READ) for read in trial.reads]
    if trial.output is not None:
        wrote = data_node(trial.asset, trial.partition, trial.output)
        edges.append(Edge(source=node, destination=wrote, kind=WROTE))
    if trial.set_aside is not None:
        edges += [
            Edge(source=node, destination=data_node(trial.asset, trial.partition, digest), kind=PARTED)
            for digest in (trial.set_aside.original, trial.set_aside.digest)
        ]
    edges += [Edge(source=verdict_node(v), destination=node, kind=JUDGED) for v in trial.verdicts]
    if trial.cause is not None:
        edges.append(Edge(source=reaction_node(trial.cause), destination=node, kind=CAUSED))
    if trial.model is not None and trial.version is not None:
        edges.append(Edge(source=node, destination=model_node(trial.model, trial.version), kind=TRAINED))
    return tuple(dict.fromkeys(edges))


def _source(read: Read) -> str:
    """The node of what was read: a content, or a model version (its asset is then ``model:<name>``)."""
    kind, colon, model = read.asset.partition(":")
    if colon and kind == Kind.MODEL:
        return model_node(model, read.partition)
    return data_node(read.asset, read.partition, read.digest)


def finish(
    trial: Trial, *, state: TrialState, ended: datetime, wall: datetime, output: str | None = None,
    usage: Usage | None = None, rows: int | None = None, verdicts: Iterable[str] = (), error: str | None = None,
) -> Trial:  # fmt: skip
    """The next revision of a started trial: how it ended. Raises ValueError when it has ended already.

    What was not said keeps the value that it had.
    """
    if trial.state is not TrialState.STARTED:
        message = f"trial {trial.id} has ended already: {trial.state}. Allowed: {TrialState.STARTED}"
        raise ValueError(message)
    return replace(
        trial, state=state, ended=ended, wall=wall, output=output or trial.output, usage=usage or trial.usage,
        rows=trial.rows if rows is None else rows, verdicts=(*trial.verdicts, *verdicts), error=error or trial.error,
        revision=trial.revision + 1,
    )  # fmt: skip


def batch_of(trial: Trial, *beside: Record) -> Batch:
    """One transaction: the trial, its edges, and the records *beside* it (verdicts, measurements, a model version)."""
    return Batch(records=(*beside, trial), edges=edges_of(trial))
