"""Tests of ``qoa measure``: what is merged is what would be measured of all rows, and no row is read."""

from typing import Any

import pytest

from qoa_platform.api import compare, measure
from qoa_platform.ledger import open_ledger
from tests.audit.desk import days
from tests.cli.conftest import Qoa
from tests.cli.days import ASSET, COUNT, FIRST, HELD, Sold, sold


@pytest.fixture(scope="module")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Sold:
    """The published days, made once."""
    return sold(tmp_path_factory.mktemp("days") / "shop")


@pytest.fixture
def shop(_shop: Sold, monkeypatch: pytest.MonkeyPatch) -> Sold:
    """The working directory in the project."""
    monkeypatch.chdir(_shop.root)
    return _shop


def answers(qoa: Qoa, *words: str) -> list[dict[str, Any]]:
    """The answers to a command."""
    said = qoa("measure", "sales", *words, "--json")
    assert said.code == 0, said.err
    found: list[dict[str, Any]] = said.data["measure"].get("answers") or said.data["measure"]["changes"]
    return found


WISHES: dict[str, Any] = {
    "data.completeness": ["item", "amount"], "data.row_count": [], "data.mean": ["amount"],
    "data.distinct_count": ["key"],
}  # fmt: skip


RANGES: list[tuple[tuple[str, ...], str, str]] = [
    ((), "", "9"),
    (("--since", "2017-02-01"), "2017-02-01", "9"),
    (("--until", "2017-01-09"), "", "2017-01-09"),
    (("--last", "28d"), "2017-02-01", "9"),
    (("--last", "7 d", "--until", "2017-01-29"), "2017-01-22", "2017-01-29"),
]


@pytest.mark.parametrize(("words", "since", "until"), RANGES)
def test_merged_states_say_what_all_rows_say(qoa: Qoa, shop: Sold, words: Any, since: str, until: str) -> None:
    """Law: over any range every metric reads what a scan of all its rows reads; a repaired day counts as it is now."""
    rows = shop.between(since, until)
    found = {(a["metric"], tuple(a["columns"])): a for a in answers(qoa, *words) if a["promise"] != "grouped"}
    for metric, columns in WISHES.items():
        every: list[tuple[str, ...]] = [(c,) for c in columns]
        for names in every or [()]:
            wish = {"metric": metric, "columns": list(names)}
            expected = measure(rows, wish).records()[0]
            answer = found[metric, names]
            assert answer["value"] == pytest.approx(expected["value"], rel=1e-12)
            assert (answer["n"], answer["partitions"]) == (expected["n"], answer["of"])


def test_no_row_is_read(qoa: Qoa, shop: Sold) -> None:
    """There is no file of data in the project at all: the ledger alone answers."""
    assert [p for p in (shop.root / ".qoa").rglob("*") if p.is_file() and not p.name.startswith("ledger")] == []
    assert {a["reason"] for a in answers(qoa) if a["promise"] not in {"unique", "known"}} == {None}


@pytest.mark.parametrize("by", ["day", "week", "month", "quarter", "year"])
def test_stretches_of_time(qoa: Qoa, shop: Sold, by: str) -> None:
    """Every stretch has the rows of its days, and together they are all rows."""
    found = answers(qoa, "--metric", "volume", "--by", by)
    assert sum(a["value"] for a in found) == shop.between().height
    assert sum(a["partitions"] for a in found) == COUNT - 1
    assert [a["stretch"] for a in found] == sorted(a["stretch"] for a in found)


def test_groups_are_rolled_up(qoa: Qoa, shop: Sold) -> None:
    """By a segment, per month too: every group reads what its own rows read."""
    found = answers(qoa, "--metric", "mean", "--by", "item", "--by", "month")
    for month, until in (("2017-01", "2017-02-01"), ("2017-02", "9")):
        expected = measure(shop.between(month, until), {"metric": "data.mean", "column": "amount"}, by="item")
        for group in ("a", "b", "c"):
            (answer,) = [a for a in found if a["group"] == group and a["stretch"] == month]
            assert answer["value"] == pytest.approx(expected.value("data.mean", "amount", group=group), rel=1e-12)


def test_rolling_days(qoa: Qoa, shop: Sold) -> None:
    """Of every day the seven that end with it, those before the first that is shown included."""
    found = answers(qoa, "--metric", "mean", "--last", "7d", "--rolling", "--since", "2017-02-10")
    assert [a["stretch"] for a in found] == [d for d in shop.frames if d >= "2017-02-10"]
    rows = shop.between("2017-02-04", "2017-02-11")
    assert found[0]["value"] == pytest.approx(rows.get_column("amount").mean(), rel=1e-12)


