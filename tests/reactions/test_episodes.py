"""Episodes (semantics 10, 11, 13): when they open, what joins them, how they end, and that they never reopen."""

from datetime import timedelta

import pytest

from qoa_platform.records import Closing, Mode, PointerKind, Reason, Severity, Status, Why
from tests.reactions.conftest import Set
from tests.reactions.stage import DAY, SALES, START, SUBJECTS, contract, day, promise, rule, when

TELL = rule("tell", "sales.* violated", "alert")
LIVE = rule("back-out", "demand.live violated", "alert")
BLIND = rule("blind", "any unknown(no_data|error)", "alert")


def test_a_violated_window_opens_an_episode_at_once(scene: Set) -> None:
    """Semantics 13: one violated current verdict opens an episode, with the id of its opening verdict."""
    now = scene(contract(TELL))
    opening = now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    (episode,) = now.episodes()
    assert (episode.opening, episode.windows, episode.severity) == (opening.id, (day(0),), Severity.CRITICAL)
    assert episode.open
    assert episode.opened_at == START


def test_satisfied_windows_open_nothing(scene: Set) -> None:
    """Semantics 13: what is satisfied, or unknown for a reason that no rule reacts to, opens no episode."""
    now = scene(contract(TELL))
    now.judge("sales.volume", day(0), "satisfied")
    now.judge("sales.known", day(0), Reason.NO_REFERENCE)
    assert now.reconcile().idle
    assert now.episodes() == []


@pytest.mark.parametrize("reason", [Reason.NO_DATA, Reason.ERROR])
def test_an_unknown_that_some_rule_reacts_to_opens_one(scene: Set, reason: Reason) -> None:
    """Semantics 13: unknown for a reason that some rule waits for is an episode too."""
    now = scene(contract(BLIND))
    now.judge("sales.volume", day(0), reason)
    now.reconcile()
    assert [(e.status, e.reason) for e in now.episodes()] == [(Status.UNKNOWN, reason)]


def test_for_delays_the_opening(scene: Set) -> None:
    """Semantics 10 and 13: with `for: 3` the third violated window in a row opens, and the episode holds all three."""
    now = scene(contract(TELL))
    for number in range(3):
        assert now.reconcile().idle
        now.judge("sales.steady", day(number), "violated")
        now.later(DAY)
    now.reconcile()
    assert [e.windows for e in now.episodes()] == [(day(0), day(1), day(2))]


def test_a_satisfied_window_breaks_the_row(scene: Set) -> None:
    """Semantics 10: a streak counts windows in a row; a satisfied one between them begins it anew."""
    now = scene(contract(TELL))
    for number, status in enumerate(["violated", "violated", "satisfied", "violated", "violated"]):
        now.judge("sales.steady", day(number), status)
        now.later(DAY)
    assert now.reconcile().idle


def test_unknown_neither_extends_nor_breaks_the_row(scene: Set) -> None:
    """Semantics 10: an unknown window is no violated one, also where a rule reacts to it, and it breaks no streak."""
    now = scene(contract(TELL, BLIND))
    for number, status in enumerate(["violated", Reason.NO_DATA, "violated"]):
        now.judge("sales.steady", day(number), status)
        now.later(DAY)
    assert now.reconcile().idle
    now.judge("sales.steady", day(3), "violated")
    now.reconcile()
    assert [e.windows for e in now.episodes()] == [(day(0), day(1), day(2), day(3))]


def test_for_a_time_is_measured_in_at(scene: Set) -> None:
    """Semantics 10: `for: 2 d` opens once the first violated verdict is two days old, whatever windows came."""
    steady = promise("steady", streak=timedelta(days=2), severity=Severity.WARNING)
    sales = SUBJECTS[0]
    now = scene(contract(TELL, subjects=(type(sales)(id="sales", kind=sales.kind, asset=SALES, promises=(steady,)),)))
    now.judge("sales.steady", day(0), "violated")
    now.later(timedelta(days=2) - timedelta(seconds=1))
    assert now.reconcile().idle
    now.later(timedelta(seconds=1))
    now.reconcile()
    assert len(now.episodes()) == 1


def test_a_later_bad_window_joins(scene: Set) -> None:
    """Semantics 13: a further bad window of the same key belongs to the open episode."""
    now = scene(contract(TELL))
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    now.later(DAY)
    now.judge("sales.volume", day(1), "violated")
    now.reconcile()
    (episode,) = now.episodes()
    assert episode.windows == (day(0), day(1))
    assert episode.revision == 1


def test_a_late_older_window_joins_an_open_episode(scene: Set) -> None:
    """Semantics 10: a violated window that is older than the episode's, and came late, joins it."""
    now = scene(contract(TELL))
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    now.later(DAY)
    now.judge("sales.volume", day(-2), "violated")
    now.reconcile()
    assert [e.windows for e in now.episodes()] == [(day(-2), day(0))]


