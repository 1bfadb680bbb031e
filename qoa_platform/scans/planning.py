"""Owns the plan of a scan: which passes over a frame answer a set of asks (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from qoa_platform.metrics.expressions import columns as columns_of
from qoa_platform.metrics.expressions import parse_condition
from qoa_platform.records import Ask
from qoa_platform.scans.aggregates import FUSED
from qoa_platform.scans.columns import Schema, UnanswerableError, require


class Shape(StrEnum):
    """What a pass does with the rows."""

    SELECT = "one select"
    GROUP = "one group_by"
    COUNT = "counts of values"
    KEY = "keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One way through the rows that satisfy *where*; *by* groups them; *columns* are what is counted or keyed."""

    shape: Shape
    where: str | None = None
    by: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    asks: tuple[Ask, ...] = ()

    def __str__(self) -> str:
        parts = [
            f" of {', '.join(self.columns)}" if self.columns else "",
            f" by {', '.join(self.by)}" if self.by else "",
            f" where {self.where}" if self.where else "",
        ]
        return f"{self.shape}{''.join(parts)}: {len(self.asks)} asks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The passes, and the asks that this frame cannot answer, with their causes. *asks* are the distinct ones."""

    asks: tuple[Ask, ...]
    passes: tuple[Pass, ...]
    refused: tuple[tuple[Ask, str], ...] = ()
    columns: frozenset[str] = frozenset()

    def __str__(self) -> str:
        refused = [f"refused: {ask.state} of {', '.join(ask.columns)}: {cause}" for ask, cause in self.refused]
        return "\n".join([f"{len(self.asks)} asks in {len(self.passes)} passes", *map(str, self.passes), *refused])


def plan(asks: Iterable[Ask], schema: Schema) -> Plan:
    """The passes that answer *asks*: each distinct ask once, all row-local ones of the same rows together.

    Tallies, sums, moments, spans and histograms share one select per ``where``, and one group_by per ``by``;
    frequencies and confusions share the counts of their columns; keys go apart. The whole of a grouped ask is the ask
    without its groups, so it is shared too. What names a column that is not there is refused here, and alone.
    """
    distinct = tuple(dict.fromkeys(asks))
    found: dict[tuple[Shape, str | None, tuple[str, ...], tuple[str, ...]], dict[Ask, None]] = {}
    refused: list[tuple[Ask, str]] = []
    columns: set[str] = set()
    for ask in distinct:
        if ask.state == "nothing":
            continue
        try:
            read = _columns(ask, schema)
        except (UnanswerableError, ValueError) as error:
            refused.append((ask, str(error)))
            continue
        columns |= read
        for part in parts(ask):
            found.setdefault(_key(part), {})[part] = None
    passes = [Pass(shape=s, where=w, by=b, columns=c, asks=tuple(part)) for (s, w, b, c), part in found.items()]
    order = list(Shape)
    return Plan(
        asks=distinct,
        passes=tuple(sorted(passes, key=lambda p: (order.index(p.shape), p.where or "", p.by, p.columns))),
        refused=tuple(refused),
        columns=frozenset(columns),
    )


def parts(ask: Ask) -> tuple[Ask, ...]:
    """The asks that together answer *ask*: itself, and the whole of a grouped one."""
    return (ask,) if not ask.by or whole_is_merged(ask) else (whole(ask), ask)


def whole(ask: Ask) -> Ask:
    """*ask* without its groups."""
    return replace(ask, by=())


def whole_is_merged(ask: Ask) -> bool:
    """Whether the whole is the sum of the groups: with fences, each group has its own."""
    return dict(ask.params).get("hits") == "fences"


def _key(ask: Ask) -> tuple[Shape, str | None, tuple[str, ...], tuple[str, ...]]:
    if ask.state in FUSED:
        return (Shape.GROUP if ask.by else Shape.SELECT), ask.where, ask.by, ()
    if ask.state in {"frequencies", "confusion"}:
        return Shape.COUNT, ask.where, ask.by, ask.columns
    return Shape.KEY, ask.where, ask.by, ask.columns


KNOWN = FUSED | {"frequencies", "confusion", "keys", "uniqueness"}


def _columns(ask: Ask, schema: Schema) -> set[str]:
    """Every column that *ask* reads. Raises UnanswerableError, ExpressionError."""
    if ask.state not in KNOWN:
        raise UnanswerableError(f"state {ask.state!r} is not known to this scan. Allowed: {', '.join(sorted(KNOWN))}")
    named = [*ask.columns, *ask.by]
    for text in (ask.expr, ask.where):
        if text is not None:
            named += sorted(columns_of(parse_condition(text)))
    require(named, schema)
    everything = ask.state in {"keys", "uniqueness"} and not ask.columns
    return set(schema) if everything else set(named)
