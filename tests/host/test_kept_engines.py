"""Dagster's SQLite engines are kept in a process that executes runs by itself: no event is lost by that."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
import dagster as dg
from qoa_platform.orchestration.thrift import thrifty

thrifty()
TAGS = {"dagster/data_version": "7", "dagster/data_version_is_user_provided": "true"}


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b"]), backfill_policy=dg.BackfillPolicy.single_run())
def days(context):
    for partition in context.partition_keys:
        yield dg.AssetMaterialization(context.asset_key, partition=partition, tags=TAGS)
    yield dg.MaterializeResult(data_version=dg.DataVersion("8"))


range_ = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "b"}
with dg.DagsterInstance.local_temp(sys.argv[1]) as instance:
    dg.materialize([days], instance=instance, tags=range_)
with dg.DagsterInstance.local_temp(sys.argv[1]) as instance:
    found = instance.fetch_materializations(dg.AssetRecordsFilter(days.key), limit=20).records
    print(sorted((r.partition_key, (r.asset_materialization.tags or {})["dagster/data_version"]) for r in found))
"""


def test_every_materialization_is_found_again(tmp_path: Path) -> None:
    """Dagster writes an event while another transaction of its own is open: neither may undo the other."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(sorted([("a", "7"), ("b", "7"), ("a", "8"), ("b", "8")]))
