"""Owns ``compat:``: metrics as peers define them, for those who migrate; a series of its own each (metrics.md 5)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from math import log
from typing import Any, Self

from qoa_platform.metrics.compat_bins import (
    DeepchecksPsi,
    EvidentlyJs,
    EvidentlyPsi,
    FrourosPsi,
    NannyJs,
    NannyKs,
    NannyWasserstein,
    Rebinned,
)
from qoa_platform.metrics.distribution import Entropy
from qoa_platform.metrics.drift_bins import OfBins, shares
from qoa_platform.metrics.drift_shape import Ks, KsP, Wasserstein
from qoa_platform.metrics.drift_tests import ChiSquared, ChiSquaredP
from qoa_platform.metrics.frame_metric import FrameMetric
from qoa_platform.metrics.protocol import MetricError
from qoa_platform.metrics.uniqueness import Distinctness, Uniqueness, UniqueValueRatio
from qoa_platform.records import (
    Ask,
    ColumnProfile,
    Direction,
    Params,
    Profile,
    Promise,
    Reading,
    ReferenceKind,
    Subject,
    Unit,
    Window,
)

PEERS = ("deepchecks-0.19", "deequ-2", "evidently-0.7", "frouros-0.9", "nannyml-0.13", "textbook")
"""What ``compat:`` may name."""
FLOOR, LEAST_SPREAD = 1e-4, 0.001
MOVING = frozenset({ReferenceKind.LAST_PARTITIONS, ReferenceKind.PREVIOUS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A metric under a peer's definition: what *inner* reads, times *factor*, under the id that the promise names."""

    id: str
    compat: str
    inner: FrameMetric
    unit: Unit
    factor: float = 1.0

    @property
    def direction(self) -> Direction:
        """That of what is read: a p-value under the name of a distance is better when it is high."""
        return self.inner.direction

    @property
    def columns(self) -> tuple[str, ...]:
        """What it reads."""
        return self.inner.columns

    @property
    def params(self) -> Params:
        """Those of the inner metric, and the peer: another series than ours."""
        return tuple(sorted((*self.inner.params, ("compat", self.compat))))

    def ask(self, profile: Profile | None, /) -> Ask | None:
        """What the inner metric asks, so that both share a scan."""
        return self.inner.ask(profile)

    def read(self, state: Any, profile: Profile | None, group: str | None = None, /) -> Reading:
        """The reading, in the peer's unit."""
        found = self.inner.read(state, profile, group)
        if found.value is None or self.factor == 1.0:
            return found
        return replace(found, value=found.value * self.factor, bound=(found.bound or 0.0) * self.factor)

    def at(self, now: datetime, window: Window, rows_in: int | None = None, /) -> Self:
        """The same, told the clock."""
        return replace(self, inner=self.inner.at(now, window, rows_in))


@dataclass(frozen=True, slots=True, kw_only=True)
class TextbookPsi(OfBins):
    """Population stability index of shares that are floored at 1e-4, and not made to sum to 1 again.

    On the same reference deciles as ours; it differs where a bin is (nearly) empty. Reference: Siddiqi (2006).
    """

    id = "drift.psi"
    unit = Unit.NAT

    def _distance(self, reference: Sequence[int], current: Sequence[int]) -> float:
        pairs = zip(shares(reference), shares(current), strict=True)
        floored = [(max(p, FLOOR), max(q, FLOOR)) for p, q in pairs]
        return sum((q - p) * log(q / p) for p, q in floored)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlooredWasserstein(Wasserstein):
    """Wasserstein distance ÷ max(standard deviation of the reference, 0.001), as Evidently prints it."""

    id = "drift.wasserstein"
    unit = Unit.ONE

    def _scaled(self, known: ColumnProfile, reading: Reading) -> Reading:
        if reading.value is None or known.std is None:
            return reading
        by = max(known.std, LEAST_SPREAD)
        return replace(reading, value=reading.value / by, bound=(reading.bound or 0.0) / by)


