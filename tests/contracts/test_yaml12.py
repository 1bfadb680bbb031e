"""YAML: scalars by the 1.2 core schema, places of everything, and documents that want to do harm."""

import sys
from math import inf, isnan

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.contracts.yaml12 import MAX_BYTES, MAX_DEPTH, MAX_NODES, Mark, load, paths, scalar


@pytest.mark.parametrize(
    "word", ["on", "off", "yes", "no", "On", "YES", "y", "n", "tRUE", "NuLL", "12:30", "2017-10-04"]
)
def test_words_of_yaml_1_1_are_text(word: str) -> None:
    """What YAML 1.1 reads as booleans, sexagesimals and dates is text; PyYAML's own loader gets most of these wrong."""
    assert scalar(word) == word


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("False", False), ("~", None), ("null", None), ("", None), ("0", 0), ("-12", -12), ("+12", 12),
        ("007", 7), ("0o17", 15), ("0x1F", 31), ("1e6", 1e6), ("1E-3", 1e-3), (".5", 0.5), ("1.", 1.0),
        ("-.5e2", -50.0),
        (".inf", inf), ("-.INF", -inf), ("0b11", "0b11"), ("1_000", "1_000"), ("0x", "0x"), ("0o8", "0o8"),
        ("1e", "1e"),
        ("99 %", "99 %"), ("9223372036854775807", 2**63 - 1), ("-9223372036854775808", -(2**63)),
    ],
)  # fmt: skip
def test_scalars_of_the_core_schema(text: str, value: object) -> None:
    """Numbers, null and booleans exactly as section 10.3.2 of YAML 1.2 says; everything else is text."""
    found = scalar(text)
    assert (type(found), found) == (type(value), value)


def test_nan_is_a_number() -> None:
    """.nan is not-a-number (and is refused later, where a finite number is wanted)."""
    found = scalar(".NaN")
    assert isinstance(found, float)
    assert isnan(found)


@pytest.mark.parametrize("text", ["9223372036854775808", "1" * 5000, "0x" + "F" * 17, "0o" + "7" * 30])
def test_integers_beyond_64_bits_are_refused(text: str) -> None:
    """A number that no store could keep is an error with its place, not a slow conversion."""
    with pytest.raises(ValueError, match="beyond 64 bits"):
        scalar(text)
    loaded = load(f"a: {text}")
    assert [(p.code, p.line, p.column) for p in loaded.problems] == [("E002", 1, 4)]


def test_quoted_scalars_are_text() -> None:
    """Quotes make text of anything."""
    root = load("a: '1'\nb: \"true\"\nc: |\n  1\n").root
    assert root is not None
    assert root.plain == {"a": "1", "b": "true", "c": "1\n"}


def test_places_count_from_one() -> None:
    """Every value and key knows its line and column; items of lists are called by id or name, else by index."""
    root = load("top:\n  - id: x\n    n: 1\n  - [2]\n").root
    assert root is not None
    assert dict(paths(root)) == {
        "top": Mark(line=1, column=1), "top.x": Mark(line=2, column=5), "top.x.id": Mark(line=2, column=5),
        "top.x.n": Mark(line=3, column=5), "top.1": Mark(line=4, column=5), "top.1.0": Mark(line=4, column=6),
    }  # fmt: skip


BOMB = "\n".join(
    ["a: &a [x, x, x, x, x, x, x, x, x]"]
    + [f"{c}: &{c} [{', '.join(['*' + p] * 9)}]" for p, c in zip("abcdefgh", "bcdefghi", strict=True)]
)
"""A billion laughs: nine levels, nine aliases each."""

