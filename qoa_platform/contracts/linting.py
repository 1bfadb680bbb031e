"""Owns linting: what is wrong, or worth saying, about a contract that reads well."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from qoa_platform.contracts import (
    linting_conflicts,
    linting_dialects,
    linting_pairs,
    linting_policies,
    linting_promises,
    linting_releases,
    linting_subjects,
)
from qoa_platform.contracts.linting_setting import Columns, LintRule, Setting
from qoa_platform.contracts.problem import Level, Problem, in_order
from qoa_platform.contracts.promises import Catalogue
from qoa_platform.contracts.reading import EVERY_METRIC
from qoa_platform.contracts.yaml12 import MAX_BYTES, Mark, load, paths
from qoa_platform.records import Contract, Graph

RULES: tuple[LintRule, ...] = (
    *linting_subjects.RULES, *linting_promises.RULES, *linting_pairs.RULES, *linting_policies.RULES,
    *linting_conflicts.RULES, *linting_releases.RULES, *linting_dialects.RULES,
)  # fmt: skip
"""Every rule of the linter. A rule is a function whose docstring is its summary."""

SKIPPED = "W300"
"""The code that says which rules were skipped because the asset graph is not known, and why."""


def lint(
    contract: Contract, *, catalogue: Catalogue = EVERY_METRIC, graph: Graph | None = None,
    columns: Columns | None = None, beside: Sequence[Contract] = (), no_graph: str = "none was given",
) -> tuple[Problem, ...]:  # fmt: skip
    """All that the linter finds, by place: errors (E2xx), warnings (W3xx) and infos (I4xx).

    *catalogue*: what metrics are checked against. *graph*: the assets that the project defines; without it what needs
    it is skipped, and one warning says so with *no_graph* as the reason. *columns*: those of frames at hand, by asset
    (else the graph's, else those of a declared ``schema:``). *beside*: the other contracts of the project.
    """
    setting = Setting(contract=contract, catalogue=catalogue, graph=graph, columns=columns or {}, beside=tuple(beside))
    marks = _marks(contract)
    found = [_problem(contract, marks, rule, *finding) for rule, *finding in _findings(setting)]
    if graph is None:
        codes = ", ".join(rule.code for rule in RULES if rule.needs_graph)
        message = f"the asset graph is not known ({no_graph}): {codes} were not checked"
        found.append(Problem(code=SKIPPED, message=message, file=contract.source, level=Level.WARNING))
    return in_order(found)


def lint_all(
    contracts: Sequence[Contract], *, catalogue: Catalogue = EVERY_METRIC, graph: Graph | None = None,
    columns: Columns | None = None, no_graph: str = "none was given",
) -> tuple[Problem, ...]:  # fmt: skip
    """As :func:`lint`, of all contracts of a project, each beside the others."""
    return in_order(
        problem
        for index, contract in enumerate(contracts)
        for problem in lint(
            contract, catalogue=catalogue, graph=graph, columns=columns, no_graph=no_graph,
            beside=(*contracts[:index], *contracts[index + 1 :]),
        )
    )  # fmt: skip


def _findings(setting: Setting) -> Iterator[tuple[LintRule, str, str, str]]:
    for rule in RULES:
        if setting.graph is not None or not rule.needs_graph:
            for finding in rule.check(setting):
                yield rule, finding.path, finding.message, finding.hint


def _problem(
    contract: Contract, marks: Mapping[str, Mark], rule: LintRule, path: str, message: str, hint: str
) -> Problem:
    """A finding with its place: that of its path, or of the nearest thing around it."""
    parts = path.split(".")
    around = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    mark = next((marks[p] for p in around if p in marks), Mark())
    return Problem(
        code=rule.code, message=message, file=contract.source, line=mark.line, column=mark.column, path=path, hint=hint,
        level=rule.level,
    )  # fmt: skip


def _marks(contract: Contract) -> Mapping[str, Mark]:
    """Where everything stands: columns too, while the file is still the one that the contract was read from."""
    lines = dict(contract.lines)
    found = _marks_of_file(contract.source)
    if all(path in found and found[path].line == line for path, line in lines.items()):
        return found
    return {path: Mark(line=line) for path, line in lines.items()}


def _marks_of_file(source: str) -> dict[str, Mark]:
    try:
        with Path(source).open("rb") as file:
            root = load(file.read(MAX_BYTES + 1), source).root
    except (OSError, ValueError):
        return {}
    return dict(paths(root)) if root is not None else {}
