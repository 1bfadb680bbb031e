"""What scans keep between frames: nothing that is not the same for them."""

import polars as pl

from qoa_platform.records import Ask
from qoa_platform.scans.kernel import answers
from qoa_platform.scans.queries import Failure
from qoa_platform.states import Tally


def known(*values: bool | int) -> Ask:
    """How many are one of *values*."""
    return Ask(state="tally", columns=("x",), params=(("hits", "in_set"), ("values", values)))


def test_equal_asks_that_mean_something_else_are_answered_apart() -> None:
    """``1`` equals ``True``, but no truth value is 1: what was written for one is not used for the other."""
    flags, numbers = pl.DataFrame({"x": [True, False]}), pl.DataFrame({"x": [1, 2]})
    assert known(1) == known(True)
    for _ in range(2):
        assert isinstance(answers(flags, [known(1)], missing={})[known(1)], Failure)
        assert answers(flags, [known(True)], missing={})[known(1)] == Tally(1, 2)
        assert answers(numbers, [known(1)], missing={})[known(1)] == Tally(1, 2)
        assert isinstance(answers(numbers, [known(True)], missing={})[known(1)], Failure)


def test_frames_alike_differ_in_what_they_hold() -> None:
    """A null, a NaN and an infinity in a later frame are seen, though nothing is planned or written again."""
    present = Ask(state="tally", columns=("x",), params=(("hits", "present"),))
    finite = Ask(state="tally", columns=("x",), params=(("hits", "finite"),))
    for values, hits in (([1.0, 2.0], 2), ([None, 2.0], 1), ([float("nan"), 2.0], 1), ([float("inf"), 2.0], 2)):
        found = answers(pl.DataFrame({"x": values}), [present, finite], missing={})
        assert found[present] == Tally(hits, 2)
        assert found[finite] == Tally(hits - (values[0] == float("inf")), hits)
