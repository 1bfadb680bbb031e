"""Hot queries are index searches, never scans; every row read is checked."""

from collections.abc import Callable
from typing import Any

import pytest

from qoa_platform.ledger import LedgerCorrupt, Store, reading
from qoa_platform.ledger.reading import Wanted
from qoa_platform.records import Batch, Edge, ModelVersion, Outcome, PointerKind

QUERIES: dict[str, tuple[Wanted, str]] = {
    "by series": (Wanted(series=("s",)), "record_series (kind=? AND series=?)"),
    "by series since": (Wanted(series=("s",), since_seq=5), "record_series (kind=? AND series=? AND seq>?)"),
    "by many series": (Wanted(series=("s", "t")), "record_series (kind=? AND series=?)"),
    "by id": (Wanted(ids=("a",)), "sqlite_autoindex_record_1 (kind=? AND id=?)"),
    "by many ids": (Wanted(ids=("a", "b")), "sqlite_autoindex_record_1 (kind=? AND id=?)"),
    "by window": (Wanted(ends_after=1), "record_ends (kind=? AND ends_at>?)"),
    "since": (Wanted(since_seq=5), "record_kind (kind=? AND seq>?)"),
    "newest": (Wanted(newest_first=True, limit=1), "record_kind (kind=?)"),
}


def plan(ledger: Store, sql: str, values: list[Any]) -> str:
    """SQLite's plan of a query, as one line."""
    rows = ledger._session().rows(f"EXPLAIN QUERY PLAN {sql}", values)
    return "; ".join(row[3] for row in rows)


@pytest.mark.parametrize("name", QUERIES)
def test_finding_records_uses_its_index(sqlite: Store, name: str) -> None:
    """Each way to find records has an index, and so has the look for a later revision."""
    wanted, expected = QUERIES[name]
    sql, values = wanted.query(sqlite._session())
    found = plan(sqlite, sql, ["outcome", *values])
    assert expected in found, found
    assert "sqlite_autoindex_record_1 (kind=? AND id=? AND revision>?)" in found
    assert "SCAN r" not in found


@pytest.mark.parametrize("name", ["by series", "by series since", "since", "newest"])
def test_order_comes_from_the_index(sqlite: Store, name: str) -> None:
    """A limit stops early: nothing is sorted."""
    sql, values = QUERIES[name][0].query(sqlite._session())
    assert "TEMP B-TREE" not in plan(sqlite, sql, ["outcome", *values])


@pytest.mark.parametrize(
    ("sql", "values", "expected"),
    [
        (reading.LAST, ["outcome", "i"], "sqlite_autoindex_record_1 (kind=? AND id=?)"),
        (reading.POINTER, ["alias", "k"], "sqlite_autoindex_pointer_1 (kind=? AND key=?)"),
        (f"{reading.POINTERS} AND key < ? ORDER BY key", ["alias", "k", "l"], "(kind=? AND key>? AND key<?)"),
        (f"{reading.MOVES} AND key = ? ORDER BY gen", ["alias", "k"], "sqlite_autoindex_move_1 (kind=? AND key=?)"),
        (reading.OUTBOX, ["log", 10], "outbox_due (sink=?)"),
        ("SELECT src, dst, kind FROM edge WHERE src = ? ORDER BY +seq", ["a"], "edge_down (src=?)"),
        ("SELECT src, dst, kind FROM edge WHERE dst = ? ORDER BY +seq", ["a"], "sqlite_autoindex_edge_1 (dst=?)"),
        (reading.POSITION, [], "SEARCH record"),
    ],
)
def test_other_hot_queries_use_an_index(sqlite: Store, sql: str, values: list[Any], expected: str) -> None:
    """Pointers, their history, the outbox and edges are searched, and the position is four seeks."""
    found = plan(sqlite, sql, values)
    assert expected in found, found
    assert "SCAN move" not in found
    assert "SCAN pointer" not in found


DAMAGES: dict[str, tuple[str, Callable[[Any], object]]] = {
    "record": ("UPDATE record SET body = ? WHERE seq = 1", lambda s: s.find(ModelVersion)),
    "last": ("UPDATE record SET body = ? WHERE seq = 1", lambda s: s.last(ModelVersion, s.ids)),
    "pointer": ("UPDATE pointer SET value = ?", lambda s: s.pointer(PointerKind.ALIAS, "demand|champion")),
    "move": ("UPDATE move SET reason = ?", lambda s: s.moves(PointerKind.ALIAS)),
    "message": ("UPDATE outbox SET body = ?", lambda s: s.outbox("log")),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_row_is_found_when_it_is_read(sqlite: Store, make: Any, name: str) -> None:
    """A byte that is not what was written raises LedgerCorrupt, and `verify` lists it."""
    first = make.version("v1")
    move = make.move("demand|champion", "v1", 0)
    sqlite.commit(Batch(records=(first,), moves=(move,), messages=(make.message("k"),)))
    assert sqlite.verify() == []
    statement, read = DAMAGES[name]
    session = sqlite._session()
    if "record" in statement or "last" in name:
        body = bytearray(session.rows("SELECT body FROM record")[0][0])
        body[10] ^= 1
        assert session.run("UPDATE record SET body = ?", (bytes(body),)) == 1
    else:
        session.run(statement, (b"x" if name == "message" else "v2",))
    with pytest.raises(LedgerCorrupt, match="Restore the ledger"):
        if name == "last":
            sqlite.last(ModelVersion, first.id)
        else:
            read(sqlite)
    assert len(sqlite.verify()) == 1


def test_damage_is_found_when_the_same_record_is_written_again(sqlite: Store, make: Any) -> None:
    """A damaged row is never taken for equal content."""
    sqlite.commit(Batch(records=(make.outcome("r"),), edges=(Edge(source="a", destination="b", kind="read"),)))
    sqlite._session().run("UPDATE record SET series = 'other'")
    with pytest.raises(LedgerCorrupt, match="fails its checksum"):
        sqlite.commit(Batch(records=(make.outcome("r"),)))
    assert sqlite.find(Outcome, series="r") == []
