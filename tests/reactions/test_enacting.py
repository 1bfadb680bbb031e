"""The contract in force (semantics 23): a row of the ledger, moved by compare-and-set on its version."""

from dataclasses import replace

from qoa_platform.loop import reconcile
from qoa_platform.reactions.enacting import Standing, enact
from qoa_platform.reactions.guarding import plan_batch
from qoa_platform.records import Contract, PointerKind, Refused
from tests.reactions.conftest import Set
from tests.reactions.stage import DAY, START, Scene, contract, day, rule

TELL = rule("tell", "sales.* violated", "alert")


def offered(now: Scene, made: Contract) -> Standing:
    """How a contract stands when it is offered."""
    return enact(now.ledger, made, at=START, wall=START, actor="test", sinks=("log",)).standing


def test_the_first_and_every_newer_one_come_into_force(scene: Set) -> None:
    """Semantics 23: a higher version comes into force; equal content is in force; an older version is not."""
    now = scene(contract(TELL))
    assert offered(now, contract(TELL)) is Standing.IN_FORCE
    assert offered(now, contract(version=2)) is Standing.ENACTED
    assert offered(now, contract(TELL)) is Standing.OLDER
    assert now.value(PointerKind.CONTRACT, "retail") == contract(version=2).digest


def test_changed_under_an_unchanged_version_is_told_once(scene: Set) -> None:
    """Semantics 23: changed content under an unchanged version alerts, once, and the version in force goes on."""
    now = scene(contract(TELL))
    for _ in range(3):
        assert offered(now, contract(rule("other", "sales.* violated", "alert"))) is Standing.CHANGED
    assert now.value(PointerKind.CONTRACT, "retail") == contract(TELL).digest
    assert len(now.alerts()) == 1
    assert "changed under version 1" in now.alerts()[0]


def test_a_stale_process_refuses_to_decide(scene: Set) -> None:
    """Semantics 23: a process that holds an older contract decides nothing for it, and asks for no run."""
    now = scene(contract(TELL))
    now.judge("sales.volume", day(0), "violated")
    done = reconcile(now.ports, stale=["retail"])
    assert done.idle
    assert done.requests == []
    assert now.episodes() == []


def test_a_plan_made_under_another_version_is_refused(scene: Set) -> None:
    """Decision 13: a plan is written only while the contract it was made under is in force."""
    now = scene(contract(TELL))
    now.judge("sales.volume", day(0), "violated")
    batch = plan_batch(now.world(), now.plan())
    now.enact(contract(TELL, version=2))
    refused = now.ledger.commit(batch)
    assert isinstance(refused, Refused)
    assert "contract retail" in refused.reason


def test_two_that_decide_at_once_write_one_plan(scene: Set) -> None:
    """Decision 13: of two processes that decide the same ledger, one is refused, decides again and finds nothing."""
    now = scene(contract(TELL))
    now.judge("sales.volume", day(0), "violated")
    world = now.world()
    first = plan_batch(world, now.plan())
    later = replace(world, at=now.clock.now.replace(minute=1))
    from qoa_platform.reactions.decide import decide

    second = plan_batch(later, decide(later))
    now.commit(first)
    assert isinstance(now.ledger.commit(second), Refused)
    assert len(now.episodes()) == 1
    assert now.plan().empty


def test_two_that_see_different_things_do_not_both_act(scene: Set) -> None:
    """Decision 13: plans that share no record still exclude each other: an episode is not told twice in a cool-down."""
    now = scene(contract(rule("tell", "sales.* violated", "alert", cooldown=DAY)))
    now.judge("sales.known", day(0), "violated")
    now.reconcile()
    now.later(DAY)
    slow = plan_batch(now.world(), now.plan())  # the cool-down is over: it tells the warning again
    now.judge("sales.volume", day(0), "violated")
    quick = plan_batch(now.world(), now.plan())  # it tells the critical one, and the warning with it
    now.commit(quick)
    refused = now.ledger.commit(slow)
    assert isinstance(refused, Refused)
    assert "decided retail" in refused.reason
    now.reconcile()
    assert len(now.alerts()) == 2


def test_a_changed_bound_keeps_the_episode(scene: Set) -> None:
    """Semantics 23: a new version that keeps a promise keeps its episodes and what was done about them."""
    now = scene(contract(TELL))
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    now.enact(contract(TELL, version=2, owner="somebody else"))
    assert now.reconcile().idle
    assert [e.open for e in now.episodes()] == [True]
