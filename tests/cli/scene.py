"""Owns the scene of the command line's tests: a project on disk whose ledger remembers a short, eventful life."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from shutil import copytree, ignore_patterns

from qoa_platform.artifacts import FileStore
from qoa_platform.contracts import read
from qoa_platform.ledger import Store, open_ledger
from qoa_platform.ledger.clock import LedgerClock
from qoa_platform.lineage import batch_of
from qoa_platform.reactions.enacting import enact
from qoa_platform.records import (
    Batch,
    Committed,
    Episode,
    ModelVersion,
    Move,
    PointerKind,
    Reaction,
    ReactionKind,
    Release,
    ReleaseState,
    Severity,
    Status,
    Target,
    TrialState,
    Window,
)
from tests.lineage.story import MODEL, NOON, Story, tell, trial, volume

ROOT = Path(__file__).parents[2]
NEXT = "2017-10-05"
SALES, DEMAND = "retail/sales_day", "demand"
HELD = b"not really parquet, but it lies there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The project's folder, and what happened in it."""

    root: Path
    story: Story
    held: str
    """The digest of 5 October, which was held back and lies in the store."""
    episode: Episode
    """Still open: the volume of 5 October."""

    def ledger(self) -> Store:
        """The ledger, opened once more."""
        return open_ledger(self.root / ".qoa" / "ledger.db")


def project(root: Path) -> Path:
    """A project without definitions: a marker and the contracts of the retail example."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "workspace.yaml").write_text("load_from:\n  - python_module: {module_name: nowhere.definitions}\n")
    copytree(ROOT / "contracts", root / "contracts", ignore=ignore_patterns("watched.yaml"))
    return root


def played(root: Path) -> Scene:
    """A bad day was repaired and v1 released; v2 succeeded it; 5 October is held back, its episode open."""
    project(root)
    with open_ledger(root / ".qoa" / "ledger.db") as ledger:

        def write(batch: Batch) -> None:
            done = ledger.commit(batch)
            assert isinstance(done, Committed), done

        LedgerClock(ledger).set(NOON + timedelta(days=1))
        contract = read(root / "contracts" / "retail.yaml")
        enact(ledger, contract, at=NOON, wall=NOON, actor="test")
        story = tell(write)
        second_champion(write)
        held = FileStore(root / ".qoa").put(f"data/{SALES}/{NEXT}", HELD, ".parquet")
        episode = held_back(write, held, contract.digest)
    return Scene(root=root, story=story, held=held, episode=episode)


def second_champion(write: Callable[[Batch], None]) -> None:
    """v1 is released, v2 is trained and takes its place, v3 is refused."""
    after = NOON + timedelta(hours=2)
    write(Batch(records=(_release("v1", ReleaseState.PROMOTED, "first champion: every promise kept"),)))
    for name, digest in (("v2", "a" * 64), ("v3", MODEL[::-1])):
        made = trial(f"train-{name}", "retail/demand_model", "all", output=digest, model=DEMAND, version=name)
        version = ModelVersion(model=DEMAND, version=name, artifact=digest, trial=made.id, at=after, wall=after)
        write(batch_of(made, version))
    left = replace(_release("v1", ReleaseState.RETIRED, "succeeded by v2"), revision=1)
    refused = _release("v3", ReleaseState.REFUSED, "worse than v2 by 0.02 (95 %: 0.01 to 0.03)")
    move = Move(
        kind=PointerKind.ALIAS, key=f"{DEMAND}|champion", value="v2", expected=1, verb="promote", actor="qoa",
        reason="better by 0.03", at=after, wall=after,
    )  # fmt: skip
    won = _release("v2", ReleaseState.PROMOTED, "better by 0.03")
    write(Batch(records=(left, won, refused), moves=(move,)))


def _release(version: str, state: ReleaseState, reason: str) -> Release:
    return Release(model=DEMAND, version=version, state=state, reasons=(reason,), at=NOON, wall=NOON)


def held_back(write: Callable[[Batch], None], digest: str, contract: str) -> Episode:
    """5 October: too few rows, not published, quarantined, a rerun asked for, the episode open."""
    bad = volume("t6", digest, bad=True)
    bad = replace(bad, window=Window.of_partition(NEXT), contract_digest=contract)
    write(batch_of(trial("t6", SALES, NEXT, state=TrialState.BLOCKED, output=digest, verdicts=(bad.id,)), bad))
    later = NOON + timedelta(hours=3)
    episode = Episode(
        key=bad.key, opening=bad.id, severity=Severity.CRITICAL, status=Status.VIOLATED, windows=(bad.window,),
        opened_at=later, opened_wall=later, changed_at=later,
    )  # fmt: skip
    rerun = Reaction(
        contract="retail-demand", contract_digest="1" * 64, subject="sales", rule="refetch", step=0,
        kind=ReactionKind.RERUN, target=Target(asset="retail/raw_day", partition=NEXT), cause=episode.id,
        serves=(episode.id,), attempts=3, reason="volume violated", at=later, wall=later,
    )  # fmt: skip
    mark = Move(
        kind=PointerKind.QUARANTINE, key=f"{SALES}|{NEXT}|{digest}", value="bad", expected=0, verb="quarantine",
        actor="qoa", reason="volume violated", at=later, wall=later,
    )  # fmt: skip
    write(Batch(records=(episode, rerun), moves=(mark,)))
    return episode
