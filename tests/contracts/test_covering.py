"""coverage: which promises were ever violated, in the ledger or under a planted fault."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.contracts import Coverage, coverage, read
from qoa_platform.ledger import open_ledger
from qoa_platform.records import Batch, Committed, Key, Reason, Severity, Status, Verdict, Window
from tests.contracts.documents import RETAIL

CONTRACT = read(RETAIL)
START = datetime(2017, 10, 1, tzinfo=UTC)


def verdict(promise: str, day: int, status: Status, reason: Reason | None = None, **more: Any) -> Verdict:
    """A verdict of the retail contract on one day of October."""
    key = Key(contract=more.pop("contract", CONTRACT.name), subject=more.pop("subject", "sales"), promise=promise,
              group=more.pop("group", None))  # fmt: skip
    at = more.pop("at", START + timedelta(days=day))
    return Verdict(
        key=key, window=Window.of_partition(f"2017-10-{day:02d}"), status=status, reason=reason, at=at, wall=at,
        severity=Severity.WARNING, metric="data.row_count", contract_version=1, contract_digest="d", **more,
    )  # fmt: skip


def rows(verdicts: list[Verdict], **more: Any) -> dict[str, Coverage]:
    """The coverage by promise of ``sales``."""
    return {row.promise: row for row in coverage(CONTRACT, verdicts, **more) if row.subject == "sales"}


def test_every_promise_has_a_row_in_the_order_of_the_contract() -> None:
    """Promises without any verdict are rows too, the implied schema first; nothing was judged, nothing is proven."""
    found = coverage(CONTRACT, [])
    wanted = [
        (s.id, p) for s in CONTRACT.subjects for p in (["schema"] if s.schema else []) + [p.id for p in s.promises]
    ]
    assert [(row.subject, row.promise) for row in found] == wanted
    assert not any(row.windows or row.proven for row in found)
    assert str(found[0]) == "sales.schema: never judged"


def test_windows_are_counted_once_under_each_status() -> None:
    """A repaired window was violated and satisfied; unknown windows are counted by reason, and decide nothing."""
    found = rows([
        verdict("volume", 1, Status.SATISFIED), verdict("volume", 2, Status.VIOLATED, trial="t2"),
        verdict("volume", 2, Status.SATISFIED, at=START + timedelta(days=9)),
        verdict("volume", 3, Status.UNKNOWN, Reason.NO_DATA),
        verdict("volume", 3, Status.UNKNOWN, Reason.NO_DATA, at=START + timedelta(days=9)),
        verdict("fresh", 1, Status.SATISFIED), verdict("volume", 4, Status.VIOLATED, contract="another"),
    ], injected={"t2"})  # fmt: skip
    volume = found["volume"]
    assert (volume.windows, volume.decided, volume.satisfied, volume.violated, volume.injected) == (3, 2, 2, 1, 1)
    assert volume.unknown == {Reason.NO_DATA: 1}
    assert volume.last_violated == START + timedelta(days=2)
    assert str(volume) == "sales.volume: 2 of 3 windows decided, 1 violated (1 of them planted); unknown: 1 no_data"
    assert str(found["fresh"]) == "sales.fresh: 1 of 1 windows decided, 0 violated; NEVER VIOLATED"
    assert volume.proven
    assert not found["fresh"].proven


def test_a_violated_group_proves_its_promise() -> None:
    """A promise with by: has been seen to fail when a group of it was violated."""
    assert rows([verdict("quantity", 1, Status.VIOLATED, group="FUEL")])["quantity"].proven


def test_it_reads_what_a_ledger_holds(tmp_path: Path) -> None:
    """The same rows from records that went through a real ledger."""
    written = [verdict("volume", 1, Status.VIOLATED), verdict("volume", 2, Status.SATISFIED)]
    ledger = open_ledger(tmp_path / "ledger.db")
    try:
        assert isinstance(ledger.commit(Batch(records=tuple(written))), Committed)
        assert coverage(CONTRACT, ledger.find(Verdict)) == coverage(CONTRACT, written)
    finally:
        ledger.close()


drawn = st.builds(
    verdict,
    st.sampled_from(["volume", "fresh", "gone"]),
    st.integers(1, 5),
    st.sampled_from(Status),
    st.just(Reason.ERROR),
)


@given(st.lists(drawn), st.randoms())
def test_order_and_repetition_do_not_count(verdicts: list[Verdict], rng: Any) -> None:
    """A fold over a set: any order, and every record twice, give the same rows; no part exceeds the whole."""
    again = verdicts * 2
    rng.shuffle(again)
    found = coverage(CONTRACT, verdicts)
    assert coverage(CONTRACT, again) == found
    for row in found:
        assert max(row.satisfied, row.violated) <= row.decided <= row.windows
        assert row.proven == (row.violated > 0)