def test_two_ranges_are_compared(qoa: Qoa, shop: Sold) -> None:
    """Both values, and drift against the other range's own counts: exactly that of comparing all rows."""
    found = answers(qoa, "--since", "2017-02-01", "--against", "2017-01-01..2017-02-01")
    before, after = shop.between("", "2017-02-01"), shop.between("2017-02-01", "9")
    mean = next(a for a in found if a["promise"] == "mean")
    assert mean["then"]["value"] == pytest.approx(before.get_column("amount").mean(), rel=1e-12)
    drift = next(a for a in found if a["metric"] == "drift.psi" and a["columns"] == ["item"])
    rows = compare(before[["item"]], after[["item"]])["item"].distance("drift.psi")
    assert rows is not None
    assert drift["value"] == pytest.approx(rows.reading.value, rel=1e-9)
    assert drift["floor"] > drift["value"]
    moved = next(a for a in found if a["metric"] == "drift.psi" and a["columns"] == ["amount"])
    assert moved["value"] > moved["floor"]


def test_what_does_not_merge_says_why_and_how_it_would(qoa: Qoa, shop: Sold) -> None:
    """Uniqueness of a day is no uniqueness of a month; one day is what was measured then; merge: true merges."""
    (whole,) = answers(qoa, "--metric", "unique")
    assert (whole["value"], whole["reason"]) == (None, "not_applicable")
    assert "merge: true" in whole["cause"]
    last = list(shop.frames)[-1]
    (one,) = answers(qoa, "--metric", "unique", "--since", last)
    assert one["value"] == measure(shop.frames[last], {"metric": "data.uniqueness", "columns": ["amount"]}).value(
        "data.uniqueness"
    )


def test_a_metric_that_nobody_promised(qoa: Qoa, shop: Sold) -> None:
    """It is read off a state that is kept for another promise, or says that none is."""
    (std,) = answers(qoa, "--metric", "data.std", "--column", "amount")
    assert std["value"] == pytest.approx(shop.between().get_column("amount").std(ddof=0), rel=0.01)
    (none,) = answers(qoa, "--metric", "data.mean", "--column", "key")
    assert none["reason"] == "not_applicable"
    assert "promise something that reads it" in none["cause"]
    assert "no state moments(amount) by key" in answers(qoa, "--metric", "mean", "--by", "key")[0]["cause"]


def test_a_repaired_day_replaces_its_state(qoa: Qoa, shop: Sold) -> None:
    """Both contents of the repaired day have states in the ledger; only the published one counts."""
    day = days(FIRST, COUNT)[3]
    with open_ledger(shop.root / ".qoa" / "ledger.db") as ledger:
        from qoa_platform.records import StoredState

        assert len({s.data for s in ledger.find(StoredState) if s.partition == day}) == 2
    (found,) = answers(qoa, "--metric", "volume", "--since", day, "--until", "2017-01-05")
    assert found["value"] == 90 == shop.frames[day].height


def test_what_was_held_back_does_not_count(qoa: Qoa, shop: Sold) -> None:
    """States of a content that was never published stand in the ledger, and later ones: none of them is merged."""
    with open_ledger(shop.root / ".qoa" / "ledger.db") as ledger:
        from qoa_platform.records import StoredState

        assert len({s.data for s in ledger.find(StoredState) if s.partition == HELD}) == 2
    (found,) = answers(qoa, "--metric", "volume", "--since", HELD, "--until", "2017-01-12")
    assert found["value"] == shop.frames[HELD].height < 100


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("sale",), 2, "Did you mean 'sales'?"),
        (("sales", "--by", "day", "--by", "month"), 2, "one stretch of time"),
        (("sales", "--rolling"), 2, "--last"),
        (("sales", "--last", "soon"), 2, "no number of days"),
        (("sales", "--last", "7d", "--since", "2017-01-01"), 2, "one of them"),
        (("sales", "--since", "2017-02-01", "--until", "2017-01-01"), 2, "is not after"),
        (("sales", "--against", "January"), 2, "SINCE..UNTIL"),
        (("sales", "--against", "2016-01-01..2016-02-01"), 4, "Published: 2017-01-01 … 2017-02-28"),
        (("sales", "--since", "2019-01-01"), 4, "Published: 2017-01-01 … 2017-02-28"),
        (("sales", "--contract", "shopp"), 2, "Did you mean 'shop'?"),
    ],
)
def test_what_cannot_be_asked_is_said(qoa: Qoa, shop: Sold, words: Any, code: int, said: str) -> None:
    """A name, a range or a combination that makes no sense: what was found and what is allowed."""
    answer = qoa("measure", *words)
    assert (answer.code, said in answer.err) == (code, True), answer.err


def test_text_shows_the_same(qoa: Qoa, shop: Sold) -> None:
    """For a person: a table, and that no row was read; by the asset's name as well."""
    said = qoa("measure", ASSET, "--metric", "volume", "--by", "month")
    assert said.out.splitlines()[0] == f"{ASSET}: {COUNT - 1} published partitions, no row read"
    assert f"{shop.between('', '2017-02-01').height:,}" in said.out
    compared = qoa("measure", ASSET, "--since", "2017-02-01", "--against", "2017-01-01..2017-02-01")
    assert "against 30 of 2017-01-01..2017-02-01, no row read" in compared.out
