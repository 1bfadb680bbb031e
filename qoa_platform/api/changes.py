"""Owns ``changes``: the lasting changes of a series, as rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import polars as pl

from qoa_platform.api.listing import Listing
from qoa_platform.verdicts.changes import Change, named


@dataclass(frozen=True, slots=True)
class Changes(Listing):
    """The lasting changes of a series, oldest first, of *n* values."""

    found: tuple[Change, ...]
    n: int

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "index": pl.Int64, "at": pl.Datetime("us", "UTC"), "kind": pl.String, "before": pl.Float64,
        "after": pl.Float64, "relative": pl.Float64, "spreads": pl.Float64, "earliest": pl.Int64, "latest": pl.Int64,
        "p": pl.Float64, "description": pl.String,
    }  # fmt: skip
    SHOWN = ("change", "began between", "p")

    def __iter__(self) -> Iterator[Change]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    @property
    def indices(self) -> list[int]:
        """The positions at which what is new begins."""
        return [c.index for c in self.found]

    def records(self) -> list[dict[str, Any]]:
        """One row per change: what it says of itself as data, and the sentence."""
        return [{**c.evidence(), "at": c.at, "description": str(c)} for c in self.found]

    def cells(self) -> Sequence[Sequence[str]]:
        """The sentence, the interval of its place, and how often chance would show as much."""
        return [(str(c), f"{c.earliest:,} and {c.latest:,}", f"{c.p:.2g}") for c in self.found]

    def head(self) -> str:
        """How many there are."""
        return f"{len(self.found)} lasting change{'s' * (len(self.found) != 1)} in {self.n:,} values"


def changes(values: Any, timestamps: Any = None) -> Changes:
    """The lasting changes of *values* (a list, an array, a Series), oldest first.

    Each with its position (and time, where *timestamps* are given, or a pandas Series is indexed by them), what it was
    before and after, its size in spreads, between which positions it began, and ``p``: how often a series without a
    change would show one as clear. One setting for all series; see :func:`qoa_platform.verdicts.changes.named`.

    Raises ValueError for timestamps of another length, or values that are no numbers.

    >>> found = changes([3, 4, 3, 5, 4, 3, 4, 4, 3, 4] * 3 + [8, 9, 8, 10, 9, 8, 9, 9, 8, 9] * 3)
    >>> found.indices, str(found.found[0]).partition(" (")[0]
    ([30], 'since point 30: 4 → 9')
    """
    import numpy as np  # noqa: PLC0415 (heavy import)

    if timestamps is None and type(getattr(values, "index", None)).__name__ == "DatetimeIndex":
        timestamps = values.index
    numbers = np.asarray(values, dtype=np.float64).reshape(-1)
    times = None if timestamps is None else _moments(timestamps)
    if times is None or times == sorted(times):
        return Changes(named(numbers.tolist(), times), len(numbers))
    if len(times) != len(numbers):
        raise ValueError(f"{len(numbers)} values and {len(times)} times. Allowed: a time for each value")
    order = sorted(range(len(times)), key=times.__getitem__)
    return Changes(named(numbers[order].tolist(), [times[i] for i in order]), len(numbers))


def _moments(timestamps: Any) -> list[datetime]:
    """Times as moments in UTC; naive ones are UTC."""
    import pandas as pd  # noqa: PLC0415 (heavy import)

    given: Sequence[Any] = timestamps.to_list() if hasattr(timestamps, "to_list") else list(timestamps)
    found = pd.to_datetime(pd.Index(given), utc=True)
    return [moment.to_pydatetime().astimezone(UTC) for moment in found]
