"""Owns comparing: how far data lies from a frozen reference, column by column, and which values moved (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

import polars as pl

from qoa_platform.metrics import FoldMetric, Metric, build
from qoa_platform.metrics.drift_bins import counts_of
from qoa_platform.profiles.freezing import freeze
from qoa_platform.profiles.wanting import Wanted
from qoa_platform.records import (
    Ask,
    ColumnProfile,
    Direction,
    Profile,
    Promise,
    Reading,
    Reference,
    ReferenceKind,
    Subject,
    SubjectKind,
    Unit,
    Usual,
    Window,
)
from qoa_platform.scans import Measured, Scan, measure
from qoa_platform.states import Frequencies, Histogram, State
from qoa_platform.verdicts import floor_of

NUMBERS = ("drift.psi", "drift.js", "drift.ks", "drift.wasserstein_std", "drift.mean_shift")
CATEGORIES = ("drift.psi", "drift.js", "drift.cramers_v", "data.unseen_share")
WHOLE = 1e15
"""Whole numbers below it are written out."""
TOP = 12
"""So many categories are shown one by one."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = Window(start=EPOCH, end=EPOCH)
"""Two data sets without a window are compared outside of time."""

Types = Mapping[str, pl.DataType]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """One metric of one column: its reading, and the noise *floor* below which it says nothing (if one is known)."""

    metric: str
    unit: Unit
    direction: Direction
    reading: Reading
    floor: float | None = None

    @property
    def moved(self) -> bool | None:
        """Whether it lies above the noise; ``None`` where that cannot be said."""
        if self.floor is None or self.reading.value is None:
            return None
        return abs(self.reading.value) > self.floor


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A bin or a category, with its share of the reference and of the current data."""

    label: str
    reference: float
    current: float

    @property
    def change(self) -> float:
        """Current − reference."""
        return self.current - self.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDrift:
    """How one column changed. *n* are rows, *missing* shares of them; *cause* says why it was not compared."""

    column: str
    kind: str
    n: tuple[int, int]
    missing: tuple[float, float]
    distances: tuple[Distance, ...] = ()
    shares: tuple[Share, ...] = ()
    cause: str | None = None

    @property
    def moved(self) -> bool | None:
        """Whether some distance lies above its noise floor; ``None``: nothing could be compared."""
        said = [d.moved for d in self.distances if d.moved is not None]
        return any(said) if said else None

    @property
    def shifts(self) -> tuple[Share, ...]:
        """The bins whose share changed most, largest change first."""
        return tuple(sorted((s for s in self.shares if s.change), key=lambda s: -abs(s.change))[:3])

    def distance(self, metric: str) -> Distance | None:
        """What was found of one metric."""
        return next((d for d in self.distances if d.metric == metric), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A comparison of data with a reference. *gone* and *new* are columns that only one side has."""

    reference: str
    rows: tuple[int, int]
    columns: tuple[ColumnDrift, ...]
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    @property
    def moved(self) -> tuple[str, ...]:
        """Columns that moved by more than noise."""
        return tuple(c.column for c in self.columns if c.moved)