HARM = [
    ("billion laughs", BOMB, "E005 anchor &a is not allowed"),
    ("alias", "a: *b", "E005 alias *b is not allowed"),
    ("merge key", "a: &x {b: 1}\nc:\n  <<: *x\n", "E005 anchor &x is not allowed"),
    (
        "object tag",
        "a: !!python/object/apply:os.system [id]",
        "E005 tag 'tag:yaml.org,2002:python/object/apply:os.system'",
    ),
    ("own tag", "a: !secret x", "E005 tag '!secret' is not allowed"),
    ("deep list", "[" * 100_000, f"E004 nested deeper than {MAX_DEPTH}"),
    ("deep mapping", "{a: " * 5_000, f"E004 nested deeper than {MAX_DEPTH}"),
    ("deep indents", "\n".join(" " * i + "a:" for i in range(200)), f"E004 nested deeper than {MAX_DEPTH}"),
    ("many values", "[" + "0," * (MAX_NODES + 1) + "]", "E004 more than 100,000 values"),
    ("oversized", "#" + "x" * MAX_BYTES, "E004 the document has 1,048,577 bytes. Allowed: at most 1,048,576"),
    ("two documents", "a: 1\n---\nb: 2\n", "E004 a second document begins here"),
    ("duplicate key", "a: 1\nb: 2\na: 3\n", "E003 duplicate key 'a', first on line 1"),
    ("duplicate key, quoted", "a: 1\n'a': 3\n", "E003 duplicate key 'a', first on line 1"),
    ("key that is a list", "? [a]\n: 1\n", "E002 a key must be text, found a list"),
    ("key that is a number", "1: a\n", "E002 a key must be text, found 1"),
    ("tab", "a:\n\tb: 1\n", "E002 YAML syntax"),
    ("open bracket", "a: [1, 2\nb: 3\n", "E002 YAML syntax"),
    ("open quote", "a: 'x", "E002 YAML syntax"),
    ("null byte", "a: \x00", "E002 this is no YAML"),
    ("nothing", "", "E002 the document is empty"),
    ("comments only", "# nothing\n", "E002 the document is empty"),
]


@pytest.mark.parametrize(("text", "expected"), [h[1:] for h in HARM], ids=[h[0] for h in HARM])
def test_harmful_documents_are_refused(text: str, expected: str) -> None:
    """Aliases, tags, depth, size, duplicates and bad syntax end as problems with a place, quickly, and never raise."""
    problems = load(text, "x.yaml").problems
    assert problems, "no problem was found"
    assert any(str(p).partition("  ")[2].startswith(expected) for p in problems), [str(p) for p in problems][:3]


def test_bytes_that_are_no_utf8_are_refused_with_their_place() -> None:
    """A wrong byte says where it is; a byte order mark is no content; a lone surrogate is no text."""
    assert str(load(b"a: 1\nb: \xff\n", "x").problems[0]) == "x:2:4  E001 byte 0xff is no UTF-8"
    root = load(b"\xef\xbb\xbfa: 1\n").root
    assert root is not None
    assert root.plain == {"a": 1}
    assert load("a: \ud800", "x").problems[0].code == "E001"


def test_duplicates_are_all_reported_and_the_rest_is_read() -> None:
    """A duplicate does not end the reading: every one is said, and what is right stays."""
    loaded = load("a: 1\na: 2\nb: {c: 1, c: 2}\n")
    assert [p.code for p in loaded.problems] == ["E003", "E003"]
    assert loaded.root is not None
    assert loaded.root.plain == {"a": 1, "b": {"c": 1}}


plain_data = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff\ufffe\uffff")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdefgh_", min_size=1), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(plain_data)
def test_what_a_json_writer_writes_is_read_back(data: object) -> None:
    """JSON is YAML 1.2: any plain data written as JSON comes back equal."""
    import json

    root = load(json.dumps({"data": data}, ensure_ascii=False)).root
    assert root is not None
    assert root.plain == {"data": data}


@given(plain_data)
def test_what_pyyaml_writes_is_read_back(data: object) -> None:
    """PyYAML's dump quotes what 1.1 would misread, so it reads back equal, floats and all."""
    text = yaml.safe_dump({"data": data}, allow_unicode=True)
    if "&id" in text:
        return
    root = load(text).root
    assert root is not None
    assert root.plain == {"data": data}


@given(st.text() | st.binary())
def test_load_never_raises(source: str | bytes) -> None:
    """Whatever the bytes: a root, or problems, each of which can be printed on any terminal."""
    loaded = load(source, "x")
    assert loaded.root is not None or loaded.problems
    for problem in loaded.problems:
        assert str(problem).isprintable()


def test_the_reader_stays_far_from_the_recursion_limit() -> None:
    """The depth limit is what ends nesting, not Python's stack."""
    assert sys.getrecursionlimit() > MAX_DEPTH * 8
