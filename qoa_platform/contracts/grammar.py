"""Owns the small texts of a contract: quantities, durations, bounds (``must``), margins, ``when`` clauses, references.

Each parser takes what the document holds (text or a number) and returns a record, or raises GrammarError saying what
was found and what is allowed. The EBNF is in docs/contracts.md.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from qoa_platform.contracts.problem import guess, show_value
from qoa_platform.records import (
    SCALES,
    Fixed,
    Margin,
    MarginKind,
    Operator,
    Reason,
    Reference,
    ReferenceKind,
    Severity,
    Unit,
    Usual,
    When,
    WhenStatus,
)

ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
"""Subjects, promises, presets: what becomes a Dagster check name."""
RULE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
"""Rules and contracts may have ``-``."""

OPERATORS: dict[str, Operator] = {
    "<": Operator.LT, "<=": Operator.LE, ">": Operator.GT, ">=": Operator.GE, "=": Operator.EQ, "!=": Operator.NE,
    "==": Operator.EQ, "≤": Operator.LE, "≥": Operator.GE, "≠": Operator.NE, "<>": Operator.NE,
    "less_than": Operator.LT, "less_equal": Operator.LE, "greater_than": Operator.GT,
    "greater_equal": Operator.GE, "equal": Operator.EQ, "not_equal": Operator.NE,
    "min": Operator.GE, "max": Operator.LE,
    "mustBe": Operator.EQ, "mustNotBe": Operator.NE, "mustBeGreaterThan": Operator.GT,
    "mustBeGreaterOrEqualTo": Operator.GE, "mustBeLessThan": Operator.LT, "mustBeLessOrEqualTo": Operator.LE,
}  # fmt: skip
"""Every accepted spelling of an operator: the signs, their words (QoA4ML's too), ODCS's keys."""

BETWEEN = ("between", "mustBeBetween", "range")
MUST_KEYS = ("mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan",
             "mustBeLessOrEqualTo", "mustBeBetween")  # fmt: skip
"""ODCS's spelling of ``must:``, as keys of a promise."""

_NUMBER = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
_QUANTITY = re.compile(rf"({_NUMBER})(?:\s*([A-Za-z%][A-Za-z]*))?")
_MUST = re.compile(r"(<=|>=|!=|==|<>|[<>=≤≥≠]|[A-Za-z_]+)\s*(.*)")
_WHEN = re.compile(r"(\S+) +([a-z]+)(?:\(([^()]*)\))?(?: +(warning|critical))?(?: +for +(.+?))?")
_PARTITIONS = re.compile(r"last +([0-9]{1,6}) +partitions?")
_DAYS = 36_500 * 86_400.0
"""No duration of a contract is longer than a century."""

DURATIONS = "a number and ms, s, min, h or d, as in '6 h'"
QUANTITIES = f"a number, or a number and a unit ({', '.join(SCALES)}), as in '99 %'"


class GrammarError(ValueError):
    """A text that is not in the grammar: *message* says what was found, *hint* what is allowed."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number in a base unit; *unit* ``None``: none was written, so it counts in the metric's own."""

    value: float
    unit: Unit | None = None
    written: str = ""

    def of(self, unit: Unit | None) -> float:
        """The number in a metric's unit. Raises GrammarError where the written unit is another kind of thing.

        *unit* ``None``: the metric is not known, and every unit will do.

        >>> quantity("99 %").of(Unit.RATIO)
        0.99
        """
        if unit is None or self.unit is None or self.unit is unit or self.unit in _SAME.get(unit, ()):
            return self.value
        spelled = [name for name, (base, _) in SCALES.items() if base is unit]
        allowed = f"a number, or one with {', '.join(spelled)}" if spelled else "a number without a unit"
        said = f"unit {self.written!r} does not fit a metric counted in {unit.value!r}"
        raise GrammarError(said, f"Allowed: {allowed}")


_SAME: dict[Unit, frozenset[Unit]] = {
    Unit.COUNT: frozenset({Unit.ROWS, Unit.REQUESTS}),
    Unit.ROWS: frozenset({Unit.COUNT}),
    Unit.COLUMN: frozenset({Unit.USD, Unit.ONE}),
}
"""Units that count the same thing. A column's own unit is not known to us; money may be said."""


def quantity(value: object) -> Quantity:
    """``99 %``, ``26 h``, ``0.2``: a number with its unit, in base units.

    >>> quantity("26 h").value, quantity(3)
    (93600.0, Quantity(value=3.0, unit=None, written=''))
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Quantity(value=_finite(float(value), value))
    match = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise GrammarError(f"{show_value(value)} is no quantity", f"Allowed: {QUANTITIES}")
    written = match[2]
    if written is None:
        return Quantity(value=_finite(float(match[1]), value))
    if written not in SCALES:
        raise GrammarError(f"unknown unit {show_value(written)}", guess(written, SCALES))
    unit, factor = SCALES[written]
    exact = Decimal(match[1]) * Decimal(repr(factor))  # in floats 99.9 % would be 0.9990000000000001
    return Quantity(value=_finite(float(exact), value), unit=unit, written=written)


def _finite(number: float, written: object) -> float:
    if not isfinite(number):
        raise GrammarError(f"{show_value(written)} is not finite", "Allowed: a finite number")
    return number


def duration(value: object) -> timedelta:
    """``6 h``, ``500 ms``, ``7 d``.

    >>> duration("5 min")
    datetime.timedelta(seconds=300)
    """
    found = quantity(value) if isinstance(value, str) else None
    if found is None or found.unit is not Unit.SECONDS or not 0 <= found.value <= _DAYS:
        raise GrammarError(f"{show_value(value)} is no duration", f"Allowed: {DURATIONS}, at most 100 years")
    return timedelta(seconds=found.value)


def share(value: object) -> float:
    """A ratio within 0 … 1: ``95 %`` or ``0.95``."""
    found = quantity(value)
    if found.unit not in (None, Unit.RATIO) or not 0 <= found.value <= 1:
        raise GrammarError(f"{show_value(value)} is no share", "Allowed: 0 … 1, or 0 % … 100 %")
    return found.value


def streak(value: object) -> int | timedelta:
    """``for:`` a count of windows, or a duration.

    >>> streak(3), streak("2 d")
    (3, datetime.timedelta(days=2))
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:  # noqa: PLR2004
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if value >= 1:
            return value
        raise GrammarError(f"{value} windows is no streak", "Allowed: 1 or more, or a duration such as '2 d'")
    return duration(value)


def must(value: object, unit: Unit | None = None) -> Fixed | Usual:
    """``>= 99 %``, ``between 1 and 3 h``, ``usual``; bounds in *unit*.

    >>> must(">= 99 %", Unit.RATIO).bound
    0.99
    >>> must("between 1 and 3 h", Unit.SECONDS).upper
    10800.0
    """
    allowed = "Allowed: usual, between A and B, or an operator and a quantity, as in '>= 99 %'"
    if not isinstance(value, str):
        raise GrammarError(f"{show_value(value)} is no bound", allowed)
    text = value.strip()
    if text == "usual":
        return Usual()
    match = _MUST.fullmatch(text)
    if match is None:
        raise GrammarError(f"{show_value(value)} is no bound", allowed)
    word, rest = match[1], match[2].strip()
    if word in BETWEEN:
        low, found, high = rest.partition(" and ")
        if not found:
            raise GrammarError(f"{show_value(value)} names no two bounds", "Allowed: between A and B")
        return between(low, high, unit, text)
    operator = OPERATORS.get(word)
    if operator is None:
        raise GrammarError(f"unknown operator {show_value(word)}", guess(word, [*OPERATORS, "between", "usual"]))
    return Fixed(operator=operator, bound=quantity(rest).of(unit), text=text)


def between(low: object, high: object, unit: Unit | None, text: str) -> Fixed:
    """An interval; a lower bound without a unit takes that of the upper one."""
    lower, upper = quantity(low), quantity(high)
    if lower.unit is None and upper.unit is not None and isinstance(low, str):
        lower = quantity(f"{low.strip()} {upper.written}")
    a, b = lower.of(unit), upper.of(unit)
    if a > b:
        raise GrammarError(
            f"{show_value(text)}: the lower bound lies above the upper one", "Allowed: between A and B, A ≤ B"
        )
    return Fixed(operator=Operator.BETWEEN, bound=a, upper=b, text=text)


def must_key(key: str, value: Any, unit: Unit | None = None) -> Fixed:
    """ODCS's ``mustBe…: value`` as a bound."""
    if key == "mustBeBetween":
        if not (isinstance(value, list | tuple) and len(value) == 2):  # noqa: PLR2004
            raise GrammarError(f"{key}: {show_value(value)} names no two bounds", "Allowed: [low, high]")
        return between(value[0], value[1], unit, f"between {value[0]} and {value[1]}")
    operator = OPERATORS[key]
    return Fixed(operator=operator, bound=quantity(value).of(unit), text=f"{operator} {value}")


def margin(value: object, unit: Unit | None = None) -> Margin:
    """``25 %`` of the baseline, ``1.5 x`` it, or absolute in the metric's unit (``0.01``).

    >>> margin("25 %"), margin("1.5 x").kind
    (Margin(kind=<MarginKind.RELATIVE: 'relative'>, value=0.25), <MarginKind.FACTOR: 'factor'>)
    """
    found = quantity(value)
    if found.value < 0:
        raise GrammarError(f"{show_value(value)} is negative", "Allowed: 0 or more: how much worse is still good")
    match found.written:
        case "%":
            return Margin(kind=MarginKind.RELATIVE, value=found.value)
        case "x" if found.value > 0:
            return Margin(kind=MarginKind.FACTOR, value=found.value)
        case "x":
            raise GrammarError(f"{show_value(value)} times the baseline is nothing", "Allowed: a factor above 0")
        case _:
            return Margin(kind=MarginKind.ABSOLUTE, value=found.of(unit))


def reference(value: object) -> Reference:
    """``training``, ``previous``, ``last 28 partitions``, or a profile's name or digest.

    >>> reference("last 28 partitions").count
    28
    """
    if value == "training":
        return Reference(kind=ReferenceKind.TRAINING)
    if value == "previous":
        return Reference(kind=ReferenceKind.PREVIOUS)
    if isinstance(value, str):
        match = _PARTITIONS.fullmatch(value.strip())
        if match is not None and int(match[1]) > 0:
            return Reference(kind=ReferenceKind.LAST_PARTITIONS, count=int(match[1]))
        if match is None and re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,127}", value) and ".." not in value:
            return Reference(kind=ReferenceKind.PROFILE, name=value)
    allowed = "training, previous, last N partitions, or the name or digest of a profile"
    raise GrammarError(f"{show_value(value)} is no reference", f"Allowed: {allowed}")


