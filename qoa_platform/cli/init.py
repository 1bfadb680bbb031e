"""Owns ``qoa init``: a new project from the template inside the package, small but real."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qoa_platform.cli.exits import Complaint, Exit
from qoa_platform.cli.leaf import leaf

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

SUFFIX = ".tmpl"
"""Template files are no Python files of ours: no tool of the house reads them as such."""
DOTTED = {"gitignore": ".gitignore"}
HISTORY = timedelta(days=30)
"""The example's first day lies so long before the day on which the project is made."""


@leaf(example=["qoa init shop && cd shop && qoa contract check"], exits=(Exit.STATE,))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def init(*, folder: Path, as_json: bool) -> None:
    """Write a new project that runs.

    workspace.yaml, assets, sensors, a contract and tests, in the layout of the platform: a daily asset under a
    contract, a table downstream, the reconcile sensor, a schedule. DIR must be empty, or not there yet.
    """
    from datetime import UTC, datetime

    from qoa_platform.cli.output import emit, say

    root = folder.absolute()
    written = write_project(root, today=datetime.now(UTC).date())
    if as_json:
        emit({"project": str(root), "name": name_of(root), "files": [str(p.relative_to(root)) for p in written]})
    else:
        say(
            *(f"  {p.relative_to(root)}" for p in written),
            f"{root} is a project. Next: cd {folder} && qoa contract check",
        )


def write_project(root: Path, *, today: date) -> list[Path]:
    """Write the template to *root*; the files, in order. Raises Complaint unless *root* is empty or missing."""
    if root.exists() and not root.is_dir():
        raise Complaint(Exit.STATE, f"{root} is a file. Allowed: an empty folder, or one that is not there yet")
    if root.is_dir() and (found := sorted(p.name for p in root.iterdir())):
        message = f"{root} is not empty: {', '.join(found[:5])}. Allowed: an empty folder, or one that is not there yet"
        raise Complaint(Exit.STATE, message)
    words = {
        "__NAME__": name_of(root), "__FIRST_DAY__": (today - HISTORY).isoformat(),
        "__DAY__": (today - timedelta(days=1)).isoformat(),
    }  # fmt: skip
    written = []
    for name, template in sorted(_files()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_filled(template.read_text(encoding="utf-8"), words), encoding="utf-8")
        written.append(path)
    return written


def name_of(root: Path) -> str:
    """The project's name: its folder's, as a contract may be called.

    >>> name_of(Path("/srv/My Shop 2")), name_of(Path("/srv/2026"))
    ('my-shop-2', 'project-2026')
    """
    name = re.sub(r"[^a-z0-9]+", "-", root.name.lower()).strip("-")[:60]
    return name if name[:1].isalpha() else f"project-{name}".strip("-")


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def _files() -> "Iterator[tuple[str, Traversable]]":
    """The template's files by the paths they get in the project."""
    from importlib.resources import files

    yield from _below(files("qoa_platform.cli") / "template", "")


def _below(folder: "Traversable", prefix: str) -> "Iterator[tuple[str, Traversable]]":
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _below(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(SUFFIX):
            name = entry.name.removesuffix(SUFFIX)
            yield prefix + DOTTED.get(name, name), entry
