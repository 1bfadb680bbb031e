"""Owns the benchmark of starting: imports and ``qoa --help``, beside an empty Python and ``dagster --help``."""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from bench.machine import machine

BIN = Path(sys.executable).parent
CASES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("python -c pass", (sys.executable, "-c", "pass")),
    ("import qoa_platform", (sys.executable, "-c", "import qoa_platform")),
    ("import qoa_platform.contracts", (sys.executable, "-c", "import qoa_platform.contracts")),
    ("qoa --help", (str(BIN / "qoa"), "--help")),
    ("dagster --help", (str(BIN / "dagster"), "--help")),
)


def seconds(command: tuple[str, ...]) -> float:
    """Wall-clock time of one run. Raises CalledProcessError when it fails."""
    began = perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return perf_counter() - began


def main() -> None:
    """Print the median and range of every case, in turn, so that a busy moment hits them alike."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    sys.stdout.write(f"{machine()}\n")
    taken: dict[str, list[float]] = {name: [] for name, _ in CASES}
    for number in range(rounds + 1):
        for name, command in CASES:
            took = seconds(command)
            if number:  # the first warms the caches
                taken[name].append(took)
    floor = statistics.median(taken[CASES[0][0]])
    for name, values in taken.items():
        median = statistics.median(values)
        span = f"{min(values) * 1000:.0f} to {max(values) * 1000:.0f}"
        sys.stdout.write(f"{name:<32}{median * 1000:6.0f} ms ({span}), {median / floor:.1f} × an empty Python\n")


if __name__ == "__main__":
    main()