def compared(
    reference: Profile | pl.DataFrame, current: pl.DataFrame, *, columns: Sequence[str] | None = None,
    missing: Mapping[str, tuple[str, ...]] | None = None, name: str = "reference",
) -> Compared:  # fmt: skip
    """Every column of *current* against *reference* (data, which is frozen first, or what was frozen before).

    Numbers are counted on the reference's frozen edges, categories in its dictionary, so that a stored reference is all
    that is needed. A column *moved* when a distance lies above the noise floor for as many columns as are looked at.
    """
    tokens, after = dict(missing or {}), dict(current.schema)
    chosen = list(after) if columns is None else list(columns)
    before = dict(reference.schema) if isinstance(reference, pl.DataFrame) else None
    known = set(before or ()) if isinstance(reference, pl.DataFrame) else {c.column for c in reference.columns}
    both = [c for c in chosen if c in known and c in after]
    kept = [c for c in both if _kind(after[c]) and (before is None or _kind(before[c]) == _kind(after[c]))]
    if isinstance(reference, pl.DataFrame):
        profile, rows = _frozen(reference, kept, tokens, name), reference.height
        others = [_left_out(c, reference, current) for c in both if c not in set(kept)]
    else:
        profile, others = reference, []
        rows = max((c.n for c in reference.columns if c.group is None), default=0)
    place = {c: index for index, c in enumerate(chosen)}
    found = sorted([*_columns(profile, current, kept, tokens), *others], key=lambda c: place[c.column])
    gone = [c for c in (before or sorted(known)) if c not in after] if columns is None else []
    return Compared(
        reference=profile.name, rows=(rows, current.height), columns=tuple(found),
        gone=tuple(gone or (c for c in chosen if c not in after)),
        new=tuple(c for c in chosen if c in after and c not in known),
    )  # fmt: skip


def _kind(dtype: pl.DataType) -> str | None:
    """How values of a type are compared; ``None``: not at all."""
    if dtype.is_numeric():
        return "numbers"
    return "categories" if isinstance(dtype, pl.String | pl.Categorical | pl.Enum | pl.Boolean) else None


def _frozen(reference: pl.DataFrame, kept: Sequence[str], missing: Mapping[str, tuple[str, ...]], name: str) -> Profile:
    return freeze(
        reference, [Wanted(c) for c in kept], name=name, subject=name, window=NEVER, source=(name,), at=EPOCH,
        wall=EPOCH, missing={c: t for c, t in missing.items() if c in reference.columns}, fine=True,
    )  # fmt: skip


def _left_out(column: str, reference: pl.DataFrame, current: pl.DataFrame) -> ColumnDrift:
    before, after = reference.schema[column], current.schema[column]
    changed = f"it was {before}, and is {after}" if before != after else f"{after} is neither numbers nor categories"
    frames = (reference, current)
    shares = [f.get_column(column).null_count() / f.height if f.height else 0.0 for f in frames]
    return ColumnDrift(
        column=column, kind="not compared", n=(reference.height, current.height), missing=(shares[0], shares[1]),
        cause=changed,
    )  # fmt: skip


def _columns(
    profile: Profile, current: pl.DataFrame, kept: Sequence[str], missing: Mapping[str, tuple[str, ...]]
) -> list[ColumnDrift]:
    """All columns from one scan of *current*."""
    schema = dict(current.schema)
    alone = {c.column: replace(profile, columns=(c,)) for c in profile.columns if c.group is None}
    wanted: list[tuple[Metric, Profile | None]] = []
    for column in kept:
        wanted += [(m, alone[column]) for m in _metrics(column, schema[column])]
    scan = measure(current, wanted, missing={c: t for c, t in missing.items() if c in schema})
    found: dict[str, list[Measured]] = {c: [] for c in kept}
    for item in scan.measured:
        found[item.metric.columns[0]].append(item)
    return [_column(alone[c], c, current, found[c], scan, looks=len(kept)) for c in kept]


def _metrics(column: str, dtype: pl.DataType) -> list[Metric]:
    ids = ("data.completeness", *(NUMBERS if dtype.is_numeric() else CATEGORIES))
    against = Reference(kind=ReferenceKind.PROFILE, name="reference")
    subject = Subject(id="data", kind=SubjectKind.ASSET, asset="data", promises=())
    promises = (Promise(id=i, metric=i, columns=(column,), must=Usual(), reference=against) for i in ids)
    return [m for p in promises for m in build(p, subject) if isinstance(m, Metric) or not isinstance(m, FoldMetric)]


