"""Owns Verdicts: what a contract says of a frame, as rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import polars as pl

from qoa_platform.api.history import History
from qoa_platform.api.listing import Listing
from qoa_platform.reactions.explanations import Held, explained, found, places
from qoa_platform.records import Bounds, Contract, Measurement, Status, Verdict, show
from qoa_platform.verdicts.explanation import Explanation, Moment


@dataclass(frozen=True, slots=True)
class Verdicts(Listing):
    """One verdict per promise (and per group of a promise ``by:``), and the measurements they rest on.

    It is true when every verdict is satisfied: unknown is not.
    """

    verdicts: tuple[Verdict, ...]
    measurements: tuple[Measurement, ...] = ()
    contract: Contract | None = field(default=None, compare=False, repr=False)
    past: History | None = field(default=None, compare=False, repr=False)

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "subject": pl.String, "promise": pl.String, "group": pl.String, "status": pl.String, "reason": pl.String,
        "metric": pl.String, "column": pl.String, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64,
        "unit": pl.String, "margin": pl.Float64, "n": pl.Int64, "severity": pl.String, "blocks": pl.Boolean,
        "cause": pl.String,
    }  # fmt: skip
    SHOWN = ("promise", "group", "status", "value", "allowed", "n", "severity", "cause")

    def __bool__(self) -> bool:
        return self.satisfied

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    def __getitem__(self, promise: str) -> Verdict:
        """The verdict on the whole of that promise. Raises KeyError."""
        found = next((v for v in self.verdicts if v.key.promise == promise and v.key.group is None), None)
        if found is None:
            raise KeyError(f"no promise {promise!r}. There are: {', '.join(sorted({v.key.promise for v in self}))}")
        return found

    def explain(self, promise: str) -> Explanation:
        """Why the whole of *promise* was judged so, and what would change it: what ``qoa explain`` prints, from memory.

        Its history is that of ``prepare(contract).history(days)``, where one was handed in. Raises KeyError for a
        promise that was not judged, and ValueError for verdicts that no contract came with.
        """
        verdict = self[promise]
        if self.contract is None:
            raise ValueError("these verdicts came without their contract. Allowed: those that judge() returned")
        place, _ = found(places(self.contract), f"{self.contract.name}/{verdict.key.subject}.{verdict.key.promise}")
        return explained(place, verdict, Held(verdicts=(verdict,), past=tuple(self._moments(verdict))))

    def _moments(self, verdict: Verdict) -> Iterator[Moment]:
        """The values of earlier windows, of the series that *verdict* rests on."""
        mine = next((m for m in self.measurements if m.id in verdict.measurements), None)
        if mine is None or self.past is None:
            return
        for m in sorted(self.past.find(Measurement, series=mine.series), key=lambda m: m.window.end):
            if m.window.end <= verdict.window.start:
                yield Moment(
                    window=str(m.window), end=m.window.end, status="", value=m.reading.value, low=None, high=None,
                    n=m.reading.n,
                )  # fmt: skip

    @property
    def satisfied(self) -> bool:
        """Whether every promise was kept; silence and unknown are not compliance."""
        return all(v.satisfied for v in self.verdicts)

    @property
    def blocked(self) -> bool:
        """Whether such data must not be published: a critical promise is violated, or unknown for a blocking reason."""
        return any(v.blocks for v in self.verdicts)

    @property
    def violated(self) -> "Verdicts":
        """Those that are violated."""
        return replace(self, verdicts=tuple(v for v in self.verdicts if v.violated))

    @property
    def unknown(self) -> "Verdicts":
        """Those that could not be judged, each with its reason."""
        return replace(self, verdicts=tuple(v for v in self.verdicts if v.status is Status.UNKNOWN))

    def records(self) -> list[dict[str, Any]]:
        """The rows as plain dictionaries: values in base units, ``None`` where unknown."""
        return [_record(v) for v in self.verdicts]

    def cells(self) -> Sequence[Sequence[str]]:
        """The rows as a person reads them."""
        return [
            (
                v.key.promise, v.key.group or "", str(v), show(v.value, v.unit), allowed(v), f"{v.n:,}",
                str(v.severity), v.cause or _column(v) or "",
            )
            for v in self.verdicts
        ]  # fmt: skip

    def head(self) -> str:
        """How many there are of each status."""
        counts = {s: sum(v.status is s for v in self.verdicts) for s in Status}
        said = ", ".join(f"{count} {status}" for status, count in counts.items())
        return f"{len(self.verdicts)} verdicts: {said}" + ("; blocked" if self.blocked else "")


def allowed(verdict: Verdict) -> str:
    """The bounds in force as a person reads them.

    >>> from qoa_platform.records import Unit
    >>> _between(Bounds(low=0.99), Unit.RATIO)
    '≥ 99 %'
    """
    return _between(verdict.bounds, verdict.unit)


def _between(bounds: Bounds, unit: Any) -> str:
    low, high = bounds.low, bounds.high
    if low is not None and high is not None:
        return show(low, unit) if low == high else f"{show(low, unit)} … {show(high, unit)}"
    if low is None and high is None:
        return ""
    return f"≥ {show(low, unit)}" if low is not None else f"≤ {show(high, unit)}"


def _column(verdict: Verdict) -> str | None:
    """Which column decided, where several were promised."""
    found = verdict.evidence.get("column")
    return f"worst: {found}" if isinstance(found, str) else None


def _record(verdict: Verdict) -> dict[str, Any]:
    column = verdict.evidence.get("column")
    return {
        "subject": verdict.key.subject, "promise": verdict.key.promise, "group": verdict.key.group,
        "status": str(verdict.status), "reason": str(verdict.reason) if verdict.reason else None,
        "metric": verdict.metric, "column": column if isinstance(column, str) else None, "value": verdict.value,
        "low": verdict.bounds.low, "high": verdict.bounds.high, "unit": str(verdict.unit), "margin": verdict.margin,
        "n": verdict.n, "severity": str(verdict.severity), "blocks": verdict.blocks, "cause": verdict.cause,
    }  # fmt: skip
