"""Opening a ledger: made once by whoever comes first, and refused with the repair when something is wrong."""

import os
import sqlite3
import time
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from qoa_platform.ledger import (
    LedgerCorrupt,
    LedgerError,
    LedgerFull,
    LedgerLocked,
    LedgerReadOnly,
    LedgerTooNew,
    Store,
    champion,
    open_ledger,
)  # fmt: skip
from qoa_platform.ledger.schema import VERSION
from qoa_platform.records import Batch, Committed, Outcome, PointerKind


@pytest.fixture
def file(tmp_path: Path, make: Any) -> Path:
    """A ledger with 200 outcomes, closed."""
    path = tmp_path / "ledger.db"
    with open_ledger(path) as ledger:
        ledger.commit(Batch(records=tuple(make.outcome(f"r{i}", detail="x" * 200) for i in range(200))))
    return path


def test_the_file_is_durable_and_made_where_it_is_named(tmp_path: Path) -> None:
    """WAL, synchronous=FULL, foreign keys; folders are made; a URL names the same file."""
    path = tmp_path / "deep" / "er" / "ledger.db"
    with open_ledger(path) as ledger:
        session = ledger._session()
        pragmas = {p: session.rows(f"PRAGMA {p}")[0][0] for p in ("journal_mode", "synchronous", "foreign_keys")}
        facts = {name: value for name, value in session.rows("SELECT name, value FROM meta")}  # noqa: C416 (typed)
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert facts["version"] == str(VERSION)
    assert facts["created"].endswith("+00:00")
    with open_ledger(f"sqlite:///{path}") as ledger:
        assert ledger.seq() == 0


def test_an_unknown_scheme_is_an_error() -> None:
    """Never a file named like a URL."""
    with pytest.raises(LedgerError, match=r"unknown scheme 'mysql'\. Allowed: a path, sqlite:///path, postgresql://"):
        open_ledger("mysql://host/db")


def test_four_processes_may_open_a_fresh_ledger_at_once(tmp_path: Path, child: Callable[..., Any], make: Any) -> None:
    """25 rounds of 4: every one succeeds, and what each wrote is there."""
    for attempt in range(25):
        path = tmp_path / f"{attempt}.db"
        started = [child("first_open", path, f"p{i}") for i in range(4)]
        assert [process.wait(60) for process in started] == [0, 0, 0, 0]
        with open_ledger(path) as ledger:
            assert len(ledger.find(Outcome)) == ledger.seq() == 4


def test_four_processes_promote_in_turn_and_lose_no_update(location: str, child: Callable[..., Any], make: Any) -> None:
    """100 rounds (25 each): generations 1 … 100, each move leaves what the last one set, every outcome is there."""
    with open_ledger(location) as ledger:
        ledger.commit(Batch(records=tuple(make.version(f"v-p{i}") for i in range(4))))
        started = [child("in_turn", location, f"p{i}", 25) for i in range(4)]
        assert [process.wait(120) for process in started] == [0, 0, 0, 0]
        moves = ledger.moves(PointerKind.ALIAS, "demand|champion")
        assert [m.generation for m in moves] == list(range(1, 101))
        assert [m.previous for m in moves] == [None, *(m.value for m in moves[:-1])]
        assert {m.reaction for m in moves} == {f"p{i}-{n}" for i in range(4) for n in range(25)}
        head = champion(ledger, "demand")
        assert head is not None
        assert (head.generation, head.value) == (100, moves[-1].value)
        assert len(ledger.find(Outcome)) == 100


def test_a_newer_ledger_is_left_alone(file: Path) -> None:
    """Found and supported version, and what to do."""
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(LedgerTooNew, match=f"schema version 7; this release supports {VERSION}. Upgrade"):
        open_ledger(file)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    """No table is ever made in it."""
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t(x)")
    connection.close()
    with pytest.raises(LedgerError, match="is a SQLite database, but no ledger"):
        open_ledger(path)
    assert sqlite3.connect(path).execute("SELECT name FROM sqlite_schema").fetchall() == [("t",)]