Variant = tuple[type[FrameMetric], Unit, float]
VARIANTS: Mapping[tuple[str, str], Variant] = {
    ("textbook", "drift.psi"): (TextbookPsi, Unit.NAT, 1.0),
    ("evidently-0.7", "drift.ks"): (KsP, Unit.ONE, 1.0),
    ("evidently-0.7", "drift.chi2"): (ChiSquaredP, Unit.ONE, 1.0),
    ("evidently-0.7", "drift.wasserstein"): (FlooredWasserstein, Unit.ONE, 1.0),
    ("nannyml-0.13", "drift.chi2"): (ChiSquared, Unit.ONE, 1.0),
    ("frouros-0.9", "drift.ks"): (Ks, Unit.ONE, 1.0),
    ("frouros-0.9", "drift.wasserstein"): (Wasserstein, Unit.COLUMN, 1.0),
    ("evidently-0.7", "drift.psi"): (EvidentlyPsi, Unit.NAT, 1.0),
    ("evidently-0.7", "drift.js"): (EvidentlyJs, Unit.ONE, 1.0),
    ("frouros-0.9", "drift.psi"): (FrourosPsi, Unit.NAT, 1.0),
    ("nannyml-0.13", "drift.js"): (NannyJs, Unit.ONE, 1.0),
    ("nannyml-0.13", "drift.ks"): (NannyKs, Unit.ONE, 1.0),
    ("nannyml-0.13", "drift.wasserstein"): (NannyWasserstein, Unit.COLUMN, 1.0),
    ("deepchecks-0.19", "drift.psi"): (DeepchecksPsi, Unit.NAT, 1.0),
    ("deequ-2", "data.entropy"): (Entropy, Unit.NAT, log(2)),
    ("deequ-2", "data.uniqueness"): (Uniqueness, Unit.RATIO, 1.0),
    ("deequ-2", "data.distinctness"): (Distinctness, Unit.RATIO, 1.0),
    ("deequ-2", "data.unique_value_ratio"): (UniqueValueRatio, Unit.RATIO, 1.0),
}
"""By peer and metric: what is read, its unit, and the factor to the peer's number.

What a peer bins anew is exact of categories and within its bound of numbers: all current rows are read, and of the
reference what its frozen bins leave open is the bound. What is drawn at random does not follow: it is not computed.
"""
CAUSES: Mapping[tuple[str, str], str] = {
    ("evidently-0.7", "drift.tvd"): "its score is a p-value of 100 random permutations of the raw reference",
    ("deepchecks-0.19", "drift.ks"): "it draws 100,000 rows at random: its figure depends on the draw",
    ("deepchecks-0.19", "drift.wasserstein"): "it draws 100,000 rows at random and trims 1 % at each end",
    ("frouros-0.9", "drift.js"): "it bins each side by a rule that needs raw quartiles of the reference",
}
"""Why a variant that a peer has is refused."""


def computed(promise: Promise) -> bool:
    """Whether the variant that *promise* names is computed."""
    return promise.compat is None or (promise.compat, promise.metric) in VARIANTS


def variant(promise: Promise, subject: Subject, declared: Callable[[str], tuple[Any, ...]]) -> tuple[Any, ...]:
    """The metrics of *promise* as its peer defines them; *declared* makes the stand-ins where that is not computed.

    Raises MetricError for a peer that is not known.
    """
    name = promise.compat or ""
    if name not in PEERS:
        near = get_close_matches(name, PEERS, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise MetricError(f"promise {promise.id!r}: unknown compat {name!r}.{hint} Allowed: {', '.join(PEERS)}")
    known = VARIANTS.get((name, promise.metric))
    if known is None:
        cause = CAUSES.get((name, promise.metric), "it defines it on what is not frozen, or not at all")
        return declared(f"{name}: {cause}; the variant is not computed")
    metric, unit, factor = known
    moves = promise.reference is not None and promise.reference.kind in MOVING
    if issubclass(metric, Rebinned) and moves:
        return declared(f"{name}: its bins need a frozen reference (training, a profile), and this one moves")
    plain = replace(promise, compat=None)
    return tuple(
        Peer(id=promise.metric, compat=name, inner=inner, unit=unit, factor=factor)
        for inner in metric.of(plain, subject)
    )
