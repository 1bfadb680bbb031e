"""Owns the oracles of metrics that read another frame beside their own: row by row, in plain Python."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from math import isinf
from typing import Any

import pandas as pd
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from tests.metrics.asking import ERROR, NO_DATA, NOT_APPLICABLE, Asked, Case, Expect, Expected, ratio

Row = dict[str, Any]
Same = Callable[[Any, Any], bool]


def records(frame: pd.DataFrame, key: list[str]) -> list[Row]:
    """The rows whose key is whole."""
    return [{str(k): v for k, v in row.items()} for row in frame.dropna(subset=key).to_dict("records")]


def keyed(row: Row, key: list[str]) -> tuple[Any, ...]:
    """The key of a row."""
    return tuple(row[c] for c in key)


def known(key: list[str], parent: list[str]) -> Expect:
    """Keys that are in the set of the parent's."""

    def expect(asked: Asked) -> Expected:
        there = {keyed(row, parent) for row in records(asked.other, parent)}
        rows = records(asked.rows, key)
        return ratio(sum(keyed(row, key) in there for row in rows), len(rows))

    return expect


def exact(a: Any, b: Any) -> bool:
    """Equal, or both missing."""
    return a is b is None or (a is not None and b is not None and a == b)


def near(rtol: float, atol: float) -> Same:
    """Within a tolerance of the second."""

    def same(a: Any, b: Any) -> bool:
        if exact(a, b):
            return True
        return a is not None and b is not None and not isinf(a) and not isinf(b) and abs(a - b) <= atol + rtol * abs(b)

    return same


def number(a: Any, b: Any) -> bool:
    """Equal as numbers where both spell one, else as texts."""
    found = []
    for text in (a, b):
        try:
            found.append(float("x" if "_" in text or not text.isascii() or "n" in text.lower() else text))
        except (ValueError, TypeError):
            return exact(a, b)
    return found[0] == found[1]


def spelling(a: Any, b: Any) -> bool:
    """Equal but for width, case and blanks."""
    texts = [None if t is None else " ".join(unicodedata.normalize("NFKC", t).casefold().split()) for t in (a, b)]
    return texts[0] == texts[1]


def joined(asked: Asked) -> list[tuple[Row, Row]] | None:
    """Rows with the row of the truth that has their key; ``None`` where two of the truth have one key."""
    truth = records(asked.other, ["k"])
    by_key = {row["k"]: row for row in truth}
    if len(by_key) < len(truth):
        return None
    return [(row, by_key[row["k"]]) for row in records(asked.rows, ["k"]) if row["k"] in by_key]


def compared(columns: list[str], same: Same, *, rows: bool = False) -> Expect:
    """Cells, or rows, that are equal."""

    def expect(asked: Asked) -> Expected:
        pairs = joined(asked)
        if pairs is None:
            return ERROR
        hits = [[same(row[c], truth[c]) for c in columns] for row, truth in pairs]
        return ratio(sum(map(all, hits)), len(pairs)) if rows else ratio(sum(map(sum, hits)), len(pairs) * len(columns))

    return expect


def covered(asked: Asked) -> Expected:
    """Rows of the truth (filtered like the others) whose key is there."""
    seen = {row["k"] for row in records(asked.rows, ["k"])}
    truth = records(asked.reference, ["k"])
    return ratio(sum(row["k"] in seen for row in truth), len(truth))


def labels(asked: Asked) -> Expected:
    """1 − scikit-learn's accuracy."""
    pairs = joined(asked)
    if pairs is None:
        return ERROR
    both = [(truth["e"], row["e"]) for row, truth in pairs if truth["e"] is not None and row["e"] is not None]
    return Expected(1 - float(accuracy_score(*zip(*both, strict=True))), len(both)) if both else NO_DATA


def detected(index: int) -> Expect:
    """scikit-learn's precision, recall or F1 of flags (ours) against wrong cells (the truth's)."""

    def expect(asked: Asked) -> Expected:
        pairs = joined(asked)
        if pairs is None:
            return ERROR
        both = [(truth["b"], row["b"]) for row, truth in pairs if truth["b"] is not None and row["b"] is not None]
        if not both:
            return NO_DATA
        wrong, flagged = zip(*both, strict=True)
        n = (sum(flagged), sum(wrong), sum(w or f for w, f in both))[index]
        if n == 0:
            return NOT_APPLICABLE
        found = precision_recall_fscore_support(wrong, flagged, average="binary", pos_label=True, zero_division=0.0)
        return Expected(float(found[index]), n)

    return expect


def reconciled(columns: list[str]) -> Expect:
    """Keys that stand once on both sides with equal columns, of all keys."""

    def expect(asked: Asked) -> Expected:
        sides = [records(frame, ["k", "g"]) for frame in (asked.rows, asked.reference)]
        counts = [Counter(keyed(row, ["k", "g"]) for row in side) for side in sides]
        cells = [{keyed(row, ["k", "g"]): [row[c] for c in columns] for row in side} for side in sides]
        union = counts[0].keys() | counts[1].keys()
        hits = sum(
            counts[0][key] == counts[1][key] == 1 and all(map(exact, cells[0][key], cells[1][key])) for key in union
        )
        return ratio(hits, len(union))

    return expect


def of_truth(expect: Expect, *columns: str, **given: Any) -> Case:
    """A comparison with the frame beside, by k."""
    return Case(columns=columns, given={"truth": "other", "key": ("k",), **given}, expect=expect)


def shared() -> Iterator[str]:
    """The columns that all tables have, but the key."""
    from tests.metrics.tables import SCHEMA

    yield from (name for name in SCHEMA if name != "k")


BESIDE: dict[str, tuple[Case, ...]] = {
    "data.referential_integrity": (
        Case(columns=("k",), given={"parent": "other"}, expect=known(["k"], ["k"])),
        Case(columns=("s", "k"), given={"parent": "other"}, expect=known(["s", "k"], ["s", "k"])),
        Case(columns=("x",), given={"parent": "other", "key": ("k",)}, expect=known(["x"], ["k"])),
        Case(columns=("y", "t"), given={"parent": "other", "key": ("x", "a")}, expect=known(["y", "t"], ["x", "a"])),
    ),
    "data.reconciliation": (
        Case(
            columns=("s", "x"), given={"other": "other", "key": ("k", "g")}, expect=reconciled(["s", "x"]),
            grouped=False,
        ),
    ),
    "data.cell_accuracy": (
        of_truth(compared(["x", "s", "t"], exact), "x", "s", "t"),
        of_truth(compared(list(shared()), exact)),
        of_truth(compared(["x"], near(0.1, 0.5)), "x", rtol=0.1, atol=0.5),
        of_truth(compared(["w"], number), "w", form="number"),
        of_truth(compared(["w", "s"], spelling), "w", "s", form="text"),
    ),
    "data.row_accuracy": (
        of_truth(compared(["x", "s"], exact, rows=True), "x", "s"),
        of_truth(compared(["x"], near(0.0, 1.0), rows=True), "x", atol=1.0),
    ),
    "data.truth_coverage": (
        Case(given={"truth": "other", "key": ("k",)}, expect=covered, grouped=False),
    ),
    "data.label_disagreement": (of_truth(labels, "e"),),
    "data.detection_precision": (of_truth(detected(0), "b"),),
    "data.detection_recall": (of_truth(detected(1), "b"),),
    "data.detection_f1": (of_truth(detected(2), "b"),),
}  # fmt: skip
"""By id."""
