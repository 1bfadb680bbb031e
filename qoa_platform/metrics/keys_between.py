"""Owns the metrics of keys between assets: foreign keys that exist, rows that two books share (metrics.md 4.4)."""

from dataclasses import dataclass
from typing import Self

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.equality import Compared
from qoa_platform.metrics.frame_metric import ratio
from qoa_platform.metrics.neighbouring import NeighbourMetric
from qoa_platform.metrics.protocol import Arity, MetricError
from qoa_platform.records import Ask, Profile, Promise, Reading, Subject
from qoa_platform.states import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferentialIntegrity(NeighbourMetric):
    """Present foreign keys that are found in the parent asset ÷ present foreign keys.

    Several columns are one key. Numbers are compared by value, text exactly. A key with a missing part is
    completeness's business. The parent is read as it was published: of a parent with partitions, the same partition.
    """

    id = "data.referential_integrity"

    parent: str = param("text", "the asset that holds the keys")
    key: tuple[str, ...] = param("columns", "the parent's key columns, where they are called otherwise", default=())

    @classmethod
    def of(cls, promise: Promise, subject: Subject) -> tuple[Self, ...]:
        """The metric of *promise*. Raises MetricError unless both keys have as many columns."""
        (metric,) = NeighbourMetric.of.__func__(cls, promise, subject)  # type: ignore[attr-defined]
        if metric.key and len(metric.key) != len(metric.columns):
            said = f"{', '.join(metric.columns)} against {', '.join(metric.key)}"
            raise MetricError(
                f"promise {promise.id!r}: {cls.id} compares {said}. Allowed: as many columns on both sides"
            )
        return (metric,)

    @property
    def beside(self) -> str:
        """The parent."""
        return self.parent

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Keys that the parent holds."""
        return self._beside(Tally, columns=self.columns, hits="known", beside_columns=self.key or self.columns)

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return ratio(state.hits, state.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation(Compared):
    """Keys that both assets hold once, with equal columns ÷ keys of either.

    A key that repeats on one side agrees with nothing: promise its uniqueness first. Rows with a missing key part are
    left out. ``where:`` filters both sides.
    """

    id = "data.reconciliation"
    arity = Arity.ANY
    grouped = False

    other: str = param("text", "the asset compared with")

    @property
    def beside(self) -> str:
        """The other book."""
        return self.other

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Keys of both, and those that agree."""
        return self._compared("reconciled")

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return ratio(state.hits, state.rows)
