"""Owns the I/O manager: inputs follow the ledger's pointers once, and the digest really read goes with the frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
import polars as pl

from qoa_platform.workspace import Workspace, open_workspace
from qoa_platform.records import Read

READS = "qoa/reads"
WHOLE = "all"
"""The partition name of an asset that is one whole table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What a pointer named when it was followed, and the frames behind it, by partition."""

    asset: str
    digests: Mapping[str, str]
    workspace: Workspace

    def reads(self) -> tuple[Read, ...]:
        """The digests really read, for the trial."""
        return tuple(Read(asset=self.asset, partition=p, digest=d) for p, d in self.digests.items())

    def only(self, partition: str) -> "Input | None":
        """The same input cut down to one partition; ``None`` when that is not published."""
        digest = self.digests.get(partition)
        if digest is None:
            return None
        return Input(asset=self.asset, digests={partition: digest}, workspace=self.workspace)

    def frame(self) -> pl.DataFrame:
        """All its partitions as one frame, in partition order."""
        parts = [self.workspace.read_frame(self.asset, p, d) for p, d in self.digests.items()]
        return parts[0] if len(parts) == 1 else pl.concat(parts, how="diagonal_relaxed")


class PublishedFrames(dg.IOManager):
    """Loads published frames of contracted assets; it never writes, for publishing is the wrapper's work.

    A contracted asset gets the :class:`Input` (frames with digests); any other asset gets the plain frame.
    """

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Refuse a value: a contracted asset publishes through the ledger, not through Dagster's outputs."""
        if obj is not None:
            message = f"{context.asset_key.to_user_string()} returned a value to the I/O manager. Use @contracted"
            raise dg.DagsterInvariantViolationError(message)

    def load_input(self, context: dg.InputContext) -> Any:
        """What is published of the upstream asset now: one partition, several, or the whole."""
        workspace = open_workspace()
        asset = context.asset_key.to_user_string()
        published = workspace.published(asset)
        if context.has_asset_partitions and _daily(context):
            wanted = set(context.asset_partition_keys)
            published = {p: d for p, d in published.items() if p in wanted}
        found = Input(asset=asset, digests=published, workspace=workspace)
        return found if (context.definition_metadata or {}).get(READS) else found.frame()


def _daily(context: dg.InputContext) -> bool:
    """Whether the reader is partitioned too: a whole table below daily assets reads everything that is published."""
    return context.step_context.has_partition_key or context.step_context.has_partition_key_range
