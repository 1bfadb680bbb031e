"""Owns Profile: what is frozen from a reference data set, so that drift is counting and no raw row is kept."""

from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar

from qoa_platform.records.identity import digest
from qoa_platform.records.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Frozen edges ``e₁ < … < e_{B−1}`` of right-closed bins, the outer ones open, and the reference's B counts."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def digest(self) -> str:
        """States counted on other edges do not merge: they carry this digest."""
        return _digest_of(self.edges)


@lru_cache(maxsize=4096)
def _digest_of(edges: tuple[float, ...]) -> str:
    """The digest of edges: every metric of a column asks for it at every scan."""
    return digest("edges", edges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fences:
    """Frozen acceptance interval ``[low, high]`` of a numeric column (``Q1 − k·IQR``, ``Q3 + k·IQR``)."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A value of a dictionary with its reference count."""

    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What a drift *metric* shows against windows of so many *rows* when nothing changed: its 99 and 99.9 % points."""

    metric: str
    rows: int
    p99: float
    p999: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The seasonal naive error of one series of the reference: means of ``|y_t − y_{t−season}|`` and of its square.

    *series* names the columns that tell series apart (``store|item``), *key* the series; *n* differences were seen.
    """

    season: int
    series: str
    key: str
    absolute: float
    squared: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """What is frozen of one column, for the whole (``group=None``) or for one group of a ``by:`` promise.

    *n* rows, *missing* of them missing; *mean* and *std* (ddof 0) over present finite values; *bins10* and *bins2048*
    the numeric edges (10 bins for PSI and its kin, 2 048 for KS and W1); *dictionary* the categories with counts, or
    ``None`` when over its cap (*overflow* true). *n_nonfinite* of the present values are ±inf; *noise* says what drift
    metrics show when nothing changed; *scales* are those of scaled errors; *masks* the
    patterns of a column of text with counts. *beyond* is how far values lie below the first and above the last fine
    edge, as means over all present rows (0 for most); ``None`` where the edges end with the extremes.
    """

    column: str
    group: str | None = None
    n: int
    missing: int
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    std: float | None = None
    bins10: Edges | None = None
    bins2048: Edges | None = None
    fences: Fences | None = None
    dictionary: tuple[Category, ...] | None = None
    overflow: bool = False
    n_nonfinite: int = 0
    noise: tuple[Noise, ...] = ()
    scales: tuple[Scale, ...] = ()
    masks: tuple[Category, ...] | None = None
    beyond: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """Random Fourier features of the rows of some *columns*: their *mean* over the *n* reference rows.

    A row is standardised (*centre*, *spread*), the frequencies follow from *seed* and the width *sigma*.
    """

    columns: tuple[str, ...]
    group: str | None = None
    seed: int
    sigma: float
    centre: tuple[float, ...]
    spread: tuple[float, ...]
    n: int
    mean: tuple[float, ...]
    noise: tuple[Noise, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """Values of one column in the reference's sample of rows: the only raw rows kept, and for one metric alone."""

    column: str
    values: tuple[float | str | None, ...]


LATE = frozenset({"n_nonfinite", "noise", "scales", "masks", "beyond"})
"""Fields that came later: at their defaults they are no part of the digest, so profiles frozen before keep theirs."""


def _content(record: Any) -> dict[str, Any]:
    pairs = ((f, getattr(record, f.name)) for f in fields(record))
    return {f.name: value for f, value in pairs if f.name not in LATE or value != f.default}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Frozen facts of a reference: content-addressed, no part of the contract's digest.

    *name* says what was frozen (``demand v3 training``), *source* the digests of the data it was frozen from.
    """

    KIND: ClassVar[str] = "profile"

    name: str
    subject: str
    window: Window
    columns: tuple[ColumnProfile, ...]
    source: tuple[str, ...]
    features: tuple[Features, ...] = ()
    sample: tuple[Sampled, ...] = ()
    at: datetime
    wall: datetime

    @property
    def digest(self) -> str:
        """Digest of the frozen content (not of its name or of when it was frozen)."""
        columns = [_content(column) for column in self.columns]
        late = {name: value for name, value in (("features", self.features), ("sample", self.sample)) if value}
        return digest("profile", self.subject, self.window, columns, self.source, *([late] if late else []))

    @property
    def id(self) -> str:
        """A profile is found by its digest."""
        return self.digest

    @property
    def series(self) -> str:
        """Profiles of one subject."""
        return self.subject

    @property
    def revision(self) -> int:
        """Always 0: content-addressed."""
        return 0

    def column(self, name: str, group: str | None = None) -> ColumnProfile | None:
        """The frozen facts of a column (of a group), or ``None`` when nothing was frozen."""
        return next((c for c in self.columns if c.column == name and c.group == group), None)

    def features_of(self, columns: tuple[str, ...], group: str | None = None) -> Features | None:
        """The frozen features of *columns* (of a group), or ``None`` when nothing was frozen."""
        return next((f for f in self.features if f.columns == columns and f.group == group), None)
