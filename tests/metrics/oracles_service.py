"""Owns the oracles of a canary's evidence: SciPy's χ², and the e-process as a product by hand."""

from typing import Any

import numpy as np
from scipy.stats import chisquare

from tests.metrics.asking import NO_DATA, Asked, Case, Expected

SHARE, MARGIN = 0.25, 0.5
NAMED: dict[str, Any] = {"version": "e", "canary": "a", "share": SHARE}


def split(unit: str | None) -> Any:
    """χ² of rows, or of units under their first version."""

    def expect(asked: Asked) -> Expected:
        rows = asked.rows[["e", *([unit] if unit else [])]].dropna()
        if unit:
            rows = rows.drop_duplicates(unit)
        n = len(rows)
        if not n:
            return NO_DATA
        mine = int((rows["e"] == "a").sum())
        return Expected(float(chisquare([mine, n - mine], [n * SHARE, n * (1 - SHARE)]).pvalue), n)

    return expect


def e_value(unit: str | None) -> Any:
    """The largest of the mean over alternatives of the product of likelihood ratios, error by error."""

    def expect(asked: Asked) -> Expected:
        rows = asked.rows[["e", "c", *([unit] if unit else [])]].dropna()
        mine = rows["e"] == "a"
        if not mine.any() or mine.all():
            return Expected(None, reason=NO_DATA.reason)
        bad = rows[rows["c"] != 0]
        if unit:
            bad = bad.drop_duplicates(unit)
        ratios = np.array([(1 + MARGIN) * (1e4 / (1 + MARGIN)) ** (i / 200) for i in range(1, 201)])
        q = SHARE * ratios / (SHARE * ratios + 1 - SHARE)
        null = SHARE * (1 + MARGIN) / (SHARE * (1 + MARGIN) + 1 - SHARE)
        product, best = np.ones(200), 1.0
        for own in bad["e"] == "a":
            product *= q / null if own else (1 - q) / (1 - null)
            best = max(best, float(product.mean()))
        return Expected(best, len(rows))

    return expect


SERVICE: dict[str, tuple[Case, ...]] = {
    "service.split_p": (
        Case(given=NAMED, expect=split(None)),
        Case(given={**NAMED, "unit": "k"}, expect=split("k")),
    ),
    "service.error_e_value": (
        Case(given={**NAMED, "error": "c"}, expect=e_value(None)),
        Case(given={**NAMED, "error": "c", "unit": "k"}, expect=e_value("k")),
    ),
}  # fmt: skip
