"""Uniqueness: how often keys repeat, read off counts of one frame or off mergeable hashes."""

import pytest

from qoa_platform.metrics import UNMERGEABLE
from qoa_platform.records import Reading, Reason
from qoa_platform.states import Keys, State, Sums, key_hash
from tests.metrics.making import one

ROWS = ["a", "a", "b", "c", "c", "c"]
COUNTED = Sums.of_terms(6, distinct=3, once=1)
HASHED = Keys.count(key_hash([row]) for row in ROWS)
VALUES = {
    "data.distinct_count": 3,
    "data.uniqueness": 1 / 6,
    "data.distinctness": 3 / 6,
    "data.unique_value_ratio": 1 / 3,
    "data.duplicate_rows": 3,
    "data.key_violations": 5,
}


@pytest.mark.parametrize(("metric", "value"), VALUES.items())
@pytest.mark.parametrize("state", [COUNTED, HASHED], ids=["counted", "hashed"])
def test_both_states_give_one_answer(metric: str, value: float, state: State) -> None:
    """Counts of this frame and merged hashes of keys are read alike."""
    assert one(metric, "x").read(state, None) == Reading(value=value, n=6)


@pytest.mark.parametrize("metric", VALUES)
def test_no_row_has_no_ratio_but_a_count(metric: str) -> None:
    """Of no rows, counts are 0 and ratios have no data."""
    reading = one(metric, "x").read(Sums(), None)
    counts = {"data.distinct_count", "data.duplicate_rows", "data.key_violations"}
    assert reading == (Reading(value=0, n=0) if metric in counts else Reading.unknown(Reason.NO_DATA))


def test_what_merges_says_so() -> None:
    """The fast answer holds for one frame only; ``merge: true`` asks for hashes that merge across partitions."""
    fast, merging = one("data.uniqueness", "x").ask(None), one("data.uniqueness", "x", merge=True).ask(None)
    assert fast is not None
    assert merging is not None
    assert fast.state in UNMERGEABLE
    assert merging.state == "keys"
    assert one("data.uniqueness", "x") != one("data.uniqueness", "x", merge=True)


def test_missing_parts_are_skipped_or_values() -> None:
    """Rows with a missing key part are left out by default; ``missing_keys: value`` makes it another series."""
    ask = one("data.uniqueness", "x", missing_keys="value").ask(None)
    assert ask is not None
    assert dict(ask.params) == {"missing_keys": "value"}
    assert one("data.uniqueness", "x", missing_keys="value").params != one("data.uniqueness", "x").params
