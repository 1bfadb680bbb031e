"""Owns the noise that a drift promise is judged with: dispersion of its own published past, floors, surprises."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from qoa_platform.audit.reader import Reader
from qoa_platform.audit.references import References
from qoa_platform.metrics import Metric
from qoa_platform.metrics.drift_bins import counts_of
from qoa_platform.records import Fixed, Measurement, Profile, Promise, Window
from qoa_platform.verdicts import fixed_bounds
from qoa_platform.verdicts.drifting import (
    Dispersion,
    Past,
    Sides,
    adjusted_e,
    adjusted_p,
    dispersion,
    p_of,
    quiet,
    standard,
)
from qoa_platform.verdicts.noise import ALPHA, Shape, area_shape, largest_shape, share_shape

DEPTH = 100
"""How many published partitions are looked back at most."""
ENOUGH = 28
"""Published windows before a lasting shift is looked for."""
E_VALUES = frozenset({"service.error_e_value"})
"""Metrics whose value is evidence (an e-value), not a distance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a reading is held against: its noise *floor*, its *surprise* p, and *evidence* of how wild rows are."""

    floor: float | None = None
    surprise: float | None = None
    evidence: dict[str, object] = field(default_factory=dict)


Item = tuple[Metric, Profile | None, Measurement]


def grounds(
    ledger: Reader, references: References | None, promise: Promise, items: Sequence[Item], *, looks: int,
    alpha: float = ALPHA,
) -> list[Ground]:  # fmt: skip
    """The ground of each of *items* (what was measured of one promise), in their order.

    Floors stand at *alpha* ÷ *looks*; under ``fdr:`` at that rate ÷ *looks*, below which a bound could not be seen.
    """
    if not any(sided(metric, profile, probe) for metric, profile, probe in items):
        return [Ground() for _ in items]
    pasts = past(ledger, references, [probe for *_, probe in items]) if isinstance(promise.must, Fixed) else {}
    return [_ground(promise, item, pasts.get(item[2].id, ()), looks=looks, alpha=alpha) for item in items]


Dated = tuple[Window, Past]
"""What a window showed."""


def _ground(promise: Promise, item: Item, windows: Sequence[Dated], *, looks: int, alpha: float) -> Ground:
    metric, profile, probe = item
    sides = sided(metric, profile, probe)
    if sides is None:
        return Ground()
    bounds = fixed_bounds(promise.must) if isinstance(promise.must, Fixed) else None
    calm = quiet([w for _, w in windows], low=bounds.low, high=bounds.high) if bounds is not None else ()
    wild = dispersion(metric.id, calm, reference=sides.reference, bins=sides.bins, shape=sides.shape)
    sides = _as_wild(sides, wild)
    floor = sides.floor(metric.id, alpha=alpha if promise.fdr is None else promise.fdr, looks=looks)
    surprise = p_of(metric.id, probe.reading.value, sides)
    if floor is None and surprise is None:
        return Ground()
    told: dict[str, object] = {"dispersion": wild.evidence()}
    if surprise is not None:
        told["p"] = surprise
    if (shift := since(probe, windows, sides.reference)) is not None:
        told["lasting"] = shift
    return Ground(floor=floor, surprise=surprise, evidence=told)


def since(probe: Measurement, windows: Sequence[Dated], reference: int) -> dict[str, object] | None:
    """The lasting shift that *probe* is in, too small for one window or not, as plain data; ``None``: there is none."""
    if len(windows) < ENOUGH or probe.reading.value is None:
        return None
    from qoa_platform.verdicts.drifting.lasting import lasting  # noqa: PLC0415 (heavy import)

    every = [*windows, (probe.window, Past(value=probe.reading.value, rows=probe.reading.n))]
    values = [standard(probe.metric, window, reference) for _, window in every]
    shifts = lasting(values, only_up=probe.metric != "drift.mean_shift").shifts
    if not shifts:
        return None
    last = shifts[-1]
    return {
        "since": every[last.since][0].partition, "found": every[last.at][0].partition, "sigmas": last.sigmas,
        "windows": len(every) - last.since,
    }  # fmt: skip


def _as_wild(sides: Sides, wild: Dispersion) -> Sides:
    return Sides(
        rows=sides.rows, reference=sides.reference, bins=sides.bins, noise=sides.noise, spread=sides.spread,
        shape=sides.shape, dispersion=wild.phi,
    )  # fmt: skip


def sided(metric: Metric, profile: Profile | None, probe: Measurement) -> Sides | None:
    """What is known of both sides of a drift metric; ``None`` for any other, and for a peer's number."""
    if profile is None or not metric.columns or not metric.id.startswith("drift.") or "compat" in dict(metric.params):
        return None
    rows, group = probe.reading.n, probe.group
    if rows < 1:
        return None
    if metric.id == "drift.mmd" and (features := profile.features_of(metric.columns, group)) is not None:
        return Sides(rows=rows, reference=features.n, noise=features.noise) if features.n else None
    column = profile.column(metric.columns[0], group)
    if column is None or column.n <= column.missing:
        return None
    counts = counts_of(column)
    shape: Shape | None = None
    match metric.id:
        case "drift.tvd":
            shape = share_shape(counts)
        case "drift.linf":
            shape = largest_shape(counts)
        case "drift.wasserstein" | "drift.wasserstein_std" if column.bins2048 is not None:
            shape = area_shape(column.bins2048.edges, column.bins2048.counts)
    return Sides(
        rows=rows, reference=column.n - column.missing, bins=len(counts), noise=column.noise, spread=column.std,
        shape=shape,
    )  # fmt: skip


def past(
    ledger: Reader, references: References | None, probes: Sequence[Measurement]
) -> dict[str, tuple[Dated, ...]]:  # fmt: skip
    """What each of *probes* showed in published windows before, oldest first, by its id: one query for all of them."""
    heads = references.published()[-DEPTH:] if references is not None else []
    if references is None or not heads:
        return {}
    prefix = f"{references.candidate.asset}|"
    published = {Window.of_partition(h.key.removeprefix(prefix)): h.value for h in heads}
    series = sorted({probe.series for probe in probes})
    shown: dict[tuple[str, str | None], dict[Window, Past]] = {}
    for m in ledger.find(Measurement, series=series, ends_after=min(w.start for w in published)):
        plain = m.trial is None and m.reading.reason is None and m.reading.value is not None
        if plain and m.window in published and published[m.window] == m.data:
            windows = shown.setdefault((m.series, m.version), {})
            windows[m.window] = Past(value=m.reading.value or 0.0, rows=m.reading.n)
    return {
        probe.id: tuple(sorted(shown.get((probe.series, probe.version), {}).items(), key=lambda pair: pair[0]))
        for probe in probes
    }  # fmt: skip


def adjusted(promise: Promise, items: Sequence[Item], found: Sequence[Ground]) -> list[float | None]:
    """The least false discovery rate at which each item is reported among all: BH of surprises, e-BH of e-values."""
    if promise.fdr is None:
        return [None] * len(items)
    if promise.metric in E_VALUES:
        given = [probe.reading.value for *_, probe in items]
        return _where(given, adjusted_e([e for e in given if e is not None]))
    return _where([g.surprise for g in found], adjusted_p([g.surprise for g in found if g.surprise is not None]))


def _where(given: Sequence[float | None], values: Sequence[float]) -> list[float | None]:
    """*values* in the places of those that are *given*."""
    rest = iter(values)
    return [None if value is None else next(rest) for value in given]
