"""Owns the mapping of verdicts to Dagster's asset checks: what passes, what blocks, what is plotted."""

import inspect
from collections.abc import Callable, Mapping
from html import escape
from math import isfinite
from pathlib import Path
from typing import Any

import dagster as dg

from qoa_platform.audit.setting_aside import told
from qoa_platform.contracts import sentence as worded
from qoa_platform.records import Contract, FailingRows, Promise, Status, Subject, Verdict, printable, show
from qoa_platform.records.failing import Cells
from qoa_platform.verdicts.remedies import because, command, remedies

MARKUP = frozenset("|`*_[]()!~#\\")
"""Characters that Markdown makes something of."""
FEW = 2
"""So many things that would change a verdict are named on its check."""
BLOCKING_SEVERITY = dg.AssetCheckSeverity.ERROR


def shown(verdict: Verdict) -> dict[str, Any]:
    """A verdict as arguments of ``AssetCheckResult`` and ``AssetCheckEvaluation``.

    Only a verdict that blocks is an ERROR; any other that is not satisfied is a failed check with WARN: silence is
    never compliance, but it does not block. Numbers are plotted by the UI under stable keys, and are always finite.
    """
    return {
        "check_name": verdict.key.promise,
        "passed": verdict.satisfied,
        "severity": BLOCKING_SEVERITY if verdict.blocks else dg.AssetCheckSeverity.WARN,
        "description": "\n".join([sentence(verdict), *explained(verdict)]),
        "metadata": metadata(verdict),
    }


def sentence(verdict: Verdict) -> str:
    """One line for a person: status, value, what is allowed, n."""
    low, high = show(verdict.bounds.low, verdict.unit), show(verdict.bounds.high, verdict.unit)
    bounds = f"allowed {low} … {high}" if verdict.status is not Status.UNKNOWN else (verdict.cause or "")
    aside = told(verdict)
    apart = f"; {aside['count']:,} of {aside['of']:,} rows set aside" if aside is not None else ""
    return f"{verdict}: {show(verdict.value, verdict.unit)}; {bounds}; n = {verdict.n:,}{apart}"


def explained(verdict: Verdict) -> list[str]:
    """Of a verdict that is not satisfied: why, what would change it, and the command that says more."""
    if verdict.satisfied:
        return []
    why = [f"Why: {because(verdict)}"] if verdict.violated else []
    change = "; ".join(r.says for r in remedies(verdict)[:FEW])
    return [*why, *([f"What would change it: {change}"] if change else []), f"More: {command(verdict)}"]


def metadata(verdict: Verdict) -> dict[str, Any]:
    """Stable keys: ``qoa/value``, ``qoa/low``, ``qoa/high``, ``qoa/margin``, ``qoa/n`` are plotted by the UI."""
    numbers = {
        "qoa/value": verdict.value,
        "qoa/low": verdict.bounds.low,
        "qoa/high": verdict.bounds.high,
        "qoa/margin": verdict.margin,
    }
    plotted = {k: float(v) for k, v in numbers.items() if v is not None and isfinite(v)}
    return {
        **plotted,
        **_failing(verdict),
        **_band(verdict),
        "qoa/n": verdict.n,
        "qoa/status": str(verdict.status),
        "qoa/reason": str(verdict.reason or ""),
        "qoa/metric": verdict.metric,
        "qoa/unit": str(verdict.unit),
        "qoa/window": str(verdict.window),
        "qoa/contract": f"{verdict.key.contract} v{verdict.contract_version}",
        "qoa/digest": verdict.data or "",
        "qoa/trial": verdict.trial or "",
        "qoa/explain": command(verdict),
    }


def _band(verdict: Verdict) -> dict[str, Any]:
    """``qoa/usual``, a number to be plotted, and ``qoa/model``: what was learnt, where something was."""
    band = verdict.evidence.get("band")
    if not isinstance(band, Mapping) or not isinstance(centre := band.get("centre"), int | float):
        return {}
    return {**({"qoa/usual": float(centre)} if isfinite(centre) else {}), "qoa/model": str(band.get("model"))}


def _failing(verdict: Verdict) -> dict[str, Any]:
    """``qoa/failing_rows``, a number to be plotted, and the first of those rows as a table."""
    aside = told(verdict)
    before = {"qoa/set_aside_rows": int(str(aside["count"]))} if aside is not None else {}
    found = FailingRows.of(verdict.evidence)
    if found is None:
        return before
    table = {"qoa/failing_sample": dg.MetadataValue.md(markdown(found))} if found.sample else {}
    return {**before, "qoa/failing_rows": found.count, **table}