@pytest.mark.parametrize("damage", ["garbage", "page", "truncated", "empty"])
def test_a_damaged_file_is_refused_with_the_repair(file: Path, damage: str) -> None:
    """Not a database, a page overwritten, cut in the middle, 0 bytes: refused at open, nothing changed."""
    content = bytearray(file.read_bytes())
    match damage:
        case "garbage":
            content[:100] = b"no database" * 9 + b"!"
        case "page":
            content[8192:12288] = os.urandom(4096)
        case "truncated":
            del content[len(content) // 2 :]
        case _:
            content.clear()
    file.write_bytes(content)
    with pytest.raises(LedgerCorrupt, match=r"Nothing was changed.*\.recover"):
        open_ledger(file)
    assert file.read_bytes() == bytes(content)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody who may not write")
def test_a_read_only_file_or_folder_is_named(file: Path, child: Callable[..., Any]) -> None:
    """A user who may not write is told which file and folder."""
    for folder in takewhile(lambda f: not f.stat().st_mode & 0o005, file.parents):  # pytest's own are closed to others
        folder.chmod(0o755)
    for mode in (0o444, 0o644):
        file.chmod(mode)
        said = child("as_nobody", file).communicate(timeout=60)[0]
        assert said.startswith("LedgerReadOnly")
        assert str(file) in said
        assert "Give this user the file and its folder" in said


@pytest.mark.parametrize("how", ["fair", "raw"])
def test_a_locked_ledger_gives_up_in_the_end(file: Path, child: Callable[..., Any], make: Any, how: str) -> None:
    """A writer that hangs, in our queue or outside of it, is an error after the patience; reading goes on."""
    ledger = open_ledger(file, patience=0.3)
    holder = child("hold", file, how)
    assert holder.stdout.readline() == "held\n"
    began = time.monotonic()
    with pytest.raises(LedgerLocked, match="fuser"):
        ledger.commit(Batch(records=(make.outcome("new"),)))
    assert 0.25 < time.monotonic() - began < 5
    assert len(ledger.find(Outcome)) == 200
    holder.kill()
    holder.wait()
    assert isinstance(ledger.commit(Batch(records=(make.outcome("new"),))), Committed)
    assert len(ledger.find(Outcome)) == 201
    ledger.close()


def test_a_full_disk_loses_nothing_and_goes_on(sqlite: Store, make: Any) -> None:
    """A clean error, every acknowledged row intact, and the same ledger writes again when there is space."""
    session, written = sqlite._session(), 0
    session.rows("PRAGMA max_page_count = 60")
    with pytest.raises(LedgerFull, match="Nothing was written; free space"):
        while True:
            sqlite.commit(Batch(records=(make.outcome(str(written), detail="x" * 4000),)))
            written += 1
    assert len(sqlite.find(Outcome)) == written > 5
    session.rows("PRAGMA max_page_count = 6000")
    assert sqlite.commit(Batch(records=(make.outcome("after"),))).seq == written + 1  # type: ignore[union-attr]
    assert sqlite.verify() == []


def test_a_disk_that_refuses_a_write_loses_nothing(tmp_path: Path, child: Callable[..., Any]) -> None:
    """A real refusal by the system (file size limit): the connection is opened anew, all rows are there."""
    said = child("small_files", tmp_path / "ledger.db", 300_000).communicate(timeout=60)[0].splitlines()
    assert said[0].startswith(("LedgerError the disk refused", "LedgerFull"))
    written, found, problems = said[1].split(" ", 2)
    assert (int(found), problems) == (int(written) + 1, "[]")
    assert int(written) > 5


def test_a_forked_child_opens_its_own_connection(sqlite: Store, make: Any) -> None:
    """A fork shares nothing with its parent; both write."""
    sqlite.commit(Batch(records=(make.outcome("parent"),)))
    pid = os.fork()
    if pid == 0:
        try:
            sqlite.commit(Batch(records=(make.outcome("child"),)))
            sqlite.close()
            os._exit(0)
        except BaseException:  # noqa: BLE001 (a child must never go on with its parent's tests)
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    sqlite.commit(Batch(records=(make.outcome("parent again"),)))
    assert sqlite.seq() == 3


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(LedgerReadOnly, match="cannot be made"):
        open_ledger(tmp_path / "file" / "ledger.db")
