"""Owns which metrics point at single rows: those whose bad rows can be flagged, and set aside."""

SHARED = frozenset({
    "data.uniqueness", "data.distinctness", "data.unique_value_ratio", "data.duplicate_rows", "data.key_violations",
})  # fmt: skip
"""Of keys: every row that shares its key is flagged."""

ROW_LEVEL = SHARED | frozenset({
    "data.missing_count", "data.completeness", "data.row_completeness", "data.cell_completeness", "data.pass_rate",
    "data.violation_count", "data.in_range", "data.in_set", "data.matches", "data.parse_rate", "data.length_in_range",
    "data.finite_share", "data.in_fences", "data.referential_integrity", "data.fd_violation", "data.fd_conflict_share",
    "data.future_share", "data.late_share", "data.unseen_share", "data.unseen_count", "data.near_miss_share",
    "data.rare_share", "data.unseen_pattern_share", "data.mojibake_share",
})  # fmt: skip
"""Metrics whose bad rows are known one by one (metrics.md 1.6)."""
