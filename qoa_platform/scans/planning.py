"""Owns the plan of a scan: which passes over a frame answer a set of asks (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import NamedTuple

from qoa_platform.metrics.expressions import columns as columns_of
from qoa_platform.records import Ask
from qoa_platform.scans.aggregates import FUSED
from qoa_platform.scans.columns import Schema, UnanswerableError, require
from qoa_platform.scans.compiling import parsed

COUNTED = frozenset({"frequencies", "confusion", "dependency", "order"})
KEYED = frozenset({"keys", "uniqueness"})
JOINED = frozenset({"reconciled", "covered"})
KNOWN = FUSED | COUNTED | KEYED | JOINED | {"quantile", "quantile_sketch", "distinct_sketch", "whole", "nothing"}


class Shape(IntEnum):
    """What a pass does with its rows, in the order in which passes are written."""

    SELECT = 0
    """Aggregates over all rows, in one select."""
    GROUP = 1
    """Aggregates per group, in one group_by."""
    COUNT = 2
    """Rows per distinct combination of values, in one group_by."""
    FENCE = 3
    """The counts by group and value, held against the fences of the group."""
    REPEAT = 4
    """One quick hash per row, and what repeats of it."""
    KEY = 5
    """One stable hash per row, which is kept."""
    QUANTILE = 6
    """One selection of one column, for all its quantiles."""
    KLL = 7
    """All values of one column, drawn together to a quantile sketch."""
    HLL = 8
    """One stable hash per row, of which a distinct sketch remains."""
    WHOLE = 9
    """The rows themselves, for one ask."""
    BESIDE = 10
    """The rows joined with another frame, for one ask."""


APART = {
    "quantile": Shape.QUANTILE,
    "quantile_sketch": Shape.KLL,
    "distinct_sketch": Shape.HLL,
    "whole": Shape.WHOLE,
}
"""``Ask.state`` that is answered by a pass of its own shape."""


WHY = {
    Shape.SELECT: "nothing else reads these rows",
    Shape.GROUP: "nothing else reads these groups",
    Shape.COUNT: "distinct values are counted in a group_by of their own",
    Shape.FENCE: "its fences hold for these groups alone",
    Shape.REPEAT: "what repeats is looked for by a hash of these columns",
    Shape.KEY: "its hashes are kept, so that partitions merge",
    Shape.QUANTILE: "an exact quantile is selected column by column",
    Shape.KLL: "a sketch is drawn column by column",
    Shape.HLL: "a sketch is drawn column by column",
    Shape.WHOLE: "it reads the rows themselves: any Python may be behind it",
    Shape.BESIDE: "the rows are joined with another frame",
}
"""Why an ask of that shape that shares its pass with no other does not."""


class Pass(NamedTuple):
    """One way through the rows in which *where* is true, for *asks*.

    *columns* are what is counted, hashed or handed over (of a SELECT or GROUP pass there are none: its asks read what
    they read).
    """

    shape: Shape
    where: str | None = None
    by: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    asks: tuple[Ask, ...] = ()

    def __str__(self) -> str:
        by = f" by {', '.join(self.by)}" if self.by else ""
        where = f" where {self.where}" if self.where else ""
        columns = f" of {', '.join(self.columns)}" if self.columns else ""
        asked = ", ".join(f"{ask.state}({', '.join(ask.columns)})" for ask in self.asks)
        return f"{self.shape.name.lower()}{columns}{by}{where}: {asked}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The distinct *asks*, the *passes* that answer them, and those *refused*, each with its cause.

    *columns* are all that is read of the frame.
    """

    asks: tuple[Ask, ...]
    passes: tuple[Pass, ...]
    refused: Mapping[Ask, str] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()

    def __str__(self) -> str:
        refused = [f"refused {ask.state}({', '.join(ask.columns)}): {cause}" for ask, cause in self.refused.items()]
        return "\n".join([f"{len(self.asks)} asks in {len(self.passes)} passes", *map(str, self.passes), *refused])


