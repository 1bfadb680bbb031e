"""Owns what is read from the ledger: small queries, each with its index, each row checked against its checksum."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from qoa_platform.ledger.codec import KINDS, checksum, decode, decode_envelope, kind_of
from qoa_platform.ledger.errors import LedgerCorrupt
from qoa_platform.ledger.session import Row, Session
from qoa_platform.records import Edge, Envelope, Move, Pointer, PointerKind

R = TypeVar("R")

POSITION = (
    "SELECT (SELECT max(seq) FROM record), (SELECT max(seq) FROM move), "
    "(SELECT max(seq) FROM edge), (SELECT max(seq) FROM outbox)"
)
POINTER = "SELECT kind, key, value, gen, at, wall, sum FROM pointer WHERE kind = ? AND key = ?"
POINTERS = "SELECT kind, key, value, gen, at, wall, sum FROM pointer WHERE kind = ? AND key >= ?"
MOVES = (
    "SELECT kind, key, gen, value, previous, verb, actor, reason, reaction, evidence, at, wall, sum "
    "FROM move WHERE kind = ?"
)
COLUMNS = "SELECT kind, id, revision, series, ends_at, body, sum FROM record r WHERE kind = ?"
LAST = f"{COLUMNS} AND id = ? ORDER BY revision DESC LIMIT 1"
LATEST = " AND NOT EXISTS (SELECT 1 FROM record n WHERE n.kind = r.kind AND n.id = r.id AND n.revision > r.revision)"
OUTBOX = "SELECT seq, sink, key, body, sum FROM outbox WHERE sink = ? AND done_at IS NULL ORDER BY seq LIMIT ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records of a kind ``find`` is asked for. *ends_after* in microseconds since 1970."""

    series: Sequence[str] | None = None
    ids: Sequence[str] | None = None
    ends_after: int | None = None
    since_seq: int = 0
    all_revisions: bool = False
    limit: int | None = None
    newest_first: bool = False

    def query(self, session: Session) -> tuple[str, list[Any]]:
        """The SQL after the kind, and its parameters.

        The ``+`` keeps SQLite from walking the whole kind in order of ``seq`` where a narrower index is at hand.
        """
        sql = COLUMNS
        values: list[Any] = []
        narrow = self.ids is not None or self.ends_after is not None
        for column, among in (("series", self.series), ("id", self.ids)):
            if among is not None and len(among) == 1:
                sql, values = f"{sql} AND {column} = ?", [*values, among[0]]
            elif among is not None:
                narrow = True
                sql, values = f"{sql} AND {session.among(column)}", [*values, session.listed(among)]
        if self.ends_after is not None:
            sql, values = f"{sql} AND ends_at > ?", [*values, self.ends_after]
        if self.since_seq:
            sql, values = f"{sql} AND {'+' if narrow else ''}seq > ?", [*values, self.since_seq]
        if not self.all_revisions:
            sql += LATEST
        sql += f" ORDER BY {'+' if narrow else ''}seq{' DESC' if self.newest_first else ''}"
        if self.limit is not None:
            sql, values = f"{sql} LIMIT ?", [*values, self.limit]
        return sql, values


def position(session: Session) -> int:
    """The highest ``seq`` of any table: it grows with every commit that changed something."""
    return max(value or 0 for value in session.rows(POSITION)[0])


def found(session: Session, kind: type[R], wanted: Wanted) -> list[R]:
    """The records of *kind* that are *wanted*, in order of ``seq``."""
    name = kind_of(kind)
    sql, values = wanted.query(session)
    return [_record(kind, row) for row in session.rows(sql, (name, *values))]


def last(session: Session, kind: type[R], id_: str) -> R | None:
    """The last revision of one record, or ``None``."""
    rows = session.rows(LAST, (kind_of(kind), id_))
    return _record(kind, rows[0]) if rows else None


def _record(kind: type[R], row: Row) -> R:
    if checksum(row[:5], row[5]) != row[6]:
        raise _damaged("record", row)
    return decode(kind, row[5])


def _damaged(table: str, row: Row) -> LedgerCorrupt:
    name = " ".join(str(part) for part in row[:3] if not isinstance(part, bytes))
    return LedgerCorrupt(
        f"{table} {name} fails its checksum: it is not what was written. Restore the ledger from a copy"
    )


