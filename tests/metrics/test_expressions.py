"""The bounded expression language: what it reads, what it refuses and where, and that it never does anything else."""

import re
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qoa_platform.metrics.expression_nodes import (
    And,
    Apply,
    Arithmetic,
    Column,
    Comparing,
    Comparison,
    Computing,
    Expr,
    Function,
    IsBetween,
    IsIn,
    IsNull,
    Literal,
    Match,
    Matching,
    Negative,
    Not,
    Or,
    When,
)  # fmt: skip
from qoa_platform.metrics.expression_patterns import objection
from qoa_platform.metrics.expressions import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_NODES,
    ExpressionError,
    canonical,
    columns,
    parse,
    parse_condition,
    presupposed,
)  # fmt: skip

A, B = Column(name="a"), Column(name="b")


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("col('a')", A),
        ("-1.5e3", Literal(value=-1500.0)),
        ("-(-2)", Literal(value=2)),
        ('"it\'s"', Literal(value="it's")),
        (r"'\d\n\\'", Literal(value="\\d\n\\")),
        (r"r'\n'", Literal(value="\\n")),
        ("lit(True)", Literal(value=True)),
        ("-col('a')", Negative(operand=A)),
        ("col('a').abs()", Apply(function=Function.ABS, operand=A)),
        ("abs(col('a'))", Apply(function=Function.ABS, operand=A)),
        ("col('a').dt.weekday()", Apply(function=Function.WEEKDAY, operand=A)),
        ("~col('a') & col('b')", And(operands=(Not(operand=A), B))),
        ("col('a') or col('b') or col('a')", Or(operands=(A, B, A))),
        ("col('a').is_in([3, 1, 3,])", IsIn(operand=A, values=(1, 3))),
        ("col('a').is_between(0, col('b'))", IsBetween(operand=A, low=Literal(value=0), high=B)),
        ("col('a').is_null()", IsNull(operand=A)),
        ("col('a').is_not_null()", IsNull(operand=A, negated=True)),
        ("col('a').str.ends_with('x')", Match(matching=Matching.ENDS_WITH, operand=A, text="x")),
        (
            "when(col('a')).then(1).when(col('b')).then(2).otherwise(3)",
            When(cases=((A, Literal(value=1)), (B, Literal(value=2))), otherwise=Literal(value=3)),
        ),
    ],
)
def test_every_construct_is_read(text: str, expr: Expr) -> None:
    """Each construct of the language has one tree, and its canonical text reads back as the same tree."""
    assert parse(text) == expr
    assert parse(canonical(expr)) == expr


def test_precedence_is_pythons() -> None:
    """``*`` binds before ``+``, ``+`` before a comparison, that before ``not``, ``and``, ``or``; left first."""
    assert canonical(parse("1 - 2 - 3 * 4")) == "1 - 2 - 3 * 4"
    assert canonical(parse("1 - (2 - 3)")) == "1 - (2 - 3)"
    assert (
        canonical(parse("not col('a') == 1 and col('b') or col('c')")) == "not col('a') == 1 and col('b') or col('c')"
    )
    assert parse("0 < col('a') + 1 <= 2") == And(
        operands=(
            Comparison(
                operator=Comparing.LT,
                left=Literal(value=0),
                right=Arithmetic(operator=Computing.ADD, left=A, right=Literal(value=1)),
            ),
            Comparison(
                operator=Comparing.LE,
                left=Arithmetic(operator=Computing.ADD, left=A, right=Literal(value=1)),
                right=Literal(value=2),
            ),
        )
    )


