"""Owns the tests of the contract in force: edited during an episode, changed in silence, older in some process."""

from datetime import timedelta

import pytest

from qoa_platform.contracts import ContractErrors
from qoa_platform.loop import reconcile
from qoa_platform.reactions.enacting import Standing
from qoa_platform.records import PointerKind, ReactionKind
from qoa_platform.workspace import forget_workspaces, open_workspace
from tests.host.shop import DAY, FAILURE, POLICY, SUCCESS, Shop, day_of, text

RELAXED = text(POLICY, version=2).replace(">= 5 rows", ">= 2 rows")
REMOVED = text(POLICY, version=2).replace(
    '      - {id: enough, metric: data.row_count, must: ">= 5 rows", severity: critical}\n', ""
)
RULELESS = text(POLICY.replace(POLICY.splitlines()[2] + "\n", ""), version=2)


@pytest.fixture
def broken(shop: Shop) -> Shop:
    """A shop with an open episode: its rerun failed once and waits for the next attempt."""
    shop.source.days[DAY] = day_of(DAY, rows=3)
    shop.daily()
    for request in reconcile(shop.ports).requests:
        shop.runs.request(request)
    reconcile(shop.ports)
    assert shop.lives(ReactionKind.RERUN) == [["requested", "retry"]]
    return shop


def edit(shop: Shop, contract: str) -> None:
    """Somebody edits the contract's file, and a process offers it."""
    shop.contract.write_text(contract)
    shop.workspace.contracts()


def test_a_removed_promise_ends_its_episode(broken: Shop) -> None:
    """Version 2 no longer has the promise: its episode is superseded, its rerun is not asked for again."""
    edit(broken, REMOVED)
    broken.tick(broken.workspace.clock.at() + timedelta(hours=1))
    broken.settle()
    assert [str(e.closing) for e in broken.world.episodes] == ["superseded"]
    assert broken.lives(ReactionKind.RERUN) == [["requested", "retry", "superseded"]]
    assert len(broken.trials("shop/sales", DAY)) == 2


def test_a_removed_rules_work_is_superseded(broken: Shop) -> None:
    """Version 2 no longer has the rule: what it requested is superseded, the episode stays open."""
    edit(broken, RULELESS)
    broken.tick(broken.workspace.clock.at() + timedelta(hours=1))
    broken.settle()
    assert [e.open for e in broken.world.episodes] == [True]
    assert broken.lives(ReactionKind.RERUN) == [["requested", "retry", "superseded"]]


def test_a_changed_bound_applies_to_what_is_judged_afterwards(broken: Shop) -> None:
    """The looser bound judges the next attempt, not the past: the window is satisfied by the rerun."""
    edit(broken, RELAXED)
    broken.settle()
    assert [str(v) for v in broken.verdicts("enough", DAY)] == ["violated", "violated", "satisfied"]
    assert [v.contract_version for v in broken.verdicts("enough", DAY)] == [1, 1, 2]
    assert [str(e.closing) for e in broken.world.episodes] == ["repaired"]


def test_a_change_under_an_unchanged_version_is_told_once(shop: Shop) -> None:
    """The file changes and its version does not: the contract in force goes on, and one alert says so, once."""
    before = shop.pointer(PointerKind.CONTRACT, "shop")
    edit(shop, text(POLICY).replace(">= 5 rows", ">= 2 rows"))
    for _ in range(3):
        shop.workspace.contracts()
    shop.source.days[DAY] = day_of(DAY, rows=3)
    assert shop.daily().status is FAILURE
    assert shop.pointer(PointerKind.CONTRACT, "shop") == before
    sent = [e.data["title"] for _, e in shop.ledger.outbox("log")]
    assert len(sent) == 1
    assert "Raise its version" in str(sent[0])


def test_a_newer_version_comes_into_force_by_a_run(shop: Shop) -> None:
    """The next run offers version 2: it is in force from then on, by a compare-and-set that is kept."""
    shop.source.days[DAY] = day_of(DAY, rows=3)
    shop.contract.write_text(RELAXED)
    assert shop.daily().status is SUCCESS
    moves = shop.ledger.moves(PointerKind.CONTRACT, key="shop")
    assert [(m.generation, m.reason) for m in moves] == [(1, "version 1"), (2, "version 2")]


def test_an_older_process_refuses_to_decide(broken: Shop) -> None:
    """Version 2 is in force; a process whose file still says 1 judges by 2 and decides nothing."""
    edit(broken, RELAXED)
    broken.contract.write_text(text(POLICY))
    assert broken.workspace.stale() == ("shop",)
    broken.tick(broken.workspace.clock.at() + timedelta(hours=1))
    done = reconcile(broken.ports, stale=broken.workspace.stale())
    assert (done.plans, done.outcomes, done.requests) == ([], [], [])
    assert broken.pointer(PointerKind.CONTRACT, "shop") == broken.workspace.contracts()[0].digest
    broken.contract.write_text(RELAXED)
    assert broken.workspace.stale() == ()
    assert reconcile(broken.ports, stale=broken.workspace.stale()).outcomes != []


def test_an_older_process_judges_by_what_is_in_force(shop: Shop) -> None:
    """A run in a process with an older file is judged by the contract in force, whatever its file says."""
    edit(shop, RELAXED)
    shop.contract.write_text(text(POLICY))
    shop.source.days[DAY] = day_of(DAY, rows=3)
    assert shop.daily().status is SUCCESS
    assert {v.contract_version for v in shop.verdicts(partition=DAY)} == {2}


def test_a_half_edited_contract_leaves_the_one_in_force(shop: Shop) -> None:
    """Semantics 23: while its file cannot be read the contract in force goes on, and people are told once."""
    shop.daily()
    shop.contract.write_text(text(POLICY).replace("data.row_count", "data.row_cuont"))
    assert shop.daily().status is SUCCESS
    assert [e.standing for e in shop.workspace.enactments()] == [Standing.UNREADABLE]
    told = [m for _, m in shop.workspace.ledger.outbox("log") if "in force goes on" in str(m.data["title"])]
    assert len(told) == 1
    assert "Did you mean 'data.row_count'?" in str(told[0].data["title"])
    assert "shop.yaml:" in str(told[0].data["title"])


def test_a_broken_contract_that_never_was_in_force_stops_the_run_aloud(shop: Shop) -> None:
    """Without one in force, a contract that cannot be read fails the run with file and line; nothing goes unjudged."""
    for pointer in shop.workspace.ledger.pointers(PointerKind.CONTRACT):
        shop.contract.with_name(f"{pointer.key}-other.yaml").write_text("kind: QualityContract\n")
    run = shop.daily()
    assert run.status is FAILURE
    assert "E102" in next(iter(shop.failures(run).values()))
    assert shop.published("shop/sales", DAY) is None
    with pytest.raises(ContractErrors, match=r"other\.yaml:\d+:\d+"):
        shop.workspace.contracts()


def test_another_process_sees_the_same_contract(shop: Shop) -> None:
    """What is in force is a row of the ledger: a process that opens the project later finds it, and its clock."""
    shop.daily()
    forget_workspaces()
    other = open_workspace(shop.workspace.home.root)
    assert other is not shop.workspace
    assert [c.digest for c in other.contracts()] == [c.digest for c in shop.workspace.contracts()]
    assert other.clock.at() == shop.workspace.clock.at()
    other.ledger.close()
