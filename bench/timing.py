"""Owns what a process of a benchmark says about itself: seconds, processor, peak memory, as JSON.

The processes of peers import nothing of this project but this: standard library only.
"""

import contextlib
import io
import json
import logging
import sys
import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

Call = Callable[[], object]


def peak() -> float:
    """The largest resident memory of this process so far, in MB; 0 where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def timed(call: Call, repeat: int) -> dict[str, Any]:
    """Wall and processor seconds of *repeat* calls, the first one first, and the peak of memory meanwhile.

    What reading the data took before does not count, where the system lets the peak be forgotten (Linux).
    """
    wall: list[float] = []
    used: list[float] = []
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", "utf-8")
    for _ in range(repeat):
        begin, cpu = perf_counter(), process_time()
        call()
        wall.append(perf_counter() - begin)
        used.append(process_time() - cpu)
    return {"seconds": wall, "processor": min(used), "peak": peak()}


def tell(engines: Mapping[str, Callable[..., Call]], packages: Mapping[str, str]) -> int:
    """Run ``ENGINE REPEAT ARGUMENT…`` from the command line: prepare, call, and print JSON as the last line."""
    name, repeat, *arguments = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    silence = io.StringIO()
    with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence if name in packages else sys.stderr):
        found = timed(engines[name](*arguments), int(repeat))
    package = packages.get(name, name)
    with contextlib.suppress(PackageNotFoundError):
        found["version"] = f"{package} {version(package)}"
    print(json.dumps(found))
    return 0
