"""Owns ErrorTest: events (errors, conversions) of two arms, each unit's first one, by whose they are."""

from dataclasses import dataclass, field

import numpy as np

from qoa_platform.metrics.error_evidence import ErrorEvidence, together
from qoa_platform.verdicts.sequential.decision import Effect
from qoa_platform.verdicts.sequential.ratios import Ratios
from qoa_platform.verdicts.sequential.units import Rows, Units

ANY = ""


@dataclass(slots=True, kw_only=True)
class ErrorTest:
    """The guard: the e-process of :class:`ErrorEvidence` per kind of error, their mean, and the ratio of the rates.

    *guard*: log E is that of the guard (harm at 1/α, one-sided, all of α); else that of "no effect", both sides.
    Only a unit's first event of a kind counts.
    """

    units: Units
    margin: float = 0.0
    guard: bool = True
    prior: str = "ratio"
    kinds: dict[str, ErrorEvidence] = field(default_factory=dict)
    ratios: Ratios = field(default_factory=Ratios)
    erred: dict[str, set[int]] = field(default_factory=dict)
    best: float = 0.0

    def add(self, rows: Rows) -> None:
        """After more rows: 1 is an event."""
        hits = rows.only(rows.value == 1)
        names = [ANY] * len(hits) if hits.kind is None else [str(kind) for kind in hits.kind]
        fresh: dict[str, list[int]] = {}
        for row, (unit, name) in enumerate(zip(hits.unit.tolist(), names, strict=True)):
            known = self.erred.setdefault(name, set())
            if unit not in known:
                known.add(unit)
                fresh.setdefault(name, []).append(row)
        for name, at in fresh.items():
            self._events(name, hits.only(np.isin(np.arange(len(hits)), at)))
        if self.kinds:
            alone = next(iter(self.kinds.values())).best if len(self.kinds) == 1 else 0.0
            self.best = max(self.best, alone, together(list(self.kinds.values())))

    def _events(self, name: str, hits: Rows) -> None:
        shares = np.array([split[1] for split in self.units.splits])[hits.stage]
        before = self.kinds.get(name, ErrorEvidence(margin=self.margin, prior=self.prior))
        self.kinds[name] = before.add((hits.arm == 1).tolist(), share=shares.tolist())
        for share in np.unique(shares):
            mine = hits.arm[shares == share]
            self.ratios.add(int((mine == 0).sum()), int((mine == 1).sum()), float(share))

    def ready(self, units: int) -> bool:  # noqa: ARG002 (exact from the first event on)
        """Always: it is exact from the first event on."""
        return True

    def effect(self, alpha: float) -> Effect:
        """The ratio of the rates."""
        low, high = self.ratios.interval(alpha)
        events, seen = self.ratios.events, self.units.labelled_of
        control, treatment = (n / of if of else None for n, of in zip(events, seen, strict=True))
        return Effect(
            estimate=self.ratios.estimate(), low=low, high=high, values=(control, treatment),
            log_e=self.best if self.guard else self.ratios.log_e(),
        )  # fmt: skip