def test_a_late_older_window_opens_its_own_when_none_is_open(scene: Set) -> None:
    """Semantics 10: it opens an episode of its own, which later windows that were satisfied before do not end."""
    now = scene(contract(TELL))
    for number in (-1, 0):
        now.judge("sales.volume", day(number), "satisfied")
    now.later(DAY)
    now.judge("sales.volume", day(-2), "violated")
    now.reconcile()
    assert [(e.windows, e.open) for e in now.episodes()] == [((day(-2),), True)]
    for number in (1, 2):
        now.later(DAY)
        now.judge("sales.volume", day(number), "satisfied")
        now.reconcile()
    assert not now.episodes()[0].open


def test_windows_that_were_too_few_do_not_join_afterwards(scene: Set) -> None:
    """Semantics 10: an older blip that never reached the streak stays outside the episode that opens later."""
    now = scene(contract(TELL))
    for number, status in enumerate(["violated", "satisfied", "violated", "violated", "violated"], start=-3):
        now.judge("sales.steady", day(number), status)
        now.later(timedelta(hours=1))
    now.reconcile()
    now.reconcile()
    assert [e.windows for e in now.episodes()] == [(day(-1), day(0), day(1))]


def test_repaired_ends_at_once(scene: Set) -> None:
    """Semantics 13: when every bad window was superseded by a satisfied verdict, the episode is repaired at once."""
    now = scene(contract(TELL))
    for number in (-1, 0):
        now.judge("sales.volume", day(number), "violated")
    now.reconcile()
    now.later(timedelta(hours=1))
    now.judge("sales.volume", day(-1), "satisfied")
    now.reconcile()
    assert now.episodes()[0].open
    now.judge("sales.volume", day(0), "satisfied")
    now.reconcile()
    assert now.episodes()[0].closing is Closing.REPAIRED


def test_two_later_satisfied_windows_clear_a_warning(scene: Set) -> None:
    """Semantics 13: `clear_after` (default 2) satisfied later windows end it; what was published is then cleared."""
    now = scene(contract(TELL))
    now.judge("sales.known", day(0), "violated")
    now.reconcile()
    for number in (1, 2):
        now.later(DAY)
        assert now.episodes()[0].open
        now.judge("sales.known", day(number), "satisfied")
        now.reconcile()
    assert now.episodes()[0].closing is Closing.CLEARED


def test_a_window_that_was_kept_back_and_never_repaired_says_so(scene: Set) -> None:
    """Decision 17: an episode that closes with a window still kept back says `resolved(unrepaired)`."""
    now = scene(contract(TELL))
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    for number in (1, 2):
        now.later(DAY)
        now.judge("sales.volume", day(number), "satisfied")
    now.reconcile()
    assert now.episodes()[0].closing is Closing.UNREPAIRED


def test_unknown_neither_clears_nor_prolongs(scene: Set) -> None:
    """Semantics 10: an unknown window between two satisfied ones changes nothing about the end."""
    now = scene(contract(TELL))
    now.judge("sales.known", day(0), "violated")
    now.reconcile()
    for number, status in enumerate(["satisfied", Reason.NO_REFERENCE, "satisfied"], start=1):
        now.later(DAY)
        now.judge("sales.known", day(number), status)
        now.reconcile()
    assert now.episodes()[0].closing is Closing.CLEARED


def test_a_closed_episode_never_reopens(scene: Set) -> None:
    """Semantics 13: a window that is bad again after its repair opens another episode."""
    now = scene(contract(TELL))
    for status in ("violated", "satisfied", "violated"):
        now.judge("sales.volume", day(0), status)
        now.reconcile()
        now.later(timedelta(hours=1))
    first, second = now.episodes()
    assert (first.closing, second.open) == (Closing.REPAIRED, True)
    assert first.id != second.id


def test_what_a_cleared_episode_held_does_not_open_another(scene: Set) -> None:
    """Semantics 13: its windows are done with, for ever: only a verdict that is younger than the end counts."""
    now = scene(contract(TELL))
    now.judge("sales.known", day(0), "violated")
    now.reconcile()
    for number in (1, 2):
        now.later(DAY)
        now.judge("sales.known", day(number), "satisfied")
    now.reconcile()
    now.later(timedelta(hours=1))
    assert now.reconcile().idle
    now.judge("sales.known", day(0), "violated")
    now.reconcile()
    assert [e.open for e in now.episodes()] == [False, True]


def test_accepted_ends_it(scene: Set) -> None:
    """Semantics 12: a day that a person accepted as it is ends its episode, and says so."""
    now = scene(contract(TELL))
    bad = now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    now.point(PointerKind.ACCEPTED, f"{SALES}|{day(0).partition}", bad.data, "accept")
    now.reconcile()
    assert now.episodes()[0].closing is Closing.ACCEPTED


def test_accepting_one_of_two_windows_does_not_end_it(scene: Set) -> None:
    """Semantics 12 and 13: what is neither satisfied nor accepted keeps the episode, whatever else was accepted."""
    now = scene(contract(TELL))
    bad = now.judge("sales.volume", day(0), "violated")
    now.judge("sales.volume", day(-1), "violated")
    now.reconcile()
    now.point(PointerKind.ACCEPTED, f"{SALES}|{day(0).partition}", bad.data, "accept")
    now.judge("sales.volume", day(-1), Reason.NO_REFERENCE)
    now.reconcile()
    assert now.episodes()[0].open


