"""Owns the grammar of the bounded expression language: text in, frozen nodes out, nothing is ever evaluated."""

from typing import NamedTuple

# isort: off
from qoa_platform.metrics.expression_nodes import (
    And, Apply, Arithmetic, Column, Comparing, Comparison, Computing, Expr, Function, IsBetween, IsIn, IsNull, Kind,
    Literal, Match, Matching, Negative, Not, Or, Value, When, canonical, kind, walk,
)  # fmt: skip

# isort: on
from qoa_platform.metrics.expression_patterns import objection
from qoa_platform.metrics.expression_tokens import MAX_LENGTH, ExpressionError, Token, TokenKind, nearest, tokens

MAX_DEPTH = 32
"""Deepest nesting of nodes."""
MAX_NODES = 256
"""Most nodes of one expression; the values of a list are not counted."""
_MAX_OPEN = 3 * MAX_DEPTH

_OR, _AND, _NOT, _COMPARE, _BIT_OR, _BIT_AND, _ADD, _MULTIPLY, _UNARY = range(1, 10)
_LEVELS = {
    "or": _OR, "and": _AND, "|": _BIT_OR, "&": _BIT_AND, "+": _ADD, "-": _ADD,
    "*": _MULTIPLY, "/": _MULTIPLY, "//": _MULTIPLY, "%": _MULTIPLY,
    **dict.fromkeys(map(str, Comparing), _COMPARE),
}  # fmt: skip
_STARTS = ["col", "lit", "when", "abs", "not", "True", "False"]
_NAMESPACES: dict[str, list[str]] = {
    space: [f.partition(".")[2] for f in map(str, (*Function, *Matching)) if f.startswith(f"{space}.")]
    for space in ("str", "dt")
}
_METHODS = ["abs", "is_in", "is_between", "is_null", "is_not_null", "str", "dt"]


class _Part(NamedTuple):
    """A node with its depth and where it began."""

    node: Expr
    depth: int
    at: int


def parse(text: str) -> Expr:
    """The syntax tree of *text*. Raises ExpressionError, with position and nearest guess, and nothing else.

    Limits: 4 096 characters (also in canonical form), depth 32, 256 nodes. Precedence is Python's, so comparisons
    joined by ``&`` and ``|`` need parentheses; ``and`` and ``or`` do not.

    >>> from qoa_platform.metrics.expression_nodes import canonical
    >>> canonical(parse("(col('a') > 0) & ~col('b').is_in([2, 1])"))
    "col('a') > 0 and not col('b').is_in([1, 2])"
    >>> parse("col('a').is_beetween(1, 2)")
    Traceback (most recent call last):
        ...
    qoa_platform.metrics.expression_tokens.ExpressionError: expression, character 10: unknown method 'is_beetween'. \
Did you mean 'is_between'? Allowed: abs, is_in, is_between, is_null, is_not_null, str, dt.
    """
    expr = _Parser(text).whole()
    if (nodes := sum(1 for _ in walk(expr))) > MAX_NODES:
        raise ExpressionError(f"{nodes} nodes. Allowed: at most {MAX_NODES}", text=text, offset=0)
    if len(canonical(expr)) > MAX_LENGTH:
        message = f"canonical form is longer than {MAX_LENGTH} characters"
        raise ExpressionError(message, text=text, offset=0)
    return expr


def parse_condition(text: str) -> Expr:
    """The syntax tree of a predicate (``expr:``) or filter (``where:``). Raises ExpressionError, also for a number."""
    expr = parse(text)
    if kind(expr) not in {Kind.CONDITION, Kind.ANY}:
        message = (
            f"{kind(expr).value} is no condition. Allowed: comparisons, is_in, is_between, is_null, str.contains …"
        )
        raise ExpressionError(message, text=text, offset=0)
    return expr


