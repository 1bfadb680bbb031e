"""Owns a private PostgreSQL server for tests: from the installed programs, on a free loopback port, stopped by pid."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


def programs() -> Path | None:
    """The folder of initdb and postgres, newest release first; ``None`` when there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: -float(p.parent.name))
    found = shutil.which("initdb")
    return next((f for f in [*folders, *([Path(found).parent] if found else [])] if (f / "initdb").exists()), None)


class PrivatePostgres:
    """One server with its own data folder. ``stop`` and ``start`` model an outage."""

    def __init__(self, folder: Path, bin_: Path) -> None:
        self._folder, self._bin = folder, bin_
        self._who = _somebody(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._server: subprocess.Popen[bytes] | None = None
        self._run("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "qoa", "-E", "UTF8", "--locale=C", "-N")
        self._databases = 0

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command: list[str | Path] = [
            self._bin / "postgres",
            "-D",
            self._folder / "data",
            "-p",
            str(self.port),
            "-k",
            self._folder,
        ]
        log = (self._folder / "log").open("ab")
        server: subprocess.Popen[bytes] = subprocess.Popen(
            [*command, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"],
            cwd=self._folder, stdout=log, stderr=log, **self._who,
        )  # fmt: skip
        self._server = server
        log.close()
        deadline = time.monotonic() + 30
        while not self._answers():
            assert server.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """End the server at once, as in a crash (immediate shutdown)."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(30)
            self._server = None

    def database(self) -> str:
        """The URL of a fresh database."""
        self._databases += 1
        name = f"ledger_{self._databases}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "qoa", name)
        return f"postgresql://qoa@127.0.0.1:{self.port}/{name}"

    def _answers(self) -> bool:
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "qoa", "-d", "postgres"]
        ready: list[str | Path] = [self._bin / "pg_isready", "-q", *where]
        return subprocess.run(ready, cwd=self._folder, check=False).returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        command: list[str | Path] = [self._bin / program, *arguments]
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            command, cwd=self._folder, capture_output=True, check=False, **self._who
        )
        assert done.returncode == 0, done.stderr.decode()


def _somebody(folder: Path) -> dict[str, Any]:
    """Whom to run as: ``initdb`` refuses root, so postgres, or nobody, who then owns the folder."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    who = names.get("postgres") or names["nobody"]
    os.chown(folder, who.pw_uid, who.pw_gid)
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


@contextmanager
def private_postgres() -> Iterator[PrivatePostgres]:
    """A running server; skips the test where PostgreSQL or psycopg is not installed."""
    bin_ = programs()
    if bin_ is None:
        pytest.skip("needs PostgreSQL (initdb, postgres)")
    pytest.importorskip("psycopg", reason="needs PostgreSQL's client, psycopg 3")
    folder = Path(tempfile.mkdtemp(prefix="qoa-pg-"))
    folder.chmod(0o700)
    server = PrivatePostgres(folder, bin_)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
