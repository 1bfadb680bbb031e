"""What metrics are told beyond their frame: publication, size, earlier windows, frames that are not there."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.metrics import Metric, catalogue
from qoa_platform.metrics.facts import Facts, Past, looks_back, told
from qoa_platform.metrics.protocol import Source
from qoa_platform.records import Reading, Window
from qoa_platform.scans import measure
from qoa_platform.verdicts.budget import DETECTORS
from tests.metrics.making import DAY, NOW, one

TOLD = {"data.publish_delay", "data.byte_count", "data.volume_ratio", "data.repeat"}
rows = st.lists(st.tuples(st.sampled_from([1, 2, None]), st.sampled_from(["a", "b"])), max_size=5)
Rows = list[tuple[int | None, str]]


def read(metric: Metric, frame: pl.DataFrame) -> Reading:
    """The reading of the whole."""
    return measure(frame, [(metric, None)], missing={}).measured[0].reading


def framed(found: Rows) -> pl.DataFrame:
    """The rows with a day that differs between copies."""
    return pl.DataFrame(found, schema={"k": pl.Int64, "s": pl.String}, orient="row").with_columns(
        t=pl.lit(datetime(2017, 10, 4, tzinfo=UTC))
    )


def past(metric: Metric, *days: tuple[int, Rows]) -> Facts:
    """What was published so many days before, and how the metric's ask was answered there."""
    ask = metric.ask(None)
    assert ask is not None
    found = []
    for before, content in sorted(days, key=lambda d: -d[0]):
        window = Window(start=DAY.start - timedelta(days=before), end=DAY.end - timedelta(days=before))
        state = measure(framed(content), [(metric, None)], missing={}).states[ask]
        found.append(Past(window, state))
    return Facts(past=tuple(found))


def test_every_metric_of_a_publication_is_told_here() -> None:
    """Metrics of a publication have no oracle among those of frames: they are all tried in this file.

    Stream detectors are tried in tests/verdicts/detectors and tests/audit/test_watching.py.
    """
    found = {spec.id for spec in catalogue().values() if spec.implemented and spec.source is Source.PUBLICATION}
    assert found - DETECTORS == TOLD


def test_publication_is_as_late_as_the_clock_says() -> None:
    """Seconds from the end of the window to the moment of materialization; unknown where it was not told."""
    metric = one("data.publish_delay")
    assert read(metric.at(NOW, DAY), framed([])).value == (NOW - DAY.end).total_seconds()
    assert read(metric.at(NOW, Window(start=NOW, end=NOW)), framed([])).value is None
    assert str(read(metric, framed([])).reason) == "error"


def test_the_size_is_that_of_the_file() -> None:
    """Bytes as they were told; of a frame in memory nobody knows them."""
    metric = one("data.byte_count")
    assert read(told(metric, Facts(size=4_321)), framed([])).value == 4_321
    assert str(read(metric, framed([])).reason) == "no_data"


@given(days=st.lists(st.tuples(st.integers(1, 40), rows), max_size=6, unique_by=lambda d: d[0]), own=rows)
@pytest.mark.parametrize("season", ["week", "none"])
def test_the_volume_is_compared_with_the_median_of_its_season(
    season: str, days: list[tuple[int, Rows]], own: Rows
) -> None:
    """Rows ÷ NumPy's median of the last three windows, of the same weekday where there is a season."""
    metric = told(one("data.volume_ratio", last=3, season=season).at(NOW, DAY), Facts())
    known = [len(content) for before, content in sorted(days, reverse=True) if season == "none" or before % 7 == 0]
    reading = read(told(metric, past(metric, *days)), framed(own))
    if not known:
        assert str(reading.reason) == "no_data"
    elif not np.median(known[-3:]):
        assert str(reading.reason) == "not_applicable"
    else:
        assert reading.value == len(own) / float(np.median(known[-3:]))


@given(days=st.lists(rows, max_size=4), own=rows)
def test_a_copy_is_found_in_any_order(days: list[Rows], own: Rows) -> None:
    """1 if one of the last three partitions holds the same rows, however often and in whatever order; else 0."""
    metric = one("data.repeat", last=3)
    reading = read(
        told(metric, past(metric, *((len(days) - i, found) for i, found in enumerate(days)))), framed(own[::-1])
    )
    if not own or not days:
        assert str(reading.reason) == "no_data"
    else:
        assert reading.value == any(Counter(found) == Counter(own) for found in days[-3:])


def test_the_time_of_a_copy_does_not_matter_and_cells_that_swap_do() -> None:
    """A new event time makes no new content; two values that change places do."""
    metric = one("data.repeat")
    earlier = past(metric, (1, [(1, "a"), (2, "b")]))
    copy = framed([(2, "b"), (1, "a")]).with_columns(t=pl.lit(datetime(2020, 1, 1, tzinfo=UTC)))
    assert read(told(metric, earlier), copy).value == 1
    assert read(told(metric, earlier), framed([(1, "b"), (2, "a")])).value == 0
    assert dict(one("data.repeat", exclude=("k",)).params)["exclude"] == ("k", "t")


def test_as_much_past_is_asked_for_as_is_needed() -> None:
    """Four Mondays may be five weeks away; what has no season wants the last windows only."""
    assert (looks_back(one("data.volume_ratio")), looks_back(one("data.volume_ratio", season="none"))) == (35, 4)
    assert (looks_back(one("data.repeat")), looks_back(one("data.row_count"))) == (7, 0)


def test_what_is_not_published_is_no_data() -> None:
    """A parent that nobody has published leaves no reading, and says so; one that is not at hand is an error."""
    metric = one("data.referential_integrity", "k", parent="shop/parents")
    absent = read(told(metric, Facts(digests={})), framed([(1, "a")]))
    assert (str(absent.reason), "shop/parents is not published" in str(absent.cause)) == ("no_data", True)
    lost = read(metric, framed([(1, "a")]))
    assert (str(lost.reason), "frame 'shop/parents' is not at hand" in str(lost.cause)) == ("error", True)


def test_states_beside_two_parents_do_not_meet() -> None:
    """The digest of the parent is part of the ask: states of different parents are answers to different asks."""
    metric = one("data.referential_integrity", "k", parent="p")
    one_, other = (told(metric, Facts(digests={"p": digest})) for digest in ("a", "b"))
    assert one_.ask(None) != other.ask(None)
    assert one_.params == other.params
