"""Owns ``qoa alerts``: the outbox, delivered by hand."""

import click

from qoa_platform.cli.exits import Exit
from qoa_platform.cli.lazy import Entry, LazyGroup
from qoa_platform.cli.leaf import leaf

alerts = LazyGroup(
    name="alerts",
    help="Alerts wait in the outbox of the ledger until a channel of alerts.yaml took them. Both lanes deliver them.",
    entries={
        "deliver": Entry(
            module="qoa_platform.cli.alerts", attribute="deliver", summary="Send what waits, through every channel."
        )
    },
)


@leaf(example=["qoa alerts deliver", "qoa alerts deliver --limit 10 --json"],
      exits=(Exit.FINDINGS, Exit.PROJECT, Exit.LEDGER))  # fmt: skip
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="At most, per channel.")
@click.pass_context
def deliver(ctx: click.Context, *, limit: int, as_json: bool) -> None:
    """Send what waits in the outbox, through every channel.

    At least once: a crash in between sends again, under the same idempotency key. The exit code is 1 when a channel did
    not take something; it stays in the outbox.
    """
    from qoa_platform.alerts import Channels
    from qoa_platform.alerts import deliver as send
    from qoa_platform.cli.output import emit, say
    from qoa_platform.cli.project import open_project

    project = open_project()
    channels = Channels.of(project.home.root)
    at, wall = project.clock.at(), project.clock.wall()
    done = send(project.ledger, channels, at=at, wall=wall, limit=limit)
    if as_json:
        emit({"channels": channels.sinks, "delivered": done})
    else:
        say(f"{done.sent} notifications, {done.alerts} alerts in them, through {', '.join(channels.sinks)}")
        for f in done.failures:
            say(f"not delivered to {f.sink}: {f.cause} (try {f.tries}, again in {f.again_in:g} s)")
        for left in done.deferred:
            say(f"left alone: {left} (it failed a moment ago, or another process has it)")
    ctx.exit(Exit.FINDINGS if done.failures else Exit.DONE)
