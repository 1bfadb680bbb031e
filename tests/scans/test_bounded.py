"""Bounded memory: a Parquet file of many times the limit passes through under it, with all checks and an exact key."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.scans.bounded import written


def measured(path: Path, memory: int) -> dict[str, Any]:
    """What a child process that measures the file within *memory* says."""
    command = [sys.executable, "-m", "tests.scans.bounded", str(path), str(memory)]
    done = subprocess.run(
        command, capture_output=True, check=False, text=True, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def checked(found: dict[str, Any], rows: int) -> None:
    """Every reading has a value, and those that are known beforehand are what they must be."""
    assert found["failed"] == []
    assert found["rows"] == rows
    readings = found["readings"]
    assert None not in readings.values()
    repeated = len(range(1_000_004, rows, 1_000_003)) + 1
    assert readings["data.uniqueness (('columns', ('basket',)),)"] == pytest.approx(1 - 2 * repeated / rows, abs=1e-12)
    assert readings["data.distinct_count (('columns', ('product',)),)"] == 90_000
    assert readings["data.matches (('columns', ('basket',)), ('pattern', '^[0-9]{14}$'))"] == 1.0
    assert readings["data.probe (('column', 'sales'), ('q', 0.5))"] == pytest.approx(2.37, abs=0.011)


@pytest.mark.serial
def test_a_file_beyond_the_memory_passes_through(tmp_path: Path) -> None:
    """A file of seven times the memory: all is read, in batches, within half of what its rows alone would take."""
    rows, size = written(tmp_path / "sales.parquet", 420_000_000)
    found = measured(tmp_path / "sales.parquet", 60_000_000)
    checked(found, rows)
    assert found["batches"] > 20
    assert found["reads"] == 2
    assert found["spilled"] >= 24 * rows
    assert found["peak"] - found["bare"] < size / 2


@pytest.mark.slow
@pytest.mark.serial
@pytest.mark.timeout(1_200)
def test_ten_times_the_memory_pass_through_under_it(tmp_path: Path) -> None:
    """7 GB of rows within 700 MB: completeness, ranges, sets, moments, exact quantiles, groups, a unique key."""
    limit = 700_000_000
    rows, size = written(tmp_path / "sales.parquet", 10 * limit)
    found = measured(tmp_path / "sales.parquet", limit)
    checked(found, rows)
    assert size >= 10 * limit
    assert found["peak"] - found["bare"] < limit
