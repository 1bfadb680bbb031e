"""Owns Batch: the rows that arrived since the last look."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONTROL, TREATMENT, OTHER = 0, 1, -1
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """Rows in the order in which they came.

    Whose (*unit*; ``None``: every row is one), which *arm* (0 control, 1 treatment, −1 another), *value* (NaN: not yet
    known), *time* in seconds, *matured* whether the outcome is final, *kind* of error: ``None`` where not given.
    """

    unit: Sequence[Hashable] | None
    arm: NDArray[np.int8]
    value: Floats
    time: Floats | None = None
    matured: NDArray[np.bool_] | None = None
    kind: Sequence[str] | None = None

    def __post_init__(self) -> None:
        for name in ("unit", "value", "time", "matured", "kind"):
            part: Any = getattr(self, name)
            if part is not None and len(part) != len(self.arm):
                message = f"column {name!r} has {len(part)} rows, the arms {len(self.arm)}. Allowed: as many"
                raise ValueError(message)

    def __len__(self) -> int:
        return len(self.arm)
