"""Owns loading a project's definitions outside Dagster's own processes: what ``workspace.yaml`` names."""

import importlib
import sys
from dataclasses import dataclass

import dagster as dg
import yaml

from qoa_platform.ledger.home import MARKER, Home


class DefinitionsError(RuntimeError):
    """The project's definitions cannot be loaded; says which module and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project's definitions, as Dagster would load them."""

    module: str
    repository: dg.RepositoryDefinition


def load_project(home: Home) -> Project:
    """Import the module that the project's ``workspace.yaml`` names, with the project's root on the path.

    Raises DefinitionsError when the file names none, or when importing it fails.
    """
    path = home.root / MARKER
    entries = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("load_from") or []
    named = [e["python_module"] for e in entries if isinstance(e, dict) and "python_module" in e]
    module = next((n["module_name"] if isinstance(n, dict) else str(n) for n in named), None)
    if module is None:
        allowed = "load_from: [{python_module: {module_name: assets.definitions}}]"
        message = f"{path} names no python_module. Allowed: {allowed}"
        raise DefinitionsError(message)
    root = str(home.root)
    if root not in sys.path:
        sys.path.insert(0, root)
    try:
        found = importlib.import_module(module)
    except Exception as error:
        message = f"{module} cannot be imported: {type(error).__name__}: {error}"
        raise DefinitionsError(message) from error
    defs = getattr(found, "defs", None)
    if not isinstance(defs, dg.Definitions):
        message = f"{module} has no defs. Allowed: defs = dagster.Definitions(…) at its top level"
        raise DefinitionsError(message)
    return Project(module=module, repository=defs.get_repository_def())