@pytest.mark.parametrize(
    ("text", "offset", "says"),
    [
        ("", 0, "found the end"),
        ("col('a').is_beetween(1, 2)", 9, "Did you mean 'is_between'?"),
        ("col('a').str.contain('x')", 13, "Did you mean 'contains'?"),
        ("col('a') = 1", 9, "Did you mean '=='?"),
        ("a > 1", 0, "A column is col('a')"),
        ("col('a') > 0 & col('b') > 1", 11, "parentheses"),
        ("col('a') == None", 12, ".is_null()"),
        ("'a' > 1", 0, "text is compared with a number"),
        ("col('a').is_in([])", 15, "empty"),
        ("col('a').is_in([1, 'x'])", 15, "several kinds"),
        ("col('a').is_in([1, -'x'])", 20, "expected a number"),
        ("col('a').str.contains('(?=x)')", 22, "common subset"),
        ("col('a'", 7, "expected ')'"),
        ("'abc", 0, "not closed"),
        ("1e999", 0, "infinite"),
        ("99999999999999999999", 0, "too large"),
        ("col('\0')", 4, "NUL"),
        ("'\ud800'", 0, "surrogate"),
        ("col('a') col('b')", 9, "expected an operator"),
        ("1 + not col('a')", 4, "parentheses"),
        ("__import__('os').system('x')", 0, "unknown name '__import__'"),
        ("col('a').__class__", 9, "unknown method '__class__'"),
        ("x" * (MAX_LENGTH + 1), MAX_LENGTH, "at most 4096"),
        ("(" * 3000, 96, "deeper than 32"),
        ("-" * 3000, 96, "deeper than 32"),
        ("lit(" * 1000, 4, "expected a number"),
        ("+".join(["1"] * 1000), 0, "deeper than 32"),
        ("col('a')" + ".abs()" * 40, 0, "deeper than 32"),
        (" or ".join(["col('a')"] * 300), 0, "nodes. Allowed: at most 256"),
        ("r'" + "\\" * 3000 + "'.str.len_chars() > 0", 0, "canonical form is longer"),
    ],
)
def test_errors_say_where_and_what_is_allowed(text: str, offset: int, says: str) -> None:
    """A text outside the language is refused where it goes wrong, with what is allowed or the nearest guess."""
    with pytest.raises(ExpressionError, match=re.escape(says)) as caught:
        parse(text)
    assert caught.value.offset == offset
    assert str(caught.value).startswith(f"expression, character {caught.value.offset + 1}: ")


def test_a_predicate_is_a_condition() -> None:
    """``expr:`` and ``where:`` take conditions and bare columns, not numbers or texts."""
    assert parse_condition("col('a')") == A
    with pytest.raises(ExpressionError, match="a number is no condition"):
        parse_condition("col('a') + 1")


def test_columns_and_what_is_presupposed() -> None:
    """A predicate reads all its columns, and presupposes those whose absence it does not ask about."""
    expr = parse("col('a').is_null() or col('b') > col('c')")
    assert columns(expr) == {"a", "b", "c"}
    assert presupposed(expr) == {"b", "c"}


numbers = st.one_of(st.integers(-(2**63) + 1, 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
leaves = st.one_of(texts.map(lambda name: Column(name=name)), numbers.map(lambda value: Literal(value=value)))


def _numbers(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    return st.one_of(
        st.builds(lambda op, a, b: Arithmetic(operator=op, left=a, right=b), st.sampled_from(Computing), inner, inner),
        inner.filter(lambda x: not isinstance(x, Literal)).map(lambda x: Negative(operand=x)),
        inner.map(lambda x: Apply(function=Function.ABS, operand=x)),
    )


amounts = st.recursive(leaves, _numbers, max_leaves=5)


def _flat(kind: type[And] | type[Or], parts: list[Expr]) -> Expr:
    flat = tuple(y for x in parts for y in (x.operands if isinstance(x, kind) else (x,)))
    return kind(operands=flat)


def _conditions(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    several = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        several.map(lambda parts: _flat(And, parts)),
        several.map(lambda parts: _flat(Or, parts)),
        inner.map(lambda x: Not(operand=x)),
        st.builds(lambda c, a, b: When(cases=((c, a),), otherwise=b), inner, inner, inner),
        st.builds(lambda a, b: Comparison(operator=Comparing.EQ, left=a, right=b), inner, inner),
    )


tests = st.one_of(
    st.builds(lambda op, a, b: Comparison(operator=op, left=a, right=b), st.sampled_from(Comparing), amounts, amounts),
    st.builds(lambda x, a, b: IsBetween(operand=x, low=a, high=b), amounts, amounts, amounts),
    st.builds(lambda n, v: IsIn(operand=Column(name=n), values=tuple(sorted(v))), texts, st.sets(texts, min_size=1)),
    st.builds(lambda n, t: Match(matching=Matching.STARTS_WITH, operand=Column(name=n), text=t), texts, texts),
    st.builds(lambda x, no: IsNull(operand=x, negated=no), amounts, st.booleans()),
)
conditions = st.recursive(tests, _conditions, max_leaves=6)


@given(conditions)
def test_canonical_text_reads_back(expr: Expr) -> None:
    """``parse(canonical(e)) == e`` for every tree in normal form."""
    assert parse(canonical(expr)) == expr


@given(st.text(max_size=80))
def test_random_text_raises_nothing_else(text: str) -> None:
    """Any text is read, or refused by an ExpressionError that points into it."""
    reads_or_refuses(text)


words = st.sampled_from(
    ["col('a')", "col(", "'a'", ")", "(", "[", "]", ",", ".", ".str", ".dt", ".abs()", ".is_in([1])", ".is_in(", "=",
     ".is_between(1,", ".str.contains('x')", "contains", "when(", ").then(", ".otherwise(", "lit(", "1", "2.5", "-3",
     "+", "-", "*", "/", "//", "%", "==", "!=", "<", "<=", "and", "or", "not", "&", "|", "~", "True", "r'x'", "abs(",
     "\\", ".is_null()", "!", "é"]
)  # fmt: skip


@settings(max_examples=400)
@given(st.lists(words, max_size=30).map(" ".join))
def test_random_words_raise_nothing_else(text: str) -> None:
    """The same for texts made of the language's own words, which come much further into the grammar."""
    reads_or_refuses(text)


@settings(max_examples=200)
@given(conditions, st.data())
def test_damaged_expressions_raise_nothing_else(expr: Expr, data: st.DataObject) -> None:
    """A real expression with pieces cut out, doubled or exchanged is read as another one, or refused with its place."""
    text = canonical(expr)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 12)))
        piece = data.draw(st.just("") | words | st.just(2 * text[start:end]) | st.characters(), label="instead")
        text = text[:start] + piece + text[end:]
    reads_or_refuses(text)


