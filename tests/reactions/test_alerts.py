"""Alerts (semantics 19): grouped per evaluation, once per firing, and `resolved` follows `opened`."""

from datetime import timedelta

from qoa_platform.records import AlertState, RunState
from tests.reactions.conftest import Set
from tests.reactions.stage import DAY, RAW, Scene, contract, day, rule, step

TELL = rule("tell", "sales.* violated", "alert")


def told(now: Scene) -> list[tuple[str, int]]:
    """(state, number of episodes) of every alert in the outbox, oldest first."""
    return [
        (str(e.data["state"]), len(list(e.data["episodes"])))  # type: ignore[call-overload]
        for _, e in now.ledger.outbox("log")
    ]


def test_alerts_are_grouped_per_evaluation(scene: Set) -> None:
    """Semantics 19: three promises of one subject that break at once are one alert, with a line for each."""
    now = scene(contract(TELL))
    for name in ("sales.volume", "sales.complete", "sales.known"):
        now.judge(name, day(0), "violated")
    now.reconcile()
    assert told(now) == [("opened", 3)]
    ((_, envelope),) = now.ledger.outbox("log")
    assert sum("sales." in str(line) for line in envelope.data["lines"]) == 3  # type: ignore[attr-defined]
    assert all("; why: " in str(x) and "; more: qoa explain retail/sales." in str(x) for x in envelope.data["lines"])  # type: ignore[attr-defined]


def test_subjects_are_told_apart(scene: Set) -> None:
    """Semantics 19: an alert is about one subject: its group is contract and subject."""
    now = scene(contract(rule("tell", "any violated", "alert")))
    now.judge("sales.volume", day(0), "violated")
    now.judge("training.price", day(0), "violated")
    now.reconcile()
    groups = {str(e.data["group"]) for _, e in now.ledger.outbox("log")}
    assert groups == {"retail/sales", "retail/training"}


def test_resolved_follows_opened(scene: Set) -> None:
    """Semantics 19: when every episode of an alert has ended, one `resolved` follows, which names what it resolves."""
    now = scene(contract(TELL))
    for name in ("sales.volume", "sales.complete"):
        now.judge(name, day(0), "violated")
    now.reconcile()
    for name, count in (("sales.volume", 1), ("sales.complete", 2)):
        now.later(timedelta(hours=1))
        now.judge(name, day(0), "satisfied")
        now.reconcile()
        assert len(told(now)) == count
    assert told(now) == [("opened", 2), ("resolved", 2)]
    opened, resolved = (e for _, e in now.ledger.outbox("log"))
    assert resolved.data["details"] == {"resolves": [opened.key]}
    assert now.reconcile().idle


def test_repeated_alerts_are_resolved_once(scene: Set) -> None:
    """Semantics 19: a step repeated by `cooldown` is told again; its end is told once, for all of them."""
    now = scene(contract(rule("tell", "sales.* violated", "alert", cooldown=DAY)))
    now.judge("sales.known", day(0), "violated")
    for _ in range(3):
        now.reconcile()
        now.later(DAY)
    now.judge("sales.known", day(0), "satisfied")
    now.reconcile()
    now.reconcile()
    assert told(now) == [("opened", 1)] * 3 + [("resolved", 1)]


def test_exhaustion_is_told_and_resolved_with_the_rest(scene: Set) -> None:
    """Semantics 17 and 19: `attempts exhausted` is an alert of its own; its resolution is grouped with the others'."""
    now = scene(contract(rule("stop", "sales.* blocked", step("rerun", RAW), "alert")))
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    now.runs.end(f"{now.reactions('rerun')[0].id}:1", RunState.FAILED)
    now.reconcile()
    assert told(now) == [("opened", 1)] * 2
    now.later(timedelta(hours=1))
    now.judge("sales.volume", day(0), "satisfied")
    now.reconcile()
    assert told(now) == [("opened", 1), ("opened", 1), ("resolved", 1)]
    assert now.reconcile().idle


def test_every_sink_is_told_under_one_key(scene: Set) -> None:
    """Decision 13: one envelope per sink, all with the reaction's id as their idempotency key."""
    now = scene(contract(TELL))
    now.ports = type(now.ports)(
        ledger=now.ledger, clock=now.clock, runs=now.runs, graph=now.ports.graph, sinks=("log", "webhook")
    )
    now.judge("sales.volume", day(0), "violated")
    now.reconcile()
    keys = {e.key for sink in ("log", "webhook") for _, e in now.ledger.outbox(sink)}
    assert keys == {now.reactions("alert")[0].id}


def test_observed_promises_alert(scene: Set) -> None:
    """Semantics 25: `mode: observe` performs only `alert`."""
    from qoa_platform.records import Mode

    now = scene(contract(rule("stop", "sales.* violated", "alert", step("hold", RAW)), mode=Mode.OBSERVE))
    now.judge("sales.volume", day(0), "violated", blocks=False)
    now.reconcile()
    assert told(now) == [(AlertState.OPENED, 1)]
    assert now.said("hold") == ["skipped(mode: observe)"]
