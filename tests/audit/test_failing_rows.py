"""The failing rows of verdicts: counted completely, sampled up to a bound, masked, and not looked for in vain."""

from typing import Any

import polars as pl
import pytest

from qoa_platform.audit import Neighbour, failing
from qoa_platform.ledger import Store
from qoa_platform.ledger.codec import decode, encode
from qoa_platform.records import FailingRow, FailingRows, Verdict
from qoa_platform.scans.flagging import Flags, flagged
from tests.audit.desk import Desk

SALES = """\
  sales:
    asset: shop/sales
    partition: day
    sensitive: [customer]
    missing: {shop: ["N/A"]}
    promises:
      - {id: sane, metric: data.in_range, column: amount, low: 0, must: "= 100 %", severity: critical}
      - {id: unique, metric: data.key_violations, columns: [customer, shop], must: "= 0 rows"}
      - {id: complete, metric: data.completeness, columns: [shop, amount], must: ">= 50 %"}
      - {id: enough, metric: data.row_count, must: ">= 1 rows"}
"""


def judged(ledger: Store, frame: pl.DataFrame) -> dict[str, Verdict]:
    """The verdicts on a day, by promise."""
    return {v.key.promise: v for v in Desk.of(ledger, SALES).judged("shop/sales", "2017-12-24", frame).verdicts}


def day(amount: list[float | None], shop: list[str] | None = None) -> pl.DataFrame:
    """A day whose customers all differ."""
    names = [f"c{n}" for n in range(len(amount))]
    return pl.DataFrame({"customer": names, "shop": shop or ["a"] * len(amount), "amount": amount})


def test_a_violated_promise_keeps_its_failing_rows(ledger: Store) -> None:
    """Where, of which key (sensitive parts masked), which cell, and why; the count is complete; the ledger keeps it."""
    verdict = judged(ledger, day([1.0, -2.0, 3.0]))["sane"]
    found = FailingRows.of(verdict.evidence)
    row = FailingRow(
        row=1, key=(("customer", "•••"), ("shop", "a")), cells=(("amount", "-2"),), why="outside [0, ∞)"
    )  # fmt: skip
    assert found == FailingRows(count=1, sample=(row,))
    kept = decode(Verdict, encode(verdict))
    assert FailingRows.of(kept.evidence) == found


def test_a_promise_that_holds_shows_the_rows_that_fail_it_nevertheless(ledger: Store) -> None:
    """75 % complete is enough here; the rows with something missing are listed all the same, one line a row."""
    verdict = judged(ledger, day([1.0, None, 3.0, 4.0], ["N/A", "N/A", "b", "c"]))["complete"]
    found = FailingRows.of(verdict.evidence)
    assert verdict.satisfied
    assert found is not None
    assert found.count == 2
    assert [row.cells for row in found.sample] == [(("shop", "N/A"),), (("shop", "N/A"), ("amount", None))]


def test_rows_that_share_a_key_are_listed(ledger: Store) -> None:
    """Both rows of a pair, with their key cells; what is sensitive stays masked."""
    frame = day([1.0, 2.0, 3.0]).with_columns(customer=pl.Series(["x", "y", "x"]))
    found = FailingRows.of(judged(ledger, frame)["unique"].evidence)
    assert found is not None
    assert [(row.row, row.cells) for row in found.sample] == [
        (0, (("customer", "•••"), ("shop", "a"))), (2, (("customer", "•••"), ("shop", "a"))),
    ]  # fmt: skip


def test_a_sample_is_bounded_and_its_count_is_not(ledger: Store) -> None:
    """Of ten thousand failing rows ten are kept, each value cut; all are counted."""
    frame = day([-1.0] * 10_000, ["z" * 5_000] * 10_000)
    verdict = judged(ledger, frame)["sane"]
    found = FailingRows.of(verdict.evidence)
    assert found is not None
    assert (found.count, len(found.sample)) == (10_000, failing.SAMPLE)
    assert len(encode(verdict)) < 10_000


def test_a_clean_day_is_not_searched(ledger: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every promise holds for every row nothing is flagged, and no evidence is kept."""
    searched: list[Any] = []

    def noted(*given: Any, **named: Any) -> Flags:
        searched.append(given)
        return flagged(*given, **named)

    monkeypatch.setattr(failing, "flagged", noted)
    verdicts = judged(ledger, day([1.0, 2.0]))
    assert searched == []
    assert all("rows" not in v.evidence for v in verdicts.values())
    judged(ledger, day([-1.0, 2.0]))
    assert len(searched) == 1


def test_text_of_data_stays_on_its_line(ledger: Store) -> None:
    """What a cell holds cannot write to a terminal: control characters are gone before they are stored."""
    frame = day([-1.0, 1.0], ["a\x1b[31m\nb", "c"])
    found = FailingRows.of(judged(ledger, frame)["sane"].evidence)
    assert found is not None
    assert found.sample[0].key[1] == ("shop", "a\ufffd[31m b")


GROUPED = """\
  sales:
    asset: shop/sales
    partition: day
    missing: {shop: ["N/A"]}
    promises:
      - {id: sane, metric: data.in_range, column: amount, low: 0, by: shop, must: ">= 60 %"}
      - {id: unique, metric: data.key_violations, columns: [customer], by: shop, must: "= 0 rows"}
"""


def test_violated_groups_keep_their_own_failing_rows(ledger: Store) -> None:
    """Rows of the group alone, told by their place in the frame; what repeats in another group is no matter."""
    frame = pl.DataFrame(
        {
            "customer": ["x", "y", "x", "z", "z"],
            "shop": ["a", "b", "b", "N/A", "N/A"],
            "amount": [1.0, -1.0, 2.0, 3.0, 4.0],
        }
    )
    verdicts = Desk.of(ledger, GROUPED).judged("shop/sales", "2017-12-24", frame).verdicts
    found = {(v.key.promise, v.key.group): FailingRows.of(v.evidence) for v in verdicts}
    rows = {key: [row.row for row in kept.sample] for key, kept in found.items() if kept is not None}
    assert rows == {
        ("sane", None): [1], ("sane", "b"): [1], ("unique", None): [0, 2, 3, 4], ("unique", "␀"): [3, 4],
    }  # fmt: skip


ORPHANS = """\
  sales:
    asset: shop/sales
    partition: day
    promises:
      - {id: known, metric: data.referential_integrity, column: shop, parent: shop/shops, key: id, must: "= 100 %"}
      - {id: rule, metric: data.fd_violation, left: shop, right: town, must: "= 0 %"}
"""


def test_orphans_and_broken_rules_are_listed_with_what_is_expected(ledger: Store) -> None:
    """The parent is the frame beside, as it was published; of a clear majority the minority cell, and the majority."""
    frame = pl.DataFrame({"shop": ["a", "a", "a", "z"], "town": ["Oslo", "Oslo", "Olso", "Bergen"]})
    beside = {"shop/shops": Neighbour(frame=pl.DataFrame({"id": ["a"]}), digest="0" * 64)}
    verdicts = Desk.of(ledger, ORPHANS).judged("shop/sales", "2017-12-24", frame, beside=beside).verdicts
    orphan, rule = (FailingRows.of(v.evidence) for v in verdicts)
    assert orphan is not None
    assert [(r.row, r.cells, r.why) for r in orphan.sample] == [(3, (("shop", "z"),), "not found in shop/shops")]
    assert rule is not None
    assert [(r.row, r.cells, r.expected) for r in rule.sample] == [(2, (("town", "Olso"),), (("town", "Oslo"),))]
