"""Owns reading: a YAML document becomes a Contract, or all of its problems at once, each with its place."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from qoa_platform.contracts.canonical import digest_of
from qoa_platform.contracts.grammar import GrammarError
from qoa_platform.contracts.keys import DOCUMENT, WHICH
from qoa_platform.contracts.policies import read_release, read_rule
from qoa_platform.contracts.problem import ContractErrors, Problem, listed
from qoa_platform.contracts.promises import Catalogue, Reader
from qoa_platform.contracts.shapes import Found, Report, check
from qoa_platform.contracts.yaml12 import Node, load, paths
from qoa_platform.metrics import catalogue as every_metric
from qoa_platform.records import (
    Contract,
    Mode,
    Presets,
    Promise,
    Role,
    SchemaRef,
    Stakeholder,
    Subject,
    SubjectKind,
)

Resolve = Callable[[str], SchemaRef]
"""Turns what stands at ``schema:`` into its resolved content; GrammarError (or ContractErrors) when it cannot."""

SCHEMA_PROMISE = "schema"
"""The id of the promise that ``schema:`` implies (semantics 1)."""
_LINES_DEPTH = 5


EVERY_METRIC: Catalogue = every_metric()


def read(source: Path | str, *, catalogue: Catalogue | None = EVERY_METRIC, resolve: Resolve | None = None) -> Contract:
    r"""The contract in a file (a path, or text without a line break), or in *source* itself (text with one).

    *catalogue* is what metrics, units and parameters are checked against: by default all of them; ``None`` leaves them
    unchecked. *resolve* finds what ``schema:`` names: by default a file beside the contract, or a pandera model of the
    project around it.

    Raises ContractErrors with all problems at once.

    >>> read("apiVersion: qoa/v1\nkind: QualityContract")
    Traceback (most recent call last):
        ...
    qoa_platform.contracts.problem.ContractErrors: <text>:1:1  E102 contract needs 'name': its name
    <text>:1:1  E102 contract needs 'owner': who answers for it
    <text>:1:1  E102 contract needs 'subjects': what is promised about what
    <text>:1:1  E102 contract needs 'version': raised with every change
    """
    if isinstance(source, str) and "\n" in source:
        return read_text(source, catalogue=catalogue, resolve=resolve)
    path = Path(source)
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ContractErrors([Problem(code="E001", message=f"cannot be read: {reason}", file=str(source))]) from error
    if resolve is None:
        from qoa_platform.contracts.resolving import resolver  # noqa: PLC0415 (only where a file needs it)

        resolve = resolver(path)
    return read_text(content, file=str(path), catalogue=catalogue, resolve=resolve)


def read_text(
    text: str | bytes, *, file: str = "<text>", catalogue: Catalogue | None = EVERY_METRIC,
    resolve: Resolve | None = None,
) -> Contract:  # fmt: skip
    """As :func:`read`, of a document that is at hand; *file* is only shown."""
    loaded = load(text, file)
    report = Report(file=file, problems=loaded.problems)
    if loaded.root is None:
        raise ContractErrors(report.problems)
    contract = _contract(loaded.root, Reader(catalogue=catalogue, report=report), resolve)
    if report.problems or contract is None:
        raise ContractErrors(report.problems)
    return contract


def _contract(root: Node, reader: Reader, resolve: Resolve | None) -> Contract | None:
    report = reader.report
    kind = root.value.get("kind") if isinstance(root.value, dict) else None
    if kind is not None and kind.value == "DataContract":
        report.say("E105", "this is an ODCS data contract", kind.mark, ("kind",), "Name it as a subject's schema:")
        return None
    found = check(root, DOCUMENT, report)
    if found is None:
        return None
    subjects = _subjects(found, reader, resolve)
    _unique([s for s in found.get("stakeholders", ()) if isinstance(s, Found)], ("name", "role"), "stakeholder", report)
    promised = _promised(found)
    rules = [r for r in found.get("policy", ()) if isinstance(r, Found)]
    _unique(rules, ("name",), "rule", report)
    policy = [read_rule(rule, reader, promised) for rule in rules]
    release = read_release(found.get("release"), reader) if isinstance(found.get("release"), Found) else None
    if report.problems or not found.whole:
        return None
    contract = Contract(
        name=found.get("name"), version=found.get("version"), owner=found.get("owner"),
        runbook=found.get("runbook", ""),
        stakeholders=tuple(
            Stakeholder(name=s.get("name"), role=Role(s.get("role")), contact=s.get("contact"))
            for s in found.get("stakeholders", ())
        ),
        mode=Mode(found.get("mode", Mode.ENFORCE)), false_alarms=_float(found.get("false_alarms")),
        react_within=found.get("react_within", timedelta(days=7)), subjects=subjects,
        presets=tuple(Presets(asset=asset, names=names) for asset, names in found.get("presets", {}).items()),
        policy=tuple(rule for rule in policy if rule is not None), release=release, source=report.file,
        lines=tuple((p, m.line) for p, m in paths(root) if p.count(".") < _LINES_DEPTH),
    )  # fmt: skip
    return replace(contract, digest=digest_of(contract))


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _promised(found: Found) -> dict[str, list[str]]:
    """The promise ids of every subject as written, those that could not be read included."""
    subjects = found.nodes["subjects"].value if "subjects" in found.nodes else None
    promised: dict[str, list[str]] = {}
    for name, node in subjects.items() if isinstance(subjects, dict) else ():
        items = node.value.get("promises") if isinstance(node.value, dict) else None
        ids = (
            [i.plain.get("id") for i in items.value if isinstance(i.value, dict)]
            if items and isinstance(items.value, tuple)
            else []
        )
        has_schema = isinstance(node.value, dict) and "schema" in node.value
        promised[name] = [str(i) for i in ids] + [SCHEMA_PROMISE] * has_schema
    return promised


def _unique(items: Iterable[Found], keys: tuple[str, ...], what: str, report: Report) -> None:
    seen: dict[tuple[object, ...], int] = {}
    for item in items:
        name = tuple(item.get(key) for key in keys)
        if None in name:
            continue
        if name in seen:
            said = f"{what} {', '.join(map(str, name))!r} stands twice, first on line {seen[name]}"
            report.say("E111", said, item.mark_of(keys[0]), item.path)
        seen.setdefault(name, item.mark.line)


def _subjects(found: Found, reader: Reader, resolve: Resolve | None) -> tuple[Subject, ...]:
    read = [
        _subject(name, item, reader, resolve)
        for name, item in (found.get("subjects") or {}).items()
        if isinstance(item, Found)
    ]
    return tuple(subject for subject in read if subject is not None)


def _subject(name: str, found: Found, reader: Reader, resolve: Resolve | None) -> Subject | None:
    report = reader.report
    kind = _kind(found, report)
    items = [item for item in found.get("promises", ()) if isinstance(item, Found)]
    _unique(items, ("id",), "promise", report)
    reader.expression(found.get("where"), found.mark_of("where"), (*found.path, "where"))
    read = [(item, reader.promise(item)) for item in items]
    schema = _schema(found, items, report, resolve)
    if kind is None or not found.whole or any(promise is None for _, promise in read):
        return None
    promises: tuple[Promise, ...] = tuple(promise for _, promise in read if promise is not None)
    subject = Subject(
        id=name, kind=kind, asset=found.get("asset"), model=found.get("model"), service=found.get("service"),
        run=found.get("run", ()), through=found.get("through", ()), partition=found.get("partition"),
        event_time=found.get("event_time"), timezone=found.get("timezone"), expected=found.get("expected"),
        delay=found.get("delay", timedelta(0)), since=found.get("since"), schema=schema,
        segments=found.get("segments", ()), missing=tuple(sorted(found.get("missing", {}).items())),
        sensitive=found.get("sensitive", ()), where=found.get("where"), train_on=found.get("train_on"),
        set_aside=found.get("set_aside"), promises=promises,
    )  # fmt: skip
    for item, promise in read:
        if promise is not None:
            reader.buildable(promise, subject, item)
    return subject


def _kind(found: Found, report: Report) -> SubjectKind | None:
    given = [key for key in WHICH if key in found.nodes]
    if given == ["asset", "model"]:
        return SubjectKind.MODEL
    if len(given) != 1:
        said = f"a subject is one of {listed(WHICH)}, found {', '.join(given) or 'none'}"
        report.say("E114", said, found.mark, found.path, "A model may name its asset beside it")
        return None
    if given != ["model"] and "train_on" in found.nodes:
        report.say("E114", "train_on belongs to a model", found.mark_of("train_on"), (*found.path, "train_on"))
    only_assets = [k for k in ("schema", "partition", "event_time", "segments", "missing") if k in found.nodes]
    if given not in (["asset"], ["model"]) and only_assets:
        said = f"{only_assets[0]} belongs to an asset, not to a {given[0]}"
        report.say("E114", said, found.mark_of(only_assets[0]), (*found.path, only_assets[0]))
    return SubjectKind.CHAIN if given == ["through"] else SubjectKind(given[0])


def _schema(found: Found, items: Iterable[Found], report: Report, resolve: Resolve | None) -> SchemaRef | None:
    ref, mark, path = found.get("schema"), found.mark_of("schema"), (*found.path, "schema")
    if ref is None:
        return None
    for item in items:
        if item.get("id") == SCHEMA_PROMISE:
            said = "the id 'schema' belongs to the promise that schema: implies"
            report.say("E111", said, item.mark_of("id"), item.path)
    if resolve is None:
        report.say("E113", f"schema {ref!r} cannot be found", mark, path, "Read the contract from its file")
        return None
    try:
        return resolve(ref)
    except GrammarError as error:
        report.say("E113", f"schema {ref!r}: {error.message}", mark, path, error.hint)
    except ContractErrors as error:
        report.problems.extend(error.problems)
    return None
