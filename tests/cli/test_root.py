"""Tests of ``qoa`` itself: names, helps, errors and exit codes, and what is imported for them."""

import json
import os
import subprocess
import sys
from ast import literal_eval
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from qoa_platform.cli import main
from qoa_platform.cli.exits import CODES, MEANINGS, Complaint, Exit, exit_of
from qoa_platform.cli.lazy import LazyGroup
from qoa_platform.cli.leaf import Leaf
from tests.cli.conftest import Qoa
from tests.cli.scene import ROOT, Scene

HEAVY = (
    "dagster", "msgspec", "numpy", "pandas", "pandera", "polars", "prometheus_client", "pyarrow", "pydantic",
    "qoa_platform.records", "requests", "rich", "scipy", "skops", "sklearn", "sqlalchemy", "yaml",
)  # fmt: skip
FRAMES = tuple(sorted({*HEAVY} - {"msgspec", "qoa_platform.records"}))
"""What a command that only reads the ledger has no business with."""
FREE = {
    "contract suggest", "flags", "init", "metrics list", "metrics show", "metrics check", "contract schema",
    "report profile", "report drift",
}  # fmt: skip
"""What needs no project around it."""
ARGUMENTS = {
    "incident": "1", "why": "x", "accept": "a/b p --reason r", "quarantine release": "a/b p --reason r",
    "quarantine drop": "a/b p --reason r", "quarantine rows": "a/b p",
    "promote": "m v1 --force --reason r", "rollback": "m --reason r",
    "hold": "model:m --reason r", "release-hold": "model:m --reason r",
    "inject": "half_rows --target feed:a/b", "contract freeze": "sales --since 2017-01-01 --until 2017-02-01 --name x",
    "react": "--once", "measure": "sales", "explain": "sales.volume", "contract explain": "",
    "contract diff": f"{ROOT}/contracts/retail.yaml", "policy replay": "--since 1d",
}  # fmt: skip
"""What a command must be given."""
REPORT = """
import sys
from qoa_platform.cli import main
code = 0
for words in sys.argv[2:]:
    try:
        main(words.split())
    except SystemExit as end:
        code = max(code, end.code)
print("\\n" + repr((code, [name for name in {heavy} if name in sys.modules])), file=sys.stderr)
"""


