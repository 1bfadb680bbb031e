"""Owns the judging of one promise from its readings: bands, floors and baselines are looked up here, and only here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import polars as pl

from qoa_platform.audit import drifting
from qoa_platform.audit.candidate import Candidate
from qoa_platform.audit.drifting import Item
from qoa_platform.audit.history import LEAST, usual
from qoa_platform.audit.reader import Reader
from qoa_platform.audit.references import References
from qoa_platform.audit.watching import told, watch
from qoa_platform.audit.withholding import untold
from qoa_platform.metrics import Metric
from qoa_platform.metrics.drift_watched import Watched
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
from qoa_platform.verdicts import Band, Context, Observed, judge_columns, judge_one
from qoa_platform.verdicts.budget import Share, spread
from qoa_platform.verdicts.noise import ALPHA

Reads = Mapping[Metric, Sequence[Measured]]
Referred = tuple[Metric, Profile | None]
"""A metric, and the profile that it is read against."""
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
    others: Mapping[str, tuple[Sequence[Referred], Reads]] = field(default_factory=dict)
    """What was read of every promise of the subject: a detector may be ``of:`` another one."""
    past: References | None = None
    """Where published partitions are known from, if not from the references."""
    rows: pl.DataFrame | None = None
    """The rows that detectors fold, where they are not all of the candidate's."""

    def judged(
        self, promise: Promise, metrics: Sequence[Referred], reads: Reads, baselines: Reads | None = None
    ) -> list[Verdict]:
        """The verdicts of *promise*: the whole, and each group that is large enough (semantics 3).

        Groups by a sensitive column are not judged one by one: their names, which the ledger keeps, would be values.
        """
        found: dict[str | None, list[Item]] = {None: self._items(promise, metrics, reads, None)}
        if promise.by is not None and promise.by not in self.subject.sensitive:
            for group in sorted({r.group for m, _ in metrics for r in reads.get(m, ()) if r.group is not None}):
                items = self._items(promise, metrics, reads, group)
                if any(probe.reading.n >= (promise.min_n or 1) for *_, probe in items):
                    found[group] = items
        items = [item for each in found.values() for item in each]
        alpha = self._alpha(promise, len(found))
        grounds = drifting.grounds(
            self.ledger, self.references, promise, items, looks=len(metrics), alpha=alpha
        )  # fmt: skip
        held = iter(zip(items, grounds, drifting.adjusted(promise, items, grounds), strict=True))
        each_look = alpha / max(len(metrics), 1)
        return [
            self._verdict(promise, list(islice(held, len(each))), key, baselines, each_look)
            for key, each in found.items()
        ]

    def _alpha(self, promise: Promise, parts: int) -> float:
        """The chance of a false alarm that a window may have in one of its *parts*: the whole, and each group."""
        if self.shares is None:
            contract = self.references.contract if self.references is not None else None
            self.shares = spread(contract).shares if contract is not None else ()
        mine = (self.subject.id, promise.id)
        share = next((s for s in self.shares if (s.subject, s.promise) == mine), None)
        return ALPHA if share is None else max(share.alpha / parts, LEAST)

    def _items(self, promise: Promise, metrics: Sequence[Referred], reads: Reads, group: str | None) -> list[Item]:
        found = [
            (m, p, self.measurement(m, p, self._reading(reads, m, group), group, promise.reference))
            for m, p in metrics
        ]  # fmt: skip
        return [
            (m, p, self._watched(m, p, probe)) if isinstance(m, Watched) else (m, p, probe) for m, p, probe in found
        ]

    def _watched(self, metric: Watched, profile: Profile | None, probe: Measurement) -> Measurement:
        """*probe* as a detector reads it: the past of the promise it names, or rows, is folded up to here."""
        references = self.past or self.references
        if references is None:
            return probe
        named = self.subject.promise(metric.of_) if metric.of_ is not None else None
        metrics, reads = self.others.get(named.id, ((), {})) if named is not None else ((), {})
        measured = [m for *_, m in self._items(named, metrics, reads, None)] if named is not None else []
        frame = self.candidate.frame if self.rows is None else self.rows
        found = watch(self.ledger, references, frame, self.subject, (metric, profile), probe, named=measured)
        return replace(probe, reading=found.reading, evidence=found.evidence)

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
        found: Sequence[tuple[Item, drifting.Ground, float | None]],
        group: str | None,
        baselines: Reads | None,
        alpha: float,
    ) -> Verdict:
        observed: dict[str, Observed] = {}
        for index, ((metric, _, probe), ground, adjusted) in enumerate(found):
            self.measurements.append(probe)
            name = ", ".join(metric.columns) or str(index)
            observed[name] = Observed(
                reading=probe.reading,
                baseline=self._reading(baselines, metric, group) if baselines is not None else None,
                band=self._band(promise, probe, alpha),
                floor=ground.floor,
                measurements=(probe.id,),
                adjusted=adjusted,
                grounds={**ground.evidence, **told(probe.evidence)},
            )
        metric = found[0][0][0]
        if len(observed) > 1:
            return judge_columns(
                promise, context=self.context, columns=observed, unit=metric.unit, direction=metric.direction,
                group=group, gate=self.gate,
            )  # fmt: skip
        return judge_one(
            promise, next(iter(observed.values())), context=self.context, unit=metric.unit, direction=metric.direction,
            group=group, gate=self.gate,
        )  # fmt: skip

    def _band(self, promise: Promise, probe: Measurement, alpha: float) -> Band | Reason | None:
        if not isinstance(promise.must, Usual) or self.references is None:
            return None
        return usual(self.ledger, self.references, probe, alpha=alpha)

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
