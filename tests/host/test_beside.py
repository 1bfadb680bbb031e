"""Owns the tests of frames beside, through Dagster: a promise that names another asset reads its published frame."""

from qoa_platform.audit.ranges import Shape, answers, questions
from qoa_platform.audit.stored import Stored
from qoa_platform.profiles.stretches import Every
from qoa_platform.records import Status
from tests.host.conftest import Open
from tests.host.shop import DAY, SUCCESS, text

PROMISES = """\
      - {id: known, metric: data.referential_integrity, column: item, parent: shop/raw, must: "= 100 %"}
      - {id: unknown, metric: data.referential_integrity, column: item, parent: shop/totals, must: "= 100 %"}
      - {id: books, metric: data.reconciliation, columns: [time], other: shop/raw, key: [item, amount], must: ">= 99 %"}
      - {id: right, metric: data.cell_accuracy, columns: [item], truth: shop/raw, key: amount, must: "= 100 %"}
      - {id: bytes, metric: data.byte_count, must: ">= 100 B"}
      - {id: ready, metric: data.publish_delay, must: "<= 26 h"}
      - {id: copied, metric: data.repeat, must: "= 0"}
"""


def test_what_is_published_beside_is_read(open_shop: Open) -> None:
    """Foreign keys, books and truth are those of the same partition of the other asset; Dagster's checks say so."""
    shop = open_shop(text(promises=PROMISES))
    run = shop.daily()
    assert run.status is SUCCESS
    checks = shop.checks(run, "shop/sales")
    values = {
        name: check.metadata["qoa/value"].value for (name, _), check in checks.items() if "qoa/value" in check.metadata
    }
    assert {name: values[name] for name in ("known", "books", "right")} == dict.fromkeys(("known", "books", "right"), 1)
    assert values["bytes"] > 500
    verdicts = {v.key.promise: v for v in shop.verdicts(partition=DAY)}
    assert verdicts["ready"].status is Status.SATISFIED
    assert (str(verdicts["unknown"].reason), "shop/totals is not published" in str(verdicts["unknown"].cause)) == (
        "no_data", True,
    )  # fmt: skip
    assert str(verdicts["copied"].reason) == "no_data"


def test_what_was_counted_beside_is_found_by_its_content(open_shop: Open) -> None:
    """``qoa measure`` finds the state of a day by the content that stood beside; also what was measured once a day."""
    shop = open_shop(text(promises=PROMISES))
    assert shop.daily().status is SUCCESS
    workspace = shop.workspace
    contract = next(c for c in workspace.contracts() if any(s.asset == "shop/sales" for s in c.subjects))
    subject = next(s for s in contract.subjects if s.asset == "shop/sales")
    stored, now = Stored(workspace.ledger, "shop/sales"), workspace.clock.at()
    asked = questions(contract, subject, stored, now)
    found = {a.question.promise.id: a.folded.reading for a in answers(stored, asked, Shape(every=Every.DAY), now)}
    assert {name: found[name].value for name in ("known", "books", "right")} == dict.fromkeys(
        ("known", "books", "right"), 1
    )
    assert (found["bytes"].value or 0) > 500
    assert found["ready"].value is not None
    assert str(found["copied"].reason) == "no_data"
