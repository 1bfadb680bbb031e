"""Owns ``qoa incidents`` and ``qoa incident``: what happened, when, where, how, and who, folded from the ledger."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Exit, unknown
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from qoa_platform.cli.output import Table
    from qoa_platform.cli.project import Project
    from qoa_platform.records import Contract, Incident

COLUMNS = ("n", "state", "what", "where", "window", "detected", "to detect", "to recover", "recovered by", "who")
NONE = "no incident: nothing that was promised stayed broken"


@leaf(example=["qoa incidents", "qoa incidents --open --json"])
@click.option("--open", "only_open", is_flag=True, help="Only those that are not resolved.")
@click.option("--last", type=click.IntRange(1), help="Only the newest so many.")
def incidents(*, only_open: bool, last: int | None, as_json: bool) -> None:
    """Every incident in one line each.

    An incident is a group of episodes that were caused and cured together: a bad day breaks many promises, and is one
    incident. Times to detect and to recover are in wall-clock time.
    """
    from qoa_platform.cli.output import Table, emit, say, tables
    from qoa_platform.cli.project import open_project

    found = [i for i in folded(open_project()) if not only_open or i.state != "resolved"]
    found = found[-last:] if last else found
    if as_json:
        emit({"incidents": found})
    elif not found:
        say(NONE)
    else:
        tables(Table(columns=COLUMNS, rows=[_row(i) for i in found]))


@leaf(example=["qoa incident 3", "qoa incident 3 --json"], exits=(Exit.PROJECT, Exit.LEDGER))
@click.argument("which", metavar="N|ID")
def incident(*, which: str, as_json: bool) -> None:
    """One incident: what, when, where, how and who.

    N is the number that `qoa incidents` shows; ID (or its first digits) stays the same for ever.
    """
    from qoa_platform.cli.failing import failing_table
    from qoa_platform.cli.output import emit, say, tables
    from qoa_platform.cli.project import open_project
    from qoa_platform.records import Verdict

    project = open_project()
    found = chosen(folded(project), which)
    if as_json:
        emit({"incident": found})
        return
    say(f"incident {found.number}  {found.state}{f' ({found.resolution})' if found.resolution else ''}  {found.id}", "")
    failing = failing_table(project.ledger.find(Verdict, ids=list(found.evidence)))
    tables(_w4h(found), *([failing] if failing else []), *([_handled(found)] if found.handled else []))
    say("", f"See why: qoa why incident:{found.number}")


def folded(project: "Project") -> "tuple[Incident, ...]":
    """Every incident of the ledger. Reads the verdicts of episodes only, however many others there are."""
    from qoa_platform.reactions.incidents import Evidence, fold_incidents
    from qoa_platform.records import Episode, Outcome, Reaction, Trial, Verdict

    episodes = project.ledger.find(Episode)
    if not episodes:
        return ()
    verdicts = project.ledger.find(Verdict, series=sorted({e.series for e in episodes}))
    judged = project.ledger.find(Trial, ids=sorted({v.trial for v in verdicts if v.trial is not None}))
    read = {f"{r.asset}|{r.partition}" for t in judged for r in t.reads if r.partition == t.partition}
    fetched = project.ledger.find(Trial, series=sorted(read)) if read else []  # an incident starts where data came in
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in project.ledger.find(Outcome, all_revisions=True):
        outcomes[outcome.reaction].append(outcome)
    evidence = Evidence(
        contracts=_contracts(project), episodes=episodes, verdicts=verdicts,
        reactions=project.ledger.find(Reaction),
        outcomes={name: sorted(told, key=lambda o: o.revision) for name, told in outcomes.items()},
        trials=[*judged, *fetched], graph=project.recorded,
    )  # fmt: skip
    return fold_incidents(evidence)


def _contracts(project: "Project") -> "dict[str, Contract]":
    """Every contract that ever was, by name: the one in force, else the last that was."""
    from qoa_platform.records import Enacted

    ever = {e.contract.name: e.contract for e in project.ledger.find(Enacted)}
    return ever | {c.name: c for c in project.in_force()}


def chosen(found: "Sequence[Incident]", which: str) -> "Incident":
    """The incident of that number, or of that id (its first digits are enough). Raises Complaint."""
    by_number = [i for i in found if str(i.number) == which]
    by_id = [i for i in found if len(which) >= 4 and i.id.startswith(which)]  # noqa: PLR2004 (shorter is a number)
    if len(by_number or by_id) != 1:
        raise unknown("incident", which, [str(i.number) for i in found])
    return (by_number or by_id)[0]


def _row(found: "Incident") -> tuple[object, ...]:
    windows = [str(w) for w in found.windows]
    return (
        found.number, found.state, ", ".join(found.promises), found.subject,
        windows[0] if len(windows) == 1 else f"{windows[0]} … {windows[-1]}", found.detected, found.time_to_detect,
        found.time_to_recover, found.recovered_by, ", ".join(found.responsible) or found.owner,
    )  # fmt: skip


def _w4h(found: "Incident") -> "Table":
    from qoa_platform.cli.output import Table, listing, shown

    when = {
        "started": found.started,
        "detected": found.detected,
        "mitigated": found.mitigated,
        "recovered": found.recovered,
    }
    times = [f"{name} {shown(time)}" for name, time in when.items() if time is not None]
    rows: list[tuple[str, object]] = [
        ("what", f"{found.type}, {found.effect}: {', '.join(found.promises)}"),
        ("when", "; ".join(times)),
        ("", f"windows {listing(found.windows)}"),
        ("", f"time to detect {shown(found.time_to_detect) or '–'}, to recover {shown(found.time_to_recover) or '–'}"),
        ("where", f"{found.subject}; downstream: {listing(found.downstream)}"),
        ("how", found.cause or "the cause is not recorded"),
        ("", f"recovered by {found.recovered_by}" if found.recovered_by else "not recovered yet"),
        ("who", f"owner {found.owner}; responsible {listing(found.responsible)}; affected {listing(found.affected)}"),
        ("", f"runbook {found.runbook or 'none'}"),
    ]
    return Table(columns=("", ""), rows=rows)


def _handled(found: "Incident") -> "Table":
    from qoa_platform.cli.output import Table

    rows = [(h.at, h.kind, h.target, h.rule, h.outcome, h.attempts, h.reaction[:12]) for h in found.handled]
    return Table(columns=("at", "reaction", "target", "rule", "outcome", "attempts", "id"), rows=rows)
