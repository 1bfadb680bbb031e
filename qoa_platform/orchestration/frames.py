"""Owns the I/O manager: inputs follow the ledger's pointers once, and the digest really read goes with the frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from qoa_platform.records import Read
from qoa_platform.workspace import Workspace, open_workspace

READS, ROOT = "qoa/reads", "qoa/root"
"""Metadata of a contracted asset's input: it wants digests with its frames, from the project at that root."""


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
        if len(parts) == 1:
            return parts[0]
        alike = all(part.schema == parts[0].schema for part in parts)
        return pl.concat(parts, how="vertical" if alike else "diagonal_relaxed", rechunk=False)


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
        """What is published of the upstream asset now: the partitions that are asked for, or the whole."""
        metadata = context.definition_metadata or {}
        root = metadata.get(ROOT)
        workspace = open_workspace(Path(root) if root else None)
        asset = context.asset_key.to_user_string()
        published = workspace.published(asset)
        if context.has_asset_partitions:
            wanted = set(context.asset_partition_keys)
            published = {p: d for p, d in published.items() if p in wanted}
        found = Input(asset=asset, digests=published, workspace=workspace)
        if metadata.get(READS):
            return found
        if not published:
            message = f"nothing is published of {asset}, so it cannot be read. Materialize it first"
            raise dg.DagsterInvariantViolationError(message)
        return found.frame()
