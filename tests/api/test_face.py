"""Tests of the face as a whole: what it imports, and that it is found under the library's own name."""

import subprocess
import sys

import pytest

import qoa_platform

CHILD = """
import sys
import qoa_platform
assert "polars" not in sys.modules, "importing the library imports a frame library"
found = qoa_platform.measure({"x": [1, None]}, "data.completeness")
assert found.value("data.completeness", "x") == 0.5
qoa_platform.compare({"x": [1, 2]}, {"x": [1, 2]})
heavy = {"dagster", "sqlite3", "sqlalchemy", "pandas", "sklearn", "pandera", "ray", "pyspark"} & set(sys.modules)
assert not heavy, heavy
"""


def test_no_dagster_and_no_ledger_on_this_path() -> None:
    """In a process of its own: measuring and comparing import neither Dagster, nor a ledger, nor what is heavy."""
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_library_lends_its_name() -> None:
    """``qoa_platform.measure`` is the face's, and what does not exist is an AttributeError."""
    assert {name for name in qoa_platform.FACE if callable(getattr(qoa_platform, name))} == set(qoa_platform.FACE)
    assert set(qoa_platform.FACE) <= set(dir(qoa_platform))
    with pytest.raises(AttributeError, match="no attribute 'mesure'"):
        _ = qoa_platform.mesure
