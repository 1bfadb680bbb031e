"""Spark: a DataFrame is answered by mapInArrow as the local kernel answers the whole."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from qoa_platform.records import Ask
from qoa_platform.scans.kernel import answers
from qoa_platform.scans.queries import Failure
from qoa_platform.scans.spark import answers_on_spark
from tests.scale.mixed import ASKS, MISSING, mixed, same
from tests.scale.running import local_spark
from tests.scans.asked import ask

APART = frozenset({"whole", "quantile"})
pytestmark = pytest.mark.filterwarnings("ignore")  # pyspark 4.3 warns of pandas 3


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    """A running Spark."""
    with local_spark() as spark:
        yield spark


def frame_for_spark() -> pl.DataFrame:
    """The mixed table without categories, which Spark does not have."""
    return mixed().with_columns(pl.col("c", "e").cast(pl.String))


def test_a_dataframe_is_answered_as_the_whole(session: Any) -> None:
    """Twenty partitions, merged level by level, equal the kernel's answers over all rows."""
    frame = frame_for_spark()
    data = session.createDataFrame(frame.to_arrow()).repartition(20)
    found, rows = answers_on_spark(data, ASKS, missing=MISSING)
    assert rows == frame.height
    same(found, answers(frame, ASKS, missing=MISSING), but=APART)


def test_nothing_at_all_is_answered_as_an_empty_frame(session: Any) -> None:
    """A DataFrame without rows gives the answers of an empty frame; a column that is not there fails alone."""
    frame = frame_for_spark()
    data = session.createDataFrame(frame.to_arrow()).filter("i = 99")
    asks = [ask("moments", "f"), ask("uniqueness", "i"), Ask(state="moments", columns=("nope",))]
    found, rows = answers_on_spark(data, asks, missing={})
    assert rows == 0
    same(found, answers(frame[:0], asks, missing={}))
    assert isinstance(found[asks[2]], Failure)
