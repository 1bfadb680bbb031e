"""Explaining: what is printed is the plan itself, a line for every step that was considered, with its reason."""

from datetime import timedelta

from qoa_platform.reactions.explaining import Explanation, explain_plan
from qoa_platform.records import PointerKind, Why
from tests.reactions.conftest import Set
from tests.reactions.stage import RAW, RELEASE, Scene, contract, day, rule, step, when

POLICY = (
    rule("stop", "sales.* blocked", "quarantine", "alert"),
    rule("refetch", "sales.* blocked", step("rerun", RAW)),
    rule("later", when("sales.* blocked", streak=timedelta(days=2)), "alert"),
)


def explained(now: Scene) -> Explanation:
    """The plan of now, explained."""
    world = now.world()
    return explain_plan(now.plan(), world)


def test_every_choice_is_a_line_with_its_reason(scene: Set) -> None:
    """`qoa policy explain`: one line per choice of the same plan, each with promise, rule and reason."""
    now = scene(contract(*POLICY))
    now.point(PointerKind.HOLD, f"asset:{RAW}", "looked into")
    now.judge("sales.volume", day(0), "violated", data="a" * 64)
    told = explained(now)
    assert len(told.lines) == len(now.plan().choices)
    assert {(line.rule, line.kind, line.taken, line.why) for line in told.lines} == {
        ("stop", "quarantine", True, Why.OPENED), ("stop", "alert", True, Why.OPENED),
        ("refetch", "rerun", False, Why.HELD), ("later", "alert", False, Why.NOT_YET),
    }  # fmt: skip
    assert {line.promises for line in told.lines} == {("sales.volume",)}


def test_the_text_names_what_happens_and_what_does_not(scene: Set) -> None:
    """`qoa policy explain` prints what is taken first, then what is not, each with the reason in words."""
    now = scene(contract(*POLICY))
    now.judge("sales.volume", day(0), "violated", data="a" * 64)
    text = list(explained(now).text())
    assert text[0] == "retail version 1"
    assert text[1] == "  episode  sales.volume opens: violated in 2017-10-04"
    assert (
        f"  + rerun {RAW} 2017-10-04 [refetch] for sales.volume: "
        "the episode opened: sales.volume violated in 2017-10-04"
    ) in text
    assert [line[2] for line in text[2:]] == ["+", "+", "+", "-"]


def test_a_written_plan_shows_what_is_in_flight(scene: Set) -> None:
    """What was asked for and is awaited stands there, although the plan of now is empty."""
    now = scene(contract(*POLICY))
    now.judge("sales.volume", day(0), "violated", data="a" * 64)
    now.reconcile(launch=False)
    told = explained(now)
    assert told.episodes == ()
    assert told.in_flight == (f"rerun {RAW} 2017-10-04 [refetch]: requested(a run is awaited)",)
    assert all(not line.taken for line in told.lines)


def test_releases_are_told_with_their_reasons(scene: Set) -> None:
    """A release that the plan revises is told with its new state and why."""
    now = scene(contract(release=RELEASE))
    now.train("v1")
    now.judge("demand.useful", day(0), "violated", version="v1")
    assert list(explained(now).text())[1].startswith(
        "  release  demand v1 becomes refused: demand.useful[v1]: violated"
    )


def test_nothing_to_do_is_said(scene: Set) -> None:
    """An empty plan without a choice says so."""
    assert list(explained(scene(contract())).text()) == ["retail version 1", "  nothing to do"]
