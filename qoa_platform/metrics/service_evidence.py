"""Owns the metrics of a canary off its serving records: the e-value of its errors, and the split (metrics.md 4.16)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Any, ClassVar

from qoa_platform.metrics.declaring import numbered_columns, own_params, param
from qoa_platform.metrics.error_evidence import LARGEST, ErrorEvidence
from qoa_platform.metrics.frame_metric import FrameMetric
from qoa_platform.metrics.protocol import Arity, MetricError
from qoa_platform.metrics.split_evidence import split_p
from qoa_platform.records import Ask, Direction, Profile, Promise, Reading, Reason, Subject, Unit
from qoa_platform.states import Frequencies

FARTHEST = 690.0
"""E is written up to e⁶⁹⁰."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfCanary(FrameMetric):
    """A metric of serving records, one row per request: *canary* is a value of the column *version* (resolved)."""

    arity = Arity.NONE
    per_column = False
    roles: ClassVar[tuple[str, ...]]

    canary: str = param("text", "the version that is watched, as the column says it", default="canary")
    share: float = param("number", "the canary's planned share, of the units")
    version: str = param("text", "column of the version that answered", default="version")
    unit_: str | None = param("text", "column of the unit of assignment (each counts once)", default=None)

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise MetricError(f"{self.id}: share is {self.share}. Allowed: between 0 and 1, such as 0.05")

    @classmethod
    def columns_of(cls, promise: Promise, subject: Subject) -> tuple[str, ...]:  # noqa: ARG003 (others read it)
        """The columns of the roles: as the promise says, else by their usual names; and that of the unit, if named."""
        numbered_columns(cls.id, cls.arity, promise)
        own = own_params(cls, cls.id, promise)
        unit = (str(own["unit_"]),) if own.get("unit_") is not None else ()
        return tuple(str(own.get(role, role)) for role in cls.roles) + unit


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitP(_OfCanary):
    """Chance of so uneven an assignment if the planned split were kept: p of χ² of canary and others against *share*.

    Look at it before any comparison of arms; act at p < .001. Rows are requests; with *unit* they are units, each
    under its first version, which is the honest count where units return (it reads all rows then and does not merge).
    Valid for one look: repeated ones are what the sequential tests check by an e-value. Oracle: ``scipy.chisquare``.
    """

    id = "service.split_p"
    direction = Direction.HIGHER
    roles = ("version",)

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """How often every version answered; all rows, where units count once."""
        return self._ask(Frequencies) if self.unit_ is None else self._ask("whole")

    def _read(self, state: Any, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if isinstance(state, Frequencies):
            if state.error:
                return Reading.unknown(Reason.ERROR, state.n, f"more than {state.cap} versions: no counts of them")
            mine, n = state.get(self.canary), state.n
        else:
            versions = _once(state.frame, self.columns[0], self.columns[-1])
            mine, n = sum(v == self.canary for v in versions), len(versions)
        found = split_p((n - mine, mine), (1 - self.share, self.share))
        return Reading.unknown(Reason.NO_DATA) if found is None else Reading(value=found, n=n)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEValue(_OfCanary):
    """Evidence that the canary errs more than allowed, valid at any time: E of its errors, the largest of the window.

    Each error counts by whose it is: under "at most 1 + d times the error rate" (d is *excess*) it is the canary's with
    chance q₀ = w(1 + d)/(w(1 + d) + 1 − w) at most; E = mean over r in (1 + d, 10⁴] of
    Π (q/q₀)^X((1 − q)/(1 − q₀))^{1−X}.
    P(E ever ≥ 1/α) ≤ α, so ``must: < 100`` has a false-alarm rate of 1 %, however often one looks at the window. Rows
    count in their order; with *unit* only the first error of each. An error is true, or a number other than 0. It does
    not merge. Without a request of the canary, or of another version, it is ``no_data``. Source: ``ErrorEvidence``.
    """

    id = "service.error_e_value"
    unit = Unit.ONE
    direction = Direction.LOWER
    roles = ("version", "error")

    excess: float = param("number", "tolerated excess of errors: 0.5 is 1.5 times as many", default=0.5)
    error: str = param("text", "column that says whether a request failed", default="error")

    def __post_init__(self) -> None:
        _OfCanary.__post_init__(self)
        if not 0 <= self.excess < LARGEST - 1:
            raise MetricError(f"{self.id}: excess is {self.excess}. Allowed: 0 or more")

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """The rows."""
        return self._ask("whole")

    def _read(self, state: Any, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        rows = state.frame.select(self.columns).drop_nulls()
        failed = rows.get_column(self.columns[1])
        if not (failed.dtype.is_numeric() or failed.dtype.base_type().__name__ in {"Boolean", "Null"}):
            cause = f"column {self.columns[1]!r} is {failed.dtype}. Allowed: true and false, or numbers"
            return Reading.unknown(Reason.ERROR, rows.height, cause)
        mine = [version == self.canary for version in _texts(rows, self.columns[0])]
        if not any(mine) or all(mine):
            cause = f"no request was answered by {'another version' if any(mine) else repr(self.canary)}"
            return Reading.unknown(Reason.NO_DATA, rows.height, cause)
        bad = (failed != 0).to_list() if failed.dtype.is_numeric() else failed.to_list()
        units = rows.get_column(self.columns[-1]).to_list() if self.unit_ is not None else None
        found = ErrorEvidence(margin=self.excess).add(_first(mine, bad, units), share=self.share)
        return Reading(value=exp(min(found.best, FARTHEST)), n=rows.height)


def _first(mine: Sequence[bool], bad: Sequence[bool], units: Sequence[Any] | None) -> list[bool]:
    """Whose every error was, each unit's first one only."""
    if units is None:
        return [own for own, failed in zip(mine, bad, strict=True) if failed]
    first: dict[Any, bool] = {}
    for own, failed, unit in zip(mine, bad, units, strict=True):
        if failed:
            first.setdefault(unit, own)
    return list(first.values())


def _once(frame: Any, version: str, unit: str) -> list[str]:
    """The version under which every unit came first."""
    rows = frame.select(version, unit).drop_nulls()
    first: dict[Any, str] = {}
    for key, said in zip(rows.get_column(unit).to_list(), _texts(rows, version), strict=True):
        first.setdefault(key, said)
    return list(first.values())


def _texts(rows: Any, column: str) -> list[str]:
    import polars as pl  # noqa: PLC0415 (heavy import)

    found = rows.get_column(column)
    texts: list[str] = (
        found.replace_strict({True: "true", False: "false"}, return_dtype=pl.String).to_list()
        if found.dtype == pl.Boolean
        else found.cast(pl.String, strict=False).to_list()
    )
    return texts
