"""Owns the names that a person types: assets and models, looked up where that is cheap before where it is not."""

from collections.abc import Callable, Iterable

from qoa_platform.cli.exits import Complaint, Exit, unknown
from qoa_platform.cli.project import Project
from qoa_platform.records import Graph, ModelVersion

Known = Callable[[Graph], Iterable[str]]


def asset(project: Project, name: str) -> str:
    """*name*, if the ledger, a contract in force or the definitions know such an asset, else a complaint."""
    held = {s.asset for c in project.in_force() for s in c.subjects if s.asset}
    return _known(project, "asset", name, held, lambda graph: (n.asset for n in graph.nodes))


def model(project: Project, name: str) -> str:
    """*name*, if the ledger, a contract in force or the definitions know such a model, else a complaint."""
    held = {s.model for c in project.in_force() for s in c.subjects if s.model}
    held |= {v.model for v in project.ledger.find(ModelVersion)}
    return _known(project, "model", name, held, lambda graph: (n.model for n in graph.nodes if n.model))


def target(project: Project, text: str, allowed: dict[str, str]) -> tuple[str, str]:
    """*text* (``asset:retail/forecast``) as prefix and name; *allowed* maps each prefix to ``asset`` or ``model``."""
    prefix, colon, name = text.partition(":")
    if not colon or not name or prefix not in allowed:
        forms = ", ".join(f"{p}:{'KEY' if what == 'asset' else 'NAME'}" for p, what in allowed.items())
        raise Complaint(Exit.USAGE, f"target {text!r} is not understood. Allowed: {forms}")
    return prefix, asset(project, name) if allowed[prefix] == "asset" else model(project, name)


def _known(project: Project, what: str, name: str, held: set[str], names: Known) -> str:
    if name in held:
        return name
    held |= set(names(project.recorded))
    if name in held:
        return name
    held |= _defined(project, names)
    if name in held:
        return name
    raise unknown(what, name, held)


def _defined(project: Project, names: Known) -> set[str]:
    """What the definitions know; nothing where they do not load, for then the name is unknown all the same."""
    from qoa_platform.cli.definitions import defined_graph

    try:
        return set(names(defined_graph(project.home)))
    except Exception:  # noqa: BLE001 (a project's own code: whatever it raises)
        return set()
