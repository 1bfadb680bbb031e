"""Owns the metrics of rules between columns: functional dependencies and denial constraints (metrics.md 4.4)."""

from dataclasses import dataclass
from typing import Self

from qoa_platform.metrics.declaring import param
from qoa_platform.metrics.expression_nodes import Not
from qoa_platform.metrics.expressions import canonical, columns, parse_condition, presupposed
from qoa_platform.metrics.frame_metric import FrameMetric, ratio, undefined
from qoa_platform.metrics.protocol import Arity, MetricError
from qoa_platform.records import Ask, Direction, Profile, Promise, Reading, Subject
from qoa_platform.states import Frequencies, Sums, Tally

ORDERS = ("<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """What is counted of a dependency.

    *rows* with all columns present; *kept* of them if the least are removed so that it holds; those in groups that
    *conflict*.
    """

    rows: int
    kept: int
    conflict: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfDependency(FrameMetric):
    """``left:`` determines ``right:``; rows in which one of the columns is missing are left out."""

    direction = Direction.LOWER
    arity = Arity.NONE
    per_column = False

    left: tuple[str, ...] = param("columns", "the determining column or columns")
    right: tuple[str, ...] = param("columns", "the determined column or columns")
    merge: bool = param("flag", "keep mergeable counts of pairs, to hold across partitions", default=False)

    def __post_init__(self) -> None:
        if both := sorted(set(self.left) & set(self.right)):
            raise MetricError(f"{self.id}: {', '.join(both)} stands left and right. Allowed: different columns")

    @classmethod
    def of(cls, promise: Promise, subject: Subject) -> tuple[Self, ...]:
        """The metric of *promise*, whose columns are those of both sides. Raises MetricError."""
        (metric,) = FrameMetric.of.__func__(cls, promise, subject)  # type: ignore[attr-defined]
        return (metric.over_columns((*metric.left, *metric.right)),)

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Three counts of this frame; or, to be merged with other frames, the counts of all pairs."""
        if self.merge:
            return self._ask(Frequencies)
        return self._ask("dependency", left=self.left, right=self.right)

    def _read(self, state: Sums | Frequencies, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        match state:
            case Sums():
                return self._of(Support(rows=state.n, kept=int(state.get("kept")), conflict=int(state.get("conflict"))))
            case Frequencies() if state.error:
                cause = f"more than {state.cap:,} different pairs: they cannot be counted from this state"
                return undefined(state.n, f"{cause}. Leave merge: true out, and each partition is counted exactly")
            case Frequencies():
                return self._of(_support(state, len(self.left)))

    def _of(self, found: Support) -> Reading:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyViolation(_OfDependency):
    """Least share of rows to remove so that ``left:`` determines ``right:``: ``g3 = 1 − Σ_l max_r c(l, r) / n``.

    Small groups pull it down: one typo in a group of fifty is two percent of that group. To size a problem; the flagged
    cells list it.

    References: Kivinen & Mannila (1995), Theor. Comput. Sci. 149(1), 129-149; Huhtala et al. (1999), TANE, Comput. J.
    """

    id = "data.fd_violation"

    def _of(self, found: Support) -> Reading:
        return ratio(found.rows - found.kept, found.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyConflictShare(_OfDependency):
    """Rows whose ``left:`` value has several ``right:`` values ÷ rows.

    One typo marks its whole group.
    """

    id = "data.fd_conflict_share"

    def _of(self, found: Support) -> Reading:
        return ratio(found.conflict, found.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintViolationShare(FrameMetric):
    """Rows that violate a denial constraint, alone or in a pair with another row ÷ rows.

    Three shapes. ``constraint:`` is a condition that must hold of no row. ``equal: [a, b], unequal: c``: no two rows
    are equal in a and b and differ in c (``equal`` determines ``unequal``). ``equal: a, order: [x, "<", y]``: of no two
    rows that are equal in a, x of the one is less than y of the other. Rows in which a column is missing are left out.
    A rule is a hypothesis: published ones have been wrong.

    References: Chu, Ilyas & Papotti (2013), Discovering denial constraints, PVLDB 6(13).
    """

    id = "data.dc_violation_share"
    direction = Direction.LOWER
    arity = Arity.NONE
    per_column = False

    constraint: str | None = param("text", "a condition that must hold of no row", default=None)
    equal: tuple[str, ...] = param("columns", "in what two rows are equal", default=())
    unequal: tuple[str, ...] = param("columns", "in what they then must not differ", default=())
    order: tuple[str, ...] = param("columns", "x, <, y: in what order they then must not stand", default=())

    def __post_init__(self) -> None:
        shape = (self.constraint is not None, bool(self.equal), bool(self.unequal), bool(self.order))
        allowed = {(True, False, False, False), (False, True, True, False), (False, True, False, True)}
        if shape not in allowed | {(False, False, False, True)}:
            raise MetricError(
                f"{self.id}: no such shape of a denial constraint. "
                "Allowed: constraint; equal and unequal; order, with or without equal"
            )
        if self.order and (len(self.order) != len("x<y") or self.order[1] not in ORDERS):
            said = " ".join(self.order)
            raise MetricError(f"{self.id}: order is {said!r}. Allowed: a column, one of {' '.join(ORDERS)}, a column")
        if both := sorted(set(self.equal) & {*self.unequal, *self.order}):
            raise MetricError(f"{self.id}: rows that are equal in {', '.join(both)} cannot differ in it")

    @classmethod
    def of(cls, promise: Promise, subject: Subject) -> tuple[Self, ...]:
        """The metric of *promise*; a ``constraint`` is parsed here. Raises MetricError, ExpressionError."""
        (metric,) = FrameMetric.of.__func__(cls, promise, subject)  # type: ignore[attr-defined]
        if metric.constraint is None:
            return (metric.over_columns((*metric.equal, *metric.unequal, *metric.order[::2])),)
        parsed = parse_condition(metric.constraint)
        if not columns(parsed):
            raise MetricError(f"{cls.id}: constraint {metric.constraint!r} reads no column")
        return (metric.over_columns(tuple(sorted(presupposed(parsed))), constraint=canonical(parsed)),)

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """Rows in which the constraint is known not to hold; or the rows in conflicting pairs."""
        if self.constraint is not None:
            return self._ask(Tally, expr=canonical(Not(operand=parse_condition(self.constraint))), hits="expr")
        if self.unequal:
            return self._ask("dependency", left=self.equal, right=self.unequal)
        return self._ask("order", equal=self.equal, order=self.order)

    def _read(self, state: Tally | Sums, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if isinstance(state, Tally):
            return ratio(state.rows - state.hits, state.rows)
        return ratio(int(state.get("conflict")), state.n)


def _support(state: Frequencies, left: int) -> Support:
    """The support of a dependency off the counts of its pairs, of which the first *left* parts are the left side."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for text, count in state.counts:
        groups.setdefault(tuple(parted(text)[:left]), []).append(count)
    conflict = sum(sum(counts) for counts in groups.values() if len(counts) > 1)
    return Support(rows=state.n, kept=sum(max(counts) for counts in groups.values()), conflict=conflict)


def parted(text: str) -> list[str]:
    r"""The values of several columns that ``Frequencies`` joined by ``|``, where ``\\`` escapes it and itself.

    >>> parted(r"a\|b|c"), parted("a|")
    (['a|b', 'c'], ['a', ''])
    """
    found, escaped = [""], False
    for char in text:
        if escaped or char not in "\\|":
            found[-1] += char
            escaped = False
        elif char == "|":
            found.append("")
        else:
            escaped = True
    return found
