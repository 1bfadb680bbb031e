"""Runs the demo (``make demo``, ``python -m assets.demo``): it starts afresh, and asks before removing another."""

import argparse
import logging
import os
import shutil
import sys
import time
from pathlib import Path

MARK = "demo"
"""A file of this name in the state folder says that a demo made it."""


def main(arguments: list[str] | None = None) -> int:
    """Tell the story; 0 when all of it was told, 1 when what stands there must not be removed."""
    parser = argparse.ArgumentParser(prog="python -m assets.demo", description=__doc__)
    parser.add_argument("--yes", action="store_true", help="remove a state that no demo made, without asking")
    parser.add_argument("--width", type=int, help="columns of the terminal (default: as it is)")
    chosen = parser.parse_args(arguments)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    from qoa_platform.ledger.home import find_home

    home = find_home(Path(__file__).parent)
    if not _afresh(home.state, home.dagster, yes=chosen.yes):
        return 1
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    _play(chosen.width)
    return 0


def _afresh(state: Path, dagster: Path, *, yes: bool) -> bool:
    """Remove what an earlier demo left; whether the demo may begin."""
    standing = [p for p in (state, dagster) if p.exists() and any(p.iterdir())]
    if standing and not (state / MARK).exists() and not yes:
        names = " and ".join(str(p) for p in standing)
        if not sys.stdin.isatty():
            sys.stderr.write(f"{names}: no demo made this. Move it away, or say --yes to have it removed.\n")
            return False
        if input(f"{names}: no demo made this. Remove it and begin afresh? [y/N] ").strip().lower() not in ("y", "yes"):
            return False
    for path in standing:
        shutil.rmtree(path)
    state.mkdir(parents=True)
    (state / MARK).write_text("made by make demo; the next one starts afresh\n", encoding="utf-8")
    return True


def _play(width: int | None) -> None:
    from rich.console import Console

    from assets.demo.calendar import day
    from assets.demo.ending import ending
    from assets.demo.screen import Screen
    from assets.demo.stage import Stage
    from assets.demo.story import tell
    from qoa_platform.cli.dagster_home import make_dagster_home
    from qoa_platform.orchestration.lanes import project_instance
    from qoa_platform.workspace import open_workspace

    began = time.monotonic()
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    alerts = logging.getLogger("qoa.alerts")
    alerts.propagate = False
    console = Console(width=width, highlight=False)
    console.print("qoa-platform: real grocery sales of 2017 under contracts/retail.yaml, day by day", style="bold")
    workspace = open_workspace(Path(__file__).parent)
    make_dagster_home(workspace.home)
    alerts.addHandler(logging.FileHandler(workspace.home.state / "alerts.log"))
    screen = Screen(console)
    with project_instance(workspace) as instance:
        stage = Stage.of(workspace, instance, screen.watch, day(0))
        tell(stage, screen)
        console.print()
        ending(stage, console)
    console.print(f"\nTold in {time.monotonic() - began:.0f} s. Look at it:", style="bold")
    console.print("  make dev                        assets, checks, plots, lineage in the browser: this very state")
    console.print("  .venv/bin/qoa incidents         what happened, again")
    console.print("  .venv/bin/qoa why retail/forecast      from a forecast back to the data it came from")
    console.print("  .qoa/alerts.log                 what people were told")
    console.print("  .venv/bin/qoa policy explain    what would be done now, and why not")


if __name__ == "__main__":
    sys.exit(main())
