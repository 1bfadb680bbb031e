"""Owns SQL pushdown: asks answered inside DuckDB or PostgreSQL, where SQL can say exactly what is meant."""

from qoa_platform.scans.sql.pushing import Pushed, push
from qoa_platform.scans.sql.tables import DuckTable, PostgresTable

__all__ = ["DuckTable", "PostgresTable", "Pushed", "push"]
