"""Owns what a life must have led to: effects counted where they take place, and what became of everything."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from qoa_platform.ledger import Store
from qoa_platform.records import (
    Episode,
    Outcome,
    PointerKind,
    Reaction,
    ReactionKind,
    Release,
    Trial,
    TrialState,
)
from qoa_platform.workspace import data_name, open_workspace


def problems(root: Path) -> list[str]:
    """Everything that is lost, doubled or damaged."""
    workspace = open_workspace(root)
    ledger = workspace.ledger
    assert isinstance(ledger, Store)
    wrong = [*ledger.verify(), *_pointers(ledger), *_told(ledger, root), *_runs(root), *_episodes(ledger)]
    for partition, digest in workspace.published("shop/sales").items():
        workspace.files.get(data_name("shop/sales", partition), digest, ".parquet")  # raises unless it is whole
        made = [t for t in ledger.find(Trial) if t.output == digest and t.state is TrialState.PUBLISHED]
        if len(made) != 1:
            wrong.append(f"{len(made)} trials published {digest}")
    return wrong


def _pointers(ledger: Store) -> list[str]:
    """Histories are linear, heads are what was moved last, and a reaction moved each pointer once."""
    wrong: list[str] = []
    caused: Counter[tuple[str, str, str]] = Counter()
    for kind in PointerKind:
        heads = {h.key: h for h in ledger.pointers(kind)}
        for key in {m.key for m in ledger.moves(kind)} | set(heads):
            moves = ledger.moves(kind, key=key)
            caused.update((kind, key, m.reaction) for m in moves if m.reaction)
            linear = [m.generation for m in moves] == list(range(1, len(moves) + 1))
            chained = [m.previous for m in moves] == [None, *(m.value for m in moves[:-1])]
            head = heads.get(key)
            if not linear or not chained or head is None or moves[-1].value != head.value:
                wrong.append(f"the history of {kind} {key} is not linear, or its head is not the last move")
    return wrong + [f"{n} moves of {place}" for place, n in caused.items() if n > 1]


def _told(ledger: Store, root: Path) -> list[str]:
    """Every alert arrived at least once, always under one idempotency key, and nothing else did."""
    receipts = [json.loads(line) for line in (root / "receipts").read_text().splitlines()]
    under: dict[str, set[str]] = {}
    for receipt in receipts:
        for alert in receipt["alerts"]:
            under.setdefault(alert, set()).add(receipt["key"])
    alerts = {r.id for r in ledger.find(Reaction) if r.kind is ReactionKind.ALERT}
    wrong = [f"alert {alert} came under {len(keys)} keys" for alert, keys in under.items() if len(keys) != 1]
    if set(under) != alerts:
        wrong.append(f"{len(alerts - set(under))} alerts never arrived, {len(set(under) - alerts)} nobody sent")
    return wrong


def _runs(root: Path) -> list[str]:
    """No run key was executed twice, and the run that hung was ended once."""
    executed = Counter((root / "executed").read_text().split())
    wrong = [f"run {key} was executed {n} times" for key, n in executed.items() if n > 1]
    ended = [json.loads(p.read_text()).get("ended") for p in (root / "runs").glob("*.json")]
    return wrong + ([] if [e for e in ended if e] == [1] else [f"a run was ended: {ended}"])


def _episodes(ledger: Store) -> list[str]:
    """Revisions follow one another, and what is closed is not open again."""
    wrong: list[str] = []
    for last in ledger.find(Episode):
        life = [e for e in ledger.find(Episode, series=last.series, all_revisions=True) if e.id == last.id]
        if [e.revision for e in life] != list(range(len(life))):
            wrong.append(f"episode {last.key} has the revisions {[e.revision for e in life]}")
        if any(not e.open for e in life[:-1]):
            wrong.append(f"episode {last.key} was closed and went on")
    return wrong


def signature(root: Path) -> dict[str, Any]:
    """What became of everything, as text: the same however often somebody died on the way."""
    ledger = open_workspace(root).ledger
    last = {o.reaction: o for o in ledger.find(Outcome)}
    return {
        "reactions": sorted(_said(r, last.get(r.id)) for r in ledger.find(Reaction)),
        "episodes": sorted(f"{e.key} {e.closing}" for e in ledger.find(Episode)),
        "releases": sorted(f"{r.model} {r.version} {r.number} {r.state}" for r in ledger.find(Release)),
        "moves": sorted(
            f"{m.kind} {m.key} {m.generation} {m.verb}"
            for kind in PointerKind
            if kind is not PointerKind.DECIDED
            for m in ledger.moves(kind)
        ),
    }


def _said(reaction: Reaction, last: Outcome | None) -> str:
    place = reaction.target
    where = " ".join(str(p) for p in (place.asset, place.partition, place.digest, place.model, place.version) if p)
    if last is None or not last.final:
        return f"{reaction.contract} {reaction.rule} {reaction.kind} {where}: never ended ({last})"
    state = "ended" if reaction.kind is ReactionKind.TERMINATE else last.state
    return f"{reaction.contract} {reaction.rule} {reaction.kind} {where}: {state}"
