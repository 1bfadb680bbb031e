"""Owns what metrics share that read the frame of another asset beside their own."""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from qoa_platform.metrics.facts import Facts
from qoa_platform.metrics.frame_metric import CLOCK, FrameMetric
from qoa_platform.metrics.protocol import MetricError
from qoa_platform.records import Ask, Profile, Promise, Reading, Reason, Scalar, Subject
from qoa_platform.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighbourMetric(FrameMetric):
    """Reads the published frame of the asset that ``beside`` names. A subclass says which parameter that is.

    *digest* of that frame's content is part of the ask, so that states that were counted beside different ones do not
    merge. Where the asset is not published the reading is ``no_data``: nothing was compared.
    """

    per_column = False
    grouped: ClassVar[bool] = True

    digest: str | None = field(default=None, metadata=CLOCK)
    absent: bool = field(default=False, metadata=CLOCK)

    @classmethod
    def of(cls, promise: Promise, subject: Subject) -> tuple[Self, ...]:
        """The metric of *promise*. Raises MetricError."""
        if promise.by is not None and not cls.grouped:
            raise MetricError(
                f"promise {promise.id!r}: {cls.id} takes no by: rows of the other asset have no group here"
            )
        return FrameMetric.of.__func__(cls, promise, subject)  # type: ignore[attr-defined,no-any-return]

    @property
    def beside(self) -> str:
        """The other asset."""
        raise NotImplementedError

    def told(self, facts: Facts) -> Self:
        """The same metric, told what the other asset holds."""
        if facts.digests is None:
            return self
        return replace(self, digest=facts.digests.get(self.beside), absent=self.beside not in facts.digests)

    def read(self, state: Any, profile: Profile | None, group: str | None = None, /) -> Reading:
        """As of every frame; ``no_data`` where the other asset is not published."""
        if self.absent:
            return Reading.unknown(Reason.NO_DATA, cause=f"{self.beside} is not published: there is nothing beside")
        return FrameMetric.read(self, state, profile, group)

    def _beside(
        self, state: str | type[State], *, columns: tuple[str, ...], **params: Scalar | tuple[Scalar, ...]
    ) -> Ask:
        """An ask that reads the other frame too; nothing is asked where it is not there."""
        if self.absent:
            return Ask(state="nothing")
        found: dict[str, Any] = {"beside": self.beside, "digest": self.digest, **params}
        return self._ask(state, columns=columns, **found)
