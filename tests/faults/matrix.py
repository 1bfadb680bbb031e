"""Owns the matrix of deaths: a program that imports the library once and forks a process for every life.

``python -m tests.faults.matrix names|passages FOLDER``: kills a life at a place, its successor at another, and lets a
third one end what is left; what then differs from a life that nobody killed is printed, one JSON line per pair.
"""

import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from qoa_platform import failpoints
from qoa_platform.alerts import delivering
from qoa_platform.metering import environment
from qoa_platform.workspace import forget_workspaces
from tests.faults.judged import problems, signature
from tests.faults.world import Life, write

SENSOR: Final = ("sensor.before_request", "sensor.after_request")
"""Places of the Dagster sensor: tests/services kills real processes there."""
PLACES: Final = tuple(name for name in failpoints.NAMES if name not in SENSOR)
NEVER: Final = 1_000_000
PATIENCE: Final = 60.0
"""Seconds that a life may take before it counts as hung."""
delivering.LEASE = 0.01  # type: ignore[misc]  # the dead had a turn: nobody waits two seconds for it here, 10⁴ times


class Program:
    """The template of the project, and the one folder in which every life is lived (paths stay in caches)."""

    def __init__(self, folder: Path) -> None:
        self.root, self.template, self.left = folder / "project", folder / "template", folder / "left"
        self.report = folder / "report"
        write(self.root)
        forget_workspaces()
        self.root.rename(self.template)
        environment(self.root)  # is remembered, and inherited by every child

    def begin(self, source: Path | None = None) -> None:
        """The project as it stood in *source* (default: before anything happened)."""
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(source or self.template, self.root)

    def keep(self) -> Path:
        """Set the project aside as it was left."""
        shutil.rmtree(self.left, ignore_errors=True)
        return Path(shutil.copytree(self.root, self.left))

    def live(self, place: str | None = None) -> tuple[bool, Any]:
        """Live in a process of its own; whether it was killed, and else how often it passed *place*."""

        def life() -> Any:
            if place is not None:
                os.environ["QOA_FAILPOINT"] = place
            Life.of(self.root).live()
            return dict(failpoints._seen)

        return self.forked(life)

    def judged(self) -> dict[str, Any]:
        """What is wrong by itself, and what became of everything."""
        _, found = self.forked(lambda: {"problems": problems(self.root), "signature": signature(self.root)})
        return dict(found)

    def forked(self, work: Callable[[], Any]) -> tuple[bool, Any]:
        """Do *work* in a child. Raises RuntimeError when it raised, or hung."""
        self.report.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                self.report.write_text(json.dumps(work()))
                code = 0
            except BaseException:  # noqa: BLE001 (a child never goes on with its parent's work)
                self.report.write_text(traceback.format_exc())
            finally:
                os._exit(code)
        status = _waited(child)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            return True, None
        text = self.report.read_text() if self.report.exists() else ""
        if status != 0:
            raise RuntimeError(text or f"status {status}")
        return False, json.loads(text)


def _waited(child: int) -> int:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(0.001)
    os.kill(child, signal.SIGTERM)
    return os.waitpid(child, 0)[1]


def passages(program: Program) -> dict[str, int]:
    """How often a life passes each place."""
    found: dict[str, int] = {}
    for name in PLACES:
        program.begin()
        _, seen = program.live(f"{name}:{NEVER}")
        found[name] = seen.get(name, 0)
    return found


def every_passage(counts: dict[str, int], step: int = 1) -> list[str]:
    """All places by passage; of the ledger's, of which there are most, every *step*th."""
    return [
        f"{name}:{n}"
        for name, count in counts.items()
        for n in range(1, count + 1, step if name.startswith("ledger.") else 1)
    ]


def one_passage(counts: dict[str, int]) -> list[str]:
    """One passage of each name, in the middle of a life."""
    return [f"{name}:{(count + 1) // 2}" for name, count in counts.items() if count]


def main(mode: str, folder: str) -> None:
    """Walk every death, and all pairs: of names (each at one passage), or of all passages."""
    program = Program(Path(folder))
    program.begin()
    program.live()
    expected = program.judged()["signature"]
    counts = passages(program)
    say(passages=counts)
    firsts, chosen, seconds = walk(mode, counts)
    singles = tried = pairs = 0
    for first in firsts:
        program.begin()
        killed, _ = program.live(first)
        if not killed:
            say(first=first, wrong="nobody died there")
            continue
        left = program.keep()
        singles += 1
        ended(program, expected, first)
        for second in seconds if first in chosen else ():
            tried += 1
            program.begin(left)
            killed, _ = program.live(second)
            if killed:
                pairs += 1
                ended(program, expected, first, second)
    say(singles=singles, tried=tried, pairs=pairs)


def walk(mode: str, counts: dict[str, int]) -> tuple[list[str], set[str], list[str]]:
    """Where to die first, after which of those to die again, and where.

    By names: everywhere once (of the ledger's 80 passages every fourth), and each name after each. By passages: each
    after each (of the ledger's every second after every fourth), some 6,000 pairs.
    """
    if mode == "passages":
        firsts = every_passage(counts, 2)
        return firsts, set(firsts), every_passage(counts, 4)
    middle = one_passage(counts)
    return list(dict.fromkeys((*every_passage(counts, 4), *middle))), set(middle), [f"{name}:1" for name in PLACES]


def ended(program: Program, expected: Any, first: str, second: str | None = None) -> None:
    """Let a last life end what is left; say what is wrong then."""
    try:
        program.live()
        found = program.judged()
        wrong = [*found["problems"], *_differences(expected, found["signature"])]
    except RuntimeError as error:
        wrong = [str(error)]
    if wrong:
        say(first=first, second=second, wrong=wrong)


def say(**what: object) -> None:
    """One JSON line for the test that started this."""
    print(json.dumps(what), flush=True)


def _differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    return [f"{name}: {found[name]}, expected {value}" for name, value in expected.items() if found[name] != value]


if __name__ == "__main__":
    main(*sys.argv[1:])
