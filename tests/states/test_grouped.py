"""Grouped: one state per group and the whole, with a cap that does not depend on how parts were merged."""

from functools import reduce
from operator import add
from random import Random

import pytest

from qoa_platform.states import OVERFLOW, Grouped, Histogram, StateError, Tally, decode, encode
from qoa_platform.states.grouped import CAP

NAMES = [f"g{i:05}" for i in range(CAP + 200)]


def counted(names: list[str]) -> Grouped:
    """One hit of one row per name."""
    groups = {name: Tally(names.count(name), names.count(name)) for name in set(names)}
    return Grouped.from_groups(Tally(len(names), len(names)), groups)


@pytest.mark.parametrize("seed", range(5))
def test_above_the_cap_the_first_names_are_complete(seed: int) -> None:
    """However parts are cut and merged, the first 1 000 names keep all their rows and the rest share one group."""
    rng = Random(seed)
    rows = rng.sample(NAMES, k=len(NAMES)) + rng.choices(NAMES, k=400)
    parts = [counted(rows[start : start + 320]) for start in range(0, len(rows), 320)]
    rng.shuffle(parts)
    merged, whole = reduce(add, parts), counted(rows)
    assert merged == whole == decode(encode(whole))
    assert [name for name, _ in merged.groups if name != OVERFLOW] == NAMES[:CAP]
    assert merged.get(OVERFLOW) == reduce(add, (Tally(rows.count(n), rows.count(n)) for n in NAMES[CAP:]))
    assert reduce(add, (state for _, state in merged.groups)) == merged.whole


def test_an_unseen_group_has_no_state() -> None:
    """Of a group that was not seen nothing is known, which is not the same as zero."""
    assert counted(["a"]).get("a") == counted(["a"]).get(None) == Tally(1, 1)
    assert counted(["a"]).get("b") is None


def test_groups_are_of_the_kind_of_the_whole() -> None:
    """A tally among histograms is refused, with its name."""
    with pytest.raises(StateError, match="groups a are no histogram like the whole"):
        Grouped.from_groups(Histogram("e", (0,)), {"a": Tally()})
