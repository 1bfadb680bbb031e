"""Laws of suggest: for any frame its contract reads and lints, and what it enforces holds on its source."""

from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qoa_platform.api import judge
from qoa_platform.contracts import Level, lint, read_text
from qoa_platform.profiles.suggesting import Suggestion, suggest
from qoa_platform.records import Mode, Status
from tests.scans.asked import frame_of, rows

words = st.text(max_size=8) | st.sampled_from(
    ["a", "aa", "N/A", "", "12", "12.0", "1 kg", "x\x07y", "\u2028", "'", '"', "#"]
)
picks = st.lists(st.integers(0, 7), max_size=60)


def enforced(frame: pl.DataFrame, found: Suggestion) -> list[str]:
    """The enforced promises of the suggested contract that its own source does not keep."""
    modes = {p.id: p.mode for p in found.contract.subjects[0].promises}
    said = judge(found.contract, frame, profile=found.profile)
    late = {"its engine does not exist yet"}
    return [
        f"{v.key.promise}: {v.status} {v.cause}"
        for v in said
        if modes[v.key.promise] is Mode.ENFORCE
        and v.status is not Status.SATISFIED
        and not any(cause in (v.cause or "") for cause in late)
    ]


def sound(frame: pl.DataFrame) -> None:
    """What must be true of a suggestion, whatever the frame."""
    found = suggest(frame)
    assert read_text(found.text).digest == found.contract.digest
    assert [p for p in lint(found.contract, columns={"data": frame.columns}) if p.level is Level.ERROR] == []
    assert [e.promise for e in found.evidence] == [p.id for p in found.contract.subjects[0].promises]
    assert enforced(frame, found) == []


@settings(max_examples=80, deadline=None)
@given(st.lists(rows, min_size=1, max_size=8), picks)
def test_any_frame_of_any_types(pool: list[dict[str, Any]], picked: list[int]) -> None:
    """Every type of column, nulls, NaN, infinities, huge integers, few and many rows, rows that repeat."""
    sound(frame_of([pool[k % len(pool)] for k in picked]))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(words, words), min_size=1, max_size=8), picks)
@example(pool=[("a", "b")], picked=[0] * 60)
def test_any_text(pool: list[tuple[str, str]], picked: list[int]) -> None:
    """Any text: control characters, quotes, line separators, tokens, numbers, emoji."""
    sound(pl.DataFrame([pool[k % len(pool)] for k in picked], schema={"x": pl.String, "y": pl.String}, orient="row"))


@settings(max_examples=25, deadline=None)
@given(st.lists(rows, min_size=1, max_size=6), picks, st.integers(14, 20))
def test_any_history_of_any_types(pool: list[dict[str, Any]], picked: list[int], days: int) -> None:
    """Several frames of any types, equal or not: the contract reads and lints, and every day keeps what it enforces."""
    parts = [frame_of([pool[(k + d) % len(pool)] for k in picked]) for d in range(days)]
    found = suggest(parts)
    assert read_text(found.text).digest == found.contract.digest
    assert [p for p in lint(found.contract) if p.level is Level.ERROR] == []
    assert [p for part in parts[:3] for p in enforced(part, found) if "violated" in p] == []


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame(),
        pl.DataFrame({"x": []}),
        pl.DataFrame({"x": [None] * 40}),
        pl.DataFrame({"x": [1] * 40, "y": ["same"] * 40}),
        pl.DataFrame({"x": [[1], None, []] * 20, "s": [{"a": 1}] * 60, "z": [b"\x00"] * 60}),
        pl.DataFrame({"": [1], "a\nb": [2], "a,b": [3], "'": ["x"], "Ünï": ["y"], "é": ["y"]}),
        pl.DataFrame({"x": [2**63 - 1, -(2**63)] * 40, "f": [float("inf"), float("nan")] * 40}),
        pl.DataFrame({"x": ["1"] * 50 + ["1e400"] * 5, "y": ["9" * 500] * 55}),
    ],
    ids=["nothing", "no rows", "all null", "constant", "nested", "odd names", "huge", "endless"],
)
def test_odd_frames(frame: pl.DataFrame) -> None:
    """Empty, all null, constant, nested, columns with odd names, huge numbers."""
    sound(frame)


def test_the_same_data_gives_the_same_text() -> None:
    """Nothing is drawn and no clock is read; the order of rows does not matter."""
    frame = pl.DataFrame({"x": ["a", "b", "c"] * 40, "y": [str(k % 7) for k in range(120)]})
    assert suggest(frame).text == suggest(frame).text == suggest(frame.reverse()).text


def test_a_name_that_no_contract_can_hold_is_said() -> None:
    """A column whose name is no line is left out, and the notes say so."""
    found = suggest(pl.DataFrame({"a\nb": [1], "c": [2]}))
    assert found.notes == ("column 'a\\nb' cannot be named in a contract",)
