"""Owns the tests of the loop over data: a bad day is quarantined, fetched again, repaired, or given up aloud."""

from datetime import timedelta

import polars as pl
import pytest
from dagster import RunsFilter

from qoa_platform.loop import reconcile
from qoa_platform.orchestration.tags import KEY
from qoa_platform.reactions.commands import set_hold
from qoa_platform.records import OutcomeState, PointerKind, ReactionKind, TrialState, Window
from tests.host.conftest import Open
from tests.host.shop import DAY, DEMAND, FAILURE, NOON, RELEASE, SUCCESS, TRAINING, Shop, day_of, text

NEXT = "2026-01-21"
RERUN, ALERT, QUARANTINE = ReactionKind.RERUN, ReactionKind.ALERT, ReactionKind.QUARANTINE


@pytest.fixture
def running(shop: Shop) -> Shop:
    """A shop that has been published for a day already."""
    shop.daily("2026-01-19")
    shop.settle()
    return shop


def endings(shop: Shop, promise: str = "enough") -> list[tuple[list[str], str]]:
    """Days and ending of every episode of *promise*."""
    found = [e for e in shop.world.episodes if e.key.promise == promise]
    return [([w.partition for w in e.windows], str(e.closing)) for e in found]


def alerts(shop: Shop) -> list[str]:
    """State and title of everything that was sent to the log, in order."""
    return [f"{e.data['state']}: {e.data['title']}" for _, e in shop.ledger.outbox("log")]


def test_a_bad_day_is_repaired(running: Shop) -> None:
    """Fed half once: kept back, quarantined, fetched again, published, told once and told to be over."""
    running.source.days[DAY] = day_of(DAY, rows=8)
    running.plant("feed:shop/raw", "half_rows", DAY)
    assert running.daily().status is FAILURE
    bad = running.trial("shop/sales", DAY).output
    assert running.published("shop/sales", DAY) is None
    running.settle()
    assert running.lives(QUARANTINE) == [["applied"]]
    assert running.lives(RERUN) == [["requested", "applied"]]
    assert running.lives(ALERT) == [["applied"], ["applied"]]
    assert [t.state for t in running.trials("shop/sales", DAY)] == [TrialState.BLOCKED, TrialState.PUBLISHED]
    assert running.published("shop/sales", DAY) not in (None, bad)
    assert endings(running) == [([DAY], "repaired")]
    assert [line.partition(":")[0] for line in alerts(running)] == ["opened", "resolved"]
    assert running.pointer(PointerKind.QUARANTINE, f"shop/sales|{DAY}|{bad}") is None


def test_what_lies_below_catches_up(running: Shop) -> None:
    """The repair's one run makes the totals again too, for they had fallen behind."""
    running.plant("feed:shop/raw", "half_rows", DAY)
    running.daily()
    before = running.published("shop/totals")
    running.settle()
    rerun = running.reactions(RERUN)[0]
    run = running.instance.get_runs(RunsFilter(tags={KEY: f"{rerun.id}:1"}))[0]
    assert running.steps(run) == ["shop__raw", "shop__sales", "shop__totals"]
    assert running.published("shop/totals") != before
    assert len(running.trial("shop/totals").reads) == 2


def test_a_second_look_changes_nothing(running: Shop) -> None:
    """Level-triggered: once settled, reconciling again writes nothing and asks for nothing."""
    running.plant("feed:shop/raw", "half_rows", DAY)
    running.daily()
    running.settle()
    seq = running.ledger.seq()
    for _ in range(3):
        done = reconcile(running.ports)
        assert (done.idle, done.requests, done.refused) == (True, [], [])
    assert running.ledger.seq() == seq


def test_two_bad_days_in_one_episode(running: Shop) -> None:
    """Both come in halves while nobody looks: one episode, one alert, a quarantine and a rerun for each of them."""
    for day in (DAY, NEXT):
        running.plant("feed:shop/raw", "half_rows", day)
        running.daily(day)
    running.settle()
    assert endings(running) == [([DAY, NEXT], "repaired")]
    assert sorted(r.target.partition or "" for r in running.reactions(RERUN)) == [DAY, NEXT]
    assert running.lives(RERUN) == [["requested", "applied"]] * 2
    assert running.lives(QUARANTINE) == [["applied"]] * 2
    assert [line.partition(":")[0] for line in alerts(running)] == ["opened", "resolved"]
    assert all(running.published("shop/sales", day) for day in (DAY, NEXT))


