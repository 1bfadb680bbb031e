"""Owns drift that is judged: how surprising it is, over many columns, over many windows, and what caused it. Pure."""

from qoa_platform.verdicts.drifting.dispersion import Dispersion, Past, dispersion, quiet, standard
from qoa_platform.verdicts.drifting.multiplicity import adjusted_e, adjusted_p, discovered
from qoa_platform.verdicts.drifting.surprise import Sides, p_of

__all__ = [
    "Dispersion",
    "Past",
    "Sides",
    "adjusted_e",
    "adjusted_p",
    "discovered",
    "dispersion",
    "p_of",
    "quiet",
    "standard",
]
