"""Owns the processes of the daemon's tests: Dagster's code server and daemon, and ``qoa react``, each by its pid."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def environment(root: Path, failpoint: str | None = None) -> dict[str, str]:
    """What a process of the project at *root* is told; nothing of this machine's own projects."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("QOA_", "DAGSTER_", "PYTEST_"))}
    own |= {"PYTHONPATH": str(REPOSITORY), "DAGSTER_HOME": str(root / ".dagster"), "DAGSTER_DISABLE_TELEMETRY": "1"}
    return own | ({"QOA_FAILPOINT": failpoint} if failpoint else {})


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """One process (and whatever it starts: they are one group), which may be killed and started again."""

    def __init__(self, root: Path, name: str, *command: str) -> None:
        self._root, self.name, self._command = root, name, command
        self._groups: list[int] = []
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, failpoint: str | None = None) -> None:
        """Start it, to die at *failpoint* if one is named. What it says goes to ``<name>.log``."""
        with (self._root / f"{self.name}.log").open("ab") as log:
            log.write(f"---- start {failpoint or ''}\n".encode())
            log.flush()
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self._command], cwd=self._root, env=environment(self._root, failpoint),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._groups.append(self._process.pid)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def code(self) -> int | None:
        """How it ended; ``-9`` for SIGKILL, ``None`` while it runs."""
        return None if self._process is None else self._process.poll()

    def kill(self) -> None:
        """SIGKILL, to the process alone: what it started goes on."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)

    def end(self) -> None:
        """End it and everything that it ever started. Nothing of it is to be kept."""
        for group in self._groups:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        if self._process is not None:
            self._process.wait(30)

    def said(self, last: int = 4000) -> str:
        """The end of its log."""
        path = self._root / f"{self.name}.log"
        return path.read_text(errors="replace")[-last:] if path.exists() else ""
