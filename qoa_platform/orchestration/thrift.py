"""Owns thrift: what makes Dagster's own SQLite history cheap in a process that executes runs by itself."""

from collections import OrderedDict
from functools import cache
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import QueuePool

KEPT = 12
"""Engines that are kept: the index, the runs, and the last few runs' own files."""
_engines: OrderedDict[tuple[str, int], Engine] = OrderedDict()


@cache
def thrifty() -> None:
    """Keep Dagster's SQLite engines and connections, and sync its files at checkpoints only; for this process.

    Dagster makes an engine per statement, so that every statement is compiled again, every file opened again, and the
    log of changes written back at every close: most of the 10 ms of an event. Losing the end of that history at a
    power cut loses a view, never truth (decision 1). The ledger is no SQLAlchemy engine: it syncs every commit as ever.
    """
    event.listen(Engine, "connect", _synchronous)
    for module in (sqlite_event_log, sqlite_run_storage):
        module.create_engine = _kept  # type: ignore[attr-defined]


def _kept(url: str, **options: Any) -> Engine:
    """The engine of a file, made once; of a file that was made anew, a new one."""
    path = Path(str(url).removeprefix("sqlite:///"))
    key = (str(path), path.stat().st_ino if path.exists() else 0)
    engine = _engines.pop(key, None)
    if engine is None:
        engine = create_engine(url, **{**options, "poolclass": QueuePool})
        engine.dispose = _not_yet  # type: ignore[method-assign]
    _engines[key] = engine
    while len(_engines) > KEPT:
        _, oldest = _engines.popitem(last=False)
        Engine.dispose(oldest)
    return engine


def _not_yet(close: bool = True) -> None:  # noqa: FBT001, FBT002 (SQLAlchemy's signature)
    """Dagster disposes of an engine after every statement: this one is kept."""
    del close


def _synchronous(connection: Any, _record: object) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        connection.execute("PRAGMA synchronous=NORMAL")
