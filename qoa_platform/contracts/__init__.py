"""Owns contracts: reading them (all errors at once), linting, their digest, and the dialects that are understood."""

from qoa_platform.contracts.canonical import canonical_form, digest_of
from qoa_platform.contracts.covering import Coverage, coverage
from qoa_platform.contracts.diffing import Difference, difference
from qoa_platform.contracts.editors import json_schema
from qoa_platform.contracts.explaining import explain, sentence
from qoa_platform.contracts.foreign import Foreign, read_foreign, read_foreign_text
from qoa_platform.contracts.linting import lint, lint_all
from qoa_platform.contracts.odcs import DataContract, DataObject, read_odcs
from qoa_platform.contracts.pandera_reading import of_pandera
from qoa_platform.contracts.pandera_schema import to_pandera
from qoa_platform.contracts.problem import ContractErrors, Level, Problem, errors, in_order
from qoa_platform.contracts.reading import EVERY_METRIC, SCHEMA_PROMISE, Resolve, read, read_text
from qoa_platform.contracts.resolving import project_of, resolver
from qoa_platform.contracts.schema import (
    CheckKind,
    ColumnCheck,
    ColumnSchema,
    FrameSchema,
    LogicalType,
    SchemaViolation,
    frame_schema,
    violations,
)

__all__ = [
    "EVERY_METRIC",
    "SCHEMA_PROMISE",
    "CheckKind",
    "ColumnCheck",
    "ColumnSchema",
    "ContractErrors",
    "Coverage",
    "DataContract",
    "DataObject",
    "Difference",
    "Foreign",
    "FrameSchema",
    "Level",
    "LogicalType",
    "Problem",
    "Resolve",
    "SchemaViolation",
    "canonical_form",
    "coverage",
    "difference",
    "digest_of",
    "errors",
    "explain",
    "frame_schema",
    "in_order",
    "json_schema",
    "lint",
    "lint_all",
    "of_pandera",
    "project_of",
    "read",
    "read_foreign",
    "read_foreign_text",
    "read_odcs",
    "read_text",
    "resolver",
    "sentence",
    "to_pandera",
    "violations",
]