def leaves(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that name it."""
    for name in group.list_commands(click.Context(group)):
        found = group.get_command(click.Context(group), name)
        assert found is not None, name
        if isinstance(found, click.Group):
            yield from leaves(found, (*path, name))
        else:
            yield (*path, name), found


EVERY = list(leaves())


def imported(folder: Path, *commands: str) -> tuple[int, list[str]]:
    """The worst exit code of commands run in a process of its own, and the heavy modules that they imported."""
    script = [sys.executable, "-c", REPORT.replace("{heavy}", repr(HEAVY)), "--", *commands]
    done = subprocess.run(script, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    code, modules = literal_eval(done.stderr.strip().splitlines()[-1])
    return code, modules


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    """``qoa --help`` knows every command without importing any of them, nor the library's own records."""
    assert imported(tmp_path, "--help") == (0, [])
    assert imported(tmp_path, "--version") == (0, [])


def test_help_of_a_command_imports_nothing_heavy(tmp_path: Path) -> None:
    """The help of a command does not import what the command needs: not one of them."""
    assert imported(tmp_path, *(f"{' '.join(words)} --help" for words, _ in EVERY)) == (0, [])


def test_light_commands_import_no_frame_library(scene: Scene) -> None:
    """Commands that only read or write the ledger import no Dagster, no frame library and no terminal library."""
    code, modules = imported(
        scene.root, "status", "incidents", "incident 1", "why retail/forecast", "models demand", "quarantine show",
        "ledger verify", "budget", "hold model:demand --reason r", "rollback demand --reason r",
        "release-hold model:demand --reason r", "promote demand v3 --force --reason r", "inject --list", "metrics list",
        "inject half_rows --target feed:retail/raw_day",
    )  # fmt: skip
    assert code == Exit.FINDINGS
    assert not set(modules) & set(FRAMES)


@pytest.mark.parametrize("name", sorted(main.entries))
def test_the_table_tells_the_truth(name: str) -> None:
    """What the list of commands says of one is not something else than what the command says of itself."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.name == name
    if isinstance(command, Leaf):
        assert command.example
        assert f"qoa {name}" in command.example[0]


def test_groups_are_lazy_all_the_way_down() -> None:
    """Every group lists its commands from a table."""
    groups = [main.get_command(click.Context(main), name) for name in main.entries]
    assert all(isinstance(g, LazyGroup) for g in groups if isinstance(g, click.Group))


@pytest.mark.parametrize(("words", "command"), EVERY, ids=[" ".join(w) for w, _ in EVERY])
def test_every_command_has_example_json_and_exit_codes(words: tuple[str, ...], command: click.Command) -> None:
    """Every command shows an example that begins with its own name, takes --json, and documents its exit codes."""
    assert isinstance(command, Leaf)
    assert all(line.startswith("qoa ") for line in command.example)
    assert any(line.startswith(" ".join(["qoa", *words])) for line in command.example)
    assert any("--json" in p.opts for p in command.params)
    assert Exit.DONE in command.exits
    assert Exit.USAGE in command.exits
    assert command.help


def test_exit_codes_name_real_errors() -> None:
    """Every error that the table of exit codes names exists; none is there by a name of yesterday."""
    for name in CODES:
        module, _, attribute = name.rpartition(".")
        assert issubclass(getattr(import_module(module), attribute), Exception), name
    assert set(MEANINGS) == set(Exit)


def test_the_most_special_error_decides() -> None:
    """A rollback with nothing to go back to is no broken ledger, although its error is a ledger's."""
    from qoa_platform.ledger import LedgerLocked, NothingToGoBackTo

    assert exit_of(NothingToGoBackTo("x")) is Exit.STATE
    assert exit_of(LedgerLocked("x")) is Exit.LEDGER
    assert exit_of(Complaint(Exit.USAGE, "x")) is Exit.USAGE
    assert exit_of(KeyError("x")) is Exit.BUG


def test_unknown_commands_and_options_are_answered_with_a_guess(qoa: Qoa) -> None:
    """What is not known is answered with where, what, the nearest guess and what is known, exit code 2."""
    said = qoa("staus")
    assert said.code == Exit.USAGE
    assert said.err.startswith("qoa  unknown command 'staus'. Did you mean 'status'? Known: status, incidents")
    said = qoa("ledger", "verfy")
    assert (said.code, said.out) == (Exit.USAGE, "")
    assert said.err.startswith("qoa ledger  unknown command 'verfy'. Did you mean 'verify'?")
    said = qoa("status", "--jsn")
    assert said.code == Exit.USAGE
    assert "qoa status  No such option" in said.err
    assert "--json" in said.err


def test_without_a_command_the_help_is_shown(qoa: Qoa) -> None:
    """``qoa`` and a group alone say what can follow, on stderr; nothing was done, so the exit code is 2."""
    for words, mentions in ((), "incidents"), (("contract",), "freeze"):
        said = qoa(*words)
        assert (said.code, said.out) == (Exit.USAGE, "")
        assert mentions in said.err


def test_a_reader_that_stops_reading_is_no_error(scene: Scene) -> None:
    """``qoa … | head -1`` ends quietly."""
    command = [sys.executable, "-m", "qoa_platform.cli", "inject", "--list", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=scene.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


@pytest.mark.parametrize("words", [w for w, _ in EVERY if " ".join(w) not in FREE], ids=" ".join)
def test_outside_any_project_it_says_so(
    words: tuple[str, ...], qoa: Qoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that needs a project and is run outside any says so, with what to do, exit code 3."""
    monkeypatch.chdir(tmp_path)
    said = qoa(*words, *ARGUMENTS.get(" ".join(words), "").split())
    assert (said.code, said.out) == (Exit.PROJECT, ""), said
    assert "is not inside a qoa project: no workspace.yaml there or above. Make one with: qoa init DIR" in said.err


def test_a_bug_shows_no_traceback_unless_asked(qoa: Qoa, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error is one line and exit code 70; --traceback or QOA_TRACEBACK show where it arose."""
    import qoa_platform.cli.status as module

    def broken(*_: object) -> None:
        message = "boom\x1b[31m"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(module, "_status", broken)
    said = qoa("status")
    assert said.code == Exit.BUG
    assert said.err == "qoa  this should not have happened: ZeroDivisionError: boom�[31m. See where: --traceback\n"
    for words in (["status", "--traceback"], ["--traceback", "status"]):
        said = qoa(*words)
        assert said.code == Exit.BUG
        assert "Traceback (most recent call last)" in said.err
        assert "in broken" in said.err
    monkeypatch.setenv("QOA_TRACEBACK", "1")
    assert "Traceback" in qoa("status").err


def test_the_entry_point_is_the_command_line() -> None:
    """``python -m qoa_platform.cli`` and the declared entry point run the same program."""
    done = subprocess.run(
        [sys.executable, "-m", "qoa_platform.cli", "metrics", "list", "--json"], capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    assert any(m["id"] == "data.completeness" for m in json.loads(done.stdout)["metrics"])
