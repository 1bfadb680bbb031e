"""Owns batches: a source that does not fit in memory, answered by the kernel part by part, within a bound."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.answering import answered
from qoa_platform.scans.arrows import Batch
from qoa_platform.scans.besides import Beside
from qoa_platform.scans.kernel import Answers, merged, prepared
from qoa_platform.scans.normalising import Missing
from qoa_platform.scans.opening import Opened
from qoa_platform.scans.part import Part, Parted
from qoa_platform.scans.planning import Plan, Shape, parts, whole
from qoa_platform.scans.queries import Failure, Source
from qoa_platform.scans.selecting import Selections
from qoa_platform.scans.spilling import Spills
from qoa_platform.states import Grouped, Keys, State
from qoa_platform.states.whole import Whole

SHARE = 10
"""A batch takes one part in so many of the memory: reading it, its normal form and its aggregates take the others."""
ROWS = 1 << 20
"""No batch has more rows."""
CHUNK = 1 << 16
"""Nor does a source hand over more rows at a time."""
PEEK = 1 << 10
FEW_KEYS = 100_000
"""So many are kept in any case."""
KEY_BYTES = 100
"""A kept key takes so much memory."""
APART = {"uniqueness": Shape.REPEAT, "quantile": Shape.QUANTILE, "whole": Shape.WHOLE}
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
    first = next(iter(source.batches(columns, PEEK)), None) if source.again else None
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


def streamed(source: Opened, first: Iterator[Batch], steps: Plan, columns: Sequence[str], scene: Scene) -> Streamed:
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
            for batch in sized(source.batches(columns, chunk_rows(source, columns, memory)), size):
                work.selections.add(work.part(batch)[0])
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
        kinds = {state: tuple(dict.fromkeys(ask for ask in own if ask.state == state)) for state in APART}
        self.selections = Selections(kinds["quantile"], bounds.memory, again=again)
        self.spills = Spills(kinds["uniqueness"], bounds.spill, bounds.memory)
        self.wholes = Wholes(kinds["whole"], bounds.memory // 4)
        self._asks, self._scene, self._memory = tuple(asks), scene, bounds.memory
        self._merging = (*(ask for ask in asks if ask.state not in APART), *self.selections.sketches)
        self._all = tuple(dict.fromkeys((*self._merging, *own)))
        self._found: Mapping[Ask, State | Failure] = {}

    def part(self, batch: Batch) -> tuple[Part, Plan]:
        """The normal rows of a batch, and its plan."""
        steps, rows = prepared(batch.frame, self._all, self._scene.missing, batch.broken)
        return Part(Source.of(rows, self._scene.beside), rows, steps.refused), steps

    def answered(self, batch: Batch) -> Answers:
        """What merges, of a batch; its keys and rows are kept besides."""
        part, steps = self.part(batch)
        self.spills.add(part)
        self.wholes.add(part, steps)
        apart = frozenset(APART.values())
        merging = replace(steps, asks=self._merging, passes=tuple(p for p in steps.passes if p.shape not in apart))
        return answered(merging, part.rows, self._scene.beside)

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
        own = {**self.selections.answers(), **self.spills.answers(), **self.wholes.answers()}
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


class Wholes:
    """The rows of *asks* (``whole``), as long as they take no more than *memory* bytes together."""

    def __init__(self, asks: Iterable[Ask], memory: int) -> None:
        self._found: dict[Ask, list[State]] = {ask: [] for ask in asks}
        self._failed: dict[Ask, Failure] = {}
        self._held = dict.fromkeys(self._found, 0)
        self._memory = memory

    def add(self, part: Part, steps: Plan) -> None:
        """The rows of a part."""
        asks = tuple(ask for ask in self._found if ask not in self._failed)
        if not asks:
            return
        passes = tuple(step for step in steps.passes if step.shape is Shape.WHOLE and step.asks[0] in asks)
        for ask, state in answered(replace(steps, asks=asks, passes=passes), part.rows).items():
            self._keep(ask, state)

    def _keep(self, ask: Ask, state: State | Failure) -> None:
        if isinstance(state, Failure):
            self._failed[ask], self._found[ask] = state, []
            return
        size = sum(int(s.frame.estimated_size()) for s in (state, *_groups(state)) if isinstance(s, Whole))
        self._held[ask] += size
        if sum(self._held.values()) > self._memory:
            self._held[ask] = 0
            cause = f"the rows themselves take more than {self._memory:,} bytes. Allowed: as many, or more memory"
            self._failed[ask], self._found[ask] = Failure(cause), []
            return
        self._found[ask].append(state)

    def answers(self) -> Mapping[Ask, State | Failure]:
        """The rows of every ask, in their order."""
        return {ask: self._failed.get(ask) or _below(found) for ask, found in self._found.items()}


def _below(found: Sequence[State]) -> State | Failure:
    return merged({_ANY: state} for state in found).get(_ANY, Failure("there was no batch"))


_ANY = Ask(state="rows")
