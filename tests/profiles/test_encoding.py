"""A profile's bytes."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from qoa_platform.profiles.encoding import ProfileError, decode, encode
from qoa_platform.profiles.freezing import freeze
from qoa_platform.profiles.wanting import Wanted
from qoa_platform.records import Window

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PROFILE = freeze(
    pl.DataFrame({"x": [1.0, 2.5, None], "s": ["a", "é", "a"]}),
    [Wanted("x", ("s",)), Wanted("s")],
    name="demand v3 training", subject="retail/sales_day", window=Window.of_day(date(2026, 1, 1)), source=("d",),
    at=NOON, wall=NOON,
)  # fmt: skip


def test_what_is_written_is_read() -> None:
    """``decode(encode(p)) == p``, with the same digest and bytes."""
    assert decode(encode(PROFILE), PROFILE.digest) == PROFILE
    assert encode(decode(encode(PROFILE))) == encode(PROFILE)


def test_damage_is_an_error() -> None:
    """Truncated, foreign or exchanged bytes are refused."""
    with pytest.raises(ProfileError, match="are no profile"):
        decode(encode(PROFILE)[:-3])
    with pytest.raises(ProfileError, match="are no profile"):
        decode(b"")
    with pytest.raises(ProfileError, match="asked for was"):
        decode(encode(PROFILE), "0" * 64)
