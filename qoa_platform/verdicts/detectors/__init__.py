"""Owns stream detectors: one value at a time in event order, a statistic and an alarm level (metrics.md 4.11)."""

from collections.abc import Mapping
from typing import Any

from qoa_platform.verdicts.detectors.adwin import Adwin
from qoa_platform.verdicts.detectors.cusum import Cusum
from qoa_platform.verdicts.detectors.ddm import Ddm
from qoa_platform.verdicts.detectors.e_detector import EDetector
from qoa_platform.verdicts.detectors.ewma import Ewma
from qoa_platform.verdicts.detectors.kswin import Kswin
from qoa_platform.verdicts.detectors.page_hinkley import PageHinkley
from qoa_platform.verdicts.detectors.protocol import Detector

__all__ = ["Adwin", "Cusum", "Ddm", "Detector", "EDetector", "Ewma", "Kswin", "PageHinkley", "restored"]

KINDS: Mapping[str, type[Detector]] = {k.ID: k for k in (Cusum, Ewma, PageHinkley, Adwin, Ddm, Kswin, EDetector)}
"""Every detector by its id in the catalogue."""


def restored(state: Mapping[str, Any]) -> Detector:
    """The detector that *state* was taken of. Raises ValueError for a state of none.

    >>> chart = Cusum(mean=0.0, std=1.0)
    >>> restored(chart.state()) == chart
    True
    """
    kind = KINDS.get(str(state.get("detector")))
    if kind is None:
        raise ValueError(f"no detector {state.get('detector')!r}. Allowed: {', '.join(KINDS)}")
    return kind.of(state)
