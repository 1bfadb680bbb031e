"""Tests of verdicts.drifting.multiplicity: against SciPy, against the definition, and by simulation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from qoa_platform.verdicts.drifting import adjusted_e, adjusted_p, discovered

PROBABILITIES = st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=40)
EVIDENCE = st.lists(st.one_of(st.just(0.0), st.floats(1e-3, 1e6)), min_size=1, max_size=30)


@given(PROBABILITIES, st.booleans())
def test_adjusted_p_values_are_scipys(ps: list[float], dependent: bool) -> None:
    """Benjamini-Hochberg and Benjamini-Yekutieli are those of scipy.stats, whatever the order and the ties."""
    expected = false_discovery_control(ps, method="by" if dependent else "bh")
    assert adjusted_p(ps, dependent=dependent) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@given(EVIDENCE, st.sampled_from([0.01, 0.05, 0.2]))
def test_e_bh_is_its_definition(es: list[float], rate: float) -> None:
    """Reported are the k̂ largest e-values, k̂ the largest k whose k-th largest e is at least K/(k·rate)."""
    ordered = sorted(es, reverse=True)
    sizes = [k for k in range(1, len(es) + 1) if ordered[k - 1] > 0 and len(es) / (k * ordered[k - 1]) <= rate]
    least = ordered[max(sizes) - 1] if sizes else float("inf")
    assert discovered(adjusted_e(es), rate) == tuple(i for i, e in enumerate(es) if e >= least)


def test_what_is_no_evidence_is_an_error() -> None:
    """NaN, negative evidence and impossible rates are errors that say what is allowed."""
    for bad in (lambda: adjusted_p([float("nan")]), lambda: adjusted_e([-1.0]), lambda: discovered([0.5], 0.0)):
        with pytest.raises(ValueError, match="Allowed"):
            bad()
    assert adjusted_p([]) == adjusted_e([]) == ()
