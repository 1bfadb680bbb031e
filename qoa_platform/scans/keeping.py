"""Owns what scans keep between frames that are alike: how few rows are few, and the signature of a frame."""

from collections.abc import Iterable

import polars as pl

from qoa_platform.records import Ask

SMALL = 10_000
"""Up to so many rows, writing a query anew costs more than running it: it is written once for all frames alike."""
KEPT = 512
"""So many plans, and so many written passes, are kept; the least used are dropped first."""
Signature = tuple[tuple[str, ...], tuple[pl.DataType, ...]]
"""The columns of a frame and their types: what plans and written passes are kept by."""


def signature(frame: pl.DataFrame) -> Signature:
    """The signature of *frame*.

    >>> signature(pl.DataFrame({"x": [1]}))
    (('x',), (Int64,))
    """
    return tuple(frame.columns), tuple(frame.dtypes)


def flags(asks: Iterable[Ask]) -> tuple[bool, ...]:
    """Which values of sets are truth values: ``True`` equals 1, so equal asks need not mean the same of a column.

    >>> one, true = (Ask(state="tally", columns=("x",), params=(("values", (v,)),)) for v in (1, True))
    >>> one == true, flags([one]), flags([true])
    (True, (False,), (True,))
    """
    return tuple(
        isinstance(value, bool)
        for ask in asks
        for name, given in ask.params
        if name == "values" and isinstance(given, tuple)
        for value in given
    )
