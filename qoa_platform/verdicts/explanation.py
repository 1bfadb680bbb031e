"""Owns Explanation: all that is to be said about one promise, as plain data: terminal and page are renderings."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from qoa_platform.records import Direction, FailingRows, Unit, Verdict, plain, printable, show
from qoa_platform.verdicts.budget import Spend
from qoa_platform.verdicts.remedies import Remedy, because, between, distance

NUMBER = (int, float)
GOOD = {
    Direction.HIGHER: "more is better", Direction.LOWER: "less is better", Direction.TARGET: "neither side is better",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One window of the history: the current verdict's value and the bounds that were in force for it."""

    window: str
    end: datetime
    status: str
    value: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def shown(self) -> float | None:
        """The value, where a plot can show it: a finite number."""
        return self.value if self.value is not None and isfinite(self.value) else None

    @property
    def band(self) -> tuple[float | None, float | None]:
        """The bounds that a plot can show; an infinite one is an open side."""
        low, high = (b if b is not None and isfinite(b) else None for b in (self.low, self.high))
        return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What ``usual`` learnt: the *name* of the model, why it was chosen, and what its back-test said of every other."""

    name: str
    why: str
    facts: tuple[tuple[str, str], ...]
    errors: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What a promise led to: an episode or a reaction, when, and what became of it."""

    kind: str
    what: str
    at: datetime
    became: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A change point of the history: the window in which it came, and what it was."""

    window: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One promise and its verdict: what is measured, what was promised where, what was found, and what would change it.

    *history* runs up to the verdict's window; *reference* and its *digest* are what it was compared with, *spend* what
    it cost of the contract's false-alarm budget.
    """

    name: str
    contract: str
    contract_version: int
    line: str
    wording: str
    severity: str
    gates: bool
    metric: str
    definition: str
    formula: str
    unit: Unit
    direction: Direction
    reads: str
    reference: str | None
    digest: str | None
    verdict: Verdict | None
    remedies: tuple[Remedy, ...]
    history: tuple[Moment, ...] = ()
    last: tuple[tuple[str, str, str, str], ...] = ()
    model: Model | None = None
    followed: tuple[Followed, ...] = ()
    changes: tuple[Named, ...] = ()
    spend: Spend | None = None

    @property
    def because(self) -> str:
        """The verdict's reason in one line."""
        return "it was never judged" if self.verdict is None else because(self.verdict)

    def __str__(self) -> str:
        broken = self.verdict is not None and self.verdict.satisfied
        title = ["what would break it:" if broken else "what would change it:"] if self.remedies else []
        told = [headline(self), f"because {self.because}", *title, *(f"  {r.says}" for r in self.remedies)]
        return "\n".join(told)

    def plain(self) -> dict[str, object]:
        """The record as plain data, for JSON."""
        found = plain(self)
        return {**found, "because": self.because} if isinstance(found, dict) else {}


def moments(verdicts: Iterable[Verdict]) -> tuple[Moment, ...]:
    """The history of current *verdicts*, oldest window first."""
    ordered = sorted(verdicts, key=lambda v: (v.window.end, v.window.start))
    return tuple(
        Moment(
            window=str(v.window), end=v.window.end, status=str(v), value=v.value, low=v.bounds.low, high=v.bounds.high,
            n=v.n,
        )
        for v in ordered
    )  # fmt: skip


def model_of(verdict: Verdict | None) -> Model | None:
    """The model in the evidence of a verdict of ``must: usual``; ``None`` where no band was learnt.

    Its choice is explained by the back-test that is stored beside the band (``why``: mean error of every candidate over
    that of the plain one), where there is one.
    """
    band = verdict.evidence.get("band") if verdict is not None else None
    if verdict is None or not isinstance(band, Mapping):
        return None
    name = str(band.get("model"))
    errors = _errors(band)
    facts = [
        (title, show(float(found), verdict.unit))
        for title in ("centre", "low", "high") if isinstance(found := band.get(title), NUMBER)
    ]  # fmt: skip
    facts += [(t, f"{found:.4g}") for t in ("spread", "limit") if isinstance(found := band.get(t), NUMBER)]
    facts += [(key, str(band[key])) for key in ("scale", "n", "calendar") if band.get(key) is not None]
    facts += [
        (title, f"{found:.3g}")
        for title, key in (("chance of a false alarm", "p"), ("false alarms a month", "false_alarms"))
        if isinstance(found := band.get(key), NUMBER)
    ]
    far = distance(verdict.value, band) if verdict.value is not None else None
    facts += [("distance", f"{far:.3g} spreads")] if far is not None else []
    return Model(name=name, why=_why(name, errors), facts=tuple(facts), errors=errors)


