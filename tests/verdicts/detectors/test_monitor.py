"""Tests of the default monitor: its false alarms by simulation, what each half sees, what it does after an alarm."""

from os import environ
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy.stats import ks_2samp, mannwhitneyu

from qoa_platform.verdicts.detectors.monitor import Monitor, _chances, gap

Floats = npt.NDArray[np.float64]


def still(rng: np.random.Generator, rows: int, shift: float = 0.0) -> dict[str, Floats]:
    """Two inputs."""
    return {"a": rng.normal(size=rows) + shift, "b": rng.random(rows)}


def wrong(rng: np.random.Generator, rows: int, rate: float) -> Floats:
    """Errors of that rate."""
    return (rng.random(rows) < rate).astype(np.float64)


def false_alarms(rows: int, seed: int, every: int) -> int:
    """How many alarms there are in *rows* rows in which nothing changes."""
    rng = np.random.default_rng(seed)
    found = 0
    for rate in (0.02, 0.3):
        monitor = Monitor(still(rng, 2_000), every=every)
        found += len(monitor.update(still(rng, rows // 2), wrong(rng, rows // 2, rate)))
    return found


def test_false_alarms_are_as_declared() -> None:
    """At most one in *every* rows: 50 000 rows at one in 5 000 have 10 at most."""
    assert false_alarms(50_000, 1, every=5_000) <= 10


@pytest.mark.slow
def test_false_alarms_are_as_declared_in_the_long_run() -> None:
    """A million rows at the default have at most ten."""
    assert sum(false_alarms(200_000, seed, every=100_000) for seed in range(5)) <= 10


def test_each_half_sees_what_the_other_cannot() -> None:
    """Errors rise within 60 rows of a change of p(y given x); inputs move within 300, whatever the errors do."""
    rng = np.random.default_rng(2)
    for rate, shift, kind, late in ((0.5, 0.0, "errors", 60), (0.1, 0.5, "inputs", 300)):
        monitor = Monitor(still(rng, 2_000))
        assert monitor.update(still(rng, 3_000), wrong(rng, 3_000, 0.1)) == []
        (alarm,) = monitor.update(still(rng, 1_000, shift), wrong(rng, 1_000, rate))
        assert (alarm.kind, alarm.column) == (kind, "a" if kind == "inputs" else None)
        assert 3_000 < alarm.at <= 3_000 + late
        assert alarm.since is not None
        assert abs(alarm.since - 3_001) <= late
        assert set(alarm.evidence()) == {"kind", "column", "at", "since", "statistic", "level"}


def test_better_is_a_change_too() -> None:
    """Errors that fall are seen as well as errors that rise."""
    rng = np.random.default_rng(3)
    monitor = Monitor()
    (alarm,) = monitor.update(errors=np.concatenate([wrong(rng, 2_000, 0.5), wrong(rng, 500, 0.1)]))
    assert 2_000 < alarm.at < 2_100


def test_one_alarm_a_change_and_the_next_one_is_seen() -> None:
    """After an alarm the level is learnt anew: a lasting change is told once, and the way back as well."""
    rng = np.random.default_rng(4)
    errors = np.concatenate([wrong(rng, 4_000, rate) for rate in (0.1, 0.4, 0.1)])
    found = Monitor().update(errors=errors)
    assert [4_000 < a.at < 4_200 or 8_000 < a.at < 8_200 for a in found] == [True, True]


def test_batches_do_not_matter() -> None:
    """In batches of whole hundreds the alarms are those of all rows at once."""
    rng = np.random.default_rng(5)
    inputs, errors = still(rng, 6_000), np.concatenate([wrong(rng, 3_000, 0.1), wrong(rng, 3_000, 0.4)])
    whole, parts = Monitor(), Monitor()
    found = whole.update(inputs, errors)
    batched = [
        a for s in range(0, 6_000, 300)
        for a in parts.update({n: v[s : s + 300] for n, v in inputs.items()}, errors[s : s + 300])
    ]  # fmt: skip
    assert batched == found != []


def test_the_chances_are_scipys() -> None:
    """Ranks as Mann and Whitney's; the gap is that of ks_2samp, and its chance is never below the exact one."""
    rng = np.random.default_rng(6)
    one, two = np.sort(rng.normal(size=800)), np.sort(rng.normal(0.15, 1.0, size=300))
    ranks, shape = _chances(one, two)
    exact = ks_2samp(one, two)
    assert ranks == pytest.approx(mannwhitneyu(one, two, use_continuity=False, method="asymptotic").pvalue, rel=1e-9)
    assert gap(one, two) == pytest.approx(exact.statistic)
    assert shape >= exact.pvalue * 0.99


def test_whatever_is_handed_in() -> None:
    """Missing, constant, empty and infinite values raise nothing and mean nothing; wrong lengths are a mistake."""
    monitor = Monitor({"a": [1.0] * 500, "gone": []})
    values = [float("nan"), float("inf"), 1.0, 1.0] * 500
    assert monitor.update({"a": values, "gone": [float("nan")] * 2_000}, [float("nan"), 7.0, 0.0, 0.0] * 500) == []
    assert monitor.update() == monitor.update({}, []) == []
    with pytest.raises(ValueError, match="one length"):
        monitor.update({"a": [1.0]}, [0.0, 1.0])
    with pytest.raises(ValueError, match="1 000 rows or more"):
        Monitor(every=10)


@pytest.mark.skipif(not environ.get("QOA_DATA"), reason="QOA_DATA names no folder of real data")
@pytest.mark.parametrize("name", ["sine_0123_abrupto", "mixed_0101_abrupto", "stagger_0120_abrupto"])
def test_known_streams(name: str) -> None:
    """All three drifts are found within 1 000 rows, and nothing else, with a tree of the first 2 000 rows."""
    from sklearn.tree import DecisionTreeClassifier

    frame = pl.read_parquet(Path(environ["QOA_DATA"], "thu_synthetic", f"{name}.parquet"))
    inputs, classes = frame.drop("class").to_numpy(), frame["class"].to_numpy()
    model = DecisionTreeClassifier(random_state=0).fit(inputs[:2_000], classes[:2_000])
    errors = (model.predict(inputs) != classes).astype(np.float64)
    monitor = Monitor({c: frame[c][:2_000].to_numpy() for c in frame.columns[:-1]})
    found = monitor.update({c: frame[c][2_000:].to_numpy() for c in frame.columns[:-1]}, errors[2_000:])
    assert [(a.at + 2_000) // 10_000 for a in found] == [1, 2, 3]
    assert all((a.at + 2_000) % 10_000 <= 1_000 for a in found)