def _pointer(row: Row) -> Pointer:
    kind, key, value, gen, at, wall, total = row
    if checksum(row[:-1]) != total:
        raise _damaged("pointer", row)
    return Pointer(
        kind=PointerKind(kind), key=key, value=value, generation=gen,
        at=datetime.fromisoformat(at), wall=datetime.fromisoformat(wall),
    )  # fmt: skip


def head(session: Session, kind: PointerKind, key: str) -> Pointer | None:
    """The head of one pointer, or ``None`` when it was never set."""
    rows = session.rows(POINTER, (kind, key))
    return _pointer(rows[0]) if rows else None


def heads(session: Session, kind: PointerKind, prefix: str) -> list[Pointer]:
    """The heads of all pointers whose key begins with *prefix*, by key."""
    sql, values = POINTERS, [kind, prefix]
    if prefix and (after := _after(prefix)):
        sql, values = f"{sql} AND key < ?", [*values, after]
    return [_pointer(row) for row in session.rows(f"{sql} ORDER BY key", values)]


def _after(prefix: str) -> str | None:
    """The first text after every text that begins with *prefix*, by code point; ``None`` when there is none."""
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return None
    code = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if 0xD800 <= code <= 0xDFFF else code)  # noqa: PLR2004 (surrogates are no text)


def history(
    session: Session, kind: PointerKind, key: str | None, since: int, reaction: str | None = None
) -> list[Move]:
    """The moves of one pointer (of all of its kind) written after position *since* (by *reaction*), oldest first."""
    sql, values = (MOVES, [kind]) if key is None else (f"{MOVES} AND key = ?", [kind, key])
    if since:
        sql, values = f"{sql} AND seq > ?", [*values, since]
    if reaction is not None:
        sql, values = f"{sql} AND reaction = ?", [*values, reaction]
    order = "seq" if key is None else "gen" if reaction is None else "+gen"
    return [_moved(row) for row in session.rows(f"{sql} ORDER BY {order}", values)]


def _moved(row: Row) -> Move:
    kind, key, gen, value, previous, verb, actor, reason, reaction, evidence, at, wall, total = row
    if checksum(row[:-1]) != total:
        raise _damaged("move", row)
    return Move(
        kind=PointerKind(kind), key=key, value=value, expected=gen - 1, verb=verb, actor=actor, reason=reason,
        reaction=reaction, evidence=json.loads(evidence), at=datetime.fromisoformat(at),
        wall=datetime.fromisoformat(wall), previous=previous, generation=gen,
    )  # fmt: skip


def edges(session: Session, source: str | None, destination: str | None) -> list[Edge]:
    """The lineage edges out of *source*, into *destination*, between both, or all."""
    sql = "SELECT src, dst, kind FROM edge WHERE 1 = 1"
    values: list[Any] = []
    for column, value in (("src", source), ("dst", destination)):
        if value is not None:
            sql, values = f"{sql} AND {column} = ?", [*values, value]
    return [Edge(source=s, destination=d, kind=k) for s, d, k in session.rows(f"{sql} ORDER BY +seq", values)]


def waiting(session: Session, sink: str, limit: int) -> list[tuple[int, Envelope]]:
    """The messages of *sink* that were not delivered yet, oldest first, with the number ``delivered`` takes."""
    return [(row[0], _message(row)) for row in session.rows(OUTBOX, (sink, limit))]


def _message(row: Row) -> Envelope:
    if checksum(row[1:3], row[3]) != row[4]:
        raise _damaged("message", row)
    return decode_envelope(row[3])


def problems(session: Session) -> list[str]:
    """Every row that is not what was written, and what the store itself finds wrong; empty when all is well."""
    wrong = session.check()
    for row in session.rows("SELECT kind, id, revision, series, ends_at, body, sum FROM record ORDER BY seq"):
        wrong += _trouble(_record, KINDS.get(row[0], object), row)
    for row in session.rows("SELECT kind, key, value, gen, at, wall, sum FROM pointer"):
        wrong += _trouble(_pointer, row)
    for row in session.rows(MOVES.removesuffix(" WHERE kind = ?")):
        wrong += _trouble(_moved, row)
    for row in session.rows("SELECT seq, sink, key, body, sum FROM outbox"):
        wrong += _trouble(_message, row)
    return wrong


def _trouble(read: Callable[..., object], *arguments: Any) -> list[str]:
    try:
        read(*arguments)
    except (LedgerCorrupt, ValueError) as error:
        return [str(error)]
    return []