def _errors(band: Mapping[str, object]) -> tuple[tuple[str, float], ...]:
    """The back-test: candidates by their error over that of the plain model, the best first."""
    found = band.get("why")
    if not isinstance(found, Mapping):
        return ()
    told = [(str(name), float(error)) for name, error in found.items() if isinstance(error, NUMBER)]
    return tuple(sorted(told, key=lambda pair: (pair[1], pair[0])))


def _why(name: str, errors: tuple[tuple[str, float], ...]) -> str:
    if errors:
        best, least = errors[0]
        chosen = "" if best == name else f"; {name} is taken, for {best} did not beat it by enough"
        said = f"{best} had the least error, {least:.3g} of the plain one's"
        return f"its own past, forecast window by window: {said}{chosen}"
    if name.startswith("seasonal"):
        return "on its own past the season forecast the last windows better than none did"
    return "no season forecast its last windows better than this"


def headline(found: Explanation) -> str:
    """The promise, its verdict and its numbers, in one line."""
    verdict = found.verdict
    if verdict is None:
        return f"{found.name}  never judged"
    off = "" if verdict.margin is None else f", margin {show(verdict.margin, verdict.unit)}"
    seen = f"{show(verdict.value, verdict.unit)}, allowed {between(verdict.bounds, verdict.unit)}{off}"
    return f"{found.name}  {verdict}  {verdict.window}  {seen}, n = {verdict.n:,}"


def facts(found: Explanation) -> list[tuple[str, str]]:
    """What is promised, measured and compared, as (name, value); for people."""
    gates = ", keeps a candidate from being published" if found.gates else ""
    told = [
        ("promise", found.wording),
        ("contract", f"{found.contract} version {found.contract_version}{f', {found.line}' if found.line else ''}"),
        ("severity", f"{found.severity}{gates}"),
        ("metric", f"{found.metric}: {found.definition.replace('``', '')}"),
        ("unit", f"{found.unit}; {GOOD[found.direction]}"),
        ("reads", found.reads),
    ]
    if found.reference is not None:
        told.append(("compared with", f"{found.reference}{f' ({found.digest[:12]})' if found.digest else ''}"))
    verdict = found.verdict
    if verdict is not None:
        data = f", data {verdict.data[:12]}" if verdict.data else ""
        told.append(("judged", f"{verdict.at:%Y-%m-%d %H:%M} UTC{data}, verdict {verdict.id}"))
        told += [(name, text) for name, text in _evidence(verdict)]
    return told


def _evidence(verdict: Verdict) -> Iterator[tuple[str, str]]:
    floor, baseline = verdict.evidence.get("floor"), verdict.evidence.get("baseline")
    if isinstance(floor, NUMBER):
        yield "noise floor", show(float(floor), verdict.unit)
    if isinstance(baseline, Mapping) and isinstance(baseline.get("value"), NUMBER):
        yield "baseline", f"{show(float(baseline['value']), verdict.unit)}, n = {baseline.get('n')}"
    columns = verdict.evidence.get("columns")
    if isinstance(columns, Mapping):
        told = [
            f"{printable(name, 60)} {each.get('status')}" for name, each in columns.items() if isinstance(each, Mapping)
        ]
        yield "columns", ", ".join(told)
    failing = FailingRows.of(verdict.evidence)
    if failing is not None:
        yield "failing rows", f"{failing.count:,}"


def spent_facts(spend: Spend) -> list[tuple[str, str]]:
    """What was declared and spent of the false-alarm budget, as (name, value); for people."""
    if spend.declared is None or spend.expected is None:
        return [("declared", "none: a fixed bound has no rate of false alarms"), ("alarms", f"{spend.alarms}")]
    word = "more than is explained" if spend.overspent else "within what is declared"
    return [
        ("declared", f"{spend.declared:.3g} a month"),
        ("expected", f"{spend.expected:.2g} in {spend.judged:,} windows"),
        ("alarms", f"{spend.alarms}; {spend.confirmed} confirmed (mended), {spend.accepted} accepted as false"),
        ("not confirmed", f"{spend.doubtful} (95 %: {spend.low:.2g} to {spend.high:.2g}): {word}"),
    ]
