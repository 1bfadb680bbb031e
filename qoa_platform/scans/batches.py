"""Owns batches: a source that does not fit in memory, answered by the kernel part by part, within a bound."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import polars as pl

from qoa_platform.metrics import UNMERGEABLE
from qoa_platform.records import Ask
from qoa_platform.scans.answering import answered
from qoa_platform.scans.arrows import Batch
from qoa_platform.scans.besides import Beside
from qoa_platform.scans.kernel import Answers, merged, prepared
from qoa_platform.scans.normalising import Missing
from qoa_platform.scans.opening import Opened
from qoa_platform.scans.part import Part, Parted
from qoa_platform.scans.planning import Plan, columns_read, parts, plan, whole
from qoa_platform.scans.queries import BROKEN, Failure, Source
from qoa_platform.scans.selecting import Selections
from qoa_platform.scans.spilling import Spills
from qoa_platform.states import Grouped, Keys, State

SHARE = 10
"""A batch takes one part in so many of the memory: reading it, its normal form and its aggregates take the others."""
ROWS = 1 << 20
"""No batch has more rows."""
CHUNK = 1 << 16
"""Nor does a source hand over more rows at a time."""
PEEK = 1 << 10
FEW_BYTES = 1 << 16
"""So many bytes of rows are held in any case."""
FEW_KEYS = 100_000
"""So many are kept in any case."""
KEY_BYTES = 100
"""A kept key takes so much memory."""
APART = UNMERGEABLE - {"nothing"}
"""``Ask.state`` that does not merge, and is answered over batches in a way of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a stream may use: bytes of *memory*, and a folder to *spill* keys to (``None``: it may not)."""

    memory: int
    spill: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What all batches share: missing tokens, frames *beside*, bounds, and who is told after every batch."""

    missing: Missing
    beside: Beside
    bounds: Bounds
    watch: Callable[[], None]


@dataclass(slots=True, kw_only=True)
class Streamed:
    """What a source gave: the answers, and what they took: *reads*, bytes *spilled*, *passes* of another engine."""

    found: dict[Ask, State | Failure] = field(default_factory=dict)
    rows: int = 0
    batches: int = 0
    reads: int = 1
    spilled: int = 0
    passes: tuple[str, ...] = ()
    fused: int = 0
    """Asks that shared a pass of another engine."""


# ----------------------------------------------------------------------------------------------------- sizes of batches


def gathered(source: Opened, columns: Sequence[str], memory: int) -> Batch | Iterator[Batch]:
    """All rows of *columns* as one batch where they take no more than a fourth of *memory*, else batches of them."""
    if source.frame is not None and source.frame.select(columns).estimated_size() <= memory // 4:
        return Batch(source.frame.select(columns), source.broken)
    held: list[Batch] = []
    weight = 0
    coming = source.batches(columns, chunk_rows(source, columns, memory))
    for batch in coming:
        held.append(batch)
        weight += int(batch.frame.estimated_size())
        if weight > memory // 4:
            return chain(_drained(held), coming)
    if not held:
        return Batch(pl.DataFrame(schema={name: source.schema[name] for name in columns}), source.broken)
    broken = {name: cause for batch in held for name, cause in batch.broken.items()}
    return Batch(_joined([batch.frame for batch in held]), broken)


def _drained(held: list[Batch]) -> Iterator[Batch]:
    """The batches, each let go when the next one is wanted."""
    held.reverse()
    while held:
        yield held.pop()