def plan(asks: Iterable[Ask], schema: Schema, broken: Mapping[str, str] | None = None) -> Plan:
    """The passes that answer *asks*: each distinct ask once, and all that share their rows together.

    Tallies, sums, moments, spans and histograms share one select per ``where``, and one group_by per ``by``;
    frequencies and confusions of the same columns share their counts, and quantiles of one column its selection; keys
    go apart. The whole of a grouped ask is the
    same ask without groups, so it may be shared too. An ask that names a column that is not there (or one that is
    *broken*, with its cause) is refused, and alone.
    """
    distinct = tuple(dict.fromkeys(asks))
    found: dict[Pass, dict[Ask, None]] = {}
    refused: dict[Ask, str] = {}
    columns: set[str] = set()
    for ask in distinct:
        try:
            columns |= _reads(ask, schema, broken or {})
        except ValueError as error:
            refused[ask] = str(error)
            continue
        for part in parts(ask):
            found.setdefault(_pass(part), {})[part] = None
    passes = (kind._replace(asks=tuple(those)) for kind, those in found.items())
    ordered = sorted(passes, key=lambda p: (p.shape, p.where or "", p.by, p.columns))
    return Plan(asks=distinct, passes=tuple(ordered), refused=refused, columns=frozenset(columns))


def parts(ask: Ask) -> tuple[Ask, ...]:
    """The asks that together answer *ask*: itself, and the whole of a grouped one."""
    if ask.state == "nothing":
        return ()
    return (ask,) if not ask.by or sums_its_groups(ask) else (whole(ask), ask)


def whole(ask: Ask) -> Ask:
    """*ask* without its groups."""
    return replace(ask, by=())


def sums_its_groups(ask: Ask) -> bool:
    """Whether the whole of *ask* is nothing but the sum of its groups: each group has fences of its own."""
    return bool(ask.by) and _has_fences(ask)


def _has_fences(ask: Ask) -> bool:
    return ask.state == "tally" and dict(ask.params).get("hits") == "fences"


def _pass(ask: Ask) -> Pass:
    """The pass that answers *ask*, without its asks."""
    if "beside" in dict(ask.params):
        return Pass(Shape.BESIDE, ask.where, ask.by, ask.columns, (ask,))
    if sums_its_groups(ask):
        return Pass(Shape.FENCE, ask.where, ask.by, ask.columns, (ask,))
    if ask.state in COUNTED and dict(ask.params).get("of") != "bucket":
        return Pass(Shape.COUNT, ask.where, ask.by, ask.columns)
    if ask.state in KEYED:
        return Pass(Shape.KEY if ask.state == "keys" else Shape.REPEAT, ask.where, ask.by, ask.columns)
    if ask.state in APART:
        return Pass(APART[ask.state], ask.where, ask.by, ask.columns)
    return Pass(Shape.GROUP if ask.by else Shape.SELECT, ask.where, ask.by)


def _compares_all(ask: Ask) -> bool:
    """Whether *ask* compares all columns that another frame has as well: it names none but its key."""
    key = dict(ask.params).get("key")
    return "beside" in dict(ask.params) and key is not None and ask.columns == key and ask.state != "covered"


def columns_read(ask: Ask) -> tuple[str, ...]:
    """Every column that *ask* names: its own, its groups, those of expression and filter. Raises ExpressionError."""
    conditions = [parsed(text) for text in (ask.expr, ask.where) if text is not None]
    named = (name for tree in conditions for name in sorted(columns_of(tree)))
    return tuple(dict.fromkeys((*ask.columns, *ask.by, *named)))


def _reads(ask: Ask, schema: Schema, broken: Mapping[str, str]) -> set[str]:
    """What has to be read of the frame for *ask*. Raises UnanswerableError, ExpressionError."""
    if ask.state not in KNOWN:
        raise UnanswerableError(f"state {ask.state!r} is not known to a scan. Allowed: {', '.join(sorted(KNOWN))}")
    read = columns_read(ask)
    require(read, schema)
    every = ask.state in KEYED | {"whole", "distinct_sketch"} or dict(ask.params).get("terms") == "row_hash"
    if (every and not ask.columns) or _compares_all(ask):
        read = tuple(schema)
    for name in read:
        if name in broken:
            raise UnanswerableError(broken[name])
    return set(read)