class _Parser:
    """Precedence climbing over the tokens of one text; measures nesting and depth as it goes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.position = 0
        self.open = 0

    # ------------------------------------------------------------------ tokens

    @property
    def now(self) -> Token:
        return self.tokens[self.position]

    def fail(self, message: str, at: int | None = None) -> ExpressionError:
        return ExpressionError(message, text=self.text, offset=self.now.offset if at is None else at)

    def take(self, *words: str) -> bool:
        """Whether the next token is one of *words*; if so it is consumed."""
        token = self.now
        if token.kind in {TokenKind.SIGN, TokenKind.NAME} and token.value in words:
            self.position += 1
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.take(word):
            raise self.fail(f"expected {word!r}, found {self.now}")

    def name(self, what: str) -> Token:
        token = self.now
        if token.kind is not TokenKind.NAME:
            raise self.fail(f"expected {what}, found {token}")
        self.position += 1
        return token

    def string(self, what: str) -> str:
        token = self.now
        if token.kind is not TokenKind.TEXT:
            raise self.fail(f"expected {what} as quoted text, found {token}")
        self.position += 1
        return str(token.value)

    # ------------------------------------------------------------------- nodes

    def made(self, node: Expr, at: int, *parts: _Part) -> _Part:
        """*node* over *parts*. Raises when they nest too deep."""
        depth = 1 + max((p.depth for p in parts), default=0)
        if depth > MAX_DEPTH:
            raise self.fail(f"nested deeper than {MAX_DEPTH}", at)
        return _Part(node, depth, at)

    def need(self, part: _Part, wanted: Kind, what: str) -> None:
        """Refuse what cannot be of the wanted kind."""
        found = kind(part.node)
        if found not in {wanted, Kind.ANY}:
            hint = " Put comparisons joined by & or | in parentheses." if Kind.CONDITION in {found, wanted} else ""
            raise self.fail(f"{what} must be {wanted.value}, not {found.value}.{hint}", part.at)

    # ----------------------------------------------------------------- grammar

    def whole(self) -> Expr:
        part = self.expression(0)
        if self.now.kind is not TokenKind.END:
            raise self.fail(f"expected an operator or the end, found {self.now}")
        return part.node

    def expression(self, level: int) -> _Part:
        """An expression whose operators all bind stronger than *level*."""
        self.open += 1
        if self.open > _MAX_OPEN:
            raise self.fail(f"nested deeper than {MAX_DEPTH}")
        left = self.prefix(level)
        while (own := self.level()) > level:
            left = self.comparison(left) if own == _COMPARE else self.infix(left, own)
        self.open -= 1
        return left

    def level(self) -> int:
        token = self.now
        return _LEVELS.get(str(token.value), 0) if token.kind in {TokenKind.SIGN, TokenKind.NAME} else 0

    def prefix(self, level: int) -> _Part:
        at = self.now.offset
        if self.take("-"):
            return self.negative(self.expression(_UNARY), at)
        if self.take("~"):
            return self.inverted(self.expression(_UNARY), at)
        if level < _COMPARE and self.take("not"):
            return self.inverted(self.expression(_NOT), at)
        return self.postfix(self.primary())

    def negative(self, part: _Part, at: int) -> _Part:
        self.need(part, Kind.NUMBER, "what '-' is put before")
        match part.node:
            case Literal(value=int() | float() as value):
                return _Part(Literal(value=-value), part.depth, at)
            case node:
                return self.made(Negative(operand=node), at, part)

    def inverted(self, part: _Part, at: int) -> _Part:
        self.need(part, Kind.CONDITION, "what 'not' is put before")
        return self.made(Not(operand=part.node), at, part)

    def infix(self, left: _Part, own: int) -> _Part:
        sign = str(self.now.value)
        self.position += 1
        right = self.expression(own)
        if sign in {"and", "&", "or", "|"}:
            return self.joined("and" if sign in {"and", "&"} else "or", left, right)
        for part in (left, right):
            self.need(part, Kind.NUMBER, f"each side of {sign!r}")
        node = Arithmetic(operator=Computing(sign), left=left.node, right=right.node)
        return self.made(node, left.at, left, right)

    def joined(self, word: str, left: _Part, right: _Part) -> _Part:
        """``and``, ``or`` with nested ones of the same word flattened."""
        for part in (left, right):
            self.need(part, Kind.CONDITION, f"each side of {word!r}")
        kin = And if word == "and" else Or
        operands: list[Expr] = []
        for part in (left, right):
            operands.extend(part.node.operands if isinstance(part.node, kin) else (part.node,))
        below = [p._replace(depth=p.depth - 1) if isinstance(p.node, kin) else p for p in (left, right)]
        return self.made(kin(operands=tuple(operands)), left.at, *below)

    def comparison(self, left: _Part) -> _Part:
        """``a <= b``, and the chain ``a <= b <= c`` as ``a <= b and b <= c``."""
        result: _Part | None = None
        while self.level() == _COMPARE:
            operator = Comparing(str(self.now.value))
            self.position += 1
            right = self.expression(_COMPARE)
            self.comparable(operator, left, right)
            node = Comparison(operator=operator, left=left.node, right=right.node)
            link = self.made(node, left.at, left, right)
            result = link if result is None else self.joined("and", result, link)
            left = right
        return result or left

    def comparable(self, operator: Comparing, left: _Part, right: _Part) -> None:
        """Refuse an order of conditions, and what can never be compared."""
        kinds = {kind(left.node), kind(right.node)}
        if Kind.CONDITION in kinds and operator not in {Comparing.EQ, Comparing.NE}:
            message = f"{operator.value!r} compares a condition. Put comparisons joined by & or | in parentheses"
            raise self.fail(message, left.at)
        if len(kinds - {Kind.ANY}) > 1:
            a, b = kind(left.node).value, kind(right.node).value
            raise self.fail(f"{a} is compared with {b}", left.at)

    # ----------------------------------------------------------------- primary

    def primary(self) -> _Part:
        token = self.now
        self.position += token.kind is not TokenKind.END
        match token:
            case Token(kind=TokenKind.NUMBER | TokenKind.TEXT, value=value):
                return self.made(Literal(value=value), token.offset)
            case Token(kind=TokenKind.SIGN, value="("):
                part = self.expression(0)
                self.expect(")")
                return part._replace(at=token.offset)
            case Token(kind=TokenKind.NAME, value="True" | "False"):
                return self.made(Literal(value=token.value == "True"), token.offset)
            case Token(kind=TokenKind.NAME):
                return self.called(token)
            case _:
                message = f"expected col('…'), a value, '(', '-' or 'not', found {token}"
                raise self.fail(message, token.offset)

    def called(self, token: Token) -> _Part:
        """``col('x')``, ``lit(1)``, ``abs(x)``, ``when(c).then(a).otherwise(b)``."""
        match token.value:
            case "col":
                self.expect("(")
                node = Column(name=self.string("a column name"))
                self.expect(")")
                return self.made(node, token.offset)
            case "lit":
                self.expect("(")
                value = self.value()
                self.expect(")")
                return self.made(Literal(value=value), token.offset)
            case "abs":
                self.expect("(")
                part = self.expression(0)
                self.expect(")")
                self.need(part, Kind.NUMBER, "what abs() is of")
                return self.made(Apply(function=Function.ABS, operand=part.node), token.offset, part)
            case "when":
                return self.when(token)
            case "not":
                raise self.fail("'not' stands inside an operand. Put 'not …' in parentheses", token.offset)
            case "None" | "null":
                raise self.fail("nothing equals a missing value. Did you mean .is_null()?", token.offset)
            case word:
                known = nearest(str(word), _STARTS)
                raise self.fail(f"unknown name {word!r}.{known} A column is col({str(word)!r}).", token.offset)

    def when(self, token: Token) -> _Part:
        cases: list[tuple[Expr, Expr]] = []
        parts: list[_Part] = []
        while True:
            condition = self.argument()
            self.need(condition, Kind.CONDITION, "what when() is given")
            self.expect(".")
            self.expect("then")
            value = self.argument()
            parts += [condition, value]
            cases.append((condition.node, value.node))
            self.expect(".")
            if not self.take("when"):
                break
        self.expect("otherwise")
        other = self.argument()
        parts.append(other)
        kinds = {kind(v) for _, v in cases} | {kind(other.node)}
        if len(kinds - {Kind.ANY}) > 1:
            raise self.fail("the values of when(…).then(…).otherwise(…) are of several kinds", token.offset)
        return self.made(When(cases=tuple(cases), otherwise=other.node), token.offset, *parts)

    def argument(self) -> _Part:
        self.expect("(")
        part = self.expression(0)
        self.expect(")")
        return part

    def value(self) -> Value:
        """A number (with its sign), a text, True or False."""
        negative = self.take("-")
        token = self.now
        self.position += token.kind is not TokenKind.END
        match token:
            case Token(kind=TokenKind.NUMBER, value=int() | float() as number):
                return -number if negative else number
            case Token(kind=TokenKind.TEXT, value=str(text)) if not negative:
                return text
            case Token(kind=TokenKind.NAME, value="True" | "False") if not negative:
                return token.value == "True"
            case _:
                raise self.fail(f"expected a number, a quoted text, True or False, found {token}", token.offset)

    # ----------------------------------------------------------------- methods

    def postfix(self, part: _Part) -> _Part:
        while self.take("."):
            token = self.name("a method")
            if token.value in _NAMESPACES:
                self.expect(".")
                part = self.spaced(part, str(token.value), self.name("a method"))
            else:
                part = self.method(part, token)
        return part

    def spaced(self, part: _Part, space: str, token: Token) -> _Part:
        """``.str.contains('x')`` and ``.dt.year()``."""
        if token.value not in _NAMESPACES[space]:
            raise self.fail(f"unknown method {token}.{nearest(str(token.value), _NAMESPACES[space])}", token.offset)
        if kind(part.node) not in {Kind.ANY, Kind.TEXT}:
            raise self.fail(f".{space} reads text or times, not {kind(part.node).value}", part.at)
        full = f"{space}.{token.value}"
        self.expect("(")
        if full not in set(Matching):
            self.expect(")")
            return self.made(Apply(function=Function(full), operand=part.node), part.at, part)
        at = self.now.offset
        text = self.string("what to look for")
        self.expect(")")
        if full == Matching.CONTAINS and (why := objection(text)):
            raise self.fail(why, at)
        return self.made(Match(matching=Matching(full), operand=part.node, text=text), part.at, part)

    def method(self, part: _Part, token: Token) -> _Part:
        """``.is_in([…])``, ``.is_between(a, b)``, ``.is_null()``, ``.is_not_null()``, ``.abs()``."""
        match token.value:
            case "abs":
                self.need(part, Kind.NUMBER, "what abs() is of")
                node: Expr = Apply(function=Function.ABS, operand=part.node)
            case "is_null" | "is_not_null":
                node = IsNull(operand=part.node, negated=token.value == "is_not_null")
            case "is_in":
                self.expect("(")
                node = IsIn(operand=part.node, values=self.values())
                self.expect(")")
                return self.made(node, part.at, part)
            case "is_between":
                return self.between(part)
            case word:
                raise self.fail(f"unknown method {word!r}.{nearest(str(word), _METHODS)}", token.offset)
        self.expect("(")
        self.expect(")")
        return self.made(node, part.at, part)

    def between(self, part: _Part) -> _Part:
        self.expect("(")
        low = self.expression(0)
        self.expect(",")
        high = self.expression(0)
        self.expect(")")
        for bound, operator in ((low, Comparing.GE), (high, Comparing.LE)):
            self.comparable(operator, part, bound)
        return self.made(IsBetween(operand=part.node, low=low.node, high=high.node), part.at, part, low, high)

    def values(self) -> tuple[Value, ...]:
        """A list of values of one kind, sorted and distinct."""
        at = self.now.offset
        self.expect("[")
        found: list[Value] = []
        while not self.take("]"):
            found.append(self.value())
            if not self.take(","):
                self.expect("]")
                break
        if not found:
            raise self.fail("the list is empty. Allowed: at least one value", at)
        if len({kind(Literal(value=v)) for v in found}) > 1:
            raise self.fail("the list holds values of several kinds", at)
        return tuple(sorted(set(found)))
