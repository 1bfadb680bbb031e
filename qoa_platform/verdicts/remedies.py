"""Owns remedies: why a verdict is what it is, in one line, and what would change it, with the numbers it would take."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf, isfinite, log
from shlex import quote
from typing import assert_never

from qoa_platform.records import (
    Bounds,
    Promise,
    Reason,
    Reference,
    ReferenceKind,
    Status,
    Unit,
    Usual,
    Verdict,
    Versus,
    printable,
    show,
)
from qoa_platform.verdicts.bounds import excludes_point

SQUARE = frozenset({"drift.psi", "drift.mmd"})
"""Distances whose noise falls with the rows; that of every other one falls with their root."""
LEVEL = {"drift.domain_auc": 0.5}
"""What a distance reads where nothing changed; 0 of every other one."""
FEW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One thing that would change a verdict. *kind* says of what sort: value, rows, history, reference, precision.

    *needed* is the number that it takes, in *unit*; ``None`` where no number would do.
    """

    kind: str
    says: str
    needed: float | None = None
    unit: Unit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known beside a verdict: its *asset*, values in its *history*, the least of them, reference rows."""

    asset: str | None = None
    history: int | None = None
    minimum: int | None = None
    reference_rows: int | None = None


NOTHING = Known()


def because(verdict: Verdict) -> str:
    """Why a verdict is what it is, in one line: the judge, what it compared with, and how far off the value lies."""
    if verdict.cause:
        return printable(verdict.cause, 300)
    if verdict.value is None:
        return f"there is no value: {verdict.reason}"
    column = verdict.evidence.get("column")
    named = f" in column {printable(column, 80)}" if isinstance(column, str) else ""
    found, band = f"{show(verdict.value, verdict.unit)}{named}", _mapping(verdict.evidence.get("band"))
    side, allowed = _side(verdict.value, verdict.bounds), between(verdict.bounds, verdict.unit)
    if band is not None:
        far = distance(verdict.value, band)
        off = "" if far is None else f": {far:.3g} spreads from {_shown(band.get('centre'), verdict.unit)}"
        return f"{found} is {side} what is usual, {allowed}{off} ({band.get('model')}, {band.get('n')} windows)"
    baseline = _mapping(verdict.evidence.get("baseline"))
    if baseline is not None:
        beside = _shown(baseline.get("value"), verdict.unit)
        return f"{found} is {side} what is allowed, {allowed}, beside a baseline of {beside}"
    floor = verdict.evidence.get("floor")
    noise = f"; noise alone reaches {_shown(floor, verdict.unit)}" if isinstance(floor, int | float) else ""
    return f"{found} is {side} what is allowed, {allowed}{noise}"


def remedies(verdict: Verdict, promise: Promise | None = None, known: Known = NOTHING) -> tuple[Remedy, ...]:
    """What would change *verdict*, the nearest thing first; of a satisfied one, what would break it.

    Of a violated one the value that it takes; of an unknown one the rows for ``min_n`` or for the noise floor, the
    history for a band, the reference that is missing, the precision, or the evidence for a comparison to be decided.
    """
    match verdict.status:
        case Status.VIOLATED:
            return tuple(_violated(verdict, known))
        case Status.SATISFIED:
            return tuple(_satisfied(verdict))
        case Status.UNKNOWN:
            return tuple(_unknown(verdict, promise, known))
        case _:
            assert_never(verdict.status)


def command(verdict: Verdict) -> str:
    """What to type in order to read more about *verdict*."""
    key = verdict.key
    window = verdict.window.partition if verdict.window.is_day else str(verdict.window)
    return f"qoa explain {quote(f'{key.contract}/{key}')} --at {quote(window)}"


def _violated(verdict: Verdict, known: Known) -> Iterator[Remedy]:
    value, unit = verdict.value, verdict.unit
    if value is None or not isfinite(value):
        yield Remedy(kind="value", says=f"a finite value: {value} never keeps a promise")
    else:
        yield from _nearest(value, verdict.bounds, unit)
    others = [name for name, told in _columns(verdict) if told.get("status") == "violated"]
    worst = verdict.evidence.get("column")
    if more := [printable(n, 80) for n in others if n != worst]:
        rest = f" and {len(more) - FEW} more" if len(more) > FEW else ""
        yield Remedy(
            kind="value", says=f"and the same of the other columns that break it: {', '.join(more[:FEW])}{rest}"
        )
    if verdict.blocks and verdict.data and known.asset is not None:
        way = f"qoa accept {known.asset} {verdict.window.partition} --reason …"
        yield Remedy(kind="person", says=f"a person who says that the data is right: {way}")


def _nearest(value: float, bounds: Bounds, unit: Unit) -> Iterator[Remedy]:
    if excludes_point(bounds):
        yield Remedy(kind="value", says=f"any value but {show(bounds.low, unit)}", unit=unit)
        return
    strict = "more than" if bounds.strict else "at least"
    if bounds.low is not None and value <= bounds.low:
        says = f"a value of {strict} {show(bounds.low, unit)}: {show(bounds.low - value, unit)} more than it is"
        yield Remedy(kind="value", says=says, needed=bounds.low, unit=unit)
    elif bounds.high is not None and value >= bounds.high:
        strict = "less than" if bounds.strict else "at most"
        says = f"a value of {strict} {show(bounds.high, unit)}: {show(value - bounds.high, unit)} less than it is"
        yield Remedy(kind="value", says=says, needed=bounds.high, unit=unit)


def _satisfied(verdict: Verdict) -> Iterator[Remedy]:
    bounds, unit, value = verdict.bounds, verdict.unit, verdict.value
    if value is None:
        return
    if excludes_point(bounds):
        yield Remedy(kind="value", says=f"it breaks at exactly {show(bounds.low, unit)}", needed=bounds.low, unit=unit)
        return
    for bound, side in ((bounds.low, "below"), (bounds.high, "above")):
        if bound is not None:
            says = f"it breaks {side} {show(bound, unit)}: {show(abs(value - bound), unit)} away"
            yield Remedy(kind="value", says=says, needed=bound, unit=unit)


def _unknown(verdict: Verdict, promise: Promise | None, known: Known) -> Iterator[Remedy]:  # noqa: C901 (one case each)
    cause = printable(verdict.cause or "", 300)
    match verdict.reason:
        case Reason.INSUFFICIENT_N:
            yield from _more(verdict, promise, known)
        case Reason.NO_REFERENCE:
            yield Remedy(kind="reference", says=_missing(promise))
        case Reason.NO_DATA:
            yield Remedy(kind="data", says=f"data for {verdict.window}: rows that the promise reads")
        case Reason.STALE:
            yield Remedy(kind="data", says="newer data: what is there is too old to be judged")
        case Reason.LABEL_PENDING:
            yield Remedy(
                kind="labels", says="the labels of these rows, which are not there yet; then it is judged again"
            )
        case Reason.IMPRECISE:
            yield from _sharper(verdict)
        case Reason.NOT_APPLICABLE:
            yield Remedy(kind="promise", says=f"nothing: it does not apply here ({cause or 'no cause was given'})")
        case Reason.ERROR | None:
            yield Remedy(kind="error", says=f"mending what failed: {cause or 'no cause was given'}")
        case _:
            assert_never(verdict.reason)


def _more(verdict: Verdict, promise: Promise | None, known: Known) -> Iterator[Remedy]:
    """Rows for ``min_n``, rows for a noise floor, or history for a band: whichever is short."""
    least = promise.min_n if promise is not None else None
    floor, bound = verdict.evidence.get("floor"), _asked(verdict.bounds)
    if least is not None and verdict.n < least:
        says = f"{least:,} rows (min_n): {least - verdict.n:,} more than the {verdict.n:,} there are"
        yield Remedy(kind="rows", says=says, needed=float(least), unit=Unit.ROWS)
    elif isinstance(floor, int | float) and bound is not None and bound < floor:
        yield _for_floor(verdict, float(floor), bound, known.reference_rows)
    elif "band" not in verdict.evidence and (promise is None or isinstance(promise.must, Usual)):
        yield _for_band(known)
    else:
        yield Remedy(kind="rows", says=f"more rows than the {verdict.n:,} there are")


def _for_floor(verdict: Verdict, floor: float, bound: float, reference: int | None) -> Remedy:
    """Rows at which the noise floor falls to the bound: it goes with ``1/N + 1/M``, or with the root of that."""
    level = LEVEL.get(verdict.metric, 0.0)
    ratio = (bound - level) / (floor - level) if floor > level else 0.0
    shrink = ratio if verdict.metric in SQUARE else ratio * abs(ratio)
    unit, said = verdict.unit, show(floor, verdict.unit)
    far = 1 / reference if reference else 0.0
    left = shrink * (1 / max(verdict.n, 1) + far) - far
    if shrink <= 0 or left <= 0:
        other = f"more than the {reference:,} rows of the reference, or " if reference and shrink > 0 else ""
        return Remedy(kind="reference", says=f"{other}a bound above the noise floor of {said}", needed=floor, unit=unit)
    rows = ceil(1 / left)
    about = "" if reference else " at least"
    says = f"about {rows:,} rows{about}: with {verdict.n:,} noise alone reaches {said}; or a bound above that"
    return Remedy(kind="rows", says=says, needed=float(rows), unit=Unit.ROWS)


def _for_band(known: Known) -> Remedy:
    least = "enough" if known.minimum is None else f"{known.minimum}"
    there = "" if known.history is None else f"; there are {known.history}"
    needed = None if known.minimum is None else float(known.minimum)
    return Remedy(
        kind="history", says=f"{least} published windows with a value before this one{there}", needed=needed
    )  # fmt: skip


def _missing(promise: Promise | None) -> str:
    if promise is None:
        return "the reference or the baseline that it is compared with"
    if isinstance(promise.must, Versus):
        named = promise.must.name or str(promise.must.baseline)
        return f"a baseline: {named}, on the same rows, with a value"
    return "a reference" if promise.reference is None else _reference(promise.reference)


def _reference(reference: Reference) -> str:
    match reference.kind:
        case ReferenceKind.TRAINING:
            return "a champion: its training freezes the reference, which is in force from its promotion on"
        case ReferenceKind.PREVIOUS:
            return "a published partition before this one, measured since the promise is there"
        case ReferenceKind.LAST_PARTITIONS:
            return (
                f"published partitions before this one (up to {reference.count}), measured since the promise is there"
            )
        case ReferenceKind.PROFILE:
            way = f"qoa contract freeze SUBJECT --name {reference.name} --since … --until …"
            return f"a profile of that name, with the column: {way}"
        case _:
            assert_never(reference.kind)


def _sharper(verdict: Verdict) -> Iterator[Remedy]:
    """An exact value, or as many pairs as make the interval of a comparison leave the margin."""
    told, bound = verdict.evidence, _asked(verdict.bounds)
    low, high, value = told.get("low"), told.get("high"), verdict.value
    if isinstance(low, int | float) and isinstance(high, int | float) and bound is not None and value is not None:
        half, apart = (high - low) / 2, abs(value - bound)
        pairs = ceil(verdict.n * (half / apart) ** 2) if apart > 0 else None
        least = f"with {verdict.n:,} the least difference from the margin that is decided is {show(half, verdict.unit)}"
        says = f"about {pairs:,} pairs, if the difference stays what it is" if pairs else "a difference from the margin"
        needed = None if pairs is None else float(pairs)
        yield Remedy(kind="evidence", says=f"{says}; {least}", needed=needed)
        return
    error = told.get("error_bound")
    off = abs(verdict.margin) if verdict.margin is not None and isfinite(verdict.margin) else inf
    if isinstance(error, int | float):
        within, away = show(float(error), verdict.unit), show(off, verdict.unit)
        says = f"an exact value: it is known within {within}, and the bound is {away} off"
        yield Remedy(kind="precision", says=says, needed=off if isfinite(off) else None, unit=verdict.unit)
    else:
        yield Remedy(
            kind="precision", says=f"more evidence: {printable(verdict.cause or 'the interval holds the bound', 300)}"
        )


def distance(value: float, band: Mapping[str, object]) -> float | None:
    """How many spreads *value* lies from the centre of a band's evidence, on the band's scale, if it has one."""
    centre, spread = band.get("centre"), band.get("spread")
    if not isinstance(centre, int | float) or not isinstance(spread, int | float) or spread <= 0:
        return None
    unit = band.get("unit", 1.0)
    if band.get("scale") != "log":
        return abs(value - centre) / (spread * unit) if isinstance(unit, int | float) and unit > 0 else None
    return abs(log(value / centre)) / spread if value > 0 and centre > 0 else None


def between(bounds: Bounds, unit: Unit) -> str:
    """The bounds in force, as a person reads them."""
    low, high = bounds.low, bounds.high
    if excludes_point(bounds):
        return f"anything but {show(low, unit)}"
    if low is not None and high is not None:
        return show(low, unit) if low == high else f"{show(low, unit)} … {show(high, unit)}"
    if low is None and high is None:
        return "nothing is bounded"
    return f"≥ {show(low, unit)}" if low is not None else f"≤ {show(high, unit)}"


def _side(value: float, bounds: Bounds) -> str:
    if excludes_point(bounds):
        return "just not" if value == bounds.low else "within"
    if bounds.low is not None and (value < bounds.low or (bounds.strict and value == bounds.low)):
        return "below"
    if bounds.high is not None and (value > bounds.high or (bounds.strict and value == bounds.high)):
        return "above"
    return "within"


def _asked(bounds: Bounds) -> float | None:
    return bounds.high if bounds.high is not None else bounds.low


def _shown(value: object, unit: Unit) -> str:
    return show(float(value), unit) if isinstance(value, int | float) else "none"


def _mapping(found: object) -> Mapping[str, object] | None:
    return found if isinstance(found, Mapping) else None


def _columns(verdict: Verdict) -> Sequence[tuple[str, Mapping[str, object]]]:
    found = _mapping(verdict.evidence.get("columns")) or {}
    return [(name, told) for name, each in found.items() if (told := _mapping(each)) is not None]