def _joined(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return frames[0] if len(frames) == 1 else pl.concat(frames)


def chunk_rows(source: Opened, columns: Sequence[str], memory: int) -> int:
    """How many rows a source shall hand over at a time, by the width of its first ones."""
    first = next(iter(source.batches(columns, PEEK)), None) if source.again and source.heeds else None
    if first is None or not first.frame.height:
        return CHUNK
    head = first.frame.head(PEEK)
    return max(1, min(CHUNK, int(memory / SHARE * head.height / max(head.estimated_size(), 1))))


def sized(batches: Iterable[Batch], size: int, rows: int = ROWS) -> Iterator[Batch]:
    """The same rows in the same order, some *size* bytes and at most *rows* rows at a time; of none, one batch."""
    held: list[pl.DataFrame] = []
    broken: dict[str, str] = {}
    weight = height = 0
    for batch in batches:
        broken |= batch.broken
        each = max(1, min(rows, int(size * batch.frame.height / max(batch.frame.estimated_size(), 1))))
        for part in batch.frame.iter_slices(each) if batch.frame.height or held else [batch.frame]:
            if held and (weight + part.estimated_size() > size or height + part.height > rows):
                yield Batch(_joined(held), dict(broken))
                held, weight, height = [], 0, 0
            held.append(part)
            weight, height = weight + int(part.estimated_size()), height + part.height
    if held:
        yield Batch(_joined(held), broken)


# ----------------------------------------------------------------------------------------------------------- the stream


def streamed(source: Opened, first: Iterator[Batch], steps: Plan, scene: Scene) -> Streamed:
    """The asks of *steps* over the batches *first* of *source*: states merged, keys spilled, quantiles bracketed.

    What cannot be answered within *bounds* is a Failure that says so, and nothing else fails. The scene's *watch* is
    called after every batch.
    """
    told, memory, watch = Streamed(), scene.bounds.memory, scene.watch
    size, work = max(1, memory // SHARE), Work(steps.asks, scene, again=source.again)
    keyed = any(ask.state == "keys" for ask in steps.asks)
    rows = max(1, min(ROWS, memory // SHARE // KEY_BYTES)) if keyed else ROWS

    def each() -> Iterator[Answers]:
        for batch in sized(first, size, rows):
            told.rows, told.batches = told.rows + batch.frame.height, told.batches + 1
            yield work.answered(batch)
            watch()

    try:
        work.start(merged(each(), fits=work.fits))
        while work.selections.open:
            told.reads += 1
            asks = work.selections.places
            needed = sorted({name for ask in asks for name in columns_read(ask)})
            for batch in sized(source.batches(needed, chunk_rows(source, needed, memory)), size):
                work.selections.add(work.part(batch, asks)[0])
                watch()
            work.selections.settle()
        told.found = work.answers()
    finally:
        told.spilled = work.spills.written
        work.spills.close()
    return told


class Work:
    """What is under way between the first batch and the last answer."""

    def __init__(self, asks: Sequence[Ask], scene: Scene, *, again: bool) -> None:
        bounds = scene.bounds
        own = [part for ask in asks if ask.state in APART for part in parts(ask)]
        unique, quantiles, others = (
            tuple(dict.fromkeys(ask for ask in own if test(ask.state)))
            for test in ("uniqueness".__eq__, "quantile".__eq__, lambda state: state not in {"uniqueness", "quantile"})
        )
        self.selections = Selections(quantiles, bounds.memory, again=again)
        self.spills = Spills(unique, bounds.spill, bounds.memory)
        self.held = Held(others, max(FEW_BYTES, bounds.memory // 5))
        self._asks, self._scene, self._memory = tuple(asks), scene, bounds.memory
        self._merging = (*(ask for ask in asks if ask.state not in APART), *self.selections.sketches)
        self._all = tuple(dict.fromkeys((*self._merging, *own)))
        self._found: Mapping[Ask, State | Failure] = {}

    def part(self, batch: Batch, asks: Sequence[Ask]) -> tuple[Part, Plan]:
        """The normal rows of a batch that *asks* read, and its plan."""
        steps, rows = prepared(batch.frame, asks, self._scene.missing, batch.broken)
        return Part(Source.of(rows, self._scene.beside), rows, steps.refused), steps

    def answered(self, batch: Batch) -> Answers:
        """What merges, of a batch; its keys and rows are kept besides."""
        part, steps = self.part(batch, self._all)
        self.spills.add(part)
        self.held.add(part)
        merging = (p._replace(asks=tuple(ask for ask in p.asks if ask.state not in APART)) for p in steps.passes)
        wanted = replace(steps, asks=self._merging, passes=tuple(p for p in merging if p.asks))
        return answered(wanted, part.rows, self._scene.beside)

    def fits(self, state: State) -> str | None:
        """Why a merged state is too large, if it is."""
        keys = max((s.distinct for s in (state, *_groups(state)) if isinstance(s, Keys)), default=0)
        allowed = max(FEW_KEYS, self._memory // (3 * KEY_BYTES))
        if keys <= allowed:
            return None
        return f"{keys:,} distinct keys do not fit in memory. Allowed: {allowed:,}, or merge: false, which spills them"

    def start(self, found: Mapping[Ask, State | Failure]) -> None:
        """After the first reading: what merged, and where the quantiles stand."""
        self._found = found or {ask: Failure("there was no batch") for ask in self._merging}
        self.selections.start(self._found)

    def answers(self) -> dict[Ask, State | Failure]:
        """The answer to every ask."""
        own = {**self.selections.answers(), **self.spills.answers(), **self.held.answers(self._scene.beside)}
        return {ask: _assembled(ask, own) if ask.state in APART else self._found[ask] for ask in self._asks}


def _groups(state: State) -> Sequence[State]:
    return [group for _, group in state.groups] if isinstance(state, Grouped) else []


def _assembled(ask: Ask, own: Parted) -> State | Failure:
    """The answer off those of its parts: the groups, and the whole."""
    found = own[ask]
    if isinstance(found, State | Failure):
        return found
    total = own[whole(ask)]
    if isinstance(total, State):
        return Grouped.from_groups(total, found)
    assert isinstance(total, Failure)  # noqa: S101 (the whole has no groups)
    return total


class Held:
    """The rows that *asks* read, for what needs all of them: as long as together they take at most *memory* bytes."""

    def __init__(self, asks: Iterable[Ask], memory: int) -> None:
        self._rows: dict[Ask, list[pl.DataFrame]] = {ask: [] for ask in asks}
        self._failed: dict[Ask, Failure] = {}
        self._memory = memory

    def add(self, part: Part) -> None:
        """The rows of a part."""
        for ask, held in self._rows.items():
            if ask in self._failed:
                continue
            if ask in part.refused:
                self._fail(ask, Failure(part.refused[ask]))
                continue
            try:
                columns = sorted(plan([ask], part.rows.schema).columns)
                held.append(part.source.where(ask.where).select(columns or part.rows.columns[:1]).collect())
            except BROKEN as error:
                self._fail(ask, part.source.failure(error, ask))
            if sum(int(frame.estimated_size()) for frames in self._rows.values() for frame in frames) > self._memory:
                cause = f"{ask.state} needs all rows at once, and they take more than {self._memory:,} bytes"
                self._fail(ask, Failure(f"{cause}. Allowed: as many, or more memory"))

    def _fail(self, ask: Ask, failure: Failure) -> None:
        self._failed[ask], self._rows[ask] = failure, []

    def answers(self, beside: Beside) -> Answers:
        """The answer to every ask, over all of its rows, in their order."""
        return {ask: self._failed.get(ask) or self._answer(ask, beside) for ask in self._rows}

    def _answer(self, ask: Ask, beside: Beside) -> State | Failure:
        rows, every = _joined(self._rows[ask]), replace(ask, where=None)  # it was filtered already
        self._rows[ask] = []
        return answered(plan([every], rows.schema), rows, beside)[every]
