"""Rules between columns and frames beside, on tables so dense that groups, ties and repeated keys are the rule."""

from collections import Counter, defaultdict

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.metrics import Metric
from qoa_platform.metrics.row_hash import content_hash, limb_name
from qoa_platform.records import Reading
from qoa_platform.scans import measure
from qoa_platform.states import Sums
from tests.metrics.making import one

SIDE = st.sampled_from(["a", "a|b", "b", "\\", "b|"])
pairs = st.lists(st.tuples(SIDE, SIDE), min_size=1, max_size=14)
keyed = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([1.0, 2.0, 4.0])), max_size=6)


def read(metric: Metric, frame: pl.DataFrame, **beside: pl.DataFrame) -> Reading:
    """The reading of the whole."""
    return measure(frame, [(metric, None)], missing={}, beside=beside).measured[0].reading


@given(rows=pairs, merge=st.booleans())
def test_the_least_rows_are_removed(rows: list[tuple[str, str]], merge: bool) -> None:
    """Per left value all but its commonest right value; values that hold the separator stay what they are."""
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for left, right in rows:
        groups[left][right] += 1
    kept = sum(max(counts.values()) for counts in groups.values())
    conflict = sum(counts.total() for counts in groups.values() if len(counts) > 1)
    frame = pl.DataFrame(rows, schema=["l", "r"], orient="row")
    sides = {"left": ("l",), "right": ("r",), "merge": merge}
    assert read(one("data.fd_violation", **sides), frame).value == (len(rows) - kept) / len(rows)
    assert read(one("data.fd_conflict_share", **sides), frame).value == conflict / len(rows)


@given(mine=keyed, theirs=keyed)
def test_a_key_that_repeats_reconciles_with_nothing(
    mine: list[tuple[int, float]], theirs: list[tuple[int, float]]
) -> None:
    """Of all keys those that stand once on both sides with the same value."""
    sides: list[dict[int, list[float]]] = [defaultdict(list), defaultdict(list)]
    for side, rows in zip(sides, (mine, theirs), strict=True):
        for key, value in rows:
            side[key].append(value)
    union = sides[0].keys() | sides[1].keys()
    hits = sum(len(sides[0][k]) == 1 and sides[0][k] == sides[1][k] for k in union)
    frames = [pl.DataFrame(rows, schema={"k": pl.Int64, "v": pl.Float64}, orient="row") for rows in (mine, theirs)]
    reading = read(one("data.reconciliation", "v", other="o", key=("k",)), frames[0], o=frames[1])
    assert (reading.value, reading.n) == ((hits / len(union), len(union)) if union else (None, 0))


def test_the_tolerance_is_relative_to_the_truth() -> None:
    """|a − b| ≤ rtol·|b| with b the truth: 4 is half of 8 away from it, and all of 4 away the other way round."""
    four, eight = (pl.DataFrame({"k": [1], "v": [v]}) for v in (4.0, 8.0))
    metric = one("data.cell_accuracy", "v", truth="t", key=("k",), rtol=0.5)
    assert (read(metric, four, t=eight).value, read(metric, eight, t=four).value) == (1.0, 0.0)


def test_a_whole_number_is_no_fraction() -> None:
    """A foreign key 2.5 is not found among 2 and 3, and 2.0 is."""
    frame, parent = pl.DataFrame({"k": [2.0, 2.5]}), pl.DataFrame({"k": [2, 3]})
    assert read(one("data.referential_integrity", "k", parent="p"), frame, p=parent).value == 0.5


def test_limbs_carry() -> None:
    """The sum of limbs is the number that they are the digits of, to the base of 65 536, modulo 2 to the 128."""
    numbers = [2**128 - 1, 2**127 + 5, 12345678901234567890]
    limbs = {limb_name(i): float(sum(n >> (16 * i) & 0xFFFF for n in numbers)) for i in range(8)}
    assert content_hash(Sums.of_terms(3, **limbs)) == sum(numbers) % 2**128
