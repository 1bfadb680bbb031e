"""The key hash: one number per value, whoever computes it, for ever."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.states import key_hash
from qoa_platform.states.key_hash import MASK, Part, factor, value_bytes

NOON = datetime(2017, 10, 4, 12, tzinfo=UTC)
RECORDED: tuple[tuple[Sequence[Part], str], ...] = (
    (("",), "99aa06d3014798d86001c324468d497f"),
    (("a",), "a96faf705af16834e6c632b61e964e1f"),
    (("GROCERY",), "2d8af01b674ca24e401af4aa1f66a3c0"),
    (("Käse 🧀",), "66d6f3bb46efff75013a7ce74c80e7cf"),
    ((0,), "ce8f15881282a4001982e3a7bb241055"),
    ((-1,), "14246ab08f125239bc25a7b612cba21f"),
    ((2**64,), "986e7679ed6c6a591f10e9a21d9430bf"),
    ((0.1,), "ddc58960b6dd172a4488c9d416237c27"),
    ((Decimal("12.50"),), "3c90fe546f88f4d44bf303803a1b91f6"),
    ((True,), "f41296b9e2d38ac855a9a1372b7155c1"),
    ((date(2017, 10, 4),), "80f43c024d9dc8da366b3dd6301162c5"),
    ((NOON,), "aa4e85b4f411c532a0634c8bbcfe140c"),
    ((None,), "7e5dc90380f0640bd6bcec3c6b29d72e"),
    (("a", 1), "76ebca2a4c9b947079004219fcecb0c6"),
    ((1, "a"), "f59d12291133f287dfb158b21f5f4fd8"),
    ((None, None), "6108fe95e6d48db4e444ad86d97dff3a"),
    (("basket", 7, 2.5, True), "a488874af21d9a977a4ffada1b9e7c56"),
)
"""Keys and their hashes as first released: a state stored then must merge with one counted now."""


@pytest.mark.parametrize(("parts", "recorded"), RECORDED, ids=[repr(parts) for parts, _ in RECORDED])
def test_hashes_are_those_recorded(parts: Sequence[Part], recorded: str) -> None:
    """No release may change a hash: stored keys would silently stop matching."""
    assert key_hash(parts).hex() == recorded


def test_a_hundred_hashes_are_those_recorded() -> None:
    """A hundred keys of two parts, recorded as one digest."""
    joined = b"".join(key_hash((f"key {i}", i * i)) for i in range(100))
    assert sha256(joined).hexdigest() == "84fde7f2c5fe081a4c3f42e007fbe1d1247bd171693078fff7c58d646d8dcedf"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), min_size=1, max_size=20))
def test_polars_computes_the_same_hashes(words: list[str]) -> None:
    """The Polars plug-in and xxhash give one number: a state may be written by one and merged by the other."""
    polars_hash = pytest.importorskip("polars_hash")
    hashed = pl.DataFrame({"x": words}).select(polars_hash.col("x").nchash.xxh3_128()).to_series()
    assert [int(h).to_bytes(16, "big") for h in hashed] == [key_hash((w,)) for w in words]


@given(st.lists(st.text(max_size=3) | st.integers() | st.none(), min_size=2, max_size=4))
def test_several_parts_are_mixed_as_written(parts: list[Part]) -> None:
    """As documented: s = Σ K_j·h_j mod 2¹²⁸; s ^= s ≫ 64; s ·= K_0; s ^= s ≫ 64, with odd factors K_j."""
    single = [int.from_bytes(key_hash((part,)), "big") for part in parts]
    s = sum(factor(j) * h for j, h in enumerate(single, 1)) & MASK
    s ^= s >> 64
    s = s * factor(0) & MASK
    assert int.from_bytes(key_hash(parts), "big") == s ^ (s >> 64)
    assert all(factor(j) & 1 for j in range(10))


def test_cells_that_change_places_are_seen() -> None:
    """The sum of row hashes tells rows apart in which two cells of a column are swapped: keys are not just added."""
    before = [("a", 1), ("b", 2)]
    after = [("a", 2), ("b", 1)]
    totals = [sum(int.from_bytes(key_hash(row), "big") for row in rows) & MASK for rows in (before, after)]
    assert totals[0] != totals[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0.0, -0.0),
        (Decimal("12.50"), Decimal("12.5")),
        (Decimal(3), 3),
        (Decimal("-0.0"), Decimal(0)),
        (NOON, NOON.replace(tzinfo=None)),
        (NOON, NOON.astimezone(timezone(timedelta(hours=9)))),
    ],
)
def test_equal_values_have_equal_bytes(one: Part, other: Part) -> None:
    """Signs of zero, trailing zeros and time zones make no other key."""
    assert value_bytes(one) == value_bytes(other)


def test_a_missing_part_is_no_text() -> None:
    """The byte of a missing part is none that UTF-8 text can hold."""
    missing = value_bytes(None)
    assert missing == b"\xff"
    with pytest.raises(UnicodeDecodeError):
        missing.decode()
