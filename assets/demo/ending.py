"""Owns the end of the demo: every incident in W4H form, the champion's history, candidates, and what was kept back."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta

from rich import box
from rich.console import Console
from rich.table import Table

from assets.demo.stage import MODEL, Stage
from qoa_platform.reactions.incidents import Evidence, fold_incidents
from qoa_platform.records import (
    Episode,
    Handled,
    Incident,
    Outcome,
    PointerKind,
    Reaction,
    Release,
    Trial,
    Verdict,
    printable,
    show,
)
from qoa_platform.releases import terms


def ending(stage: Stage, console: Console) -> None:
    """Print all of it."""
    verdicts = {v.id: v for v in stage.ports.ledger.find(Verdict)}
    console.print(_incidents(incidents(stage, verdicts.values()), verdicts))
    console.print(_champions(stage))
    console.print(_candidates(stage))
    console.print(_kept_back(verdicts.values()))


def incidents(stage: Stage, verdicts: Iterable[Verdict]) -> tuple[Incident, ...]:
    """Every incident of the ledger, in the order in which they were detected."""
    ledger = stage.ports.ledger
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in ledger.find(Outcome, all_revisions=True):
        outcomes[outcome.reaction].append(outcome)
    return fold_incidents(
        Evidence(
            contracts={c.name: c for c in stage.workspace.contracts()}, episodes=ledger.find(Episode),
            verdicts=[v for v in verdicts if not v.imported], reactions=ledger.find(Reaction), outcomes=outcomes,
            trials=ledger.find(Trial), graph=stage.ports.graph,
        )
    )  # fmt: skip


def _incidents(found: Iterable[Incident], verdicts: Mapping[str, Verdict]) -> Table:
    table = Table(title="What happened", box=box.SIMPLE_HEAD, show_lines=True, expand=True, title_justify="left")
    shares = {"#": 1, "what": 8, "when": 6, "where": 6, "how": 10, "who": 5, "reaction → outcome": 11}
    for name, ratio in shares.items():
        table.add_column(name, ratio=ratio, overflow="fold")
    table.add_column("to detect", justify="right", no_wrap=True)
    table.add_column("to recover", justify="right", no_wrap=True)
    for i in found:
        table.add_row(
            str(i.number), f"{_promises(i)}\n{str(i.effect).replace('_', ' ')}", _when(i),
            f"{i.subject}\n↓ {', '.join(a.rpartition('/')[2] for a in i.downstream) or 'nothing'}",
            _how(i, verdicts), f"{', '.join(i.responsible)}\nowner {i.owner}", _reactions(i.handled, i.recovered_by),
            _span(i.time_to_detect), _span(i.time_to_recover),
        )  # fmt: skip
    table.caption = "Times to detect and to recover are wall-clock time of this run, not of the replay."
    return table


def _promises(incident: Incident) -> str:
    """The promises, those of groups counted: ``demand.honest[v5] (and in 6 groups)``."""
    whole = [p for p in incident.promises if p.count("[") < 2]  # noqa: PLR2004 (a version, or a group and a version)
    groups = len(incident.promises) - len(whole)
    return f"{incident.type}: {', '.join(whole)}" + (f" (and in {groups} groups)" if groups else "")


def _when(incident: Incident) -> str:
    first, last = incident.windows[0], incident.windows[-1]
    window = first.partition if first.partition == last.partition else f"{first.partition} to {last.end:%m-%d}"
    ended = f"{incident.recovered:%m-%d %H:%M}" if incident.recovered else "goes on"
    return f"{window}\ndetected {incident.detected:%m-%d %H:%M}\n{incident.resolution or incident.state}: {ended}"


def _how(incident: Incident, verdicts: Mapping[str, Verdict]) -> str:
    bad = next((verdicts[v] for v in incident.evidence if v in verdicts and not verdicts[v].satisfied), None)
    lines = [] if bad is None else [f"{bad.metric} {show(bad.value, bad.unit)}, allowed {_allowed(bad)}"]
    lines += [incident.cause] if incident.cause and not (bad and incident.cause.startswith(bad.metric)) else []
    return printable("; ".join(lines), 240)


def _allowed(verdict: Verdict) -> str:
    low, high = verdict.bounds.low, verdict.bounds.high
    match low is not None, high is not None:
        case True, True:
            return f"{show(low, verdict.unit)} to {show(high, verdict.unit)}"
        case True, False:
            return f"from {show(low, verdict.unit)}"
        case _:
            return f"up to {show(high, verdict.unit)}"


def _reactions(handled: Iterable[Handled], recovered_by: str | None) -> str:
    """Equal kinds on one line: ``rerun: applied ×2``."""
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    for line in handled:
        by_kind[line.kind][_outcome(line)] += 1
    said = [f"{k}: {', '.join(f'{o} ×{n}' if n > 1 else o for o, n in c.items())}" for k, c in by_kind.items()]
    return "\n".join(said) + (f"\nrecovered by {recovered_by}" if recovered_by else "")


def _outcome(line: Handled) -> str:
    state, _, detail = line.outcome.partition("(")
    kept = detail.rstrip(")").partition(":")[0]
    return kept if line.kind == "alert" else f"{state} ({kept})" if state != "applied" or "→" in kept else state


def _span(length: timedelta | None) -> str:
    return "–" if length is None else f"{length.total_seconds():.1f} s"


def _champions(stage: Stage) -> Table:
    table = Table(title="Champions of the model", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("version", "since", "until", "by", "why"):
        table.add_column(name, overflow="fold")
    for term in terms(stage.ports.ledger.moves(PointerKind.ALIAS), MODEL):
        until = f"{term.until:%Y-%m-%d}" if term.until else "now"
        since, by = f"{term.since:%Y-%m-%d}", f"{term.verb} ({term.actor})"
        table.add_row(term.version, since, until, by, printable(term.reason, 160))
    return table


def _candidates(stage: Stage) -> Table:
    table = Table(title="Versions that did not become champion by the gate", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("version", "state", "reasons"):
        table.add_column(name, overflow="fold")
    promoted = {t.version for t in terms(stage.ports.ledger.moves(PointerKind.ALIAS), MODEL) if t.verb == "promote"}
    for release in stage.ports.ledger.find(Release):
        if release.version not in promoted:
            forced = " (forced)" if release.forced else ""
            table.add_row(release.version, f"{release.state}{forced}", printable("; ".join(release.reasons[:3]), 300))
    return table


def _kept_back(verdicts: Iterable[Verdict]) -> Table:
    """The imported days that were kept back: nobody was alarmed, and anybody may accept them."""
    table = Table(title="Imported days that were kept back, untold", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("day", "promises", "let it through"):
        table.add_column(name, overflow="fold")
    blocked: dict[str, list[str]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.imported and verdict.blocks:
            said = f"{verdict.key.promise} {verdict}: {show(verdict.value, verdict.unit)}, allowed {_allowed(verdict)}"
            blocked[verdict.window.partition].append(said)
    for partition, promises in sorted(blocked.items()):
        table.add_row(partition, "\n".join(promises), f"qoa accept retail/sales_day {partition} --reason …")
    return table