def test_a_bad_day_joins_an_episode_that_is_open(running: Shop) -> None:
    """The second bad day comes while the first one's rerun is still in backoff: one episode, and both get repaired."""
    running.plant("feed:shop/raw", "half_rows", DAY, times=2)
    running.daily()
    for request in reconcile(running.ports).requests:
        running.runs.request(request)
    reconcile(running.ports)
    running.plant("feed:shop/raw", "half_rows", NEXT)
    running.daily(NEXT)
    running.settle()
    lives = {r.target.partition: [str(o.state) for o in running.outcomes(r)] for r in running.reactions(RERUN)}
    assert lives == {DAY: ["requested", "retry", "requested", "applied"], NEXT: ["requested", "applied"]}
    assert endings(running) == [([DAY, NEXT], "repaired")]


def test_a_persistent_fault_is_given_up_aloud(running: Shop) -> None:
    """Three runs of its own, five minutes apart, then ``attempts exhausted`` and an alert; the last good day stays."""
    running.daily()
    good = running.published("shop/sales", DAY)
    running.plant("feed:shop/raw", "half_rows", DAY, times=None)
    running.daily()
    began = running.workspace.clock.at()
    running.settle()
    rerun = running.reactions(RERUN)[0]
    life = running.outcomes(rerun)
    assert [(str(o.state), o.attempt) for o in life] == [
        ("requested", 1), ("retry", 1), ("requested", 2), ("retry", 2), ("requested", 3), ("failed", 3),
    ]  # fmt: skip
    assert life[-1].detail == "attempts exhausted (3)"
    keys = [run.tags[KEY] for run in running.instance.get_runs() if run.tags.get(KEY, "").startswith(rerun.id)]
    assert sorted(keys) == [f"{rerun.id}:{n}" for n in (1, 2, 3)]
    assert running.workspace.clock.at() - began >= 2 * timedelta(minutes=5) - timedelta(seconds=30)
    assert running.published("shop/sales", DAY) == good
    assert any("attempts exhausted" in str(line) for _, e in running.ledger.outbox("log") for line in e.data["lines"])
    assert [e.open for e in running.world.episodes] == [True]


def test_a_person_mends_what_was_given_up(running: Shop) -> None:
    """After the last attempt a person's run repairs the day: the episode closes, and everyone is told."""
    running.plant("feed:shop/raw", "half_rows", DAY, times=4)
    running.daily()
    running.settle()
    assert running.daily().status is SUCCESS
    running.settle()
    assert endings(running) == [([DAY], "repaired")]
    assert alerts(running)[-1].startswith("resolved")


def test_the_backoff_is_waited_for(running: Shop) -> None:
    """Before the backoff is over no second run is asked for, however often the ledger is looked at."""
    running.plant("feed:shop/raw", "half_rows", DAY, times=None)
    running.daily()
    for request in reconcile(running.ports).requests:
        running.runs.request(request)
    assert [reconcile(running.ports).requests for _ in range(3)] == [[], [], []]
    assert running.outcomes(running.reactions(RERUN)[0])[-1].state is OutcomeState.RETRY


def test_two_broken_promises_are_one_repair(running: Shop) -> None:
    """Too few rows and a negative amount: two episodes, one quarantine, one rerun that serves both, one alert."""
    sent = iter([day_of(DAY, rows=2, amount=[-1.0, -2.0]), day_of(DAY)])
    running.source.days[DAY] = lambda: next(sent)
    running.daily()
    running.settle()
    assert sorted(str(e.key) for e in running.world.episodes) == ["sales.enough", "sales.sane"]
    assert (len(running.reactions(RERUN)), len(running.reactions(QUARANTINE))) == (1, 1)
    assert len(running.reactions(RERUN)[0].serves) == 2
    assert len(alerts(running)) == 2


def test_a_hold_defers_a_repair(running: Shop) -> None:
    """While a person holds the asset no run is asked for; when the hold is lifted the repair goes on."""
    running.plant("feed:shop/raw", "half_rows", DAY)
    running.daily()
    running.ledger.commit(set_hold(running.world, "asset:shop/sales", reason="wait", actor="me", why="wait"))
    running.settle()
    assert running.published("shop/sales", DAY) is None
    assert running.trials("shop/raw", DAY)[-1].attempt == 1
    running.ledger.commit(set_hold(running.world, "asset:shop/sales", reason=None, actor="me", why="go on"))
    running.settle()
    assert running.published("shop/sales", DAY) is not None


HOLDING = """\
policy:
  - {name: wait, when: sales.enough violated, do: [{hold: shop/totals}], on_recovery: release}
"""


