"""Conflicts (semantics 16): the published order decides, whatever the order of the wishes."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.reactions.conflicts import losers, things
from qoa_platform.reactions.wishes import Wish
from qoa_platform.reactions.world import World
from qoa_platform.records import CONFLICTS, ReactionKind, Target, Why
from tests.reactions.conftest import Set
from tests.reactions.stage import FEATURES, GRAPH, MODEL, RAW, SALES, START, contract, day, rule, step

WORLD = World(contract=contract(), at=START, wall=START, graph=GRAPH)
PUBLISHED = {
    "asset": [ReactionKind.HOLD, ReactionKind.TERMINATE, ReactionKind.RERUN, ReactionKind.RETRAIN],
    "model": [ReactionKind.HOLD, ReactionKind.ROLLBACK, ReactionKind.PROMOTE, ReactionKind.SHIFT],
    "preset": [ReactionKind.DEGRADE, ReactionKind.UPGRADE],
}
targets = st.one_of(
    st.builds(Target, asset=st.sampled_from([MODEL, SALES]), partition=st.sampled_from([None, "2017-10-04"])),
    st.builds(Target, model=st.just("demand"), version=st.sampled_from(["v1", "v2"])),
    st.builds(Target, asset=st.just(FEATURES), preset=st.sampled_from(["high", "medium"])),
)
wishes = st.lists(
    st.builds(
        Wish, rule=st.just("r"), step=st.just(0), kind=st.sampled_from(ReactionKind), target=targets,
        subject=st.just("sales"), cause=st.just("e"), why=st.just(Why.OPENED), observed=st.booleans(),
    ),
    max_size=8,
)  # fmt: skip


def test_the_order_is_the_published_one() -> None:
    """Semantics 16, read back from the data: the order that the documentation shows is the one in `records`."""
    assert {scope: list(order) for scope, order in CONFLICTS} == PUBLISHED


@given(taken=wishes, data=st.data())
def test_the_order_of_the_wishes_does_not_matter(taken: list[Wish], data: st.DataObject) -> None:
    """Semantics 16: whichever rule asked first, the same steps win and the same lose."""
    shuffled = data.draw(st.permutations(taken))
    assert {id(taken[i]) for i in losers(WORLD, taken)} == {id(shuffled[i]) for i in losers(WORLD, shuffled)}


@given(taken=wishes)
def test_a_loser_loses_to_an_earlier_kind_on_the_same_thing(taken: list[Wish]) -> None:
    """Semantics 16: each loser shares a thing with a winner whose kind stands before its own, and no winner does."""
    lost = losers(WORLD, taken)
    for index, wish in enumerate(taken):
        mine = things(WORLD, wish.kind, wish.target)
        beaten = any(
            PUBLISHED[scope].index(other.kind) < PUBLISHED[scope].index(wish.kind)
            for scope, name in mine
            for other in taken
            if not other.observed and (scope, name) in things(WORLD, other.kind, other.target)
        )
        assert beaten == (index in lost)
        if index in lost:
            assert not lost[index].observed


@given(taken=wishes)
def test_alert_and_quarantine_conflict_with_nothing(taken: list[Wish]) -> None:
    """Semantics 16: Alert and Quarantine are always done."""
    free = {ReactionKind.ALERT, ReactionKind.QUARANTINE, ReactionKind.RELEASE}
    assert not any(taken[i].kind in free for i in losers(WORLD, taken))


def test_a_retrain_loses_to_a_hold_of_its_trainer() -> None:
    """Semantics 16: a retrain runs its model's asset, so a Hold of that asset (or of the model) comes first."""
    retrain = Wish(rule="r", step=0, kind=ReactionKind.RETRAIN, target=Target(model="demand"), subject="s", cause="e",
                   why=Why.OPENED)  # fmt: skip
    for place in (Target(asset=MODEL), Target(model="demand")):
        hold = Wish(rule="h", step=0, kind=ReactionKind.HOLD, target=place, subject="s", cause="e", why=Why.OPENED)
        assert losers(WORLD, [retrain, hold]) == {0: hold}


def test_the_loser_is_recorded_as_superseded(scene: Set) -> None:
    """Semantics 16: both steps are reactions; the one that loses is recorded as superseded, and nothing is run."""
    now = scene(contract(rule("stop", "sales.* blocked", step("rerun", RAW), step("hold", RAW), "alert")))
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    assert now.said("rerun") == [f"superseded(loses to hold of {RAW})"]
    assert now.said("hold") == ["applied(hold)"]
    assert now.runs.launched == []
    now.later(timedelta(hours=1))
    assert now.reconcile().idle


def test_most_severe_first(scene: Set) -> None:
    """Semantics 16: all matching rules contribute; a critical episode's steps come before a warning's."""
    now = scene(contract(rule("tell", "any violated", "alert", step("hold", RAW))))
    now.judge("sales.known", day(0), "violated")
    now.judge("sales.volume", day(0), "violated")
    (hold,) = [r for r in now.plan().reactions if r.kind is ReactionKind.HOLD]
    critical = next(e for e in now.plan().episodes if e.key.promise == "volume")
    assert hold.cause == critical.id
    assert len(hold.serves) == 2


def test_alerts_come_last(scene: Set) -> None:
    """Decision 13: nothing is told before it is done: the alert says what became of the other steps."""
    now = scene(contract(rule("stop", "sales.* blocked", "alert", "quarantine")))
    now.judge("sales.volume", day(0), "violated")
    assert [str(r.kind) for r in now.plan().reactions] == ["quarantine", "alert"]
    now.reconcile()
    ((_, told),) = now.ledger.outbox("log")
    assert any("quarantine" in str(line) and "applied" in str(line) for line in told.data["lines"])  # type: ignore[attr-defined]
