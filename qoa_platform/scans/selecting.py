"""Owns selected answers: exact quantiles of a stream, read again until every bracket has settled."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.brackets import Bracket, chances, width
from qoa_platform.scans.columns import UnanswerableError
from qoa_platform.scans.grouping import parts as parts_of
from qoa_platform.scans.part import Part, Parted
from qoa_platform.scans.quantiles import level
from qoa_platform.scans.queries import BROKEN, Answer, Failure
from qoa_platform.scans.sketches import VALUE, values_of
from qoa_platform.states import OVERFLOW, Grouped, QuantileSketch, State, Sums

ONCE = (
    "an exact quantile needs a second reading, and this source can be read once only. "
    "Allowed: a quantile sketch, a source that can be read again, or more memory"
)
UNSETTLED = "the quantile did not settle within the memory. Allowed: a quantile sketch, or more memory"
WHOLE = None
Found = dict[float, float | Bracket]
"""q → its value, or the bracket in which it stands."""


Groups = dict[str | None, tuple[int, Found]]
"""Group → its values, and their quantiles."""


def sketch_of(ask: Ask) -> Ask:
    """The ask for the sketch that brackets the quantiles of *ask*."""
    return replace(ask, state="quantile_sketch", params=())


class Selections:
    """The quantiles of *asks*; :attr:`sketches` must be answered first (:meth:`start`), over the same rows."""

    def __init__(self, asks: Iterable[Ask], memory: int, *, again: bool) -> None:
        self.asks = tuple(asks)
        self.sketches = tuple(dict.fromkeys(map(sketch_of, self.asks)))
        self._memory, self._again = memory // 4, again
        self._failed: dict[Ask, Failure] = {}
        self._groups: dict[Ask, Groups] = {}
        self._left = 0

    def start(self, found: Mapping[Ask, State | Failure]) -> None:
        """Bracket every quantile in the sketch of its column."""
        levels: dict[Ask, set[float]] = {}
        for ask in self.asks:
            sketch = found[sketch_of(ask)]
            try:
                q = level(ask)
            except UnanswerableError as error:
                self._failed[ask] = Failure(str(error))
                continue
            if isinstance(sketch, Failure):
                self._failed[ask] = sketch
            else:
                levels.setdefault(sketch_of(ask), set()).add(q)
        sketches = {place: _sketches(found[place]) for place in levels}
        limit = width(sum(len(levels[place]) * len(groups) for place, groups in sketches.items()), self._memory)
        for place, groups in sketches.items():
            self._groups[place] = {
                name: (sketch.n, {q: _begun(sketch, q, limit) for q in levels[place]} if sketch.n else {})
                for name, sketch in groups.items()
            }
        most = max((n for groups in self._groups.values() for n, _ in groups.values()), default=0)
        self._left = len(list(chances(most)))
        if not self._again:
            self._give_up(ONCE)

    @property
    def open(self) -> bool:
        """Whether the rows have to be read again."""
        return bool(self.places)

    @property
    def places(self) -> tuple[Ask, ...]:
        """The columns, filters and groups that have to be read again, as the asks for their sketches."""
        return tuple(place for place, groups in self._groups.items() if any(_unsettled(groups)))

    def add(self, part: Part) -> None:
        """The values of a part, read again."""
        for place, groups in self._groups.items():
            if not any(_unsettled(groups)):
                continue
            try:
                rows = values_of(part.source.where(place.where), place, part.source.layout.schema).collect()
            except BROKEN as error:
                self._fail(place, part.source.failure(error, place))
                return
            for name, values in parts_of(rows, place.by) if place.by else ((WHOLE, rows),):
                _, found = groups.get(name) or groups.get(OVERFLOW) or (0, {})
                finite = _finite(values)
                for bracket in found.values():
                    if isinstance(bracket, Bracket):
                        bracket.add(finite)

    def settle(self) -> None:
        """After a reading: the quantiles that are found; the brackets that are left have moved."""
        for groups in self._groups.values():
            for _, found in groups.values():
                for q, bracket in found.items():
                    if isinstance(bracket, Bracket) and (value := bracket.settled()) is not None:
                        found[q] = value
        self._left -= 1
        if self._left <= 0:
            self._give_up(UNSETTLED)

    def _give_up(self, cause: str) -> None:
        for place, groups in list(self._groups.items()):
            if any(_unsettled(groups)):
                self._fail(place, Failure(cause))

    def _fail(self, place: Ask, failure: Failure) -> None:
        self._groups.pop(place, None)
        self._failed |= {ask: failure for ask in self.asks if sketch_of(ask) == place and ask not in self._failed}

    def answers(self) -> Parted:
        """``Sums(n, value)`` of every ask, or one per group."""
        return {ask: self._failed.get(ask) or self._answer(ask) for ask in self.asks}

    def _answer(self, ask: Ask) -> Answer:
        q, groups = level(ask), self._groups[sketch_of(ask)]
        found: dict[str | None, Sums] = {}
        for name, (n, values) in groups.items():
            value = values.get(q)
            found[name] = Sums() if value is None or isinstance(value, Bracket) else Sums.of_terms(n, value=value)
        return {str(name): state for name, state in found.items()} if ask.by else found[WHOLE]


def _unsettled(groups: Groups) -> Iterator[Bracket]:
    return (b for _, found in groups.values() for b in found.values() if isinstance(b, Bracket))


def _sketches(state: State | Failure) -> dict[str | None, QuantileSketch]:
    """The sketch of each group; of the whole where there are none."""
    found = dict(state.groups) if isinstance(state, Grouped) else {WHOLE: state}
    return {name: sketch for name, sketch in found.items() if isinstance(sketch, QuantileSketch)}


def _begun(sketch: QuantileSketch, q: float, limit: int) -> float | Bracket:
    return sketch.located(q).value if sketch.exact else Bracket.of(sketch, q, limit)


def _finite(rows: pl.DataFrame) -> "np.ndarray[Any, Any]":
    values: np.ndarray[Any, Any] = rows.get_column(VALUE).drop_nulls().to_numpy()
    found: np.ndarray[Any, Any] = values[np.isfinite(values)]
    return found
