"""Owns ``qoa status``: how things stand now, promise by promise, read from the ledger."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Exit
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from qoa_platform.cli.output import Table
    from qoa_platform.cli.project import Project
    from qoa_platform.records import Contract, Episode, Promise, Subject, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The current verdict on one promise, of the newest window that was judged. None yet: *status* ``unjudged``."""

    contract: str
    subject: str
    promise: str
    severity: str
    version: str | None
    status: str
    window: str | None
    value: str | None
    allowed: str | None
    at: datetime | None
    verdict: "Verdict | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything that stands: JSON keys are the fields."""

    project: str
    at: datetime
    contracts: tuple[dict[str, object], ...]
    promises: tuple[Standing, ...]
    episodes: "tuple[Episode, ...]"
    champions: tuple[dict[str, object], ...]
    presets: tuple[dict[str, object], ...]
    holds: tuple[dict[str, object], ...]

    @property
    def bad(self) -> bool:
        """Whether something is violated now, or an episode is open."""
        return bool(self.episodes) or any(p.status.startswith("violated") for p in self.promises)


@leaf(example=["qoa status", "qoa status --json || echo 'something is not as promised'"],
      exits=(Exit.FINDINGS, Exit.PROJECT, Exit.STATE, Exit.LEDGER))  # fmt: skip
@click.option("--contract", "name", help="Only this contract.")
@click.pass_context
def status(ctx: click.Context, *, name: str | None, as_json: bool) -> None:
    """How things stand: promises, episodes, champions, presets, holds.

    Of each promise the verdict on the newest window counts. The exit code is 1 when one is violated, or an episode is
    open.
    """
    from qoa_platform.cli.output import emit, tables
    from qoa_platform.cli.project import open_project

    found = _status(open_project(), name)
    if as_json:
        emit({"status": found})
    else:
        tables(*_tables(found))
    ctx.exit(Exit.FINDINGS if found.bad else Exit.DONE)


def _status(project: "Project", name: str | None) -> Status:
    from qoa_platform.cli.exits import unknown
    from qoa_platform.records import Episode

    held = project.contracts()
    contracts = [c for c in held if name in (None, c.name)]
    if not contracts:
        raise unknown("contract", name or "", [c.name for c in held])
    names = {c.name for c in contracts}
    episodes = [e for e in project.ledger.find(Episode) if e.open and e.key.contract in names]
    return Status(
        project=str(project.home.root), at=project.clock.at(),
        contracts=tuple(
            {"name": c.name, "version": c.version, "digest": c.digest, "mode": c.mode, "owner": c.owner}
            for c in contracts
        ),
        promises=tuple(s for c in contracts for s in _standings(project, c)),
        episodes=tuple(sorted(episodes, key=lambda e: (-e.severity.rank, e.opened_at, str(e.key)))),
        champions=tuple(_champions(project)), presets=tuple(_presets(project, contracts)),
        holds=tuple(_holds(project)),
    )  # fmt: skip


def _standings(project: "Project", contract: "Contract") -> Iterator[Standing]:
    for subject in contract.subjects:
        for promise in _promises(subject):
            yield _standing(project, contract, subject, *promise)


def _promises(subject: "Subject") -> "Iterator[tuple[str, Promise | None]]":
    """Its promises by id; the one that ``schema:`` implies first."""
    if subject.schema is not None:
        yield "schema", None
    yield from ((p.id, p) for p in subject.promises)


def _standing(
    project: "Project", contract: "Contract", subject: "Subject", promise: str, declared: "Promise | None"
) -> Standing:
    from qoa_platform.records import Key, PointerKind, Severity, Verdict, short, show

    version = None
    if subject.model is not None:
        head = project.ledger.pointer(PointerKind.ALIAS, f"{subject.model}|champion")
        version = head.value if head else None
    key = Key(contract=contract.name, subject=subject.id, promise=promise, version=version)
    judged = project.ledger.find(Verdict, series=short(key))
    last = max(judged, key=lambda v: (v.window.end, v.window.start, v.at), default=None)
    severity = declared.severity if declared else Severity.CRITICAL
    if last is None:
        return Standing(
            contract=contract.name, subject=subject.id, promise=promise, version=version, severity=severity,
            status="unjudged", window=None, value=None, allowed=None, at=None, verdict=None,
        )  # fmt: skip
    low, high = (show(b, last.unit) for b in (last.bounds.low, last.bounds.high))
    return Standing(
        contract=contract.name, subject=subject.id, promise=promise, version=version, severity=severity,
        status=str(last), window=str(last.window), value=show(last.value, last.unit), allowed=f"[{low}, {high}]",
        at=last.at, verdict=last,
    )  # fmt: skip


def _champions(project: "Project") -> Iterator[dict[str, object]]:
    from qoa_platform.records import PointerKind

    for head in project.ledger.pointers(PointerKind.ALIAS):
        model, _, alias = head.key.rpartition("|")
        if head.value is not None:
            yield {"model": model, "alias": alias, "version": head.value, "since": head.at}


def _presets(project: "Project", contracts: "list[Contract]") -> Iterator[dict[str, object]]:
    from qoa_platform.records import PointerKind

    for presets in (p for c in contracts for p in c.presets):
        head = project.ledger.pointer(PointerKind.PRESET, presets.asset)
        named = head.value if head and head.value else presets.names[-1]
        yield {"asset": presets.asset, "preset": named, "of": presets.names}


def _holds(project: "Project") -> Iterator[dict[str, object]]:
    from qoa_platform.records import PointerKind

    for head in project.ledger.pointers(PointerKind.HOLD):
        if head.value is not None:
            yield {"target": head.key, "reason": head.value, "since": head.at}


def _tables(found: Status) -> "Iterator[Table]":
    from qoa_platform.cli.failing import failing_table
    from qoa_platform.cli.output import Table, listing

    contracts = listing(f"{c['name']} version {c['version']} ({str(c['digest'])[:12]})" for c in found.contracts)
    yield Table(
        title=f"Promises of {contracts} at {found.at:%Y-%m-%d %H:%M} UTC",
        columns=("promise", "verdict", "window", "value", "allowed", "severity", "version", "judged"),
        rows=[
            (f"{p.subject}.{p.promise}", p.status, p.window, p.value, p.allowed, p.severity, p.version, p.at)
            for p in found.promises
        ],
    )
    failing = failing_table(p.verdict for p in found.promises if p.verdict is not None)
    if failing is not None:
        yield failing
    episodes = [(e.key, e.status, e.severity, listing(e.windows[-3:]), e.opened_at) for e in found.episodes]
    if episodes:
        yield Table(
            title="Open episodes", columns=("promise", "status", "severity", "windows", "opened"), rows=episodes
        )
    for title, facts in (("Models", found.champions), ("Presets", found.presets), ("Holds", found.holds)):
        if facts:
            yield Table(title=title, columns=tuple(facts[0]), rows=[[*map(_cell, fact.values())] for fact in facts])


def _cell(value: object) -> object:
    from qoa_platform.cli.output import listing

    return listing(value) if isinstance(value, tuple) else value
