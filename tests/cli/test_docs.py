"""Tests of docs/cli.md: every command, option and exit code stands there, and nothing that does not exist."""

import re

import click
import pytest

from qoa_platform.cli import main
from qoa_platform.cli.exits import MEANINGS
from qoa_platform.cli.leaf import Leaf
from tests.cli.scene import ROOT
from tests.cli.test_output import KEYS
from tests.cli.test_root import EVERY

PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `(qoa [a-z -]+)`\n((?:(?!^##).*\n)*)", PAGE, re.MULTILINE))
GLOBAL = {"--json", "--traceback", "--help"}


@pytest.mark.parametrize(("words", "command"), EVERY, ids=[" ".join(w) for w, _ in EVERY])
def test_every_command_has_a_section_with_all_its_options(words: tuple[str, ...], command: click.Command) -> None:
    """A section per command, with each option by name and an example."""
    name = " ".join(["qoa", *words])
    assert name in SECTIONS
    section = SECTIONS[name]
    options = {o for p in command.params if isinstance(p, click.Option) for o in p.opts if o.startswith("--")}
    assert sorted(o for o in options - GLOBAL if f"`{o}" not in section) == []
    assert f"$ {name}" in section


def test_no_section_is_about_something_else() -> None:
    """A command that was renamed or removed leaves no section behind."""
    names = {" ".join(["qoa", *words]) for words, _ in EVERY} | {"qoa metrics"}
    assert set(SECTIONS) <= names


def test_every_exit_code_is_explained() -> None:
    """Each exit code with its number and what it means."""
    assert [
        f"| {int(code)} | {meaning} |"
        for code, meaning in MEANINGS.items()
        if f"| {int(code)} | {meaning} |" not in PAGE
    ] == []


def test_options_that_do_not_exist_are_not_promised() -> None:
    """Every option named in a command's section is one of that command's."""
    for words, command in EVERY:
        section = SECTIONS[" ".join(["qoa", *words])]
        said = set(re.findall(r"^- `(--[a-z-]+)", section, re.MULTILINE))
        known = {o for p in command.params for o in p.opts}
        assert said <= known, (words, said - known)


@pytest.mark.parametrize(("words", "command"), EVERY, ids=[" ".join(w) for w, _ in EVERY])
def test_exit_codes_of_a_command_are_those_it_documents(words: tuple[str, ...], command: Leaf) -> None:
    """The page and the command's own help name the same exit codes."""
    told = SECTIONS[" ".join(["qoa", *words])].partition("Exit codes:")[2]
    numbers = re.findall(r"\b\d+\b", re.sub(r"\([^()]*\)", "", told))
    assert sorted(map(int, numbers)) == sorted(int(code) for code in command.exits)


@pytest.mark.parametrize("typed", KEYS)
def test_the_keys_of_an_answer_are_documented(typed: str) -> None:
    """Every top-level key of a command's JSON stands in its section."""
    (name, *_) = sorted((n for n in SECTIONS if f"qoa {typed} ".startswith(f"{n} ")), key=len, reverse=True)
    told = SECTIONS[name].partition("JSON keys")[2]
    assert sorted(key for key in KEYS[typed] if f"`{key}`" not in told) == []


def test_every_group_is_there() -> None:
    """The groups of the table of commands stand on the page."""
    assert [name for name in main.entries if f"`qoa {name}" not in PAGE] == []
