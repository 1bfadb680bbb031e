"""Owns the implied promise ``schema``: does the frame have the columns and types that the data contract declares?"""

from functools import lru_cache

import polars as pl

from qoa_platform.contracts.schema import FrameSchema, frame_schema, violations
from qoa_platform.records import (
    NO_SCHEMA_VIOLATION,
    Direction,
    Promise,
    Reading,
    Reason,
    SchemaRef,
    Severity,
    Unit,
    Verdict,
)
from qoa_platform.verdicts import Context, judge
