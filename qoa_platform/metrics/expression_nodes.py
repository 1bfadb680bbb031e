"""Owns the syntax tree of the bounded expression language: a closed set of frozen nodes, and what they say."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import assert_never

Value = bool | int | float | str


class Kind(Enum):
    """What an expression yields, as far as its text tells. A bare column may be anything."""

    CONDITION = "a condition"
    NUMBER = "a number"
    TEXT = "text"
    ANY = "a column"


class Comparing(StrEnum):
    """Comparisons. Equality of text is equality of code points; ``0.0 == -0.0``."""

    EQ = "=="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


class Computing(StrEnum):
    """Arithmetic. Division by zero, and whatever else is no number, yields null and hence no truth."""

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    FLOOR_DIVIDE = "//"
    MODULO = "%"


class Function(StrEnum):
    """Functions of one value without arguments, as they are spelled after it."""

    ABS = "abs"
    LEN_CHARS = "str.len_chars"
    YEAR = "dt.year"
    MONTH = "dt.month"
    DAY = "dt.day"
    HOUR = "dt.hour"
    WEEKDAY = "dt.weekday"


class Matching(StrEnum):
    """Tests of a text against a fixed text (for ``contains``: a regular expression)."""

    CONTAINS = "str.contains"
    STARTS_WITH = "str.starts_with"
    ENDS_WITH = "str.ends_with"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """``col('x')``: the column after the missing rule (null, NaN and declared tokens are null)."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A number, a text, ``True`` or ``False``."""

    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Negative:
    """``-x``."""

    operand: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """``not x`` or ``~x``."""

    operand: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    """``a and b and c`` or ``a & b & c``, flattened."""

    operands: tuple["Expr", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """``a or b or c`` or ``a | b | c``, flattened."""

    operands: tuple["Expr", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``a <= b``. A chain ``a <= b <= c`` is read as ``a <= b and b <= c``."""

    operator: Comparing
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic:
    """``a + b``."""

    operator: Computing
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply:
    """``x.abs()``, ``x.str.len_chars()``, ``x.dt.weekday()`` (ISO: Monday is 1)."""

    function: Function
    operand: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """``x.str.contains('^[0-9]+$')``."""

    matching: Matching
    operand: "Expr"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IsIn:
    """``x.is_in([1, 2])``; the values sorted and distinct."""

    operand: "Expr"
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IsBetween:
    """``x.is_between(low, high)``, both ends included."""

    operand: "Expr"
    low: "Expr"
    high: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True)
class IsNull:
    """``x.is_null()``, or ``x.is_not_null()`` when *negated*."""

    operand: "Expr"
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """``when(c).then(a).when(d).then(b).otherwise(z)``: the first case whose condition is true."""

    cases: tuple[tuple["Expr", "Expr"], ...]
    otherwise: "Expr"


Expr = (
    Column | Literal | Negative | Not | And | Or | Comparison | Arithmetic
    | Apply | Match | IsIn | IsBetween | IsNull | When
)  # fmt: skip


def children(expr: Expr) -> tuple[Expr, ...]:
    """The operands of *expr*, left to right."""
    match expr:
        case Column() | Literal():
            return ()
        case Negative(operand=x) | Not(operand=x) | Apply(operand=x):
            return (x,)
        case Match(operand=x) | IsIn(operand=x) | IsNull(operand=x):
            return (x,)
        case And(operands=xs) | Or(operands=xs):
            return xs
        case Comparison(left=a, right=b) | Arithmetic(left=a, right=b):
            return a, b
        case IsBetween(operand=x, low=a, high=b):
            return x, a, b
        case When(cases=cases, otherwise=z):
            return (*(part for case in cases for part in case), z)
        case _:
            assert_never(expr)


def walk(expr: Expr) -> Iterator[Expr]:
    """*expr* and everything in it, parents first."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def columns(expr: Expr) -> frozenset[str]:
    """The names of all columns that *expr* reads."""
    return frozenset(x.name for x in walk(expr) if isinstance(x, Column))


def presupposed(expr: Expr) -> frozenset[str]:
    """The columns whose presence a predicate takes for granted: a row in which one is missing is left out (1.1).

    These are all columns but those that the predicate itself asks ``is_null`` or ``is_not_null`` of: who asks whether
    a value is missing wants an answer where it is.
    """
    asked = {x.operand.name for x in walk(expr) if isinstance(x, IsNull) and isinstance(x.operand, Column)}
    return columns(expr) - asked


def kind(expr: Expr) -> Kind:
    """What *expr* yields, as far as its text tells."""
    match expr:
        case Column():
            return Kind.ANY
        case Literal(value=bool()):
            return Kind.CONDITION
        case Literal(value=str()):
            return Kind.TEXT
        case Literal() | Negative() | Arithmetic() | Apply():
            return Kind.NUMBER
        case Not() | And() | Or() | Comparison() | Match() | IsIn() | IsBetween() | IsNull():
            return Kind.CONDITION
        case When(cases=cases, otherwise=z):
            known = (k for k in (*(kind(value) for _, value in cases), kind(z)) if k is not Kind.ANY)
            return next(known, Kind.ANY)
        case _:
            assert_never(expr)


def canonical(expr: Expr) -> str:
    """The one text of *expr*: ``parse(canonical(e)) == e`` for every parsed ``e``."""
    return _written(expr, 0)


_OR, _AND, _NOT, _COMPARE, _OPERAND, _ADD, _MULTIPLY, _UNARY, _POSTFIX = range(1, 10)
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(text: str) -> str:
    """A text literal."""
    return "'" + "".join(_ESCAPES.get(c, c) for c in text) + "'"


def _value(value: Value) -> str:
    return quoted(value) if isinstance(value, str) else repr(value)


def _written(expr: Expr, level: int) -> str:
    own, text = _text(expr)
    return f"({text})" if own < level else text


def _text(expr: Expr) -> tuple[int, str]:
    """Binding strength and text of *expr*."""
    match expr:
        case Column(name=name):
            return _POSTFIX, f"col({quoted(name)})"
        case Literal(value=value):
            return (_POSTFIX if isinstance(value, bool | str) else _UNARY), _value(value)
        case Negative(operand=x):
            return _UNARY, f"-{_written(x, _UNARY)}"
        case Not(operand=x):
            return _NOT, f"not {_written(x, _NOT)}"
        case And(operands=xs) | Or(operands=xs):
            own, word = (_AND, " and ") if isinstance(expr, And) else (_OR, " or ")
            return own, word.join(_written(x, own + 1) for x in xs)
        case Comparison(operator=op, left=a, right=b):
            return _COMPARE, f"{_written(a, _OPERAND)} {op} {_written(b, _OPERAND)}"
        case Arithmetic(operator=op, left=a, right=b):
            own = _ADD if op in {Computing.ADD, Computing.SUBTRACT} else _MULTIPLY
            return own, f"{_written(a, own)} {op} {_written(b, own + 1)}"
        case _:
            return _POSTFIX, _called(expr)


def _called(expr: Apply | Match | IsIn | IsBetween | IsNull | When) -> str:
    match expr:
        case Apply(function=function, operand=x):
            return f"{_written(x, _POSTFIX)}.{function}()"
        case Match(matching=matching, operand=x, text=text):
            return f"{_written(x, _POSTFIX)}.{matching}({quoted(text)})"
        case IsIn(operand=x, values=values):
            return f"{_written(x, _POSTFIX)}.is_in([{', '.join(map(_value, values))}])"
        case IsBetween(operand=x, low=a, high=b):
            return f"{_written(x, _POSTFIX)}.is_between({_written(a, 0)}, {_written(b, 0)})"
        case IsNull(operand=x, negated=negated):
            return f"{_written(x, _POSTFIX)}.{'is_not_null' if negated else 'is_null'}()"
        case When(cases=cases, otherwise=z):
            chain = ".".join(f"when({_written(c, 0)}).then({_written(v, 0)})" for c, v in cases)
            return f"{chain}.otherwise({_written(z, 0)})"
        case _:
            assert_never(expr)
