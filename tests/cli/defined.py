"""Owns definitions of the tests: the retail assets by name, without anything to compute, for a project that loads."""

from pathlib import Path

MODULE = """
import dagster as dg

NAMES = "raw_day sales_day department_sales features demand_model backtest forecast scorecard".split()
print("definitions are imported")


def made(name, above):
    daily = dg.DailyPartitionsDefinition("2017-01-01") if name in ("raw_day", "sales_day") else None
    metadata = {"qoa/model": "demand"} if name == "demand_model" else {}

    @dg.asset(key=["retail", name], deps=[["retail", above]] if above else [], partitions_def=daily, metadata=metadata)
    def compute() -> None: ...

    return compute


defs = dg.Definitions(assets=[made(name, above) for name, above in zip(NAMES, [None, *NAMES])])
"""


def define(root: Path) -> None:
    """Give the project at *root* definitions that load. Importing them prints something, as careless ones do."""
    (root / "workspace.yaml").write_text("load_from:\n  - python_module: {module_name: defined_here}\n")
    (root / "defined_here.py").write_text(MODULE)
