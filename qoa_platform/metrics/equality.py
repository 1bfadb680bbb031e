"""Owns Compared: what metrics share that compare rows of two assets cell by cell, joined on a key."""

from dataclasses import dataclass
from typing import Self

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.neighbouring import NeighbourMetric
from qoa_platform.metrics.protocol import MetricError
from qoa_platform.records import Ask, Promise, Scalar, Subject
from qoa_platform.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared(NeighbourMetric):
    """Rows are joined on ``key:``; compared are the columns that are named, else all that both frames have.

    Cells are equal if both are missing, or if they are equal in the declared ``form:``. ``exact``: numbers by value,
    text by code points. ``number``: text that spells a number is that number (``12.0`` is ``12``). ``text``: NFKC, case
    folded, trimmed, single blanks. Numbers a and b are equal if ``|a − b| ≤ atol + rtol·|b|``.
    """

    key: tuple[str, ...] = param("columns", "what names a row in both assets")
    form: str = param("text", "in what form cells are compared", default="exact", choices=("exact", "number", "text"))
    rtol: float = param("number", "by what share of the other number may differ", default=0.0)
    atol: float = param("number", "by how much numbers may differ", default=0.0)

    def __post_init__(self) -> None:
        if self.rtol < 0 or self.atol < 0:
            raise MetricError(f"{self.id}: rtol is {self.rtol:g}, atol {self.atol:g}. Allowed: 0 or more")
        if both := sorted(set(self.key) & set(self.columns)):
            raise MetricError(f"{self.id}: {', '.join(both)} is part of the key, which is equal already")

    @classmethod
    def of(cls, promise: Promise, subject: Subject) -> tuple[Self, ...]:
        """The metric of *promise*. Raises MetricError."""
        return NeighbourMetric.of.__func__(cls, promise, subject)  # type: ignore[attr-defined,no-any-return]

    def _compared(
        self, state: str | type[State], compare: tuple[str, ...] | None = None, **params: Scalar | tuple[Scalar, ...]
    ) -> Ask:
        """An ask that joins both frames on the key and compares the columns."""
        compare = self.columns if compare is None else compare
        return self._beside(
            state, columns=(*self.key, *compare), key=self.key, form=None if self.form == "exact" else self.form,
            rtol=self.rtol or None, atol=self.atol or None, **params,
        )  # fmt: skip
