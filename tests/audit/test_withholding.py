"""Sensitive columns leave no value in the ledger: not in states, not in profiles, not in verdicts."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from qoa_platform.api import prepare
from qoa_platform.audit.own import Asked
from qoa_platform.audit.withholding import HOLDING, withheld
from qoa_platform.ledger import Store
from qoa_platform.metrics import UNMERGEABLE
from qoa_platform.profiles import Wanted, freeze, wanted
from qoa_platform.records import Ask, Batch, Reading, Reason, Window
from qoa_platform.states.kinds import KINDS
from tests.audit.desk import HEAD, NOW, Desk

NAMES = [f"Xanthippe-{n}" for n in range(6)]
SALES = """\
  sales:
    asset: shop/sales
    partition: day
    sensitive: [customer]
    segments: [customer, shop]
    promises:
      - {id: unique, metric: data.key_violations, column: customer, must: "= 0 rows"}
      - {id: distinct, metric: data.distinct_count, column: customer, must: "= 1 rows"}
      - {id: form, metric: data.matches, column: customer, pattern: "^[0-9]+$", must: "= 100 %"}
      - {id: unseen, metric: data.unseen_share, column: customer, reference: known, must: "<= 0 %"}
      - {id: moved, metric: data.unseen_share, column: customer, reference: last 3 partitions, must: "<= 0 %"}
      - {id: each, metric: data.in_range, column: amount, low: 9, by: customer, must: "= 100 %"}
      - {id: sane, metric: data.in_range, column: amount, low: 9, must: "= 100 %"}
      - {id: new, metric: data.unseen_share, column: shop, reference: known, must: "<= 0 %"}
"""
FRAME = pl.DataFrame({"customer": [*NAMES, NAMES[0]], "shop": ["north-shop"] * 7, "amount": [1.0] * 7})


def _written(ledger: Store, folder: Path, subjects: str) -> bytes:
    """The bytes of everything that two audited days and a frozen profile left in the ledger's folder."""
    desk = Desk.of(ledger, subjects)
    subject = desk.contract.subjects[0]
    profile = freeze(
        FRAME, wanted(subject), name="known", subject=subject.target, window=Window.of_partition("2017-12-01"),
        source=("0" * 64,), at=NOW, wall=NOW, sensitive=subject.sensitive,
    )  # fmt: skip
    desk.write(Batch(records=(profile,)))
    for day in ("2017-12-23", "2017-12-24"):
        desk.publish("shop/sales", day, FRAME)
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


def test_no_value_of_a_sensitive_column_is_in_the_bytes_of_the_ledger(ledger: Store, tmp_path: Path) -> None:
    """After violated promises on it, and a frozen reference, none of its values is found; of other columns some are."""
    found = _written(ledger, tmp_path, SALES)
    assert b"Xanthippe" not in found
    assert b"north-shop" in found


def test_without_the_mark_they_are_found(ledger: Store, tmp_path: Path) -> None:
    """The search can fail: the very same days, of a column that is not marked."""
    assert b"Xanthippe" in _written(ledger, tmp_path, SALES.replace("    sensitive: [customer]\n", ""))


def test_what_is_read_of_the_day_is_the_same(ledger: Store) -> None:
    """Withholding changes what is kept, never a reading of the day."""
    plain = SALES.replace("    sensitive: [customer]\n", "")
    both = [Desk.of(ledger, text).judged("shop/sales", "2017-12-24", FRAME).measurements for text in (SALES, plain)]
    values = [
        {(m.metric, m.params): m.reading.value for m in those if m.group is None} for those in both
    ]  # fmt: skip
    assert values[0] == values[1]


@pytest.mark.parametrize("state", sorted(HOLDING))
def test_states_that_hold_values_are_withheld(state: str) -> None:
    """By their column, or by their groups; not of other columns, and not where nothing is sensitive."""
    ask = Ask(state=state, columns=("name", "shop"))
    assert withheld(ask, ["name"])
    assert withheld(replace(ask, columns=()), ["name"])
    assert withheld(replace(ask, columns=("shop",), by=("name",)), ["name"])
    assert not withheld(ask, [])
    assert withheld(replace(ask, columns=("shop",)), ["name"]) is (state == "fields")


def test_counts_and_masks_are_kept_but_not_by_a_sensitive_column() -> None:
    """A tally names nobody, unless its groups do; nor do masks."""
    tally = Ask(state="tally", columns=("name",), params=(("hits", "present"),))
    assert not withheld(tally, ["name"])
    assert withheld(replace(tally, by=("name",)), ["name"])
    assert not withheld(Ask(state="frequencies", columns=("name",), params=(("of", "mask"),)), ["name"])


def test_every_state_is_judged() -> None:
    """A new kind of state has to be placed: it holds values, or it is one of these that do not."""
    harmless = {"tally", "sums", "moments", "comoments", "histogram"}
    assert set(KINDS) - UNMERGEABLE == HOLDING | harmless


def test_a_frozen_profile_keeps_no_value_of_a_sensitive_column() -> None:
    """Counts of it are there, a dictionary is not, nor the groups by it; of other columns both are."""
    profile = prepare(HEAD + SALES).freeze(FRAME)
    hidden, shown = profile.column("customer"), profile.column("shop")
    assert hidden is not None and hidden.dictionary is None and hidden.n == FRAME.height  # noqa: PT018
    assert shown is not None and shown.dictionary  # noqa: PT018
    assert "Xanthippe" not in repr(profile)
    by = freeze(
        FRAME, [Wanted("amount", ("customer",))], name="by", subject="s", window=profile.window, source=(), at=NOW,
        wall=NOW, sensitive=["customer"],
    )  # fmt: skip
    assert [(c.column, c.group) for c in by.columns] == [("amount", None)]


@pytest.mark.parametrize(
    ("promise", "kept"),
    [
        ('{id: loud, metric: data.pass_rate, expr: "col(\'customer\') + 1 > 0", must: "= 100 %"}', False),
        ('{id: loud, metric: data.mean, column: shop, where: "col(\'amount\') > 0", must: ">= 0"}', False),
        ('{id: loud, metric: data.completeness, column: shop, must: ">= 0 %"}', True),
    ],
)
def test_what_a_metric_says_when_it_fails_is_kept_only_where_it_can_quote_no_value(
    ledger: Store, monkeypatch: pytest.MonkeyPatch, promise: str, *, kept: bool
) -> None:
    """Of a metric that reads a sensitive column, names none, or filters, the verdict says that it failed, not how."""
    subjects = "  sales: {asset: shop/sales, partition: day, sensitive: [customer], promises: [" + promise + "]}\n"
    desk = Desk.of(ledger, subjects)
    metric = Asked.of(desk.contract.subjects[0]).promises[0][1][0]

    def loud(*_: object) -> Reading:
        raise ValueError(f"cannot read {NAMES[0]!r}")

    monkeypatch.setattr(type(metric), "read", loud)
    said = desk.judged("shop/sales", "2017-12-24", FRAME).verdicts[0]
    assert said.reason is Reason.ERROR
    assert (NAMES[0] in str(said.cause)) is kept
    assert kept or str(said.cause).startswith(f"{metric.id} failed on sensitive columns")
