"""An alert that stays unresolved is told again, once per interval, and never after its end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from qoa_platform.alerts import Channels, deliver
from qoa_platform.ledger import Store
from qoa_platform.records import (
    Alert,
    Batch,
    Closing,
    Episode,
    Key,
    Outcome,
    OutcomeState,
    Reaction,
    ReactionKind,
    Severity,
    Status,
    Target,
    Window,
)

T = datetime(2017, 10, 4, 12, tzinfo=UTC)
NOTED: dict[str, Any] = {"at": T, "wall": T}
H = timedelta(hours=1)
EPISODE = Episode(
    key=Key(contract="retail", subject="sales", promise="volume"), opening="o", severity=Severity.CRITICAL,
    status=Status.VIOLATED, windows=(Window.of_partition("2017-10-03"),), opened_at=T, opened_wall=T, changed_at=T,
)  # fmt: skip
TOLD = Reaction(
    contract="retail", contract_digest="d", subject="sales", rule="stop-bad-data", step=1, kind=ReactionKind.ALERT,
    target=Target(asset="retail/sales_day", episode=EPISODE.id), cause=EPISODE.id, serves=(EPISODE.id,),
    reason="first violation", **NOTED,
)  # fmt: skip


class Kept:
    """A channel that keeps what it was told."""

    name = "kept"

    def __init__(self) -> None:
        self.alerts: list[Alert] = []

    def notify(self, alert: Alert, /) -> None:
        self.alerts.append(alert)


def at(ledger: Store, kept: Kept, hours: float) -> int:
    """How many are told *hours* after the alert, by a process that was just started."""
    channels = Channels({"webhook:ops": kept}, {"webhook:ops": 4 * H})
    when = T + hours * H
    return deliver(ledger, channels, at=when, wall=when).sent


def told(ledger: Store, outcome: OutcomeState = OutcomeState.APPLIED) -> None:
    """An episode is open, and its alert was written."""
    ledger.commit(Batch(records=(EPISODE, TOLD, Outcome(reaction=TOLD.id, state=outcome, **NOTED))))


def test_it_is_told_again_once_per_interval(ledger: Store) -> None:
    """Nothing before 4 h; one at 4 h, whoever asks and how often; what was missed is not made up for."""
    told(ledger)
    kept = Kept()
    assert [at(ledger, kept, h) for h in (0, 3.9, 4, 4.1, 7.9, 8, 8, 21)] == [0, 0, 1, 0, 0, 1, 0, 1]
    assert len({a.key for a in kept.alerts}) == 3
    assert kept.alerts[0].title == "[critical] retail: retail/sales_day — still open: first violation"
    assert kept.alerts[0].lines == ("sales.volume: violated since 2017-10-04 12:00 UTC",)
    assert kept.alerts[0].group == "retail/sales"


def test_an_ended_episode_reminds_nobody(ledger: Store) -> None:
    """Closed is closed."""
    told(ledger)
    over = replace(EPISODE, closed_at=T + H, closed_wall=T + H, closing=Closing.REPAIRED, changed_at=T + H, revision=1)
    ledger.commit(Batch(records=(over,)))
    assert at(ledger, Kept(), 5) == 0


def test_what_was_not_told_is_not_repeated(ledger: Store) -> None:
    """A skipped alert (mode: observe, a conflict) reminds nobody."""
    told(ledger, OutcomeState.SKIPPED)
    assert at(ledger, Kept(), 5) == 0


def test_the_newest_alert_of_a_group_counts(ledger: Store) -> None:
    """Told at 3 h of the same subject: reminded 4 h after that."""
    told(ledger)
    later: dict[str, Any] = {"at": T + 3 * H, "wall": T + 3 * H}
    again = replace(TOLD, rule="blind", **later)
    ledger.commit(Batch(records=(again, Outcome(reaction=again.id, state=OutcomeState.APPLIED, **later))))
    kept = Kept()
    assert [at(ledger, kept, h) for h in (4, 6.9, 7)] == [0, 0, 1]


def test_without_repeat_nothing_is_repeated(ledger: Store) -> None:
    """A contract's cool-down repeats alerts; a channel does only when it says so."""
    told(ledger)
    when = T + 100 * H
    assert deliver(ledger, Channels({"webhook:ops": Kept()}), at=when, wall=when).sent == 0
