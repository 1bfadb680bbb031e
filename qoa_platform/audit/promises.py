"""Owns the judging of one promise from its readings: bands, floors and baselines are looked up here, and only here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qoa_platform.audit.candidate import Candidate
from qoa_platform.audit.history import usual
from qoa_platform.audit.reader import Reader
from qoa_platform.audit.references import References
from qoa_platform.audit.withholding import untold
from qoa_platform.metrics import Metric
from qoa_platform.metrics.drift_bins import counts_of
from qoa_platform.records import (
    Measurement,
    Params,
    Profile,
    Promise,
    Reading,
    Reason,
    Reference,
    ReferenceKind,
    Subject,
    Usual,
    Verdict,
)
from qoa_platform.scans import Measured
from qoa_platform.verdicts import Band, Context, Observed, floor_of, judge, judge_columns
from qoa_platform.verdicts.budget import Share, spread
from qoa_platform.verdicts.noise import ALPHA

Reads = Mapping[Metric, Sequence[Measured]]
Referred = tuple[Metric, Profile | None]
"""A metric, and the profile that it is read against."""
LEAST = 1e-9
"""No chance of a false alarm is taken lower: a budget of nothing is as strict as a judge can be."""
MOVING = frozenset({ReferenceKind.LAST_PARTITIONS, ReferenceKind.PREVIOUS})
MOMENTARY = frozenset({"data.timeliness", "data.publish_delay"})
"""Metrics whose value depends on the clock: their measurements carry the moment (decision 10)."""


@dataclass(slots=True, kw_only=True)
class Bench:
    """What judging the promises of one audit shares, and the measurements it leaves behind."""

    ledger: Reader
    subject: Subject
    candidate: Candidate
    references: References | None
    context: Context
    gate: bool = True
    measurements: list[Measurement] = field(default_factory=list)
    shares: tuple[Share, ...] | None = None
    """What each promise may spend of the contract's false alarms; worked out when it is asked for first."""

    def judged(
        self, promise: Promise, metrics: Sequence[Referred], reads: Reads, baselines: Reads | None = None
    ) -> list[Verdict]:
        """The verdicts of *promise*: the whole, and each group that is large enough (semantics 3).

        Groups by a sensitive column are not judged one by one: their names, which the ledger keeps, would be values.
        """
        groups: list[str] = []
        if promise.by is not None and promise.by not in self.subject.sensitive:
            groups = sorted({r.group for m, _ in metrics for r in reads.get(m, ()) if r.group is not None})
        told = {g: [(m, p, self._reading(reads, m, g)) for m, p in metrics] for g in (None, *groups)}
        large = [g for g in groups if any(r.n >= (promise.min_n or 1) for _, _, r in told[g])]
        alpha = self._alpha(promise, 1 + len(large))
        return [self._verdict(promise, told[g], g, baselines, alpha) for g in (None, *large)]

    def _alpha(self, promise: Promise, parts: int) -> float:
        """The chance of a false alarm that a window may have in one of its *parts*: the whole, and each group."""
        if self.shares is None:
            contract = self.references.contract if self.references is not None else None
            self.shares = spread(contract).shares if contract is not None else ()
        mine = (self.subject.id, promise.id)
        share = next((s for s in self.shares if (s.subject, s.promise) == mine), None)
        return ALPHA if share is None else max(share.alpha / parts, LEAST)

    def _reading(self, reads: Reads, metric: Metric, group: str | None) -> Reading:
        if self.candidate.imported and metric.id in MOMENTARY:
            return Reading.unknown(Reason.NOT_APPLICABLE, cause="history was imported: when it arrived is not known")
        found = next((r.reading for r in reads.get(metric, ()) if r.group == group), None)
        if found is None:
            return Reading.unknown(Reason.NO_DATA, cause=f"the scan gave no answer for {group or 'the whole'}")
        return untold(found, metric, self.subject.sensitive)

    def _verdict(
        self,
        promise: Promise,
        found: Sequence[tuple[Metric, Profile | None, Reading]],
        group: str | None,
        baselines: Reads | None,
        alpha: float,
    ) -> Verdict:
        observed: dict[str, Observed] = {}
        for index, (metric, profile, reading) in enumerate(found):
            baseline = self._reading(baselines, metric, group) if baselines is not None else None
            probe = self.measurement(metric, profile, reading, group, promise.reference)
            self.measurements.append(probe)
            name = ", ".join(metric.columns) or str(index)
            observed[name] = Observed(
                reading=reading,
                baseline=baseline,
                band=self._band(promise, probe),
                floor=_floor(metric, profile, reading, group, looks=len(found), alpha=alpha),
                measurements=(probe.id,),
            )
        metric = found[0][0]
        if len(observed) > 1:
            return judge_columns(
                promise, context=self.context, columns=observed, unit=metric.unit, direction=metric.direction,
                group=group, gate=self.gate,
            )  # fmt: skip
        seen = next(iter(observed.values()))
        return judge(
            promise, context=self.context, reading=seen.reading, unit=metric.unit, direction=metric.direction,
            group=group, baseline=seen.baseline, band=seen.band, floor=seen.floor, measurements=seen.measurements,
            gate=self.gate,
        )  # fmt: skip

    def _band(self, promise: Promise, probe: Measurement) -> Band | Reason | None:
        if not isinstance(promise.must, Usual) or self.references is None:
            return None
        return usual(self.ledger, self.references, probe)

    def measurement(
        self, metric: Metric, profile: Profile | None, reading: Reading, group: str | None,
        reference: Reference | None = None,
    ) -> Measurement:  # fmt: skip
        """The ledger row of one reading. A moving reference names its series: its digest moves with every window."""
        return Measurement(
            metric=metric.id,
            params=series_params(metric.params, reference),
            subject=self.subject.target,
            group=group,
            version=self.context.version,
            window=self.context.window,
            reading=reading,
            unit=metric.unit,
            direction=metric.direction,
            data=self.candidate.digest,
            profile=profile.digest if profile is not None and _frozen(profile) else None,
            moment=self.candidate.at if metric.id in MOMENTARY else None,
            at=self.candidate.at,
            wall=self.candidate.wall,
        )


def series_params(params: Params, reference: Reference | None) -> Params:
    """The parameters that name a series: a moving reference is one of them."""
    if reference is None or reference.kind not in MOVING:
        return params
    return tuple(sorted((*params, ("reference", f"last {reference.count or 1} partitions"))))


def _frozen(profile: Profile) -> bool:
    """A moving reference has a new digest for every window; the series goes on under none."""
    return not profile.name.startswith("last ")


def _floor(
    metric: Metric, profile: Profile | None, reading: Reading, group: str | None, *, looks: int, alpha: float
) -> float | None:  # fmt: skip
    if (
        profile is None or not metric.columns or "compat" in dict(metric.params)
    ):  # a peer's number has a floor of its own
        return None
    if (features := profile.features_of(metric.columns, group)) is not None and metric.id == "drift.mmd":
        return floor_of(metric.id, reading.n, features.n, 0, looks=looks, noise=features.noise, alpha=alpha)
    column = profile.column(metric.columns[0], group)
    if column is None:
        return None
    return floor_of(
        metric.id, reading.n, column.n - column.missing, len(counts_of(column)), looks=looks, noise=column.noise,
        spread=column.std, alpha=alpha,
    )  # fmt: skip
