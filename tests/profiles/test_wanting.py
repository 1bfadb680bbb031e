"""What the promises of a subject need frozen."""

from typing import Any

from qoa_platform.profiles.wanting import Wanted, wanted
from qoa_platform.records import Promise, Reference, ReferenceKind, Subject, SubjectKind, Usual

TRAINING = Reference(kind=ReferenceKind.TRAINING)
MOVING = Reference(kind=ReferenceKind.LAST_PARTITIONS, count=28)


def promise(metric: str, *columns: str, **options: Any) -> Promise:
    """A promise on columns."""
    return Promise(id="p", metric=metric, columns=columns, must=Usual(), **options)


def test_what_the_running_example_freezes() -> None:
    """Columns with a reference are wanted, by group too; moving dictionaries and other assets are not."""
    promises = (
        promise("data.completeness", "quantity"),
        promise("data.unseen_share", "department", reference=MOVING),
        promise("data.segment_completeness", "store_id", reference=MOVING),
        promise("drift.psi", "sales_value", "quantity", reference=TRAINING),
        promise("data.in_fences", "quantity", reference=TRAINING, by="department"),
        promise("drift.psi", "score", reference=TRAINING, over="retail/forecast"),
        promise("data.unseen_share", "store_id", reference=TRAINING),
        promise("drift.psi", "store_id", reference=TRAINING),
        promise("drift.psi", "week", reference=MOVING),
    )
    subject = Subject(id="sales", kind=SubjectKind.ASSET, asset="retail/sales_day", promises=promises)
    assert wanted(subject) == (
        Wanted("quantity"),
        Wanted("quantity", ("department",)),
        Wanted("sales_value"),
        Wanted("store_id", (), dictionary=True),
        Wanted("week"),
    )
