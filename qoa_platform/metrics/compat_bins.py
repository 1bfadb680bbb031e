"""Owns ``compat:`` over bins that a peer takes anew: what is asked, and how its figure is read (metrics.md 5)."""

from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

from qoa_platform.metrics.frame_metric import FrameMetric, undefined
from qoa_platform.records import Ask, ColumnProfile, Direction, Profile, Reading, Reason, Unit
from qoa_platform.states import Frequencies


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebinned(FrameMetric):
    """A peer's distance: exact of categories, within the bound of numbers, whose reference is known bin by bin only.

    Numbers: all current values (class X) against the 2 048 frozen edges. Categories: their counts.
    """

    direction = Direction.LOWER
    needs_reference = True
    rule: ClassVar[str]

    def ask(self, profile: Profile | None, /) -> Ask | None:
        """The rows of numbers, the counts of categories; ``None`` where neither edges nor a dictionary are frozen."""
        known = profile.column(self.columns[0]) if profile else None
        if known is None:
            return None
        if known.bins2048 is not None:
            return self._ask("whole")
        return self._ask(Frequencies) if known.dictionary and known.bins10 is None else None

    def _read(self, state: Any, profile: Profile | None, group: str | None) -> Reading:
        known = profile.column(self.columns[0], group) if profile else None
        if known is None:
            return Reading.unknown(Reason.NO_REFERENCE, cause=f"nothing is frozen of group {group!r}")
        if not state.n:
            return Reading.unknown(Reason.NO_DATA)
        return self._of_categories(known, state) if isinstance(state, Frequencies) else self._of_rows(known, state)

    def _of_categories(self, known: ColumnProfile, state: Frequencies) -> Reading:
        from qoa_platform.metrics.peer_distances import RULES, beside  # noqa: PLC0415 (heavy import: NumPy)

        if state.error or not known.dictionary:
            return undefined(state.n, "the counts of the values are not exact, or not frozen")
        found = RULES[self.rule].categories(*beside({c.value: c.count for c in known.dictionary}, dict(state.counts)))
        return undefined(state.n, found) if isinstance(found, str) else Reading(value=float(found), n=state.n)

    def _of_rows(self, known: ColumnProfile, state: Any) -> Reading:
        from qoa_platform.metrics.peer_distances import RULES, figure, numbers  # noqa: PLC0415 (heavy import: NumPy)
        from qoa_platform.metrics.rebinning import frozen  # noqa: PLC0415 (heavy import: NumPy)

        values, reference = numbers(state.frame, self.columns[0]), frozen(known)
        if not values.size:
            return Reading.unknown(Reason.NO_DATA)
        if reference is None:
            return undefined(values.size, "the reference holds nothing, or ±inf, or its fine edges do not span it")
        if not isfinite(values[0]) or not isfinite(values[-1]):
            return undefined(values.size, "the column holds ±inf, which have no bin")
        found = figure(RULES[self.rule], reference, values)
        if isinstance(found, str):
            return undefined(values.size, found)
        value, bound = float(found.likely), float(max(found.most - found.likely, found.likely - found.least, 0.0))
        if not isfinite(bound):
            return undefined(values.size, "numbers so large have no bins of a width")
        return Reading(value=value, n=values.size, bound=bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidentlyPsi(Rebinned):
    """Population stability index as Evidently bins it: Sturges over both samples, or the values where at most 20."""

    id = "drift.psi"
    unit = Unit.NAT
    rule = "evidently_psi"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidentlyJs(Rebinned):
    """Jensen–Shannon distance, base e, over Evidently's bins."""

    id = "drift.js"
    unit = Unit.ONE
    rule = "evidently_js"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrourosPsi(Rebinned):
    """Population stability index over 10 equal bins of both samples; an empty bin is the smallest positive float."""

    id = "drift.psi"
    unit = Unit.NAT
    rule = "frouros_psi"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepchecksPsi(Rebinned):
    """Population stability index of categories: under 1 % of the reference merged, shares of at least 0.01."""

    id = "drift.psi"
    unit = Unit.NAT
    rule = "deepchecks_psi"


@dataclass(frozen=True, slots=True, kw_only=True)
class NannyJs(Rebinned):
    """Jensen–Shannon distance, base 2, over "doane" bins of the reference and one for what lies outside."""

    id = "drift.js"
    unit = Unit.ONE
    rule = "nanny_js"


@dataclass(frozen=True, slots=True, kw_only=True)
class NannyKs(Rebinned):
    """Kolmogorov–Smirnov distance; from 10 000 reference values on at the ends of 10 000 equal bins."""

    id = "drift.ks"
    unit = Unit.ONE
    rule = "nanny_ks"


@dataclass(frozen=True, slots=True, kw_only=True)
class NannyWasserstein(Rebinned):
    """Wasserstein distance; from 10 000 reference values on off 10 000 equal bins, tails weighted by (n + 1)/N."""

    id = "drift.wasserstein"
    unit = Unit.COLUMN
    rule = "nanny_wasserstein"
