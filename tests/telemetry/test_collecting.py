"""``/metrics`` shows what the ledger says, nothing that was not measured, and never fails."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.ledger import Store
from qoa_platform.records import Batch, Status, Verdict
from qoa_platform.telemetry import LIMIT, OVERFLOW, Family, LedgerCollector, registry, render
from qoa_platform.telemetry.families import LONGEST, oldest, total

Parse = Callable[[bytes], dict[tuple[str, ...], float]]


def test_the_story_is_told(ledger: Store, clock: Any, parse: Parse) -> None:
    """Status, values, margins, episodes, reactions, attempts, holds, champions, backlog, position, watchdog."""
    found = parse(render(ledger, clock=clock, sinks=("log", "webhook:ops")))
    volume, noon = ("shop", "sales", "volume"), clock.at().timestamp()
    assert found["qoa_verdict_status", *volume, "violated"] == 1
    assert found["qoa_verdict_status", *volume, "satisfied"] == 0
    assert found["qoa_verdict_value", *volume] == 4
    assert found["qoa_verdict_margin", *volume] == -6
    assert found["qoa_verdict_observations", *volume] == 1
    assert found["qoa_verdict_timestamp_seconds", *volume] == noon + 60
    assert found["qoa_verdict_window_end_timestamp_seconds", *volume] == noon - 36 * 3600
    assert found["qoa_promise_info", *volume, "data.row_count", "critical"] == 1
    assert found["qoa_episodes_open", *volume, "critical"] == 1
    assert found["qoa_reactions", "shop", "rerun", "requested"] == 1
    assert found["qoa_reactions", "shop", "alert", "applied"] == 1
    assert found["qoa_reactions", "shop", "quarantine", "decided"] == 1
    assert found["qoa_reaction_attempts_total", "shop", "rerun"] == 2
    assert found["qoa_holds", "asset"] == 1
    assert found["qoa_holds", "model"] == 0
    assert found["qoa_champion_generation", "demand"] == 2
    assert found["qoa_outbox_waiting", "log"] == 1
    assert found["qoa_outbox_waiting", "webhook:ops"] == 0
    assert found["qoa_outbox_oldest_timestamp_seconds", "log"] == noon
    assert found["qoa_ledger_position",] == ledger.seq()
    assert found["qoa_clock_timestamp_seconds",] == noon
    assert found["qoa_last_evaluation_timestamp_seconds", "shop"] == noon + 60
    assert found["qoa_ledger_up",] == 1


def test_unknown_is_shown_as_unknown_and_silence_as_nothing(ledger: Store, clock: Any, parse: Parse) -> None:
    """An unknown verdict has no value; a promise that was never judged has no status at all."""
    found = parse(render(ledger, clock=clock))
    assert found["qoa_verdict_status", "shop", "sales", "complete", "unknown"] == 1
    assert not [key for key in found if key[0] == "qoa_verdict_value" and "complete" in key]
    assert not [key for key in found if key[0] == "qoa_verdict_status" and "fresh" in key]
    assert found["qoa_promise_info", "shop", "sales", "fresh", "data.timeliness", "warning"] == 1


def test_groups_are_counted_not_named(ledger: Store, clock: Any, parse: Parse) -> None:
    """Groups come from data: their number is shown, in the last window, never their names."""
    found = parse(render(ledger, clock=clock))
    assert found["qoa_verdict_groups", "shop", "sales", "complete", "violated"] == 1
    assert found["qoa_verdict_groups", "shop", "sales", "complete", "satisfied"] == 1
    assert not [key for key in found if "gone" in key or "a" in key[1:]]


def test_a_model_is_shown_by_its_champion(ledger: Store, clock: Any, parse: Parse) -> None:
    """A candidate's verdict, however new, is not the model's."""
    assert parse(render(ledger, clock=clock))["qoa_verdict_value", "shop", "demand", "live"] == 0.1


def test_a_contract_that_was_never_evaluated_is_overdue(ledger: Store, clock: Any, parse: Parse) -> None:
    """A dead man's switch: 0 makes ``time() - …`` large, where no series would keep silent."""
    from dataclasses import replace

    from qoa_platform.reactions.enacting import enact
    from qoa_platform.records import Enacted

    known = ledger.find(Enacted)[0].contract
    enact(ledger, replace(known, name="new", digest="e" * 64), at=clock.at(), wall=clock.at(), actor="test")
    found = parse(render(ledger, clock=clock))
    assert found["qoa_last_evaluation_timestamp_seconds", "new"] == 0


