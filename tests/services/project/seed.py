"""Owns how a market begins: history in one import, first champions, two bad days that nobody has reacted to yet.

Run by the tests in a process of its own, in the project's folder.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from qoa_platform.ledger.injections import plant
from qoa_platform.orchestration.inline import InlineRuns, settle
from qoa_platform.orchestration.lanes import project_instance, project_ports
from qoa_platform.orchestration.tags import IMPORT
from qoa_platform.records import Injection
from qoa_platform.workspace import Workspace, open_workspace

FIRST = date.fromisoformat(Path("first_day").read_text().strip())
CHAINS, MODELS = Path("chains").read_text().split(), Path("models").read_text().split()


def day(number: int) -> str:
    """The day with that number, counted from 1."""
    return (FIRST + timedelta(days=number - 1)).isoformat()


def main() -> None:
    """Seed the project around the working directory."""
    workspace = open_workspace()
    with project_instance(workspace) as instance:
        ports = project_ports(workspace, inline=True, instance=instance)
        assert isinstance(ports.runs, InlineRuns)
        history(ports.runs)
        ports.runs.execute(every(MODELS, "trend", "model", "backtest"), config=trained(MODELS, error=0.2))
        settle(ports)
        ports.runs.execute(every(MODELS, "forecast", "scorecard"))
        ports.runs.execute(every(["bad"], "model", "backtest"), config=trained(["bad"], error=0.1, live=0.9))
        settle(ports)
        planted(workspace)
        for number in (6, 7):
            ports.runs.execute(every(["twice"], "raw", "clean"), partition=day(number))
    workspace.ledger.close()


def every(names: list[str], *assets: str) -> list[str]:
    """Those assets of each of *names*."""
    return [f"{name}/{asset}" for name in names for asset in assets]


def trained(names: list[str], **how: float) -> dict[str, Any]:
    """The run config of a training run."""
    return {"ops": {f"{name}__model": {"config": how} for name in names}}


def history(runs: InlineRuns) -> None:
    """Days 1 to 5 of every chain; ``stubborn`` has 6 to 8 too."""
    imported = {IMPORT: "history"}
    runs.execute(every(CHAINS, "raw", "clean"), span=(day(1), day(5)), run_tags=imported)
    runs.execute(every(["stubborn"], "raw", "clean"), span=(day(6), day(8)), run_tags=imported)
    runs.execute(every(CHAINS, "total"), run_tags=imported)


def planted(workspace: Workspace) -> None:
    """What the feeds will do wrong: days in halves, once each; a day without amounts, for good; a level that shifts."""
    amount = ("columns", ("amount",))
    faults = (
        Injection(target="feed:once/raw", kind="half_rows", partition=day(8)),
        Injection(target="feed:twice/raw", kind="half_rows", partition=day(6)),
        Injection(target="feed:twice/raw", kind="half_rows", partition=day(7)),
        Injection(
            target="feed:stubborn/raw", kind="nulls", partition=day(7), times=None, params=(amount, ("share", 0.5))
        ),
        Injection(target="feed:better/trend", kind="unit_change", times=None, params=(amount,)),
    )
    for fault in faults:
        at, wall = workspace.clock.at(), workspace.clock.wall()
        plant(workspace.ledger, fault, actor="a test", reason="to see", at=at, wall=wall)


if __name__ == "__main__":
    main()
