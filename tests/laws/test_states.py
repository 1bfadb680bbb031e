"""Laws of states: every registered state is a commutative monoid of values, and its codec is strict."""

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import chain
from operator import add
from typing import Any
from zlib import crc32

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.states import (
    STATES,
    Frequencies,
    Histogram,
    QuantileSketch,
    Span,
    State,
    StateError,
    Tally,
    decode,
    encode,
)
from qoa_platform.states.protocol import CHECKSUM, VERSION
from tests.laws.state_cases import CASES, SMALL_CAP, Case

every_case = pytest.mark.parametrize("case", CASES, ids=[f"{c.name}-{i}" for i, c in enumerate(CASES)])


def drawn(data: st.DataObject, case: Case, parts: int) -> list[list[Any]]:
    """Rows in so many parts, some of them empty."""
    return [data.draw(st.lists(case.row, max_size=8), label=f"part {i}") for i in range(parts)]


def sealed(content: bytes) -> bytes:
    """*content* with the checksum that fits it: as a hand that means harm would write it."""
    return CHECKSUM.pack(crc32(content)) + content


def test_every_registered_state_has_a_case() -> None:
    """A state that is registered without rows for its laws fails the build, and so does a case without a state."""
    assert {case.name for case in CASES} == set(STATES)
    for case in CASES:
        assert type(case.build([])) is STATES[case.name]


@every_case
@given(data=st.data())
def test_the_neutral_element_changes_nothing(case: Case, data: st.DataObject) -> None:
    """``zero + a = a + zero = a``, bit for bit, and the state of no rows is neutral too."""
    (rows,) = drawn(data, case, 1)
    state = case.build(rows)
    zero = state.zero()
    assert zero + state == state == state + zero
    assert case.build([]) + state == state
    assert zero + zero == zero


@every_case
@given(data=st.data())
def test_the_order_of_two_does_not_matter(case: Case, data: st.DataObject) -> None:
    """``a + b = b + a``: exactly for counts, up to rounding for floats."""
    left, right = drawn(data, case, 2)
    a, b = case.build(left), case.build(right)
    assert case.close(a + b, b + a, left + right)


@every_case
@given(data=st.data())
def test_the_grouping_of_three_does_not_matter(case: Case, data: st.DataObject) -> None:
    """``(a + b) + c = a + (b + c)``: exactly for counts, up to rounding for floats."""
    parts = drawn(data, case, 3)
    a, b, c = map(case.build, parts)
    assert case.close((a + b) + c, a + (b + c), list(chain(*parts)))


@every_case
@given(data=st.data())
def test_merged_parts_are_the_whole(case: Case, data: st.DataObject) -> None:
    """However rows are cut into parts, and in whatever order: the merged parts are the state of all rows."""
    parts = drawn(data, case, 4)
    rows = list(chain(*parts))
    shuffled = data.draw(st.permutations(parts), label="order")
    assert case.close(reduce(add, map(case.build, shuffled)), case.build(rows), rows)


@every_case
@given(data=st.data())
def test_merging_leaves_its_input_alone(case: Case, data: st.DataObject) -> None:
    """States are values: merging, reading and writing them changes nothing."""
    left, right = drawn(data, case, 2)
    a, b = case.build(left), case.build(right)
    before = encode(a), encode(b)
    _ = a + b, b + a, a + a
    assert (encode(a), encode(b)) == before


@every_case
@given(data=st.data())
def test_bytes_read_back(case: Case, data: st.DataObject) -> None:
    """``from_bytes(to_bytes(a)) = a`` by its kind and by its tag, and writing it again gives the same bytes."""
    left, right = drawn(data, case, 2)
    state = case.build(left) + case.build(right)
    content = encode(state)
    assert STATES[case.name].from_bytes(content) == state == decode(content)
    assert encode(decode(content)) == content


@every_case
@given(data=st.data())
def test_damaged_bytes_are_refused(case: Case, data: st.DataObject) -> None:
    """Every truncation and every flipped bit is a StateError: a damaged state never reads as another one."""
    (rows,) = drawn(data, case, 1)
    content = encode(case.build(rows))
    for end in range(len(content)):
        with pytest.raises(StateError):
            decode(content[:end])
    with pytest.raises(StateError):
        decode(content + b"\x00")
    bit = data.draw(st.integers(0, 8 * len(content) - 1), label="bit")
    flipped = bytearray(content)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(StateError, match="checksum"):
        decode(bytes(flipped))