def markdown(found: FailingRows) -> str:
    """Failing rows as a table in Markdown; what data holds cannot leave its cell.

    >>> from qoa_platform.records import FailingRow
    >>> row = FailingRow(row=7, key=(("id", "a"),), cells=(("price", "-1|<b>"),), why="outside [0, ∞)")
    >>> print(markdown(FailingRows(count=1, sample=(row,))))
    | row | key | cells | why |
    | ---: | --- | --- | --- |
    | 7 | id = a | price = -1&#124;&lt;b&gt; | outside &#91;0, ∞&#41; |
    """
    head = ["| row | key | cells | why |", "| ---: | --- | --- | --- |"]
    lines = [
        f"| {r.row} | {_cells(r.key)} | {_cells(r.cells, dict(r.expected))} | {_plain(r.why)} |" for r in found.sample
    ]
    more = found.count - len(found.sample)
    return "\n".join([*head, *lines, *(["", f"and {more:,} more"] if more > 0 else [])])


def _cells(cells: Cells, expected: Mapping[str, str | None] | None = None) -> str:
    said = []
    for name, value in cells:
        meant = (expected or {}).get(name)
        shown_ = "(missing)" if value is None else _plain(value)
        said.append(f"{_plain(name)} = {shown_}" + (f" (most likely {_plain(meant)})" if meant else ""))
    return ", ".join(said)


def _plain(text: str) -> str:
    """Text that Markdown and HTML leave as it is."""
    return "".join(f"&#{ord(c)};" if c in MARKUP else c for c in escape(printable(text), quote=False))


def check_specs(
    contract: Contract, asset: str, key: dg.AssetKey, partitions: dg.PartitionsDefinition[Any] | None
) -> list[dg.AssetCheckSpec]:
    """One check per promise that can be read from the asset's own frame; ``schema`` where a subject has one."""
    found: list[dg.AssetCheckSpec] = []
    for subject in contract.subjects:
        if subject.asset != asset or subject.model is not None:
            continue
        named = [(p.id, describe(p), p.critical) for p in subject.promises if p.over is None]
        if subject.schema is not None:
            named.insert(0, ("schema", f"columns and types of {subject.schema.ref}", True))
        found += [
            dg.AssetCheckSpec(
                name, asset=key, description=text, blocking=critical, partitions_def=partitions,
                metadata={"qoa/contract": contract.name, "qoa/line": line_of(contract, subject, name)},
            )
            for name, text, critical in named
        ]  # fmt: skip
    return found


def over_specs(contract: Contract, asset: str, key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """Promises of models that are read over this asset, and the release's objective: checks that never block."""
    found = [
        (f"{s.id}_{p.id}", describe(p), line_of(contract, s, p.id))
        for s in contract.subjects
        for p in s.promises
        if p.over == asset
    ]
    release = contract.release
    if release is not None and release.objective.over == asset:
        text = f"{release.objective.metric} of the candidate against the champion, on paired evidence"
        found.append(("release_objective", text, f"{contract.source}:{contract.line('release') or 1}"))
    return [
        dg.AssetCheckSpec(
            name, asset=key, description=text, blocking=False,
            metadata={"qoa/contract": contract.name, "qoa/line": line},
        )
        for name, text, line in found
    ]  # fmt: skip


def reference(contract: Contract, asset: str, function: Callable[..., Any]) -> dict[str, Any]:
    """Code references: the asset's function, and the line of the contract that speaks of it."""
    found: list[dg.LocalFileCodeReference | dg.UrlCodeReference] = [
        dg.LocalFileCodeReference(
            file_path=str(Path(inspect.getsourcefile(function) or "").absolute()),
            line_number=inspect.getsourcelines(function)[1], label="function",
        )
    ]  # fmt: skip
    subject = next((s for s in contract.subjects if s.asset == asset), None)
    if subject is not None and Path(contract.source).is_file():
        line = contract.line(f"subjects.{subject.id}") or 1
        path = str(Path(contract.source).absolute())
        found.append(dg.LocalFileCodeReference(file_path=path, line_number=line, label=f"contract {contract.name}"))
    return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=found)}


def describe(promise: Promise) -> str:
    """A promise in words, as the check's description."""
    return f"{worded(promise)} ({promise.severity})"


def line_of(contract: Contract, subject: Subject, promise: str) -> str:
    """``file:line`` of a promise in its contract, for code references and error messages."""
    line = contract.line(f"subjects.{subject.id}.promises.{promise}") or contract.line(f"subjects.{subject.id}") or 1
    return f"{contract.source}:{line}"
