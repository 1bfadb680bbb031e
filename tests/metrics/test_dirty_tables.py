"""Metrics on real dirty tables whose truth is known: dependencies, accuracy, detection (the folder is in QOA_DATA)."""

from os import environ
from pathlib import Path

import polars as pl
import pytest

from qoa_platform.metrics import Metric
from qoa_platform.records import Reading
from qoa_platform.scans import measure
from tests.metrics.making import one

pytestmark = pytest.mark.skipif(not environ.get("QOA_DATA"), reason="QOA_DATA names no folder of real data")
HOSPITAL = {
    "name>zip": (477, 29), "name>phone": (517, 33), "measure_code>measure_name": (658, 36),
    "measure_code>state_average": (886, 46), "provider_number>name": (412, 24), "measure_code>condition": (772, 32),
    "name>address_1": (479, 30), "name>owner": (433, 27), "name>provider_number": (515, 28), "city>county": (627, 36),
    "zip>emergency_service": (478, 26), "name>city": (578, 32), "measure_name>measure_code": (695, 29),
    "name,phone,owner>state": (368, 21), "condition,measure_name>type": (635, 26),
}  # fmt: skip
"""Rule → rows in conflict, least rows to remove: figures of another engine (metrics.md, section 8)."""
BEERS = {"brewery_id>city": (866, 120), "brewery_id>state": (866, 120), "brewery_id>brewery_name": (0, 0)}


def table(name: str, state: str) -> pl.DataFrame:
    """A table, dirty or clean."""
    return pl.read_parquet(Path(environ["QOA_DATA"], name, f"{state}.parquet"))


def counted(
    frame: pl.DataFrame, rules: list[str], *, merge: bool, **missing: tuple[str, ...]
) -> dict[str, tuple[int, int]]:
    """Rows in conflict and least rows to remove, per rule."""
    wanted: list[Metric] = []
    for rule in rules:
        left, right = rule.split(">")
        sides = {"left": tuple(left.split(",")), "right": (right,), "merge": merge}
        wanted += [one("data.fd_conflict_share", **sides), one("data.fd_violation", **sides)]
    rows = [m.reading for m in measure(frame, [(m, None) for m in wanted], missing=missing).measured]
    numbers = [round((r.value or 0.0) * r.n) for r in rows]
    return dict(zip(rules, zip(numbers[::2], numbers[1::2], strict=True), strict=True))


@pytest.mark.parametrize("merge", [False, True])
def test_the_dependencies_of_hospitals_are_broken_as_often_as_is_known(merge: bool) -> None:
    """Fifteen published rules, in the dirty table and in the clean one, where one of them is false as well."""
    assert counted(table("dirty_hospital", "dirty"), list(HOSPITAL), merge=merge) == HOSPITAL
    clean = counted(table("dirty_hospital", "clean"), list(HOSPITAL), merge=merge)
    assert {rule: found for rule, found in clean.items() if found != (0, 0)} == {
        "measure_code>state_average": (793, 20)
    }


def test_a_declared_token_mends_the_dependency_of_beers() -> None:
    """With "" declared missing no brewery has two states; as a value it makes 866 rows conflict."""
    beers = table("dirty_beers", "dirty")
    assert counted(beers, list(BEERS), merge=False) == BEERS
    assert counted(beers, ["brewery_id>state"], merge=False, state=("",)) == {"brewery_id>state": (0, 0)}


def test_accuracy_counts_the_wrong_cells() -> None:
    """509 of 20 000 cells of the hospitals differ, in 407 rows; every row of the truth is found."""
    dirty, clean = (
        table("dirty_hospital", state).drop("index", strict=False).with_row_index("row") for state in ("dirty", "clean")
    )
    wanted = [
        one(f"data.{name}", truth="clean", key=("row",)) for name in ("cell_accuracy", "row_accuracy", "truth_coverage")
    ]
    found: list[Reading] = [
        m.reading for m in measure(dirty, [(m, None) for m in wanted], missing={}, beside={"clean": clean}).measured
    ]
    wrong = [round((1 - (r.value or 0.0)) * r.n) for r in found]
    assert wrong == [509, 407, 0]
