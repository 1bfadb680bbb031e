"""Owns Environment: what a step ran in, so that a trial says it and two trials can be told apart by it."""

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path

from qoa_platform.records import digest

LOCK = "requirements.lock"
PATIENCE = 5.0
"""Seconds that git may take: a step never waits longer to learn its commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Interpreter, platform, packages and code. ``None`` is unknown, and *unknown* says why, field by field.

    *packages* is the digest of all installed ``name==version``, *lock* the SHA-256 of ``requirements.lock``, *host* a
    digest of the host's name (enough to tell two hosts apart, not enough to name one), *dirty* whether tracked files
    differ from *commit*.
    """

    python: str
    platform: str
    packages: str
    lock: str | None
    host: str
    commit: str | None
    dirty: bool | None
    unknown: tuple[tuple[str, str], ...] = ()

    @property
    def digest(self) -> str:
        """What a trial keeps: interpreter, platform, packages and lock. Neither host nor commit is part of it."""
        return digest("environment", self.python, self.platform, self.packages, self.lock)


@cache
def environment(root: Path | None = None) -> Environment:
    """The environment of this process, with lock and commit as found at *root* (default: the working directory).

    Read once per process and *root*: packages and code are loaded once, too.
    """
    where = (root or Path.cwd()).resolve()
    lock, no_lock = _lock(where)
    commit, no_commit = _git(where, "rev-parse", "--verify", "HEAD")
    changes, no_changes = _git(where, "status", "--porcelain", "--untracked-files=no") if commit else (None, no_commit)
    reasons = (("lock", no_lock), ("commit", no_commit), ("dirty", no_changes))
    return Environment(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=f"{sys.platform}-{platform.machine()}",
        packages=digest("packages", installed()),
        lock=lock,
        host=digest("host", platform.node())[:16],
        commit=commit,
        dirty=None if changes is None else bool(changes),
        unknown=tuple((field, reason) for field, reason in reasons if reason),
    )


@cache
def installed() -> tuple[str, ...]:
    """All installed distributions as sorted ``name==version``, read once; one that hides its name is left out."""
    found = ((d.metadata["Name"], d.version) for d in metadata.distributions())
    return tuple(sorted({f"{name.lower().replace('_', '-')}=={version}" for name, version in found if name}))


def _lock(where: Path) -> tuple[str | None, str]:
    path = where / LOCK
    try:
        return sha256(path.read_bytes()).hexdigest(), ""
    except OSError as error:
        return None, f"{LOCK} cannot be read: {error.strerror or error}"


def _git(where: Path, *arguments: str) -> tuple[str | None, str]:
    """What git answers, or ``None`` and why. Nothing that the repository configures is run (no fsmonitor, no lock)."""
    git = shutil.which("git")
    if git is None:
        return None, "git is not installed"
    command = [git, "-c", "core.fsmonitor=false", "-C", str(where), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 (a fixed command, no shell)
            command, capture_output=True, text=True, timeout=PATIENCE, check=False,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, f"git did not answer: {error}"
    if done.returncode != 0:
        return None, (done.stderr.strip().splitlines() or [f"git ended with {done.returncode}"])[0]
    return done.stdout.strip(), ""
