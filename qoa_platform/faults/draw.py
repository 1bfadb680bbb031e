"""Owns the draw: which rows a fault with a share hits, chosen by its seed alone."""

from typing import TYPE_CHECKING

from qoa_platform.faults.fault import Fault

if TYPE_CHECKING:
    import polars as pl


def drawn(fault: Fault, rows: int) -> "pl.Series":
    """A mask with exactly ``round(share * rows)`` of *rows*, drawn without replacement.

    Raises FaultError unless the fault's share is within 0 .. 1.

    >>> drawn(Fault(kind="half_rows"), 8).sum()
    4
    """
    import numpy as np  # noqa: PLC0415 (heavy)
    import polars as pl  # noqa: PLC0415 (heavy)

    count = round(fault.number("share", 0, 1) * rows)
    mask = np.zeros(rows, dtype=bool)
    mask[np.random.default_rng(fault.seed).permutation(rows)[:count]] = True
    return pl.Series(mask)