@pytest.mark.parametrize(
    "unit",
    ["(", "-", "~", "not ", "'", "''.str", "col('a').", "col('a')+", "col('a') or ", "1<", "when(", "when(True).then(",
     "abs(", "lit(", "lit(1).is_in([", "1,", "[1,", "lit(1).is_between(1,", ".abs()", "r'\\", "é", "99999999", "a",
     "a ", "=", "0.", "1e9", "\\'", "'a'.str.contains('(((a*)*)*)*')|"],
)  # fmt: skip
def test_the_longest_text_takes_bounded_time(unit: str) -> None:
    """As much of one construct as a text may hold, and a hundred times that, takes less than two seconds of a core."""
    began = process_time()
    for repeated in (
        unit * (MAX_LENGTH // len(unit)),
        unit * (100 * MAX_LENGTH // len(unit)),
        f"lit(1) == {unit * 400}",
    ):
        reads_or_refuses(repeated)
    assert process_time() - began < 2


def test_a_long_list_is_read() -> None:
    """The values of a list count for the length of the text, not for its nodes."""
    text = f"col('a').is_in([{','.join(map(str, range(700)))}])"
    assert parse(text) == IsIn(operand=A, values=tuple(range(700)))


def reads_or_refuses(text: str) -> None:
    """The law of the language: a tree that reads back from its canonical text, or an error that points into *text*."""
    refused: ExpressionError | None = None
    try:
        expr = parse(text)
    except ExpressionError as error:
        refused = error
    else:
        assert parse(canonical(expr)) == expr
    assert refused is None or 0 <= refused.offset <= len(text)


@pytest.mark.parametrize("text", ["col('a') > 1" + " or col('a') > 1" * 80, "not " * 31 + "col('a')"])
def test_what_fits_the_limits_is_read(text: str) -> None:
    """Flat expressions may be long; nesting may go down to the limit."""
    assert parse(canonical(parse(text))) == parse(text)
    assert MAX_DEPTH == 32
    assert MAX_NODES == 256


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)", "(?!a)", "(?<=a)", "(?<!a)", r"(a)\1", "(?P<x>a)(?P=x)", "a++", "a{,3}", "[[:alpha:]]", "[a&&b]", "(?>a)",
     r"\Z", r"\z", r"\p{L}", "a{2", "(", "[z-a]", "*a", r"[\b]", "a{1001}", "(?x)a", "[]a]", "a" * 513, "\\",
     r"\w{300}", r"(\W{20}){20}", "(a{1000}){1000}", "((.{1,10}){0,11}){10}", r"[\w-]{999}"],
)  # fmt: skip
def test_patterns_outside_the_common_subset_are_refused(pattern: str) -> None:
    """Look-around, back-references and all else that re and Rust's regex do not read alike is refused."""
    assert objection(pattern)


pieces = st.sampled_from(
    [*"ab0-_.^$|()[]*+?{}\\,:&~ é", "(?:", "(?P<n>", "(?i)", "(?i:", "[a-c]", "[^a]", "\\d", "\\w", "\\s", "\\b", "\\.",
     "{2}", "{1,}", "{0,2}", "*?", "\\A", "\\<", "{200}", "{50,90}", "\\W"]
)  # fmt: skip


@settings(max_examples=600)
@given(st.lists(pieces, max_size=8).map("".join), st.lists(st.text("ab0-_. cA", max_size=6), min_size=1, max_size=4))
def test_an_allowed_pattern_means_the_same_in_python_and_in_rust(pattern: str, values: list[str]) -> None:
    """What ``objection`` lets through compiles in both dialects and finds the same texts."""
    polars = pytest.importorskip("polars")
    if objection(pattern):
        return
    found = polars.Series(values, dtype=polars.String).str.contains(pattern).to_list()
    assert found == [re.search(pattern, value) is not None for value in values]
