"""Ray: partitions and Datasets are answered as the local kernel answers the whole."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from qoa_platform.records import Ask
from qoa_platform.scans.kernel import answers
from qoa_platform.scans.queries import Failure
from qoa_platform.scans.ray import answers_on_ray
from tests.scale.mixed import ASKS, MISSING, mixed, same
from tests.scale.running import local_ray
from tests.scans.asked import ask

APART = frozenset({"whole", "quantile"})
pytestmark = pytest.mark.filterwarnings("ignore")  # ray 2.60 warns of its own options


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    """A running Ray."""
    with local_ray() as ray:
        yield ray


def test_partitions_are_answered_as_the_whole(engine: Any) -> None:
    """Frames of uneven size, one without rows: states merged by tasks equal the kernel's over all rows."""
    frame = mixed()
    cuts = [0, 50, 50, 51, *range(60, 121, 6)]
    parts = [frame[a:b] for a, b in pairwise(cuts)]
    found, rows = answers_on_ray(parts, ASKS, missing=MISSING)
    assert rows == sum(part.height for part in parts)
    same(found, answers(pl.concat(parts), ASKS, missing=MISSING), but=APART)


def test_a_dataset_is_answered(engine: Any) -> None:
    """A Ray Dataset, in its own blocks."""
    frame = mixed().select("i", "f", "s", "t")
    asks = [ask("moments", "f"), ask("frequencies", "s"), ask("uniqueness", "i", "s"), ask("span", "t")]
    data = engine.data.from_arrow(frame.to_arrow()).repartition(5)
    found, rows = answers_on_ray(data, asks, missing={})
    assert rows == 120
    same(found, answers(frame, asks, missing={}))


def test_nothing_at_all_is_answered_as_an_empty_frame(engine: Any) -> None:
    """Partitions without rows give the answers of an empty frame; a column that is not there fails alone."""
    empty = mixed()[:0]
    asks = [ask("moments", "f"), ask("uniqueness", "i"), Ask(state="moments", columns=("nope",))]
    found, rows = answers_on_ray([empty, empty], asks, missing={})
    assert rows == 0
    same(found, answers(empty, asks, missing={}))
    assert isinstance(found[asks[2]], Failure)
