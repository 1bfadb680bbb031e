"""Owns what write-audit-publish does with failing rows: set aside where the contract says so, and the rest judged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qoa_platform.artifacts import frame_to_parquet
from qoa_platform.audit import Audited, Candidate, Gauges, audit
from qoa_platform.audit.candidate import NO_GAUGES
from qoa_platform.audit.setting_aside import part
from qoa_platform.records import Contract, SetAside
from qoa_platform.workspace import Workspace, aside_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """The *candidate* that wants to be published, what was *found* of it, and what was set aside before."""

    candidate: Candidate
    found: Audited
    set_aside: SetAside | None = None


def sorted_out(
    workspace: Workspace, contracts: Sequence[Contract], candidate: Candidate, *, accepted: bool,
    gauges: Gauges = NO_GAUGES,
) -> Sorted:  # fmt: skip
    """Audit *candidate*; where rows fail that may be set aside, store them apart and audit the others instead.

    What is published is what was judged: verdicts, measurements and states are about the frame without those rows, and
    carry what was found of the whole as evidence. Both parts are content-addressed beside the frame as it came, so a
    run that is repeated writes nothing new. A candidate that a person *accepted* is left whole.
    """
    found = audit(workspace.ledger, contracts, candidate, gauges)
    parted = None if accepted else part(candidate.frame, found.aside)
    if parted is None:
        return Sorted(candidate=candidate, found=found)
    asset, partition = candidate.asset, candidate.partition
    rows = workspace.files.put(aside_name(asset, partition), frame_to_parquet(parted.bad), ".parquet")
    digest = workspace.write_frame(asset, partition, parted.good)
    size = workspace.frame_size(asset, partition, digest)
    left = replace(candidate, frame=parted.good, digest=digest, size=size)
    again = audit(workspace.ledger, contracts, left, gauges)
    told = parted.explained(again.verdicts, {"original": candidate.digest, "rows": rows})
    set_aside = SetAside(digest=rows, original=candidate.digest, rows=parted.bad.height)
    return Sorted(candidate=left, found=replace(again, verdicts=told), set_aside=set_aside)