def test_groups_have_their_own_episodes(scene: Set) -> None:
    """Semantics 3 and 13: each group of a promise `by:` has an episode of its own."""
    now = scene(contract(TELL))
    for group in ("DELI", "MEAT"):
        now.judge("sales.known", day(0), "violated", group=group)
    now.reconcile()
    assert sorted(str(e.key.group) for e in now.episodes()) == ["DELI", "MEAT"]


def test_only_the_champion_opens_and_a_change_of_champion_closes(scene: Set) -> None:
    """Semantics 13: a candidate's verdicts open nothing; a change of champion closes the old version's episodes."""
    now = scene(contract(LIVE))
    for version in ("v1", "v2"):
        now.train(version)
        now.judge("demand.live", day(0), "violated", version=version)
    assert now.reconcile().idle
    now.champion("v1")
    now.reconcile()
    assert [(e.key.version, e.open) for e in now.episodes()] == [("v1", True)]
    now.later(timedelta(hours=1))
    now.judge("demand.live", day(0), "satisfied", version="v2")
    now.champion("v2")
    now.reconcile()
    assert [(e.key.version, e.closing) for e in now.episodes()] == [("v1", Closing.CHAMPION_CHANGED)]


def test_what_was_judged_before_its_term_opens_nothing(scene: Set) -> None:
    """Semantics 13: a version's verdicts as a candidate, or from an earlier term, feed only its release."""
    now = scene(contract(LIVE))
    now.train("v1")
    now.judge("demand.live", day(0), "violated", version="v1")
    now.later(timedelta(hours=1))
    now.champion("v1")
    assert now.reconcile().idle
    now.later(timedelta(hours=1))
    now.judge("demand.live", day(1), "violated", version="v1")
    now.reconcile()
    assert [(e.key.version, e.windows) for e in now.episodes()] == [("v1", (day(1),))]


def test_history_does_not_react(scene: Set) -> None:
    """Semantics 11: imported verdicts, and windows that ended more than `react_within` ago, open no episode."""
    now = scene(contract(TELL))
    now.judge("sales.volume", day(0), "violated", imported=True)
    now.judge("sales.complete", day(-7), "violated")
    assert now.reconcile().idle
    assert {(c.why, c.detail) for c in now.choices("alert")} == {
        (Why.HISTORY, "sales.complete: windows: 1"), (Why.HISTORY, "sales.volume: windows: 1")
    }  # fmt: skip


def test_history_reacts_when_it_is_asked_for_by_hand(scene: Set) -> None:
    """Semantics 11: `qoa react --window D` asks for a window of history, and it reacts once."""
    from qoa_platform.loop import reconcile

    now = scene(contract(TELL))
    now.judge("sales.volume", day(-30), "violated", imported=True)
    assert not reconcile(now.ports, asked=[day(-30)]).idle
    assert [e.windows for e in now.episodes()] == [(day(-30),)]
    assert now.reconcile().idle


def test_a_promise_that_left_the_contract_is_superseded(scene: Set) -> None:
    """Semantics 23: a new version closes the episodes of promises that it removed, and keeps the rest."""
    now = scene(contract(TELL))
    now.judge("sales.volume", day(0), "violated")
    now.judge("sales.complete", day(0), "violated")
    now.reconcile()
    kept = tuple(type(s)(**{f: getattr(s, f) for f in s.__slots__ if f != "promises"},
                         promises=tuple(p for p in s.promises if p.id != "volume")) for s in SUBJECTS)  # fmt: skip
    now.enact(contract(TELL, version=2, subjects=kept))
    now.reconcile()
    assert {e.key.promise: e.closing for e in now.episodes()} == {"volume": Closing.SUPERSEDED, "complete": None}


def test_the_schema_is_an_implied_critical_promise(scene: Set) -> None:
    """Semantics 1: a subject with `schema:` has the promise `schema`, whose verdicts have episodes like any other."""
    from qoa_platform.records import SchemaRef

    sales = SUBJECTS[0]
    with_schema = type(sales)(id="sales", kind=sales.kind, asset=SALES, promises=sales.promises,
                              schema=SchemaRef(ref="s", dialect="odcs", content="{}"))  # fmt: skip
    now = scene(contract(rule("stop", when("sales.* blocked"), "alert"), subjects=(with_schema,)))
    now.judge("sales.schema", day(0), "violated")
    now.reconcile()
    assert [e.key.promise for e in now.episodes()] == ["schema"]


def test_observed_promises_have_episodes(scene: Set) -> None:
    """Semantics 25: `mode: observe` records plans, so its blocked windows are seen although they block nothing."""
    now = scene(contract(rule("stop", "sales.* blocked", "quarantine"), mode=Mode.OBSERVE))
    now.judge("sales.volume", day(0), "violated", blocks=False)
    now.reconcile()
    assert now.said("quarantine") == ["skipped(mode: observe)"]
