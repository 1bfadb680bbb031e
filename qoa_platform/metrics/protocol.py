"""Owns the two protocols of a metric, and the vocabulary of asks that a scan must be able to answer.

An ``Ask`` says what is counted by ``Ask.state``; its ``params`` are sorted ``(name, value)`` pairs of scalars or
**flat** tuples of scalars (so that a stored ask can be read back). Always: *columns* are what is read, *where* filters
rows first (canonical text; a row in which the condition is not true is left out), *by* makes the answer a ``Grouped``
(one state per group, and the whole), missing is null, NaN or a declared token (metrics.md 1.1), ±inf is present. A
column that is not in the frame is a failure of that ask alone. Equal asks are answered once.

``tally`` → ``Tally(hits, rows)``. The param ``hits`` says what a hit is; *rows* is always the denominator:

=============  =====================================================================  ==============================
``hits``       a hit is                                                               rows are
=============  =====================================================================  ==============================
``rows``       every row (no columns)                                                 all
``present``    every one of the columns is present                                    all
``expr``       ``Ask.expr`` is true (columns: those it takes for granted,             with all columns present
               ``expressions.presupposed``; it may name others)
``in_range``   ``low ≤ x ≤ high`` (a missing param is open); ``closed`` is            with x present
               ``both`` (also when absent), ``left``, ``right`` or ``none``
``in_set``     x is one of ``values`` (numbers by value, text exactly)                with x present
``matches``    the regex ``pattern`` is found in x                                    with x present
``finite``     x is not ±inf                                                          with x present
``zero``       x = 0                                                                  with x present
``length``     ``low ≤ code points of x ≤ high`` (a missing param is open)            with x present
``parses``     the text x can be read as the type ``as`` (``scans.texts``)            with x present
``mojibake``   x holds U+FFFD, or UTF-8 that was read as Latin-1 (``scans.texts``)    with x present
``cells``      a present cell of the columns (rows are cells)                         rows × columns
``after``      x > ``bound`` (ISO 8601, UTC); or, with two columns and ``skew``       with all columns present
               in seconds, x > y + skew
``fences``     ``low ≤ x ≤ high`` of the row's own group (``by``). Param ``fences``   with x present; in the group
               is flat: group, low, high, group, low, high, …                         of the row, if it has fences
=============  =====================================================================  ==============================

With ``fences`` the whole of the ``Grouped`` sums the groups that have fences; without ``by`` there is one triple, whose
group is ``None``, and the answer is a plain ``Tally``. A group without fences has ``Tally(0, 0)``.

``sums`` → ``Sums(n, …)``
    ``terms = "errors"`` with columns (truth y, prediction ŷ): ``absolute`` Σ|e|, ``squared`` Σe², ``error`` Σe,
    ``truth`` Σ|y| with e = ŷ − y; n and sums are over the rows with all columns present. Other terms, of these columns:
    ``relative`` (``kept`` rows with y ≠ 0, Σ ``share`` |e|/|y| of them, ``symmetric`` Σ 2|e|/(|y| + |ŷ|)), ``pinball``
    (param ``q``: ``loss``), ``interval`` (truth, lower, upper: rows ``inside``, ``width``, ``below`` and ``above`` it),
    ``skill`` (truth, prediction, baseline: ``absolute``, ``squared``, ``base_absolute``, ``base_squared``),
    ``apart`` (two columns, ``tolerance``: rows in which they lie further ``apart``),
    ``probability`` (score, truth as class ``positive``: Σ ``log``, ``squared``, ``p``, ``y``, rows ``outside`` 0 to 1),
    ``confidence`` (score, ``scored``, ``above``: Σ ``sure``, rows ``outside``). ``balance`` (two
    columns): the sums ``first`` and ``second``, each over its own present values; n are the rows with either.
    ``row_hash`` (none: all columns but those of ``exclude``): Σ of the key hashes of all rows (``metrics.row_hash``).
``moments`` → ``Moments``
    One numeric column, over present finite values; ``n_nonfinite`` counts ±inf. M3 and M4 only with ``order = 4``.
``comoments`` → ``Comoments``
    Columns (x, y), over rows with both present and finite; ``n_nonfinite`` counts rows with both present, one ±inf.
``span`` → ``Span``
    One column: present values, ±inf left out. Dates are times at 00:00 UTC, naive times are UTC. With ``until``
    (ISO 8601, UTC) only values ≤ it count.
``frequencies`` → ``Frequencies``
    One column; ``cap`` is the state's cap. A value is written as text by ``scans.keys.value_text``. Several columns:
    only rows with all of them present, joined by ``|`` (a backslash escapes it and itself). With ``of``, what is
    counted is not the value: ``mask`` (of text: each run of letters ``a``, of digits ``9``), or ``bucket`` (of times:
    the microseconds since 1970 at which the value's stretch of ``every`` seconds begins).
``histogram`` → ``Histogram``
    One numeric column on ``edges`` (flat, ascending): bins right-closed, outer bins open, so edges e₁ < … < e_{B−1}
    give B counts; ``digest`` names the edges. Missing values are counted apart; ±inf falls in an outer bin. ``sums``
    adds sums per bin: ``x`` of the values themselves, ``y`` rows whose second column is the class ``positive`` (then
    only rows with both count). With ``of = "delay"``: two columns of times, the microseconds from the first to the
    second, on ``log_edges``.
``keys`` → ``Keys``
    The key of each row (``states.key_hash``), no columns meaning all of them. Rows with a missing part are left out,
    unless ``missing_keys = "value"``.
``uniqueness`` → ``Sums(n = rows kept, distinct, once)``
    The same question answered for this frame alone, several times faster: *distinct* keys, and keys seen exactly
    *once*. **It does not merge** (class X).
``dependency`` → ``Sums(n, kept, conflict)``
    Of the columns ``left`` and ``right`` (flat params; *columns* are both), over rows with all of them present: rows
    *kept* if the least are removed so that left determines right, and rows in groups of equal left with several right
    that *conflict*. Exact for any number of values, and **it does not merge** (class X); ``frequencies`` of the columns
    is the same question for parts.
``order`` → ``Sums(n, conflict)``
    Rows that *conflict*: with another one that is equal in ``equal``, the ``order`` (x, <, y) holds between x of the
    one and y of the other. **It does not merge** (class X).
**Beside**: with the params ``beside`` (an asset) and ``digest`` (of its content, where known) an ask reads the frame of
that name too. ``tally`` of ``known``: the columns, as a key, are found in ``beside_columns``; rows are those with x
present. Joined on ``key`` (columns are the key and what is compared; only the key: all that both have), in the
``form``, within ``rtol`` and ``atol``: ``tally`` of ``equal_cells`` or ``equal_rows`` among the rows that are found;
``confusion`` ``of`` ``labels`` (other, own) or ``flags`` (wrong cells there, flagged cells here). For one frame only
(class X): ``reconciled`` → ``Tally`` (keys that both hold once with equal columns, keys of either); ``covered`` →
``Tally`` (rows of the other frame that are found, its rows).

``quantile`` → ``Sums(n, value)``
    One numeric column: the quantile ``q`` (0 to 1) of the n present finite values, linear between its neighbours (type
    7). Exact, and **it does not merge** (class X); all quantiles of one column, filter and groups are one selection.
``quantile_sketch`` → ``QuantileSketch``
    One numeric column: a KLL sketch of the present finite values, off which any quantile is read with its bound (class
    S); ``n_nonfinite`` counts ±inf.
``distinct_sketch`` → ``DistinctSketch``
    The key of each row as for ``keys``: a HyperLogLog, off which the distinct keys are read with a bound (class S).
``whole`` → ``states.whole.Whole``
    The columns themselves (none: all), one ``Whole`` per group where the ask has ``by``: the only way to a formula that
    no state answers. **Never stored**, slow, reported as unfused, refused where rows do not fit the memory.
``confusion`` → ``Confusion``
    Columns (truth, prediction) as text, over rows with both present.
``fields`` → ``Fields``
    The aggregates of a user's own metric. Param ``fields`` is flat: name, rule, text, name, rule, text, …; a rule is
    ``sum``, ``min`` or ``max``, a text is ``sum(…)``, ``count()``, ``count(…)``, ``min(…)`` or ``max(…)`` of an
    expression, or a narwhals aggregate that this process knows (``expr_metric.define``).
``nothing`` → ``Tally()``
    No row is read: the metric cannot be computed here (its engine does not exist yet, the dictionary is over its cap).

Answers whose state is in ``UNMERGEABLE`` hold for one frame only: they are never stored to be merged.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, Self, runtime_checkable

from qoa_platform.records import Ask, Direction, Params, Profile, Promise, Reading, Spend, Subject, Unit, Usage, Window

UNMERGEABLE = frozenset({
    "uniqueness", "dependency", "order", "reconciled", "covered", "quantile", "whole", "nothing",
})  # fmt: skip
"""``Ask.state`` whose answers hold for one frame only."""


class MetricError(ValueError):
    """A promise that no metric can be built from: says which, what was found and what is allowed."""


@runtime_checkable
class Metric(Protocol):
    """What is measured of a frame: a frozen dataclass, so equality is identity and the repr is documentation."""

    @property
    def id(self) -> str:
        """The qualified id of the catalogue: ``data.completeness``."""
        ...

    @property
    def unit(self) -> Unit:
        """What its value is counted in."""
        ...

    @property
    def direction(self) -> Direction:
        """Which side is the good one."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """What it reads."""
        ...

    @property
    def params(self) -> Params:
        """Everything that tells two series apart (columns, filter, groups, own parameters), sorted; never the clock."""
        ...

    def ask(self, profile: Profile | None, /) -> Ask | None:
        """Which state it reads; ``None``: it needs a profile and has none (the reading is then ``no_reference``)."""
        ...

    def read(self, state: Any, profile: Profile | None, group: str | None = None, /) -> Reading:
        """The reading off the answer to :meth:`ask` (of *group*, where the ask has ``by``). Pure; sees no data."""
        ...

    def at(self, now: datetime, window: Window, rows_in: int | None = None, /) -> Self:
        """The same metric, told the clock, the window and the rows that were read; most metrics do not care."""
        ...


@runtime_checkable
class FoldMetric(Protocol):
    """What is measured of records: of a run (the usages of its steps), a service, a chain."""

    @property
    def id(self) -> str:
        """The qualified id of the catalogue: ``cost.usd``."""
        ...

    @property
    def unit(self) -> Unit:
        """What its value is counted in."""
        ...

    @property
    def direction(self) -> Direction:
        """Which side is the good one."""
        ...

    @property
    def params(self) -> Params:
        """Everything that tells two series apart, sorted."""
        ...

    def fold(self, records: Iterable[Usage | Spend], /) -> Reading:
        """The reading off *records*."""
        ...


AnyMetric = Metric | FoldMetric


class Source(StrEnum):
    """What a metric is read from."""

    FRAME = "frame"
    """The asset's own frame."""
    PREDICTIONS = "predictions"
    """A prediction frame: ``version``, ``time``, ``actual``, ``predicted`` and grouping columns."""
    PUBLICATION = "publication"
    """What the audit of a frame tells beside it: its file, the moment, what was published before."""
    RUN = "run"
    """The usages of one run's steps."""
    LEDGER = "ledger"
    """Records of the ledger."""


class Arity(StrEnum):
    """How many columns a promise on the metric names."""

    NONE = "none"
    ONE = "one"
    MANY = "many"
    """One or more."""
    ANY = "any"
    """None or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamSpec:
    """A parameter of a metric: its name, its kind of value, whether it must be given, its choices if it is closed."""

    name: str
    kind: str
    """``number``, ``integer``, ``text``, ``flag``, ``duration`` (seconds, or text such as ``5 min``), ``values``,
    ``columns`` (one name, or a list of them in their order)."""
    required: bool = False
    choices: tuple[str, ...] = ()
    text: str = ""


Builder = Callable[[Promise, Subject], tuple[AnyMetric, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """A row of the catalogue: all that a contract can be linted by.

    *per_column*: several columns mean one metric each (the worst decides), not one key over all of them. *build* makes
    the metrics of a promise. Where *implemented* is false their reading is ``not_applicable``.
    """

    id: str
    family: str
    unit: Unit
    direction: Direction
    definition: str
    params: tuple[ParamSpec, ...] = ()
    columns: Arity = Arity.NONE
    per_column: bool = True
    source: Source = Source.FRAME
    needs_reference: bool = False
    needs_expr: bool = False
    implemented: bool = False
    build: Builder
