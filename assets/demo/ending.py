"""Owns the end of the demo: every incident in W4H form, the champion's history, the candidates, and where to look."""

from collections import defaultdict
from datetime import timedelta

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from assets.demo.stage import MODEL, Stage
from qoa_platform.reactions.incidents import Evidence, fold_incidents
from qoa_platform.records import (
    Episode,
    Incident,
    Outcome,
    PointerKind,
    Reaction,
    Release,
    Trial,
    Verdict,
    printable,
)
from qoa_platform.releases import terms


def incidents(stage: Stage) -> tuple[Incident, ...]:
    """Every incident of the ledger, in the order in which they were detected."""
    ledger = stage.ports.ledger
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in ledger.find(Outcome, all_revisions=True):
        outcomes[outcome.reaction].append(outcome)
    world = stage.world
    return fold_incidents(
        Evidence(
            contracts={world.contract.name: world.contract}, episodes=ledger.find(Episode),
            verdicts=[v for v in ledger.find(Verdict) if not v.imported], reactions=ledger.find(Reaction),
            outcomes=outcomes, trials=ledger.find(Trial), graph=stage.ports.graph,
        )
    )  # fmt: skip


def show(stage: Stage, console: Console) -> None:
    """Print all of it."""
    console.print(_incidents(incidents(stage)))
    console.print(_champions(stage))
    console.print(_candidates(stage))
    console.print(_unpublished(stage))


def _incidents(found: tuple[Incident, ...]) -> Table:
    table = Table(title="What happened", box=box.SIMPLE_HEAD, show_lines=True, expand=True, title_justify="left")
    for name, ratio in (("#", 1), ("what", 5), ("when", 5), ("where", 5), ("how", 8), ("who", 4), ("reactions", 9)):
        table.add_column(name, ratio=ratio, overflow="fold")
    table.add_column("detected after", justify="right", no_wrap=True)
    table.add_column("recovered after", justify="right", no_wrap=True)
    for i in found:
        first, last = i.windows[0], i.windows[-1]
        when = f"{first}" if first == last else f"{first} to {last}"
        table.add_row(
            str(i.number), f"{i.type}: {', '.join(i.promises)}\n{i.effect}",
            f"{when}\ndetected {i.detected:%m-%d %H:%M}\n{i.state}: {i.resolution or 'goes on'}",
            f"{i.subject}\n↓ {', '.join(a.rpartition('/')[2] for a in i.downstream) or 'nothing'}",
            Text(printable(i.cause or "its data", 160)),
            f"{i.owner}\n{', '.join(i.responsible)}\naffects {', '.join(i.affected)}",
            "\n".join(f"{h.kind} {h.target.replace('retail/', '')} → {h.outcome}" for h in i.handled)
            + (f"\nrecovered by {i.recovered_by}" if i.recovered_by else ""),
            _span(i.time_to_detect), _span(i.time_to_recover),
        )  # fmt: skip
    table.caption = "Times to detect and to recover are wall-clock time of this run, not of the replay."
    return table


def _span(length: timedelta | None) -> str:
    return "–" if length is None else f"{length.total_seconds():.1f} s"


def _champions(stage: Stage) -> Table:
    table = Table(title="Champions of the model", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("version", "since", "until", "by", "why"):
        table.add_column(name, overflow="fold")
    for term in terms(stage.ports.ledger.moves(PointerKind.ALIAS), MODEL):
        until = f"{term.until:%Y-%m-%d}" if term.until else "now"
        table.add_row(
            term.version, f"{term.since:%Y-%m-%d}", until, f"{term.verb} ({term.actor})", printable(term.reason, 160)
        )
    return table


def _candidates(stage: Stage) -> Table:
    table = Table(title="Versions that did not become champion by the gate", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("version", "state", "reasons"):
        table.add_column(name, overflow="fold")
    promoted = {t.version for t in terms(stage.ports.ledger.moves(PointerKind.ALIAS), MODEL) if t.verb == "promote"}
    last = {r.id: r for r in stage.ports.ledger.find(Release)}
    for release in last.values():
        if release.version not in promoted:
            forced = " (forced)" if release.forced else ""
            table.add_row(release.version, f"{release.state}{forced}", printable("; ".join(release.reasons[:3]), 300))
    return table


def _unpublished(stage: Stage) -> Table:
    """The days of the second import that were kept back: nobody was told, and anybody may accept them."""
    table = Table(title="Days kept back in the imported history", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("day", "promises", "let it through"):
        table.add_column(name, overflow="fold")
    blocked: dict[str, list[str]] = defaultdict(list)
    for verdict in stage.ports.ledger.find(Verdict):
        if verdict.imported and verdict.blocks:
            blocked[verdict.window.partition].append(f"{verdict.key.promise} {verdict}")
    for partition, said in sorted(blocked.items()):
        table.add_row(partition, ", ".join(said), f"qoa accept retail/sales_day {partition} --reason …")
    return table
