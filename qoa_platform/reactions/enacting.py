"""Owns which contract is in force: a row of the ledger, moved by compare-and-set on its version (semantics 23)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from qoa_platform.ports import Ledger
from qoa_platform.records import (
    Alert,
    AlertState,
    Batch,
    Contract,
    Enacted,
    Envelope,
    Message,
    Move,
    PointerKind,
    Refused,
    Severity,
    plain,
    short,
)


class Standing(StrEnum):
    """How a process's contract stands to the one in force."""

    IN_FORCE = "in force"
    ENACTED = "enacted"
    """It was newer (or the first) and is in force from now on."""
    CHANGED = "changed under an unchanged version"
    """The one in force goes on; an alert is sent once."""
    UNREADABLE = "cannot be read"
    """A half-edited file. The one in force goes on; an alert is sent once per content."""
    OLDER = "older than the one in force"
    """A process that holds it refuses to decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enactment:
    """The contract in force, and how the offered one stands to it."""

    contract: Contract
    standing: Standing
    detail: str


def enact(
    ledger: Ledger, offered: Contract, *, at: datetime, wall: datetime, actor: str, sinks: tuple[str, ...] = ()
) -> Enactment:
    """Offer a contract. The first, or one with a higher version, comes into force; equal content is in force already.

    Changed content under an unchanged version is told once to each of *sinks*; an older version changes nothing.
    """
    while True:
        head = ledger.pointer(PointerKind.CONTRACT, offered.name)
        if head is None or head.value is None:
            result = _install(ledger, offered, 0 if head is None else head.generation, at, wall, actor)
        else:
            if head.value == offered.digest:
                return Enactment(contract=offered, standing=Standing.IN_FORCE, detail=f"version {offered.version}")
            known = ledger.find(Enacted, ids=[head.value])
            standing = known[0].contract if known else None
            if standing is None or offered.version > standing.version:
                result = _install(ledger, offered, head.generation, at, wall, actor)
            elif offered.version == standing.version:
                return _changed(ledger, offered, standing, at, wall, sinks)
            else:
                detail = f"offered version {offered.version}, in force is {standing.version}"
                return Enactment(contract=standing, standing=Standing.OLDER, detail=detail)
        if result is not None:
            return result


def _install(
    ledger: Ledger, offered: Contract, generation: int, at: datetime, wall: datetime, actor: str
) -> Enactment | None:
    """Put *offered* into force; ``None`` when somebody else was faster and the question is asked again."""
    move = Move(
        kind=PointerKind.CONTRACT, key=offered.name, value=offered.digest, expected=generation, verb="enact",
        actor=actor, reason=f"version {offered.version}", at=at, wall=wall,
    )  # fmt: skip
    record = Enacted(contract=offered, actor=actor, at=at, wall=wall)
    known = ledger.last(Enacted, record.id)
    done = ledger.commit(Batch(records=() if known else (record,), moves=(move,)))
    if isinstance(done, Refused):
        return None
    return Enactment(contract=offered, standing=Standing.ENACTED, detail=f"version {offered.version}")


def _changed(
    ledger: Ledger, offered: Contract, standing: Contract, at: datetime, wall: datetime, sinks: tuple[str, ...]
) -> Enactment:
    detail = (
        f"{offered.source or offered.name} changed under version {offered.version} "
        f"({offered.digest[:12]} is not {standing.digest[:12]}). Raise its version; the one in force goes on"
    )
    _tell(ledger, standing, short("changed", offered.name, offered.digest), detail, at=at, wall=wall, sinks=sinks)
    return Enactment(contract=standing, standing=Standing.CHANGED, detail=detail)


def unreadable(
    ledger: Ledger, file: str, error: str, *, at: datetime, wall: datetime, sinks: tuple[str, ...] = ()
) -> Enactment | None:
    """What goes on while *file* cannot be read: the contract in force that came from it; ``None`` when there is none.

    *error* is what reading it said; people are told once per text of it.
    """
    digests = [p.value for p in ledger.pointers(PointerKind.CONTRACT) if p.value is not None]
    known = [e.contract for e in ledger.find(Enacted, ids=digests)] if digests else []
    standing = next((c for c in known if c.source == file), None)
    if standing is None:
        return None
    first, _, rest = error.partition("\n")
    more = f" (and {rest.count(chr(10)) + 1} more)" if rest else ""
    detail = f"{first}{more}; version {standing.version} in force goes on"
    _tell(ledger, standing, short("unreadable", file, error), detail, at=at, wall=wall, sinks=sinks)
    return Enactment(contract=standing, standing=Standing.UNREADABLE, detail=detail)


def _tell(
    ledger: Ledger, standing: Contract, key: str, detail: str, *, at: datetime, wall: datetime, sinks: tuple[str, ...]
) -> None:
    """Tell people of the contract *standing*, once per *key*."""
    name = standing.name
    alert = Alert(
        key=key, group=name, state=AlertState.OPENED, contract=name, subject=name, severity=str(Severity.WARNING),
        title=f"[warning] {name}: {detail}", lines=(), runbook=standing.runbook, owner=standing.owner,
        episodes=(), at=at, wall=wall,
    )  # fmt: skip
    envelope = Envelope(source=f"qoa/{name}", type="qoa.alert", subject=name, key=alert.key, time=at, data=plain(alert))
    if sinks:
        ledger.commit(Batch(messages=tuple(Message(sink=s, envelope=envelope) for s in sinks)))