def training_window(value: object) -> timedelta:
    """``last 56 d``: how much history a training reads."""
    text = value.strip().removeprefix("last ") if isinstance(value, str) else value
    found = duration(text)
    if not found:
        raise GrammarError(f"{show_value(value)} is no history", "Allowed: as in 'last 56 d'")
    return found


def when(value: object) -> When:
    """``sales.* blocked``, ``any unknown(no_data|stale) for 2 d``: one clause.

    >>> when("demand.live violated critical for 3").streak
    3
    """
    allowed = "Allowed: TARGET STATUS [warning|critical] [for N], as in 'sales.* violated for 3'"
    match = _WHEN.fullmatch(" ".join(value.split())) if isinstance(value, str) else None
    if match is None:
        hint = "Write two rules instead of 'or'" if isinstance(value, str) and " or " in value else allowed
        raise GrammarError(f"{show_value(value)} is no condition", hint)
    target, status, reasons, severity, lasting = match.groups()
    subject, promise = _target(target)
    if status not in list(WhenStatus):
        raise GrammarError(f"unknown status {show_value(status)}", guess(status, list(WhenStatus)))
    if reasons is not None and status != WhenStatus.UNKNOWN:
        raise GrammarError(f"{status} has no reasons", "Allowed: unknown(reason|reason)")
    return When(
        subject=subject, promise=promise, status=WhenStatus(status), reasons=_reasons(reasons),
        severity=Severity(severity) if severity else None, streak=streak(lasting) if lasting else 1,
        text=" ".join(str(value).split()),
    )  # fmt: skip


def _target(text: str) -> tuple[str | None, str | None]:
    if text == "any":
        return None, None
    subject, dot, promise = text.partition(".")
    if not dot or not ID.fullmatch(subject) or not (promise == "*" or ID.fullmatch(promise)):
        raise GrammarError(f"{show_value(text)} is no target", "Allowed: any, subject.promise or subject.*")
    return subject, None if promise == "*" else promise


def _reasons(text: str | None) -> tuple[Reason, ...]:
    if text is None:
        return ()
    words = [word.strip() for word in text.split("|")]
    for word in words:
        if word not in list(Reason):
            raise GrammarError(f"unknown reason {show_value(word)}", guess(word, list(Reason)))
    return tuple(dict.fromkeys(Reason(word) for word in words))