@every_case
def test_versions_and_tags_that_are_not_known_are_refused(case: Case) -> None:
    """A newer version, an unknown tag and another kind's bytes are told apart, each with what is allowed."""
    state = case.build([])
    with pytest.raises(StateError, match=rf"version {VERSION + 1} of the encoding. Allowed: 1 to {VERSION}"):
        decode(sealed(msgspec.msgpack.encode([case.name, VERSION + 1, state.plain()])))
    with pytest.raises(StateError, match=f"Did you mean '{case.name}'"):
        decode(sealed(msgspec.msgpack.encode([case.name + "x", VERSION, state.plain()])))
    other = next(kind for name, kind in STATES.items() if name != case.name)
    with pytest.raises(StateError, match=f"these bytes are a {case.name}, asked for was a {other.NAME}"):
        other.from_bytes(encode(state))


fields = st.sampled_from([*"hrnvfxckdmsetwabg"])
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=4)
plain_data = st.recursive(
    scalars | st.binary(max_size=33),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(fields, inner, max_size=6),
    max_leaves=12,
)


@given(st.sampled_from(sorted(STATES)) | st.text(max_size=4), plain_data)
def test_invented_bodies_are_refused_or_are_states(tag: str, body: Any) -> None:
    """Well-sealed nonsense is a StateError, or a state that reads back: never another exception."""
    reads_or_refuses(sealed(msgspec.msgpack.encode([tag, VERSION, body])))


@given(st.binary(max_size=64))
def test_random_bytes_are_refused(content: bytes) -> None:
    """Bytes that are no MessagePack are a StateError, with or without a fitting checksum."""
    reads_or_refuses(content)
    reads_or_refuses(sealed(content))


@every_case
@given(data=st.data())
def test_altered_bodies_are_refused_or_are_states(case: Case, data: st.DataObject) -> None:
    """One field of a real body exchanged for something else: a StateError, or a state that reads back."""
    (rows,) = drawn(data, case, 1)
    body = dict(msgspec.msgpack.decode(msgspec.msgpack.encode(case.build(rows).plain())))
    body[data.draw(st.sampled_from(sorted(body)), label="field")] = data.draw(plain_data, label="instead")
    reads_or_refuses(sealed(msgspec.msgpack.encode([case.name, VERSION, body])))


def reads_or_refuses(content: bytes) -> None:
    """The law of strict decoding."""
    try:
        state = decode(content)
    except StateError:
        return
    again = encode(state)
    assert encode(decode(again)) == again
    assert encode(state + state.zero()) == again


@pytest.mark.parametrize("nested", [b"\x91" * 100_000, b"\x81\xa1a" * 100_000])
def test_deeply_nested_bytes_are_refused(nested: bytes) -> None:
    """A hundred thousand levels are a StateError and no crash."""
    with pytest.raises(StateError):
        decode(sealed(b"\x93\xa5tally\x01" + nested))


SKETCH = QuantileSketch.of_values(range(1000)).content


