"""Owns the peers of the benchmarks: each in an environment of its own, with the pins it needs, its telemetry off.

``python -m bench.peers`` makes those that are missing (2.5 GB of downloads), or the ones that are named. They are kept
in the folder ``QOA_PEERS``, by default in the user's cache. A peer that cannot be installed or run is reported as such.
"""

import argparse
import json
import os
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
OURS = "project"
"""The project's own environment: for what stands in it anyway (Polars, DuckDB, pandera, SciPy)."""
PINS: Mapping[str, Sequence[str]] = {
    "whylogs": ("whylogs==1.6.4", "numpy<2", "pandas<3", "pyarrow<20"),
    "soda": ("soda-core==4.28.0", "soda-duckdb==4.28.0", "pyarrow"),
    "frouros": ("frouros==0.9.0", "pyarrow"),
    "great-expectations": ("great-expectations==1.24.1", "pyarrow"),
    "ydata-profiling": ("ydata-profiling==4.18.4", "setuptools<81", "pyarrow"),
    "evidently": ("evidently==0.7.23", "pandas<3", "pyarrow"),
    "statsforecast": ("statsforecast==2.1.1", "polars", "pandas<3", "pyarrow"),
    "prophet": ("prophet==1.3.0", "polars", "pyarrow"),
    "nannyml": ("nannyml==0.13.1", "statsmodels", "pyarrow"),
}
"""What each peer needs today; the reasons stand in docs/benchmarks.md."""
QUIET = {
    "DO_NOT_TRACK": "1",
    "SODA_CORE_TELEMETRY_ENABLED": "false",
    "NML_DISABLE_USAGE_LOGGING": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "WHYLOGS_NO_ANALYTICS": "True",
    "YDATA_PROFILING_NO_ANALYTICS": "True",
    "DISABLE_PANDERA_IMPORT_WARNING": "True",
    "PYTHONWARNINGS": "ignore",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a peer measured of itself, or why it did not. *seconds* of each call, *peak* memory in MB, as it says."""

    peer: str
    rows: int
    seconds: tuple[float, ...] = ()
    processor: float = 0.0
    peak: float = 0.0
    version: str = ""
    note: str = ""
    failed: str | None = None

    @property
    def best(self) -> float:
        """The quickest call: what others did meanwhile is not the peer's fault."""
        return min(self.seconds)


def folder() -> Path:
    """Where the environments are."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("QOA_PEERS") or Path(cache) / "qoa-peers")


def python_of(peer: str) -> Path:
    """The interpreter of a peer; of ``project``, this one."""
    return Path(sys.executable) if peer == OURS else folder() / peer / "bin" / "python"


def ready(peer: str) -> bool:
    """Whether a peer's environment is complete."""
    return peer == OURS or (folder() / peer / ".ready").exists()


def make(peer: str) -> str | None:
    """Make a peer's environment anew; why it failed, if it did."""
    home = folder() / peer
    venv.create(home, clear=True, with_pip=True)
    command = [str(python_of(peer)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PINS[peer]]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"pip ended with {done.returncode}"
    (home / ".ready").write_text("\n".join(PINS[peer]), "utf-8")
    return None


def run(environment: str, script: str, engine: str, rows: int, *arguments: object, limit: float = 200.0) -> Run:
    """Let *engine* run in *script* (a module of ``bench``, which prints JSON) in a process of its *environment*."""
    if not ready(environment):
        missing = f"not installed: python -m bench.peers {environment}"
        return Run(peer=engine, rows=rows, failed=missing)
    command = [str(python_of(environment)), "-m", f"bench.{script}", engine, *map(str, arguments)]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=limit, cwd=ROOT,
            env={**os.environ, **QUIET, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Run(peer=engine, rows=rows, failed=f"stopped after {limit:.0f} s")
    try:
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        said = (done.stderr.strip() or done.stdout.strip() or f"ended with {done.returncode}").splitlines()[-1]
        return Run(peer=engine, rows=rows, failed=said[:160])
    return Run(peer=engine, rows=rows, **{**found, "seconds": tuple(found["seconds"])})


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the environments that are missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"one of {', '.join(PINS)} (default: all missing)")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.peers) - set(PINS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}. Allowed: {', '.join(PINS)}")
    for peer in chosen.peers or [peer for peer in PINS if not ready(peer)]:
        failed = make(peer)
        print(f"{peer}: {failed or 'ready'}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
