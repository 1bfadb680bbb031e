"""Owns ``qoa react``: the reactor lane as a process, or one round of it by hand."""

import click

from qoa_platform.cli.exits import Exit
from qoa_platform.cli.leaf import leaf


@leaf(
    example=["qoa react", "qoa react --once", "qoa react --once --inline", "qoa react --once --window 2017-10-04"],
    exits=(Exit.FINDINGS, Exit.PROJECT, Exit.STATE, Exit.LEDGER),
)
@click.option("--once", is_flag=True, help="Take what is due now, deliver the alerts, and end.")
@click.option(
    "--inline", is_flag=True,
    help="Execute the runs that reactions ask for here. Not beside a daemon: a project uses one of the two.",
)  # fmt: skip
@click.option(
    "--window", "windows", multiple=True, metavar="DAY",
    help="React to this day although it is history (imported, or older than react_within); may be repeated.",
)  # fmt: skip
@click.option(
    "--idle", type=click.FloatRange(0.1, 3600), default=5.0, show_default=True, help="Look at least so often (s)."
)
@click.pass_context
def react(
    ctx: click.Context, *, once: bool, inline: bool, windows: tuple[str, ...], idle: float, as_json: bool
) -> None:
    """The reactor lane: apply at once whatever needs no run.

    Woken by every committed row, it judges what is due, decides, and applies alias moves, quarantine, holds, presets
    and terminations; alerts are delivered beside it. What needs a run it marks as requested: the reconcile sensor
    launches it. Ctrl-C (or SIGTERM) ends it; nothing is lost, for it remembers nothing.

    The exit code of --once is 1 when an alert was not delivered, or this process holds an older contract than the one
    in force.
    """
    from qoa_platform.cli.reacting import one_round, open_lane, until_stopped
    from qoa_platform.cli.stopping import stopped

    lane = open_lane(inline=inline, windows=windows)
    if once:
        ctx.exit(one_round(lane, as_json=as_json))
    until_stopped(lane, stopped(), idle=idle, as_json=as_json)
