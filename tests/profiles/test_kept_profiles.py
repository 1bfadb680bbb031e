"""Profiles that were frozen by older releases: they are read, and keep their digest."""

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from qoa_platform.profiles import Wanted, decode, encode, freeze
from qoa_platform.records import Noise, Profile, Sampled, Window

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
DIGEST = "c35e59cb5b3e0e5d195549711a779ebc17747ed350c593a9562d7ab43b8c1422"
BYTES = bytes.fromhex(
    "87a46e616d65a36f6c64a77375626a656374a3612f62a677696e646f7782a57374617274d6ff6959ad80a3656e64d6ff695aff00a7636f"
    "6c756d6e73928da6636f6c756d6ea173a567726f7570c0a16e03a76d697373696e6700a76d696e696d756dc0a76d6178696d756dc0a46d"
    "65616ec0a3737464c0a662696e733130c0a862696e7332303438c0a666656e636573c0aa64696374696f6e6172799282a576616c7565a1"
    "61a5636f756e740282a576616c7565a162a5636f756e7401a86f766572666c6f77c28da6636f6c756d6ea178a567726f7570c0a16e03a7"
    "6d697373696e6701a76d696e696d756dcb3ff0000000000000a76d6178696d756dcb4004000000000000a46d65616ecb3ffc0000000000"
    "00a3737464cb3fe8000000000000a662696e73313082a5656467657392cb3ff0000000000000cb4004000000000000a6636f756e747393"
    "010100a862696e7332303438c0a666656e63657382a36c6f77cbbfec000000000000a468696768cb4011800000000000aa64696374696f"
    "6e617279c0a86f766572666c6f77c2a6736f7572636591a164a26174d6ff695ba7c0a477616c6cd6ff695ba7c0"
)
"""A profile of the release before noise, features and samples were frozen."""


def fresh(frame: pl.DataFrame, *wanted: Wanted) -> Profile:
    """What this release freezes."""
    return freeze(
        frame, wanted, name="old", subject="a/b", window=Window.of_partition("2026-01-04"), source=("d",), at=NOON,
        wall=NOON,
    )  # fmt: skip


def test_a_profile_of_an_older_release_is_read_and_keeps_its_digest() -> None:
    """Fields that came later are at their defaults, and then no part of the digest: measurements still find it."""
    kept = decode(BYTES, DIGEST)
    assert kept.digest == DIGEST
    assert decode(encode(kept), DIGEST) == kept
    assert kept.column("x") == fresh(pl.DataFrame({"x": [1.0, 2.5, None]}), Wanted("x")).column("x")


def test_what_came_later_counts_where_it_is_said() -> None:
    """Noise and a sample are content: they change the digest, and come back from bytes."""
    kept = decode(BYTES)
    (first, *rest) = kept.columns
    noisy = replace(kept, columns=(replace(first, noise=(Noise(metric="m", rows=1, p99=0.1, p999=0.2),)), *rest))
    sampled = replace(kept, sample=(Sampled(column="x", values=(1.0, None, "a")),))
    assert len({kept.digest, noisy.digest, sampled.digest}) == 3
    for profile in (noisy, sampled):
        assert decode(encode(profile), profile.digest) == profile


def test_metrics_that_need_noise_have_it_frozen() -> None:
    """Of a promised W1 and total variation, for four sizes of windows; the same again, whatever the order of rows."""
    frame = pl.DataFrame({"x": [float(i * i % 997) for i in range(500)]})
    want = Wanted("x", metrics=("drift.tvd", "drift.wasserstein"))
    column = fresh(frame, want).column("x")
    assert column is not None
    assert column.bins2048 is not None
    assert {(n.metric, n.rows) for n in column.noise} == {
        (metric, rows) for metric in want.metrics for rows in (100, 1_000, 10_000, 100_000)
    }
    assert all(0 < n.p99 <= n.p999 for n in column.noise)
    assert fresh(frame.reverse(), want).digest == fresh(frame, want).digest
    assert fresh(frame, Wanted("x")).column("x") != column
