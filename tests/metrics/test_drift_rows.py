"""Drift of whole rows: MMD on frozen features, the classifier that tells samples apart, and their noise."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from qoa_platform.metrics import Metric, MetricError
from qoa_platform.profiles import Wanted, freeze
from qoa_platform.records import Profile, Reading, Reason, Window
from qoa_platform.scans import measure
from qoa_platform.scans.fourier import frequencies
from qoa_platform.verdicts.noise import drawn_floor
from tests.metrics.making import one

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PAIR = ("x", "y")
KNOWN = [0.6193066865571208, -0.2477798289276039, -0.5365144027425833]


def rows(seed: int, n: int, shift: float = 0.0) -> pl.DataFrame:
    """Two numbers that hang together, and a word."""
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, 1.0, n)
    return pl.DataFrame({"x": x, "y": x + rng.normal(size=n), "s": rng.choice(["a", "b", "c"], n)})


def frozen(frame: pl.DataFrame, *metrics: str, beside: tuple[str, ...] = PAIR) -> Profile:
    """The reference of both metrics."""
    return freeze(
        frame, [Wanted(beside[0], metrics=metrics, beside=beside)], name="n", subject="a/b",
        window=Window.of_partition("2026-01-04"), source=(), at=NOON, wall=NOON,
    )  # fmt: skip


def reading(metric: Metric, reference: Profile | None, frame: pl.DataFrame) -> Reading:
    """Of one scan."""
    return measure(frame, [(metric, reference)], missing={}).measured[0].reading


def test_frequencies_are_the_same_for_ever() -> None:
    """They follow from their place by SHA-256, are standard normal, and others for another seed."""
    found = frequencies(0, 2)
    assert found.shape == (2, 256)
    assert found[0, :3].tolist() == pytest.approx(KNOWN, rel=1e-12)
    assert abs(found.mean()) < 0.1
    assert found.std() == pytest.approx(1.0, abs=0.1)
    assert not np.allclose(found, frequencies(1, 2))


def test_mmd_is_around_nothing_until_something_moves() -> None:
    """Unchanged rows lie below their floor, moved ones far above, whatever their order and their scale."""
    reference = frozen(rows(1, 3_000), "drift.mmd")
    (known,) = reference.features
    metric = one("drift.mmd", *PAIR)
    floor = drawn_floor("drift.mmd", 1_000, known.n, known.noise, dispersion=1, root=False)
    assert floor is not None
    same, moved = (reading(metric, reference, rows(2, 1_000, shift)) for shift in (0.0, 0.5))
    assert same.value is not None
    assert moved.value is not None
    assert abs(same.value) < floor < 0.02 < moved.value
    assert reading(metric, reference, rows(2, 1_000, 0.5).reverse()).value == pytest.approx(moved.value)
    larger = rows(1, 3_000).with_columns(pl.col("x", "y") * 1_000)
    again = reading(metric, frozen(larger, "drift.mmd"), rows(2, 1_000, 0.5).with_columns(pl.col("x", "y") * 1_000))
    assert again.value == pytest.approx(moved.value, rel=1e-6)


def test_noise_of_mmd_rarely_passes_its_floor() -> None:
    """False alarms at the drawn floor stay near α .01 over 100 windows that nothing happened to."""
    reference = frozen(rows(1, 3_000), "drift.mmd")
    (known,) = reference.features
    metric = one("drift.mmd", *PAIR)
    floor = drawn_floor("drift.mmd", 100, known.n, known.noise, alpha=0.01, dispersion=1, root=False)
    assert floor is not None
    values = [reading(metric, reference, rows(seed, 100)).value or 0.0 for seed in range(10, 110)]
    assert np.mean([value > floor for value in values]) <= 0.05


def test_a_classifier_tells_apart_what_differs() -> None:
    """The same rows again: about one half; moved numbers, or a word that was never there: nearly 1."""
    columns = ("s", "x", "y")
    reference = frozen(rows(1, 200), "drift.domain_auc", beside=columns)
    assert {part.column for part in reference.sample} == set(columns)
    metric = one("drift.domain_auc", *columns)
    same = reading(metric, reference, rows(2, 200))
    assert same.value is not None
    assert 0.5 <= same.value < 0.65
    assert same.n == 200
    assert (reading(metric, reference, rows(2, 200, 3.0)).value or 0.0) > 0.9
    words = rows(2, 200).with_columns(s=pl.lit("new"))
    assert (reading(metric, reference, words).value or 0.0) > 0.9
    assert reading(metric, reference, rows(2, 200).reverse()) == same
    assert reading(metric, reference, rows(2, 10)).reason is Reason.NOT_APPLICABLE


def test_what_is_not_frozen_is_no_reference() -> None:
    """Other columns than the frozen ones, constant rows, no profile: a reason; groups of a sample are refused."""
    constant = frozen(pl.DataFrame({"x": [1.0] * 9, "y": [2.0] * 9}), "drift.mmd")
    assert constant.features == ()
    for reference in (None, constant, frozen(rows(1, 50), "drift.mmd", "drift.domain_auc", beside=("y", "x"))):
        for metric in (one("drift.mmd", *PAIR), one("drift.domain_auc", *PAIR, "s")):
            assert reading(metric, reference, rows(2, 50)).reason is Reason.NO_REFERENCE
    with pytest.raises(MetricError, match=r"the sample is of all rows. Allowed: no by"):
        one("drift.domain_auc", "x", by="s")
