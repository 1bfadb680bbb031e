"""Owns the questions that the cases of a metric become: built from promises, with the profile they are read against."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from qoa_platform.metrics import Metric, build, catalogue
from qoa_platform.metrics.facts import Columns, Facts, told
from qoa_platform.profiles import freeze, wanted
from qoa_platform.records import Ask, Profile, Reference, ReferenceKind, Subject
from tests.metrics.asking import ROWS_IN, Case
from tests.metrics.making import DAY, NOW, promised, subject
from tests.metrics.oracles import ORACLES
from tests.metrics.tables import TOKENS, Table

FACTS = Facts(size=4_321, columns=Columns(declared=5, wrong=2, extra=1, strict=False))
"""What the metrics are told beside the clock."""
WAYS: dict[str, Any] = {"whole": {}, "by": {"by": "g"}, "where": {"where": "col('b')"}}
"""Of all rows, by group (what a promise says), and of the rows in which b is true (what its subject says)."""


@dataclass(frozen=True)
class Question:
    """A metric, as built from a promise, with its profile and the case that says what must come out."""

    id: str
    case: Case
    metric: Metric
    profile: Profile | None

    @property
    def ask(self) -> Ask | None:
        """What it asks of the scan; nothing without a reference."""
        return self.metric.ask(self.profile)

    @property
    def by(self) -> bool:
        """Whether it is asked for each group as well."""
        return bool(dict(self.metric.params).get("by")) and getattr(self.metric, "per_group", True)


def questions(metric: str, way: str, reference: Table) -> Iterator[Question]:
    """All cases of *metric*, asked in one of the three ways."""
    for case in ORACLES[metric]:
        if way == "by" and not case.grouped:
            continue
        needs = catalogue()[metric].needs_reference
        training = Reference(kind=ReferenceKind.TRAINING) if needs else None
        about = subject(**WAYS[way]) if way == "where" else subject()
        by = WAYS[way] if way == "by" and case.grouped else {}
        promise = promised(metric, *case.columns, **{**case.given, **by}, reference=training)
        profile = frozen(replace(about, promises=(promise,)), reference) if needs else None
        for built in build(promise, about):
            assert isinstance(built, Metric)
            yield Question(metric, case, told(built.at(NOW, DAY, ROWS_IN), FACTS), profile)


def frozen(about: Subject, reference: Table) -> Profile:
    """The profile of the reference, as the training run freezes it."""
    return freeze(
        reference.polars(), wanted(about), name="training", subject=about.target, window=DAY, source=(), at=NOW,
        wall=NOW, missing=TOKENS, where=about.where,
    )  # fmt: skip
