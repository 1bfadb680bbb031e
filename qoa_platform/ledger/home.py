"""Owns Home: where a project keeps its state (decision 1), found from the environment or upwards from a folder."""

import os
from dataclasses import dataclass
from pathlib import Path

MARKER = "workspace.yaml"


class NoProject(RuntimeError):
    """A command was run outside any project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The folders of one project. *root* holds ``workspace.yaml``.

    *state* is ``QOA_HOME`` (default ``.qoa`` beside it); *ledger* is ``QOA_LEDGER`` (a URL or a path;
    default ``ledger.db`` in *state*).
    """

    root: Path
    state: Path
    ledger: str

    @property
    def contracts(self) -> tuple[Path, ...]:
        """The project's contracts: every ``contracts/*.yaml`` that is one (ODCS data contracts are not)."""
        found = sorted((self.root / "contracts").glob("*.yaml"))
        return tuple(p for p in found if not p.name.endswith(".odcs.yaml"))

    @property
    def dagster(self) -> Path:
        """Dagster's own history: ``DAGSTER_HOME``, default ``.dagster`` beside ``workspace.yaml``."""
        return Path(os.environ.get("DAGSTER_HOME") or self.root / ".dagster").absolute()


def find_home(start: Path | None = None) -> Home:
    """The project that *start* (default: the working directory) lies in.

    Raises NoProject when no ``workspace.yaml`` lies in it or above it.
    """
    here = (start or Path.cwd()).absolute()
    root = next((d for d in (here, *here.parents) if (d / MARKER).is_file()), None)
    if root is None:
        message = f"{here} is not inside a qoa project: no {MARKER} there or above. Make one with: qoa init DIR"
        raise NoProject(message)
    state = Path(os.environ.get("QOA_HOME") or root / ".qoa").absolute()
    return Home(root=root, state=state, ledger=os.environ.get("QOA_LEDGER") or str(state / "ledger.db"))
