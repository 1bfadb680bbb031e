"""Laws of episodes and of deciding: pure, settling, blind to order, silent where nothing is wrong."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.reactions.decide import decide, merged
from qoa_platform.reactions.episodes import fold_episodes, is_bad
from qoa_platform.reactions.world import World, current
from qoa_platform.records import Closing, Plan, Reason, Status, Verdict
from tests.reactions.stage import FEATURES, GRAPH, RAW, SALES, START, contract, day, rule, step, verdict, when

POLICY = (
    rule("stop", "sales.* blocked", "quarantine", "alert"),
    rule("refetch", "sales.* blocked", step("rerun", RAW, attempts=3)),
    rule("pause", when("sales.known violated", streak=2), step("hold", SALES), on_recovery="release"),
    rule("relearn", "sales.steady violated", step("retrain", "demand"), cooldown=timedelta(days=3)),
    rule("cheaper", "training.price violated", step("degrade", FEATURES), on_recovery="upgrade",
         cooldown=timedelta(days=2)),
    rule("blind", "any unknown(no_data)", "alert"),
)  # fmt: skip
CONTRACT = contract(*POLICY)
places = st.sampled_from(["sales.volume", "sales.complete", "sales.known", "sales.steady", "training.price"])
statuses = st.sampled_from([Status.SATISFIED, Status.VIOLATED, Reason.NO_DATA, Reason.NO_REFERENCE])


@st.composite
def verdicts(draw: st.DrawFn) -> tuple[Verdict, ...]:
    """Verdicts on a week of windows, one a minute, late and repeated ones among them; the current ones of them."""
    made = [
        verdict(draw(places), day(draw(st.integers(-6, 0))), draw(statuses), at=START + timedelta(minutes=i),
                imported=draw(st.booleans()) and draw(st.booleans()))
        for i in range(draw(st.integers(0, 14)))
    ]  # fmt: skip
    return current(made)


def world_of(found: tuple[Verdict, ...]) -> World:
    """The world an hour after the first verdict."""
    at = START + timedelta(hours=1)
    return World(contract=CONTRACT, at=at, wall=at, verdicts=found, graph=GRAPH)


def written(world: World, plan: Plan, later: timedelta = timedelta(0)) -> World:
    """The world after *plan* was written, *later*."""
    reactions = {r.id: r for r in (*world.reactions, *plan.reactions)}
    return replace(
        world, at=world.at + later, wall=world.wall + later, episodes=merged(world.episodes, plan.episodes),
        reactions=tuple(reactions.values()), outcomes={**world.outcomes, **{o.reaction: o for o in plan.outcomes}},
    )  # fmt: skip


@given(found=verdicts())
def test_deciding_is_pure_and_settles(found: tuple[Verdict, ...]) -> None:
    """Twice on one world gives one plan; written, at most two more plans close what closes, and then there is none."""
    world = world_of(found)
    assert decide(world) == decide(world)
    for _ in range(3):
        world = written(world, decide(world))
    assert decide(world).empty


@given(found=verdicts(), data=st.data())
def test_the_order_of_what_is_read_does_not_matter(found: tuple[Verdict, ...], data: st.DataObject) -> None:
    """Verdicts, episodes and reactions in any order give the same episodes and the same reactions."""
    world = written(world_of(found), decide(world_of(found)), timedelta(minutes=1))
    shuffled = replace(
        world,
        verdicts=tuple(data.draw(st.permutations(world.verdicts))),
        episodes=tuple(data.draw(st.permutations(world.episodes))),
        reactions=tuple(data.draw(st.permutations(world.reactions))),
    )
    one, two = decide(world), decide(shuffled)
    assert one.episodes == two.episodes
    assert {r.id for r in one.reactions} == {r.id for r in two.reactions}
    assert one.choices == two.choices


@given(found=verdicts())
def test_every_open_episode_holds_a_bad_window_that_may_react(found: tuple[Verdict, ...]) -> None:
    """What opens holds only bad windows, none of history, at most one episode per key, and no reaction without one."""
    world = world_of(found)
    plan = decide(world)
    heads = {(v.key, v.window): v for v in found}
    for episode in plan.episodes:
        held = [heads[episode.key, w] for w in episode.windows]
        assert all(is_bad(world, v) and not v.imported for v in held)
    assert len({e.key for e in plan.episodes}) == len(plan.episodes)
    opened = {e.id for e in plan.episodes}
    assert all(r.serves and set(r.serves) <= opened for r in plan.reactions)


@given(found=verdicts())
def test_where_nothing_is_bad_nothing_follows(found: tuple[Verdict, ...]) -> None:
    """Satisfied verdicts, and unknown ones that no rule waits for, give an empty plan without a choice."""
    good = tuple(v for v in found if v.satisfied or v.reason is Reason.NO_REFERENCE)
    plan = decide(world_of(good))
    assert plan.empty
    assert plan.choices == ()


@given(found=verdicts())
def test_repairing_every_window_closes_every_episode(found: tuple[Verdict, ...]) -> None:
    """When every window of every episode gets a satisfied verdict, every episode is repaired, and none opens."""
    world = world_of(found)
    world = written(world, decide(world), timedelta(minutes=1))
    repaired = [
        replace(v, status=Status.SATISFIED, reason=None, blocks=False, at=world.at) for v in found if not v.satisfied
    ]
    world = replace(world, verdicts=current([*found, *repaired]))
    closing = fold_episodes(world)
    assert {e.id for e in closing} == {e.id for e in world.episodes if e.open}
    assert all(e.closing is Closing.REPAIRED for e in closing)
