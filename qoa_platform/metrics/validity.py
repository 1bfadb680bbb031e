"""Owns the metrics of validity: what share of the present values satisfies a predicate (metrics.md 4.3)."""

from dataclasses import dataclass, replace
from typing import Self

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.expression_patterns import objection
from qoa_platform.metrics.expressions import canonical, parse_condition, presupposed
from qoa_platform.metrics.frame_metric import FrameMetric, ratio
from qoa_platform.metrics.protocol import Arity, MetricError
from qoa_platform.metrics.specs import MetricSpec, spec
from qoa_platform.metrics.text_forms import checked_format
from qoa_platform.records import Ask, Direction, Profile, Promise, Reading, Reason, Scalar, Subject, Unit
from qoa_platform.states import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share(FrameMetric):
    """Present values that satisfy the predicate ÷ present values. Missing values are completeness's business."""

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return ratio(state.hits, state.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfExpression(FrameMetric):
    """``expr:`` is any condition of the bounded expression language; a row is read if the columns it needs are present.

    A predicate that is null on present inputs (a division by zero) is a violation.
    """

    arity = Arity.NONE
    per_column = False
    needs_expr = True

    expr: str = ""

    @classmethod
    def of(cls, promise: Promise, subject: Subject) -> tuple[Self, ...]:
        """The metric of *promise*, whose ``expr`` is parsed here. Raises MetricError, ExpressionError."""
        (metric,) = FrameMetric.of.__func__(cls, promise, subject)  # type: ignore[attr-defined]
        if promise.expr is None:
            raise MetricError(
                f"promise {promise.id!r}: {cls.id} needs expr. Allowed: a condition such as col('x') >= 0"
            )
        parsed = parse_condition(promise.expr)
        return (replace(metric, expr=canonical(parsed), columns=tuple(sorted(presupposed(parsed)))),)

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Rows in which the expression is true, among those whose columns are present."""
        return self._ask(Tally, expr=self.expr, hits="expr")


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRate(_OfExpression):
    """Rows in which ``expr:`` is true ÷ rows in which the columns it reads are present."""

    id = "data.pass_rate"

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return ratio(state.hits, state.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationCount(_OfExpression):
    """Rows in which the columns of ``expr:`` are present and it is not true.

    Rows, all of them: not checks, and not the first hundred.
    """

    id = "data.violation_count"
    unit = Unit.COUNT
    direction = Direction.LOWER

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        return Reading(value=state.rows - state.hits, n=state.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class InRange(_Share):
    """Values in ``[low, high]`` ÷ present values.

    An absent end is open; ±inf fails every finite end. *closed* says which ends belong to the range.
    """

    id = "data.in_range"

    low: float | None = param("number", "least allowed value", default=None)
    high: float | None = param("number", "greatest allowed value", default=None)
    closed: str = param("text", "which ends belong", default="both", choices=("both", "left", "right", "none"))

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise MetricError(f"{self.id}: without an end every value is in the range. Allowed: low, high or both")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise MetricError(f"{self.id}: no value lies from {self.low} to {self.high}. Allowed: low ≤ high")

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Values in the range."""
        closed = None if self.closed == "both" else self.closed
        return self._ask(Tally, hits="in_range", low=self.low, high=self.high, closed=closed)


@dataclass(frozen=True, slots=True, kw_only=True)
class InSet(_Share):
    """Values among ``values:`` ÷ present values. Text is compared exactly, numbers by value."""

    id = "data.in_set"

    values: tuple[Scalar, ...] = param("values", "what is allowed")

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Values of the set."""
        return self._ask(Tally, hits="in_set", values=self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches(_Share):
    """Values in which the regex ``pattern:`` is found ÷ present values.

    Anchor it yourself (``^…$``). Only syntax that Python's ``re`` and Rust's ``regex`` read alike is allowed.
    """

    id = "data.matches"

    pattern: str = param("text", "a regular expression without look-around and back-references")

    def __post_init__(self) -> None:
        if (reason := objection(self.pattern)) is not None:
            raise MetricError(f"{self.id}: {reason}")

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Values in which the pattern is found."""
        return self._ask(Tally, hits="matches", pattern=self.pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseRate(_Share):
    """Text values that can be read as the type ``as:`` ÷ present values.

    ``integer``: digits with a sign. ``number``: also a decimal point (or the ``decimal:`` that is declared) and an
    exponent. ``date``, ``time``: ISO 8601, or the ``format:`` of %Y %m %d %H %M %S. Nothing is guessed: ``1,0``,
    ``1_0``, ``NaN`` and ``12 oz`` are no numbers. A column that has the type already is read as it is.
    """

    id = "data.parse_rate"

    as_: str = param("text", "the type that a text must spell", choices=("integer", "number", "date", "time"))
    decimal: str = param("text", "what stands before the fraction of a number", default=".", choices=(".", ","))
    format: str | None = param("text", "how a date or time is spelled, as in %d.%m.%Y", default=None)

    def __post_init__(self) -> None:
        if self.format is not None:
            if self.as_ not in {"date", "time"}:
                raise MetricError(f"{self.id}: format is given for as: {self.as_}. Allowed: as: date, as: time")
            checked_format(self.as_, self.format)

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Values that can be read."""
        decimal = self.decimal if self.as_ == "number" and self.decimal != "." else None
        return self._ask(Tally, as_=self.as_, hits="parses", decimal=decimal, format=self.format)


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthInRange(_Share):
    """Text values of ``low:`` to ``high:`` code points ÷ present values.

    Characters, not bytes: ``é`` has one. An absent end is open.
    """

    id = "data.length_in_range"

    low: float | None = param("number", "least length", default=None)
    high: float | None = param("number", "greatest length", default=None)

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise MetricError(f"{self.id}: without an end every length is allowed. Allowed: low, high or both")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise MetricError(f"{self.id}: no length lies from {self.low:g} to {self.high:g}. Allowed: low ≤ high")

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Values of such a length."""
        return self._ask(Tally, hits="length", low=self.low, high=self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class FiniteShare(_Share):
    """Values that are not ±inf ÷ present values. NaN is missing, and no value."""

    id = "data.finite_share"

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Finite values."""
        return self._ask(Tally, hits="finite")


@dataclass(frozen=True, slots=True, kw_only=True)
class InFences(_Share):
    """Values inside the frozen fences ``[Q1 − 3·IQR, Q3 + 3·IQR]`` ÷ present values.

    With ``by:`` every group has its own fences, and the whole counts the rows of groups that have some: ten melons are
    odd where ten bananas are not. The profile falls back on the 0.5 % and 99.5 % quantiles where IQR = 0.
    """

    id = "data.in_fences"
    needs_reference = True

    def ask(self, profile: Profile | None, /) -> Ask | None:
        """Values inside, per group in one pass; ``None`` where no fences are frozen."""
        if profile is None:
            return None
        frozen = [c for c in profile.columns if c.column == self.columns[0] and c.fences is not None]
        wanted = sorted((c for c in frozen if (c.group is not None) == bool(self.by)), key=lambda c: c.group or "")
        flat = [x for c in wanted if c.fences is not None for x in (c.group, c.fences.low, c.fences.high)]
        return self._ask(Tally, hits="fences", fences=tuple(flat)) if flat else None

    def _read(self, state: Tally, profile: Profile | None, group: str | None) -> Reading:
        frozen = profile.column(self.columns[0], group) if profile else None
        if group is not None and (frozen is None or frozen.fences is None):
            return Reading.unknown(Reason.NO_REFERENCE, cause=f"no fences are frozen for group {group!r}")
        return ratio(state.hits, state.rows)


SPECS: tuple[MetricSpec, ...] = (
    spec(PassRate),
    spec(ViolationCount),
    spec(InRange),
    spec(InSet),
    spec(Matches),
    spec(ParseRate),
    spec(LengthInRange),
    spec(FiniteShare),
    spec(InFences),
)  # fmt: skip