def test_a_hold_by_rule_refuses_and_is_released(open_shop: Open) -> None:
    """A bad day holds what lies below; runs of it refuse with the reason; with the repair the hold ends by itself."""
    shop = open_shop(text(HOLDING))
    shop.daily("2026-01-19")
    shop.source.days[DAY] = day_of(DAY, rows=3)
    shop.daily()
    shop.settle()
    refused = shop.run("shop/totals")
    assert refused.status is FAILURE
    assert "held: " in shop.failures(refused)["shop__totals"]
    assert "sales.enough" in shop.failures(refused)["shop__totals"]
    del shop.source.days[DAY]
    shop.run("shop/raw", "shop/sales", partition=DAY)
    shop.settle()
    assert shop.pointer(PointerKind.HOLD, "asset:shop/totals") is None
    assert shop.run("shop/totals").status is SUCCESS
    assert [m.verb for m in shop.ledger.moves(PointerKind.HOLD)] == ["hold", "release-hold"]


BLIND = """\
policy:
  - {name: blind, when: any unknown(no_data|stale|error) for 2 d, do: [alert]}
"""


def test_blindness_is_told_after_two_days(open_shop: Open) -> None:
    """A day on which nothing came is unknown(no_data) where nothing can be said; after two days that is told, once."""
    contract = text(BLIND).replace(
        "    event_time: time\n", "    event_time: time\n    expected: daily\n    delay: 6 h\n"
    )
    shop = open_shop(contract)
    shop.daily("2026-01-19")
    shop.settle()
    due = Window.of_partition(DAY).end + timedelta(hours=6)
    shop.tick(due - timedelta(minutes=1))
    shop.settle()
    assert shop.said(DAY) == {}
    shop.tick(due)
    shop.settle()
    assert shop.said(DAY) == {
        "enough": "violated", "sane": "unknown(no_data)", "steady": "unknown(no_data)", "complete": "unknown(no_data)",
        "fresh": "unknown(no_data)",
    }  # fmt: skip
    assert alerts(shop) == []
    shop.tick(due + timedelta(days=2))
    shop.settle()
    assert [a.partition(":")[0] for a in alerts(shop)].count("opened") == 1


def test_a_day_of_nothing_is_not_due_while_it_runs(open_shop: Open) -> None:
    """While a run of the asset and partition is active, nothing is due for it."""
    contract = text(BLIND).replace("    event_time: time\n", "    event_time: time\n    expected: daily\n")
    shop = open_shop(contract)
    shop.daily("2026-01-19")
    seen: list[dict[str, str]] = []

    def look() -> pl.DataFrame:
        reconcile(shop.ports)
        seen.append(shop.said(DAY))
        return day_of(DAY)

    shop.source.days[DAY] = look
    shop.tick(NOON)
    shop.run("shop/raw", "shop/sales", partition=DAY)
    assert seen == [{}]
    assert shop.said(DAY)["enough"] == "satisfied"


RELEARN = """\
policy:
  - {name: relearn, when: sales.steady violated, do: [{retrain: demand}], cooldown: 7 d}
"""


def test_a_lasting_shift_retrains_once_per_cooldown(open_shop: Open) -> None:
    """Amounts are different for good: a candidate is trained at once, and again only when the cool-down is over."""
    steady = '      - {id: steady, metric: drift.psi, column: amount, reference: training, must: "< 0.2"}\n'
    shop = open_shop(text(DEMAND, TRAINING, RELEARN, RELEASE, promises=steady))
    days = [f"2026-01-{n:02}" for n in range(12, 26)]
    shop.source.days = {day: day_of(day, rows=600) for day in days}
    shop.run("shop/raw", "shop/sales", "shop/totals", span=("2026-01-12", "2026-01-15"), tags={"qoa/import": "history"})
    shop.tick(Window.of_partition("2026-01-15").end)
    shop.train()
    shop.settle()
    assert shop.world.champion("demand") == "v1"
    trained = {}
    for day in days[4:]:
        shop.source.days[day] = day_of(day, rows=600, amount=[1000.0 + n for n in range(600)])
        shop.daily(day)
        shop.settle()
        trained[day] = len(shop.world.versions)
    assert trained == dict.fromkeys(days[4:11], 2) | dict.fromkeys(days[11:], 3)
    assert shop.lives(ReactionKind.RETRAIN) == [["requested", "applied"]] * 2
    assert len([e for e in shop.world.episodes if str(e.key) == "sales.steady"]) == 1


def test_alerts_have_their_state(running: Shop) -> None:
    """What is sent carries who is responsible, where to read on, and one key per alert."""
    running.plant("feed:shop/raw", "half_rows", DAY)
    running.daily()
    running.settle()
    sent = [e for _, e in running.ledger.outbox("log")]
    assert [e.data["owner"] for e in sent] == ["shop-team"] * 2
    assert [e.data["runbook"] for e in sent] == ["docs/shop.md"] * 2
    assert len({e.key for e in sent}) == 2
