"""Owns Part: the normal rows of one batch, and the asks that they cannot answer."""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.queries import Answer, Source

Parted = Mapping[Ask, Answer]
"""Ask → its state, a state per group, or why there is none."""


class Part(NamedTuple):
    """The normal rows of a batch, and the asks that are refused on them, with causes."""

    source: Source
    rows: pl.DataFrame
    refused: Mapping[Ask, str]
