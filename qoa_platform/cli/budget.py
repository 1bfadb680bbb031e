"""Owns ``qoa budget``: the false alarms that a contract allows, how they are shared out, and what was spent."""

from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Exit, unknown
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from qoa_platform.cli.output import Table
    from qoa_platform.reactions.spending import Spending

COLUMNS = (
    "promise", "judge", "declared", "judged", "alarms", "confirmed", "accepted", "expected", "interval", "spend",
)  # fmt: skip
ALWAYS = "all"


@leaf(
    example=["qoa budget", "qoa budget --since 90d --json", "qoa budget --contract retail-demand --since all"],
    exits=(Exit.PROJECT, Exit.STATE, Exit.LEDGER),
)
@click.option("--contract", "name", help="Only this contract.")
@click.option(
    "--since",
    default="30d",
    show_default=True,
    metavar="AGO|DAY|all",
    help="Windows that ended later: 90d, 2017-09-01.",
)
def budget(*, name: str | None, since: str, as_json: bool) -> None:
    """False alarms: how many a contract allows a month, and what its promises spent of them.

    The contract's false_alarms: (30 days, all of it) is shared out over promises with a learnt bound or a noise floor.
    An alarm is a stretch of violated windows; confirmed: a bad window was mended; accepted: a person let it through.
    The interval is that of the alarms that were not confirmed: where what is expected lies below it, look closer.
    """
    from qoa_platform.cli.output import emit, say, tables
    from qoa_platform.cli.project import open_project
    from qoa_platform.cli.replaying import moment
    from qoa_platform.reactions.spending import spending_of

    project = open_project()
    held = project.contracts()
    if name is not None and name not in {c.name for c in held}:
        raise unknown("contract", name, [c.name for c in held])
    now = project.clock.at()
    begin = None if since.strip() == ALWAYS else moment("--since", since, now)
    found = [
        spending_of(project.ledger, c, since=begin, until=now) for c in held if name in (None, c.name)
    ]  # fmt: skip
    if as_json:
        emit({"budgets": [_plain(one) for one in found]})
        return
    for number, one in enumerate(found):
        say(*([""] if number else []), _head(one))
        tables(_table(one))


def _plain(found: "Spending") -> dict[str, object]:
    return {
        "contract": found.contract, "version": found.version, "since": found.since, "until": found.until,
        "declared": found.budget.declared, "by_default": found.budget.by_default, "spread": found.budget.spread,
        "expected": found.expected, "doubtful": sum(s.doubtful for s in found.counted), "interval": found.interval,
        "overspent": found.overspent, "shares": found.budget.shares, "promises": found.promises,
    }  # fmt: skip


def _head(found: "Spending") -> str:
    period = "over all time" if found.since is None else f"since {found.since:%Y-%m-%d}"
    declared = f"{found.budget.declared:g} false alarms a month{' (by default)' if found.budget.by_default else ''}"
    low, high = found.interval
    doubtful = sum(s.doubtful for s in found.counted)
    word = "more than the budget explains" if found.overspent else "within the budget"
    return (
        f"{found.contract} version {found.version}: {declared}, {found.budget.spread:.2g} of them shared out; {period} "
        f"{found.expected:.2g} expected, {doubtful} not confirmed (95 %: {low:.2g} to {high:.2g}): {word}"
    )


def _table(found: "Spending") -> "Table":
    from qoa_platform.cli.output import Table

    rows = [
        (
            f"{s.subject}.{s.promise}", s.kind or "a fixed bound", None if s.declared is None else f"{s.declared:.3g}",
            s.judged, s.alarms, s.confirmed, s.accepted, None if s.expected is None else f"{s.expected:.2g}",
            f"{s.low:.2g} to {s.high:.2g}", _word(overspent=s.overspent, statistical=s.kind is not None),
        )
        for s in found.promises
    ]  # fmt: skip
    return Table(columns=COLUMNS, rows=rows)


def _word(*, overspent: bool, statistical: bool) -> str:
    return ("over" if overspent else "within") if statistical else ""