@pytest.mark.parametrize(
    ("tag", "body"),
    [
        ("tally", {"h": 2, "r": 1}),
        ("tally", {"h": -1, "r": 1}),
        ("tally", {"h": 1.0, "r": 1}),
        ("span", {"n": 1, "k": "number", "a": 2, "b": 1}),
        ("span", {"n": 1, "k": "text", "a": 1, "b": 2}),
        ("span", {"n": 1, "k": "number", "a": True, "b": True}),
        ("span", {"n": 0, "k": "number", "a": 1, "b": 1}),
        ("span", {"n": 1, "k": "number", "a": float("nan"), "b": 1.0}),
        ("span", {"n": 1, "k": "time", "a": 2**63, "b": 2**63}),
        ("frequencies", {"c": {"a": 0}, "n": 0, "m": 0, "e": 0, "k": 4}),
        ("frequencies", {"c": {"a": 2}, "n": 3, "m": 0, "e": 0, "k": 4}),
        ("frequencies", {"c": {"a": 2}, "n": 6, "m": 0, "e": 1, "k": 4}),
        ("frequencies", {"c": {"a": 1, "b": 1}, "n": 2, "m": 0, "e": 0, "k": 1}),
        ("histogram", {"d": "e", "c": [], "m": 0, "s": {}}),
        ("histogram", {"d": "e", "c": [1, 2], "m": 0, "s": {"y": [1.0]}}),
        ("keys", {"s": b"x" * 15, "r": b"", "n": 1}),
        ("keys", {"s": b"x" * 32, "r": b"", "n": 2}),
        ("keys", {"s": b"x" * 16, "r": b"x" * 16, "n": 3}),
        ("keys", {"s": b"x" * 16, "r": b"", "n": 2}),
        ("keys", {"s": b"", "r": b"x" * 16, "n": 1}),
        ("quantile_sketch", {"b": b"x" * 40, "i": 0}),
        ("quantile_sketch", {"b": SKETCH[:-8], "i": 0}),
        ("quantile_sketch", {"b": SKETCH[:4] + b"\x00\x10" + SKETCH[6:], "i": 0}),
        ("quantile_sketch", {"b": SKETCH[:8] + b"\x00" + SKETCH[9:], "i": 0}),
        ("quantile_sketch", {"b": SKETCH[:-8] + b"\xff" * 8, "i": 0}),
        ("quantile_sketch", {"b": SKETCH, "i": -1}),
        ("distinct_sketch", {"r": b"\x00\x01", "n": 1}),
        ("distinct_sketch", {"r": b"\x00\x01\x05", "n": 0}),
        ("distinct_sketch", {"r": b"\x00\x01\x36", "n": 1}),
        ("distinct_sketch", {"r": b"\x00\x01\x05\x00\x01\x06", "n": 2}),
        ("distinct_sketch", {"r": bytes(4096), "n": 0}),
        ("confusion", {"c": [["a", "b", 1], ["a", "b", 1]]}),
        ("confusion", {"c": [["a", "b", 0]]}),
        ("grouped", {"t": "grouped", "w": {}, "g": []}),
        ("grouped", {"t": "tally", "w": {"h": 0, "r": 0}, "g": [["a", {"h": 0, "r": 0}], ["a", {"h": 0, "r": 0}]]}),
    ],
)  # fmt: skip
def test_counts_that_cannot_be_are_refused(tag: str, body: Any) -> None:
    """A body whose numbers contradict one another is a StateError: no such state can come of rows."""
    with pytest.raises(StateError):
        decode(sealed(msgspec.msgpack.encode([tag, VERSION, body])))


def test_states_of_other_kinds_do_not_merge() -> None:
    """Adding two kinds is a StateError that names what is allowed, for every pair of kinds."""
    empty = {case.name: case.build([]) for case in CASES}
    for name, state in empty.items():
        for alien in (other for kind, other in empty.items() if kind != name):
            with pytest.raises(StateError, match=f"Allowed: another {name}"):
                _ = state + alien


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (Histogram("e", (1, 2)), Histogram("f", (1, 2))),
        (Histogram("e", (1, 2)), Histogram("e", (1, 2, 3))),
        (Histogram("e", (1,), 0, (("y", (1.0,)),)), Histogram("e", (1,))),
        (Frequencies(cap=3), Frequencies(cap=4)),
        (Span(1, 1, 1), Span(1, "a", "a")),
    ],
)
def test_states_that_count_different_things_do_not_merge(a: State, b: State) -> None:
    """Other edges, other caps, other kinds of value: a StateError, and never a sum of what has no sum."""
    with pytest.raises(StateError, match="not merge"):
        _ = a + b


@pytest.mark.parametrize("state", [Tally(2**64, 2**64), Span(1, 2**70, 2**70), Frequencies.count(["\ud800"])])
def test_what_cannot_be_written_is_refused(state: State) -> None:
    """Whole numbers beyond 64 bits and half a surrogate pair are a StateError on writing."""
    with pytest.raises(StateError, match="cannot be written"):
        encode(state)


Merge = Callable[[Sequence[Frequencies]], Frequencies]


def left_to_right(parts: Sequence[Frequencies]) -> Frequencies:
    """((a + b) + c) + d."""
    return reduce(add, parts, Frequencies(cap=SMALL_CAP))


def as_a_tree(parts: Sequence[Frequencies]) -> Frequencies:
    """(a + b) + (c + d)."""
    if len(parts) < 2:
        return left_to_right(parts)
    middle = len(parts) // 2
    return as_a_tree(parts[:middle]) + as_a_tree(parts[middle:])


@pytest.mark.parametrize("merge", [left_to_right, as_a_tree])
@given(parts=st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=30), max_size=5))
def test_over_the_cap_counts_stay_within_their_error(merge: Merge, parts: list[list[str]]) -> None:
    """Above its cap Frequencies is too small by at most *error* ≤ n/(cap + 1), whatever the order of merging."""
    state = merge([Frequencies.count(part, cap=SMALL_CAP) for part in parts])
    rows = list(chain(*parts))
    assert state.n == len(rows)
    assert len(state.counts) <= SMALL_CAP
    assert state.error * (SMALL_CAP + 1) <= state.n
    for word in "abcdefgh":
        assert state.get(word) <= rows.count(word) <= state.get(word) + state.error
    assert decode(encode(state)) == state
