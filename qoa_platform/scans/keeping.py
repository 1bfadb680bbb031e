"""Owns what scans keep between frames that are alike: how few rows are few, and the signature of a frame."""

import polars as pl

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
