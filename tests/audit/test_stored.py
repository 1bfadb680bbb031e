"""Tests of stored states: what counts of an asset whose partitions are no days."""

import pytest

from qoa_platform.audit.ranges import Shape, answers, questions
from qoa_platform.audit.stored import Stored
from qoa_platform.ledger import Store
from qoa_platform.profiles.stretches import Every
from tests.audit.desk import NOW, Desk, sold

SUBJECT = """\
  sales:
    asset: shop/sales
    promises:
      - {id: rows, metric: data.row_count, must: ">= 1 rows"}
"""


def test_an_asset_without_days_is_one_stretch_and_lies_in_no_range(ledger: Store) -> None:
    """Its one partition is measured as a whole; no range of days holds it, and it has no month."""
    desk = Desk.of(ledger, SUBJECT)
    desk.publish("shop/sales", "all", sold(30))
    stored, subject = Stored(ledger, "shop/sales"), desk.contract.subjects[0]
    asked = questions(desk.contract, subject, stored, NOW)
    (found,) = answers(stored, asked, Shape(), NOW)
    assert (found.folded.reading.value, found.folded.stretch) == (30, "all")
    assert not Stored(ledger, "shop/sales", since="2017-01-01").published
    assert not Stored(ledger, "shop/sales", until="2018-01-01").published
    with pytest.raises(ValueError, match="'all' is no day"):
        answers(stored, asked, Shape(every=Every.MONTH), NOW)
