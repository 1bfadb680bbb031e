"""Tests of what commands print: plain tables, rich ones on a terminal, JSON that any reader takes, keys that stay."""

import json
import os
import pty
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.cli.output import CELL, Table, emit, shown, tables
from tests.cli.conftest import Qoa
from tests.cli.scene import ROOT, Scene

WHO = "--actor ada --reason r"
KEYS = {
    "status": {"status"},
    "incidents": {"incidents"},
    "incident 1": {"incident"},
    "why demand": {"why"},
    "measure sales": {"measure"},
    "explain sales.volume": {"explanation"},
    "models": {"models"},
    "metrics": {"families"},
    "metrics list": {"metrics"},
    "metrics show data.mean": {"metric"},
    "contract check": {"ok", "files", "contracts", "problems", "skipped"},
    "contract explain": {"contracts"},
    "contract diff contracts/retail.yaml": {"old", "new", "changes", "version_must_rise"},
    "contract coverage": {"contracts"},
    "budget": {"budgets"},
    "policy explain": {"at", "note", "contracts"},
    "policy replay --since 90d": {"assets", "replays"},
    "alerts deliver": {"channels", "delivered"},
    "inject --list": {"kinds", "planted"},
    "inject half_rows --target feed:retail/raw_day": {"key", "injection", "actor", "reason"},
    "inject --withdraw feed:retail/raw_day|1": {"key", "withdrawn", "actor", "reason"},
    f"accept retail/sales_day 2017-10-05 {WHO}": {
        "asset", "partition", "digest", "actor", "reason", "generation", "at", "wall",
    },
    "quarantine show": {"quarantined", "set_aside"},
    f"quarantine drop retail/sales_day 2017-10-04 {WHO}": {
        "asset", "partition", "digest", "verb", "actor", "reason", "at", "wall",
    },
    f"hold model:demand {WHO}": {"target", "held", "reason", "actor", "generation", "at", "wall"},
    f"release-hold model:demand {WHO}": {"target", "held", "reason", "actor", "generation", "at", "wall"},
    f"promote demand v3 --force {WHO}": {"model", "from", "to", "verb", "actor", "reason", "generation", "at", "wall"},
    f"rollback demand {WHO}": {"model", "from", "to", "verb", "actor", "reason", "generation", "at", "wall"},
    "ledger verify": {"ledger", "position", "problems"},
}  # fmt: skip
"""The top-level keys of every answer, in an order in which the commands can be typed one after another."""


def test_the_keys_of_every_answer_stay(qoa: Qoa, defined: Scene) -> None:
    """What a program reads today it reads tomorrow: a key that goes away or is renamed is a break of the interface."""
    for words, keys in KEYS.items():
        said = qoa(*words.split(), "--json")
        assert set(json.loads(said.out)) == keys, words


@given(st.text(), st.floats(), st.integers())
def test_whatever_the_ledger_holds_is_json(text: str, number: float, whole: int) -> None:
    """Any text (lone surrogates too) and any float (NaN and infinities by name) becomes strict JSON."""
    import click
    from click.testing import CliRunner

    @click.command()
    def command() -> None:
        emit({"text": text, "number": number, "whole": whole})

    found = json.loads(CliRunner().invoke(command).stdout, parse_constant=pytest.fail)
    assert found["text"] == text
    assert found["whole"] == whole
    assert found["number"] == number if abs(number) < float("inf") else isinstance(found["number"], str)


@given(st.text())
def test_no_text_drives_the_terminal(text: str) -> None:
    """A cell is one line without control characters, and whole text of any script stays as it is."""
    said = shown(text)
    assert not [c for c in said if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    assert said == text or not text.isprintable() or len(text) > CELL


def test_plain_tables_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no terminal columns are aligned with blanks, and nothing is cut or coloured."""
    tables(
        Table(columns=("a", "long name"), rows=[("x", None), ("yyyy", True)]), Table(columns=("", ""), rows=[(1, 2)])
    )
    assert capsys.readouterr().out == "a     long name\nx\nyyyy  yes\n\n1  2\n"


def test_a_terminal_gets_colours(scene: Scene) -> None:
    """On a real terminal the table is drawn by rich, a violated promise in red; markup in data is text."""
    from qoa_platform.records import Batch, Move, PointerKind
    from tests.lineage.story import NOON

    with scene.ledger() as ledger:
        markup = Move(
            kind=PointerKind.HOLD, key="asset:retail/forecast", value="[bold]not markup[/bold]", expected=0,
            verb="hold", actor="a", reason="x", at=NOON, wall=NOON,
        )  # fmt: skip
        ledger.commit(Batch(moves=(markup,)))
    leader, follower = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "200"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "qoa_platform.cli", "status"], cwd=scene.root, env=environment, stdout=follower
    )
    os.close(follower)
    said = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the last writer is gone
            break
        if not part:
            break
        said += part
    os.close(leader)
    assert process.wait(30) == 1
    text = said.decode()
    assert "\x1b[1;31mviolated" in text
    assert "[bold]not markup[/bold]" in text
