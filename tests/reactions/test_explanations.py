"""A promise is explained from what a ledger holds: whatever its name, and however little there is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from qoa_platform.contracts import read_text
from qoa_platform.reactions.explanations import Held, UnknownPromise, explained, found, places
from qoa_platform.reactions.spending import spending
from qoa_platform.records import Bounds, Key, Reason, Severity, Status, Verdict, Window
from tests.audit.desk import HEAD, NOW

SUBJECTS = """\
  sales:
    asset: shop/sales
    partition: day
    promises:
      - {id: volume, metric: data.row_count, must: usual, severity: critical}
      - {id: mean, metric: data.mean, column: amount, must: ">= 1", by: shop}
"""
CONTRACT = read_text(HEAD + SUBJECTS)
OTHER = replace(CONTRACT, name="other")
EVERY = [*places(CONTRACT), *places(OTHER)]


def told(day: int, status: str = "satisfied", *, promise: str = "volume", group: str | None = None) -> Verdict:
    """A verdict on a day of December."""
    return Verdict(
        key=Key(contract="shop", subject="sales", promise=promise, group=group),
        window=Window.of_partition(f"2017-12-{day:02}"), status=Status(status),
        reason=Reason.INSUFFICIENT_N if status == "unknown" else None, severity=Severity.WARNING,
        metric="data.row_count", value=9.0, n=9, bounds=Bounds(low=5.0), contract_version=1, contract_digest="0",
        at=NOW + timedelta(hours=day), wall=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "extra"),
    [("shop/sales.mean", None), (" shop/sales.mean[a.b [c]]", "a.b [c]"), ("shop/sales.mean[x/y]", "x/y")],
)
def test_a_name_says_contract_promise_and_group(name: str, extra: str | None) -> None:
    """Whatever a group is called."""
    place, said = found(EVERY, name)
    assert (place.contract.name, place.name, said) == ("shop", "sales.mean", extra)


def test_a_name_of_two_contracts_must_say_which() -> None:
    """Both are named."""
    with pytest.raises(UnknownPromise, match=r"shop/sales\.mean, other/sales\.mean"):
        found(EVERY, "sales.mean")


@pytest.mark.parametrize("name", ["", "sales", "sales.", ".", "a/b/c.d", "sales.mean.x", "[x]"])
def test_a_name_that_is_none_is_told_what_there_is(name: str) -> None:
    """No text is a crash."""
    with pytest.raises(UnknownPromise, match="Known: "):
        found(EVERY, name)


def test_history_ends_with_the_verdict_and_counts_what_came_before() -> None:
    """Later windows are not in it; a band that is missing says how many windows there are."""
    place, _ = found(EVERY, "shop/sales.volume")
    verdicts = [*(told(k) for k in range(1, 8)), told(8, "unknown"), told(9)]
    one = explained(place, verdicts[7], Held(verdicts=verdicts))
    assert [m.window for m in one.history] == [f"2017-12-0{k}" for k in range(1, 9)]
    assert "there are 7" in one.remedies[0].says
    assert one.gates
    assert one.spend is not None
    assert one.spend.judged == 7
    assert one.plain()["because"] == one.because


def test_nothing_held_is_explained_by_the_contract_alone() -> None:
    """Before the first verdict, what is promised and what it means is known."""
    place, _ = found(EVERY, "shop/sales.mean")
    one = explained(place, None)
    assert one.because == "it was never judged"
    assert one.wording.startswith("data.mean of amount is at least 1")
    assert not one.gates
    assert (one.history, one.remedies) == ((), ())


def test_imported_history_and_other_periods_spend_nothing() -> None:
    """Only what could have raised an alarm in the period is counted; groups make a window take more looks."""
    verdicts = [
        replace(told(1, "violated"), imported=True), told(2, "violated"), told(5, "violated"), told(6, "violated"),
        told(6, promise="mean", group="north"), told(6, promise="mean", group="south"),
    ]  # fmt: skip
    said = spending(CONTRACT, verdicts, accepted=(), since=Window.of_partition("2017-12-03").end, until=NOW)
    own = {s.promise: s for s in said.promises}
    assert (own["volume"].judged, own["volume"].alarms) == (2, 1)
    assert own["mean"].declared is None
    assert said.expected == pytest.approx(2 * 0.5 / 30)
    assert not said.overspent


def test_lasting_changes_are_named_with_their_window() -> None:
    """A level that moved for good is named where it began; a steady one has none."""
    place, _ = found(EVERY, "shop/sales.volume")
    steady = [replace(told(k), value=100.0 + k * 7 % 5) for k in range(1, 31)]
    moved = [replace(v, value=(v.value or 0.0) + 40.0) if v.window.partition >= "2017-12-16" else v for v in steady]
    assert explained(place, steady[-1], Held(verdicts=steady)).changes == ()
    (change,) = explained(place, moved[-1], Held(verdicts=moved)).changes
    assert change.window == "2017-12-16"
    assert "→" in change.says
