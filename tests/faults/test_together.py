"""Several processes at once: all succeed, and no update is lost. Effects are counted in the ledger's own history."""

from pathlib import Path

import pytest

from qoa_platform.ledger import open_ledger
from qoa_platform.records import Enacted, PointerKind, Release, ReleaseState
from tests.faults.conftest import Child
from tests.faults.world import CONTRACTS

pytestmark = pytest.mark.faults


def test_four_processes_touch_a_fresh_project_at_once(tmp_path: Path, child: Child) -> None:
    """Each contract comes into force once, and what each of them published is there; two rounds."""
    for attempt in range(2):
        root = tmp_path / f"project {attempt}"
        (root / "contracts").mkdir(parents=True)
        (root / "runs").mkdir()
        (root / "workspace.yaml").write_text("load_from: []\n")
        for name, text in CONTRACTS.items():
            (root / "contracts" / f"{name}.yaml").write_text(text)
        started = [child("touch", root, number) for number in range(4)]
        assert [(process.wait(100), process.stderr.read()) for process in started if process.stderr] == [(0, "")] * 4
        with open_ledger(root / ".qoa" / "ledger.db") as ledger:
            assert [p.generation for p in ledger.pointers(PointerKind.CONTRACT)] == [1, 1]
            assert len(ledger.find(Enacted)) == 2
            assert [p.generation for p in ledger.pointers(PointerKind.PUBLISHED)] == [1, 1, 1, 1]
            assert ledger.verify() == []


def test_four_processes_promote_by_force_in_turn(project: Path, child: Child) -> None:
    """100 rounds: every promotion is one move, one release and one word to Dagster; the history is linear."""
    started = [child("in_turn", project, f"p{number}", 25) for number in range(4)]
    assert [(process.wait(150), process.stderr.read()) for process in started if process.stderr] == [(0, "")] * 4
    with open_ledger(project / ".qoa" / "ledger.db") as ledger:
        moves = [m for m in ledger.moves(PointerKind.ALIAS, key="demand|champion") if m.verb == "promote --force"]
        assert [m.generation for m in moves] == list(range(3, 103))  # after v1 and v2
        assert [m.previous for m in moves] == ["v2", *(m.value for m in moves[:-1])]
        assert {(m.actor, m.reason) for m in moves} == {(f"p{i}", str(n)) for i in range(4) for n in range(25)}
        forced = [r for r in ledger.find(Release, series="demand") if r.forced]
        assert len({(r.version, r.number) for r in forced}) == len(forced) == 100
        assert sum(r.state is ReleaseState.PROMOTED for r in forced) == 1
        assert len(ledger.outbox("dagster", 1000)) == 100
        assert ledger.verify() == []
