"""Owns real engines for tests: a Ray and a Spark of two workers each on this machine; skips where they are missing."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = str(Path(__file__).parents[2])


@contextmanager
def local_ray() -> Iterator[Any]:
    """Ray with two processors, started for the test and stopped after it."""
    ray = pytest.importorskip("ray", reason="ray is not installed: make scale")
    os.environ["PYTHONPATH"] = ROOT
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        yield ray
    finally:
        ray.shutdown()


@contextmanager
def local_spark() -> Iterator[Any]:
    """A session of Spark with two workers, in UTC."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: make scale")
    from pyspark.sql import SparkSession

    os.environ |= {"PYSPARK_PYTHON": sys.executable, "PYTHONPATH": ROOT, "SPARK_LOCAL_IP": "127.0.0.1"}
    settings = {
        "spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "4",
        "spark.ui.showConsoleProgress": "false", "spark.driver.bindAddress": "127.0.0.1",
    }  # fmt: skip
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()
