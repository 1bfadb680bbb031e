"""Owns what child processes of the fault tests do: live, touch a fresh project, promote in turn, fill a disk."""

import resource
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import polars as pl

from qoa_platform.artifacts.errors import ArtifactError
from qoa_platform.ledger import LedgerError, Store
from qoa_platform.loop import Ports, reconcile
from qoa_platform.orchestration.publishing import Made, Published, Work, publish
from qoa_platform.reactions.commands import promote_by_force
from qoa_platform.reactions.snapshot import read_snapshot
from qoa_platform.records import Batch, Committed, ModelVersion, Window
from qoa_platform.workspace import Workspace, data_name, forget_workspaces, open_workspace
from tests.faults.world import GRAPH, FileRuns, Life, window, write


def day(back: int) -> Window:
    """So many days before the world's day."""
    return Window.of_day(window().start.date() - timedelta(days=back))


def published(workspace: Workspace, place: Window, run: str, frame: pl.DataFrame) -> Published:
    """One run of the day's sales."""
    work = Work(
        asset="shop/sales", partition=place.partition, window=place, run=run, attempt=1, cause=None, code="1",
        imported=False,
    )  # fmt: skip
    return publish(workspace, workspace.contracts(), work, (), lambda: Made(frame=frame))


def life(root: str) -> None:
    """Live in the project (until killed, if ``QOA_FAILPOINT`` says so)."""
    Life.of(Path(root)).live()


def touch(root: str, name: str) -> None:
    """The first thing that a process does in a fresh project: contracts come into force, a day is published, judged."""
    workspace = open_workspace(Path(root))
    runs = FileRuns(Path(root) / "runs", lambda *_: True)
    ports = Ports(ledger=workspace.ledger, clock=workspace.clock, runs=runs, graph=GRAPH)
    workspace.contracts()
    made = published(workspace, day(int(name)), f"run {name}", pl.DataFrame({"amount": [1.0] * 9}))
    assert made.digest is not None, made.error
    reconcile(ports)


def in_turn(root: str, name: str, rounds: str) -> None:
    """Promote by force so often, each time from the world as it is seen; look again after every refusal."""
    workspace = open_workspace(Path(root))
    ledger, clock = workspace.ledger, workspace.clock
    at = clock.at()
    mine = [
        ModelVersion(model="demand", version=f"v-{name}-{n}", artifact="0" * 64, trial=f"{name} {n}", at=at, wall=at)
        for n in range(2)
    ]
    ledger.commit(Batch(records=tuple(mine)))
    done = 0
    while done < int(rounds):
        seen = read_snapshot(ledger, graph=GRAPH, runs=(), at=clock.at(), wall=clock.wall())
        world = next(w for w in seen.worlds() if w.contract.name == "shop")
        record = next(v for v in mine if v.version != world.champion("demand"))
        batch = promote_by_force(world, record, "shop/demand_model", actor=name, reason=str(done))
        done += isinstance(ledger.commit(batch), Committed)


def full(root: str, how: str) -> None:
    """Publish until the disk is full (or no file may grow), then with more room again; say what was found."""
    place = Path(root)
    if how == "a small disk":
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], check=True)
    write(place / "project")
    ballast = place / "ballast"
    ballast.write_bytes(b"x" * 300_000)
    forget_workspaces()
    workspace = open_workspace(place / "project")
    workspace.contracts()
    if how != "a small disk":
        resource.setrlimit(resource.RLIMIT_FSIZE, (450_000, resource.RLIM_INFINITY))
    good, why = _until_refused(workspace)
    print(good, why.splitlines()[0])
    ballast.unlink()
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(_sound(workspace), len(workspace.published("shop/sales")))
    again = published(workspace, day(good + 1), "again", pl.DataFrame({"amount": [1.0] * 9}))
    print(again.digest is not None, _sound(workspace), len(workspace.published("shop/sales")))


def _until_refused(workspace: Workspace) -> tuple[int, str]:
    for number in range(200):
        frame = pl.DataFrame(
            {"amount": pl.Series(range(9)).cast(pl.Float64), "noise": [_noise(number, n) for n in range(9)]}
        )
        try:
            made = published(workspace, day(number), f"run {number}", frame)
        except (LedgerError, ArtifactError) as error:
            return number, f"{type(error).__name__} {error}"
        if made.error is not None:
            return number, made.error
    message = "it is never full"
    raise AssertionError(message)


def _noise(number: int, row: int) -> str:
    """Some 10 KB that cannot be compressed."""
    from random import Random

    return Random(number * 100 + row).randbytes(6_000).hex()


def _sound(workspace: Workspace) -> bool:
    """Whether the ledger is whole, and every published frame can be read."""
    assert isinstance(workspace.ledger, Store)
    for partition, digest in workspace.published("shop/sales").items():
        workspace.files.get(data_name("shop/sales", partition), digest, ".parquet")
    return workspace.ledger.verify() == []


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
