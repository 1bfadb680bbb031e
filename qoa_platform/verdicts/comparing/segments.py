"""Owns segments: where a challenger is worse although the whole is better, and Simpson's paradox by its name."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qoa_platform.records import Reason
from qoa_platform.verdicts.comparing.decisions import Segment
from qoa_platform.verdicts.comparing.effects import holm
from qoa_platform.verdicts.comparing.pairing import Rows, found

LEAST_ROWS = 8
"""A segment with fewer rows is listed, not judged."""


def segmented(
    rows: Rows, segments: Mapping[str, NDArray[np.generic]], *, confidence: float, draw: np.random.Generator
) -> tuple[Segment, ...]:
    """Each value of each of *segments* with its difference; the worst first.

    A segment regresses where Holm's p over all that can be judged is at most 1 − confidence and the difference is
    negative: the chance that one is named although none is worse is at most that.
    """
    listed: list[Segment] = []
    for name, codes in segments.items():
        for value in np.unique(codes):
            mask = codes == value
            part = rows.only(mask)
            share = float(mask.mean())
            label = f"{name}={value}" if name else str(value)
            result = (
                Reason.INSUFFICIENT_N
                if int(mask.sum()) < LEAST_ROWS
                else found(part, confidence=confidence, draw=draw, second=part.clusters is None, least=3)
            )
            if isinstance(result, Reason):
                listed.append(Segment(name=label, effect=None, p=None, regresses=False, share=share, reason=result))
            else:
                effect = result.effect
                listed.append(Segment(name=label, effect=effect, p=effect.p, regresses=False, share=share))
    judged = [s for s in listed if s.p is not None]
    adjusted = holm(np.array([s.p for s in judged], dtype=np.float64)).tolist()
    level = 1 - confidence
    held = [
        replace(s, p=float(p), regresses=bool(p <= level and s.effect is not None and s.effect.estimate < 0))
        for s, p in zip(judged, adjusted, strict=True)
    ]
    held.sort(key=lambda s: s.effect.estimate if s.effect is not None else 0.0)
    return (*held, *(s for s in listed if s.p is None))


def paradox(whole: float, segments: tuple[Segment, ...]) -> str | None:
    """What to say where the whole points one way and every segment that differs the other (Simpson's paradox)."""
    parts = [s.effect.estimate for s in segments if s.effect is not None and s.effect.estimate != 0]
    if len(parts) < 2 or whole == 0 or any(part * whole > 0 for part in parts):  # noqa: PLR2004 (one is no paradox)
        return None
    side = "better" if whole > 0 else "worse"
    return f"Simpson's paradox: {side} on the whole, yet not in any of {len(parts)} segments that differ"