def _column(
    profile: Profile, column: str, current: pl.DataFrame, measured: Sequence[Measured], scan: Scan, *, looks: int
) -> ColumnDrift:
    known = profile.column(column)
    assert known is not None  # noqa: S101 (only columns of the profile are asked for)
    complete = measured[0].reading
    before = known.missing / known.n if known.n else 0.0
    distances = [_distance(item, known, looks) for item in measured[1:]]
    return ColumnDrift(
        column=column, kind=_kind(current.get_column(column).dtype) or "",
        n=(known.n, current.height), missing=(before, 1 - complete.value if complete.value is not None else 0.0),
        distances=tuple(distances), shares=_shares(known, _state(measured[1:], profile, scan)),
        cause=next((d.reading.cause for d in distances if d.metric == "drift.psi" and d.reading.value is None), None),
    )  # fmt: skip


def _distance(item: Measured, known: ColumnProfile, looks: int) -> Distance:
    metric, reading = item.metric, item.reading
    return Distance(
        metric=metric.id, unit=metric.unit, direction=metric.direction, reading=reading,
        floor=floor_of(
            metric.id, reading.n, known.n - known.missing, len(counts_of(known)), looks=max(looks, 1),
            noise=known.noise, spread=known.std,
        ),
    )  # fmt: skip


def _state(measured: Sequence[Measured], profile: Profile, scan: Scan) -> State | None:
    """The counts behind the stability index, which the plots show."""
    metric = next((m.metric for m in measured if m.metric.id == "drift.psi"), None)
    ask: Ask | None = metric.ask(profile) if metric is not None else None
    return scan.states.get(ask) if ask is not None else None


def _shares(known: ColumnProfile, state: State | None) -> tuple[Share, ...]:
    match state:
        case Histogram() if known.bins10 is not None and state.n and sum(known.bins10.counts):
            total = sum(known.bins10.counts)
            labels = _labels(known.bins10.edges)
            pairs = zip(labels, known.bins10.counts, state.counts, strict=True)
            return tuple(Share(label=name, reference=a / total, current=b / state.n) for name, a, b in pairs)
        case Frequencies() if known.dictionary and state.n:
            return _category_shares(known, state)
        case _:
            return ()


def _labels(edges: Sequence[float]) -> list[str]:
    """Right-closed bins in words.

    >>> _labels([1.0, 2.5])
    ['≤ 1', '1 – 2.5', '> 2.5']
    """
    text = _apart(edges)
    between = [f"{a} – {b}" for a, b in pairwise(text)]
    return [f"≤ {text[0]}", *between, f"> {text[-1]}"]


def _apart(edges: Sequence[float]) -> list[str]:
    """Numbers in the fewest digits that tell them apart.

    >>> _apart([1000.0, 1001.0]), _apart([0.12345, 7.0]), _apart([123456.7, 200000.0])
    (['1000', '1001'], ['0.123', '7'], ['123457', '200000'])
    """
    whole = all(edge.is_integer() and abs(edge) < WHOLE for edge in edges)
    longest = max(len(f"{abs(edge):.0f}") for edge in edges)
    first = 15 if whole else max(3, min(longest, 7))
    every = ([f"{edge:.{digits}g}" for edge in edges] for digits in range(first, 18))
    return next((text for text in every if len(set(text)) == len(edges)), [repr(edge) for edge in edges])


def _category_shares(known: ColumnProfile, state: Frequencies) -> tuple[Share, ...]:
    """The largest categories of either side, and one share for all others."""
    before = {c.value: c.count for c in known.dictionary or ()}
    after = dict(state.counts)
    total = sum(before.values())
    every = {v: Share(label=v, reference=before.get(v, 0) / total, current=after.get(v, 0) / state.n)
             for v in {*before, *after}}  # fmt: skip
    ordered = sorted(every.values(), key=lambda s: (-max(s.reference, s.current), s.label))
    top, rest = ordered[:TOP], ordered[TOP:]
    if not rest:
        return tuple(top)
    others = Share(
        label=f"({len(rest):,} others)", reference=sum(s.reference for s in rest), current=sum(s.current for s in rest)
    )
    return (*top, others)