def test_a_scrape_sees_what_was_written_since(
    ledger: Store, clock: Any, parse: Parse, make_verdict: Callable[..., Verdict]
) -> None:
    """Kept between scrapes, and equal to a reading from nothing: repaired, joined, older windows."""
    from prometheus_client import generate_latest

    kept = registry(ledger, clock=clock, sinks=("log",))
    generate_latest(kept)
    later = clock.at() + timedelta(hours=1)
    for number, (day, status) in enumerate(
        [("2017-10-02", Status.SATISFIED), ("2017-09-15", Status.VIOLATED), ("2017-10-03", Status.UNKNOWN)]
    ):
        ledger.commit(Batch(records=(make_verdict("volume", day, status, value=50.0 + number, at=later, wall=later),)))
        assert generate_latest(kept) == render(ledger, clock=clock, sinks=("log",))
    found = parse(generate_latest(kept))
    assert found["qoa_verdict_status", "shop", "sales", "volume", "unknown"] == 1
    assert found["qoa_last_evaluation_timestamp_seconds", "shop"] == later.timestamp()


def test_a_promise_judged_long_ago_is_still_shown(
    ledger: Store, clock: Any, parse: Parse, make_verdict: Callable[..., Verdict]
) -> None:
    """Its last verdict stands, however old, though only recent ones are read at once."""
    ledger.commit(Batch(records=(make_verdict("fresh", "2016-01-01", Status.SATISFIED, value=3600.0),)))
    assert parse(render(ledger, clock=clock))["qoa_verdict_value", "shop", "sales", "fresh"] == 3600


def test_a_ledger_that_cannot_be_read_is_down(
    ledger: Store, clock: Any, parse: Parse, caplog: pytest.LogCaptureFixture
) -> None:
    """``qoa_ledger_up 0`` and no stale value beside it; the cause is in the log."""
    ledger.close()
    assert parse(render(ledger, clock=clock)) == {("qoa_ledger_up",): 0.0}
    assert "is closed" in caplog.text


def test_nan_and_infinities_are_shown_as_such(
    ledger: Store, clock: Any, parse: Parse, make_verdict: Callable[..., Verdict]
) -> None:
    """They were measured (and are violated)."""
    bad = make_verdict("fresh", "2017-10-03", Status.VIOLATED, value=float("inf"))
    ledger.commit(Batch(records=(bad,)))
    assert parse(render(ledger, clock=clock))["qoa_verdict_value", "shop", "sales", "fresh"] == float("inf")


NAMES = st.text(max_size=300)


@given(st.lists(st.tuples(NAMES, NAMES, st.floats(0, 100)), max_size=60), st.integers(2, 12))
def test_no_label_breaks_a_scrape_and_their_number_is_bounded(rows: list[tuple[str, str, float]], limit: int) -> None:
    """Any text, surrogates included: parsed by the reference parser, at most *limit* series, no count is lost."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.parser import text_string_to_metric_families

    family = Family(name="x", about="Counted.", labels=("a", "b"), fold=total, limit=limit)
    for a, b, value in rows:
        family.add((a, b), value)

    class One:
        def collect(self) -> Any:
            yield family.metric()

    made = CollectorRegistry()
    made.register(One())
    read = text_string_to_metric_families(generate_latest(made).decode("utf-8"))
    samples = [sample for one in read for sample in one.samples]
    assert len(samples) == len(family.series) <= limit
    assert sum(s.value for s in samples) == pytest.approx(sum(value for *_, value in rows))
    assert all(len(v) <= LONGEST for s in samples for v in s.labels.values())
    assert (family.folded > 0) == ((OVERFLOW, OVERFLOW) in family.series)


def test_what_has_no_sum_is_left_out(ledger: Store) -> None:
    """A value beyond the limit is not added to another's; it is counted."""
    family = Family(name="x", about="Value.", labels=("a",), limit=2)
    for name in ("a", "b", "c"):
        family.add((name,), 1.0)
    assert (family.series, family.folded) == ({("a",): 1.0}, 2)
    twice = Family(name="x", about="Value.", labels=("a",))
    twice.add(("a\n",), 1.0)
    twice.add(("a\t",), 2.0)
    assert (twice.series, twice.folded) == ({("a ",): 1.0}, 1)
    assert oldest(3.0, 2.0) == 2.0


def test_a_storm_of_promises_is_folded(ledger: Store, clock: Any, parse: Parse) -> None:
    """Beyond the limit statuses add up, and the scrape says how many series that were."""
    from prometheus_client import CollectorRegistry, generate_latest

    made = CollectorRegistry()
    made.register(LedgerCollector(ledger, clock, limit=3))
    found = parse(generate_latest(made))
    assert sum(v for k, v in found.items() if k[0] == "qoa_verdict_status") == 3
    assert found["qoa_folded_series", "qoa_verdict_status"] > 0
    assert LIMIT == 10_000
