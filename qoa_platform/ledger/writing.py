"""Owns how a Batch is applied: a few small statements inside one transaction, or a reason why not."""

from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

from qoa_platform.ledger.codec import checksum, encode, kind_of, same_content
from qoa_platform.ledger.errors import LedgerCorrupt
from qoa_platform.ledger.reading import head, position
from qoa_platform.ledger.schema import NEVER
from qoa_platform.ledger.session import Session
from qoa_platform.records import (
    Batch,
    Committed,
    Guard,
    Move,
    Pointer,
    PointerIs,
    Record,
    Refused,
    RevisionIs,
    Window,
    canonical,
)  # fmt: skip

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

INSERT_RECORD = (
    "INSERT INTO record(seq, kind, id, revision, series, ends_at, at, wall, body, sum) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
INSERT_MOVE = (
    "INSERT INTO move(seq, kind, key, gen, value, previous, verb, actor, reason, reaction, evidence, at, wall, sum) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
UPSERT_POINTER = (
    "INSERT INTO pointer(kind, key, value, gen, at, wall, sum) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(kind, key) "
    "DO UPDATE SET value = excluded.value, gen = excluded.gen, at = excluded.at, wall = excluded.wall, "
    "sum = excluded.sum"
)
INSERT_EDGE = "INSERT INTO edge(seq, src, dst, kind) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
INSERT_MESSAGE = "INSERT INTO outbox(seq, sink, key, body, sum) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"


def microseconds(time: datetime) -> int:
    """Whole microseconds since 1970 (negative before), exact."""
    return (time - _EPOCH) // _MICROSECOND


class Prepared:
    """A batch encoded before any lock is taken, so that what cannot be written fails outside the transaction."""

    __slots__ = ("batch", "messages", "moves", "records")

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.records = [(_record_row(r), type(r)) for r in batch.records]
        self.moves = [(m, canonical(m.evidence)) for m in batch.moves]
        self.messages = [(m.sink, m.envelope.id, encode(m.envelope)) for m in batch.messages]


def _record_row(record: Record) -> tuple[Any, ...]:
    kind, body = kind_of(record), encode(record)
    window = getattr(record, "window", None)
    ends_at = microseconds(window.end) if isinstance(window, Window) else NEVER
    at, wall = getattr(record, "at", None), getattr(record, "wall", None)
    row = (kind, record.id, record.revision, record.series, ends_at)
    return (*row, at.isoformat() if at else "", wall.isoformat() if wall else "", body, checksum(row, body))


def apply(session: Session, prepared: Prepared) -> Committed | Refused:
    """Write everything into the open transaction, or say why not (then the caller undoes it)."""
    before = position(session)
    for guard in prepared.batch.guards:
        if refused := _stands_against(session, guard):
            return refused
    moved = _moved(session, prepared, before)
    if isinstance(moved, Refused):
        return moved
    pointers, seq = moved
    for row, kind in prepared.records:
        written = session.run(INSERT_RECORD, (seq + 1, *row))
        if not written and (refused := _differs(session, row, kind)):
            return refused
        seq += written
    for edge in prepared.batch.edges:
        seq += session.run(INSERT_EDGE, (seq + 1, edge.source, edge.destination, edge.kind))
    for sink, key, body in prepared.messages:
        seq += session.run(INSERT_MESSAGE, (seq + 1, sink, key, body, checksum((sink, key), body)))
    return Committed(seq=seq, pointers=pointers, changed=seq > before)


def _moved(session: Session, prepared: Prepared, seq: int) -> tuple[tuple[Pointer, ...], int] | Refused:
    """The heads after all moves of the batch, with the number of the last row written."""
    pointers: list[Pointer] = []
    for move, evidence in prepared.moves:
        moved = _move(session, move, evidence, seq + 1)
        if isinstance(moved, Refused):
            return moved
        seq += moved[1]
        pointers.append(moved[0])
    return tuple(pointers), seq


def _stands_against(session: Session, guard: Guard) -> Refused | None:
    match guard:
        case PointerIs(kind=kind, key=key, generation=generation):
            pointer = head(session, kind, key)
            if (pointer.generation if pointer else 0) == generation:
                return None
            return Refused(reason=_elsewhere(kind, key, generation, pointer), pointer=pointer, guard=guard)
        case RevisionIs(kind=kind, id=id_, revision=revision):
            found = session.rows("SELECT max(revision) FROM record WHERE kind = ? AND id = ?", (kind, id_))[0][0]
            if found == revision:
                return None
            stands = "there is none" if found is None else f"it stands at revision {found}"
            wanted = "that there is none" if revision is None else f"revision {revision}"
            return Refused(reason=f"{kind} {id_}: {stands}, expected {wanted}", guard=guard)
        case _:
            assert_never(guard)


def _elsewhere(kind: str, key: str, expected: int, pointer: Pointer | None) -> str:
    stands = "was never set" if pointer is None else f"stands at generation {pointer.generation} ({pointer.value!r})"
    wanted = "that it was never set" if expected == 0 else f"generation {expected}"
    return f"pointer {kind} {key}: it {stands}, expected {wanted}"


def _move(session: Session, move: Move, evidence: str, seq: int) -> tuple[Pointer, int] | Refused:
    """The head after the move, with 1 when it moved now and 0 when its reaction had moved it already."""
    pointer = head(session, move.kind, move.key)
    stands = pointer.generation if pointer else 0
    if stands != move.expected:
        if pointer is not None and _moved_by(session, move):
            return pointer, 0
        return Refused(reason=_elsewhere(move.kind, move.key, move.expected, pointer), pointer=pointer)
    at, wall = move.at.isoformat(), move.wall.isoformat()
    kind, previous = move.kind.value, pointer.value if pointer else None
    row = (
        kind, move.key, stands + 1, move.value, previous, move.verb, move.actor, move.reason, move.reaction,
        evidence, at, wall,
    )  # fmt: skip
    if not session.run(INSERT_MOVE, (seq, *row, checksum(row))) and pointer is not None:
        return pointer, 0  # its reaction has moved it before
    short = (kind, move.key, move.value, stands + 1, at, wall)
    session.run(UPSERT_POINTER, (*short, checksum(short)))
    made = Pointer(
        kind=move.kind, key=move.key, value=move.value, generation=stands + 1, at=move.at, wall=move.wall
    )  # fmt: skip
    return made, 1


def _moved_by(session: Session, move: Move) -> bool:
    where = (move.kind, move.key, move.reaction)
    found = "SELECT 1 FROM move WHERE kind = ? AND key = ? AND reaction = ?"
    return move.reaction is not None and bool(session.rows(found, where))


def _differs(session: Session, row: tuple[Any, ...], kind: type) -> Refused | None:
    """``None`` when what stands there states the same fact, else the refusal."""
    name, id_, revision = row[:3]
    found = session.rows(
        "SELECT series, ends_at, body, sum FROM record WHERE kind = ? AND id = ? AND revision = ?", row[:3]
    )
    if not found:
        message = f"{name} {id_} revision {revision} is in the index but not in the table. Restore the ledger"
        raise LedgerCorrupt(message)
    series, ends_at, body, total = found[0]
    if checksum((name, id_, revision, series, ends_at), body) != total:
        message = f"{name} {id_} revision {revision} fails its checksum. Restore the ledger from a copy"
        raise LedgerCorrupt(message)
    if same_content(kind, body, row[7]):
        return None
    return Refused(reason=f"{name} {id_} revision {revision} stands there with other content")
