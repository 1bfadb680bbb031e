"""Owns releases: what becomes of model versions on the evidence there is. Pure; reads Verdict records."""

from qoa_platform.releases.advance import Advance, Promotion, advance
from qoa_platform.releases.evidence import Finding, against, backtest_promises, first_champion
from qoa_platform.releases.history import Term, champion_at, good_versions, last_good, terms, to_keep

__all__ = [
    "Advance",
    "Finding",
    "Promotion",
    "Term",
    "advance",
    "against",
    "backtest_promises",
    "champion_at",
    "first_champion",
    "good_versions",
    "last_good",
    "terms",
    "to_keep",
]
