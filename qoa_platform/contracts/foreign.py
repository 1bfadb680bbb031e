"""Owns Foreign: a contract of another dialect, as far as it is understood, and what was not."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from qoa_platform.contracts.canonical import digest_of
from qoa_platform.contracts.grammar import ID, RULE_NAME
from qoa_platform.contracts.mlcontract import looks_like_mlcontract, read_mlcontract
from qoa_platform.contracts.odcs import DataContract, read_odcs
from qoa_platform.contracts.problem import ContractErrors, Problem, in_order, show_value
from qoa_platform.contracts.yaml12 import MAX_BYTES, load
from qoa_platform.records import KEY, Contract, SchemaRef, Stakeholder, Subject, SubjectKind

UNOWNED = "unknown"
"""The owner of a contract whose dialect has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """A contract of *dialect* (``odcs``, ``mlcontract``) as one of ours, to be explained, linted and completed.

    *not_understood* says, with places, what was read and promises nothing, and what a promise still lacks: nothing is
    dropped in silence, and nothing is made up.
    """

    dialect: str
    contract: Contract
    not_understood: tuple[Problem, ...] = ()


def read_foreign(path: Path | str) -> Foreign:
    """The contract in a file of another dialect: an ODCS data contract (YAML) or a QoA4ML ``MLContract`` (JSON).

    Raises ContractErrors: it cannot be read, or is of no dialect that is known.
    """
    file = str(path)
    try:
        with Path(path).open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ContractErrors([Problem(code="E001", message=f"cannot be read: {reason}", file=file)]) from error
    return read_foreign_text(content, file)


def read_foreign_text(content: bytes | str, file: str = "<text>") -> Foreign:
    """As :func:`read_foreign`, of a document that is at hand; *file* names it, and the contract."""
    loaded = load(content, file)
    if loaded.root is None:
        raise ContractErrors(loaded.problems)
    plain = loaded.root.plain
    kind = plain.get("kind") if isinstance(plain, dict) else None
    if kind == "DataContract":
        return _of_odcs(read_odcs(content, file), file)
    if looks_like_mlcontract(plain):
        return _of_mlcontract(content, file)
    said = f"no dialect that is known (kind {show_value(kind)})"
    hint = "This is one of our own: read it with read()" if kind == "QualityContract" else (
        "Allowed: an ODCS data contract (kind: DataContract), or a QoA4ML MLContract (stakeholders, resources, quality)"
    )  # fmt: skip
    mark = loaded.root.mark
    raise ContractErrors([Problem(code="E105", message=said, file=file, line=mark.line, column=mark.column, hint=hint)])


def _of_odcs(found: DataContract, file: str) -> Foreign:
    """One subject per object: its schema is a ``schema:``, its rules and service levels are promises."""
    subjects = [
        Subject(
            id=_id(o.name, "data"), kind=SubjectKind.ASSET, asset=_key(o.name), promises=o.promises, missing=o.missing,
            schema=SchemaRef(ref=f"{Path(file).name}#{o.name}", dialect="odcs", content=o.schema.content),
        )
        for o in found.objects
    ]  # fmt: skip
    return _foreign("odcs", found.name or file, file, subjects, (), found.not_understood)


def _of_mlcontract(content: bytes | str, file: str) -> Foreign:
    found = read_mlcontract(content, file)
    return _foreign("mlcontract", Path(file).stem, file, found.subjects, found.stakeholders, found.not_understood)


def _foreign(
    dialect: str, name: str, file: str, subjects: Iterable[Subject], stakeholders: tuple[Stakeholder, ...],
    not_understood: Iterable[Problem],
) -> Foreign:  # fmt: skip
    owner = stakeholders[0].name if stakeholders else UNOWNED
    contract = Contract(
        name=_rule_name(name), version=1, owner=owner, runbook="", stakeholders=stakeholders, source=file,
        subjects=tuple(_distinct(subjects)),
    )  # fmt: skip
    return Foreign(
        dialect=dialect, contract=replace(contract, digest=digest_of(contract)), not_understood=in_order(not_understood)
    )


def _distinct(subjects: Iterable[Subject]) -> Iterable[Subject]:
    """Subjects with ids of their own: names that differ only in what an id cannot hold would else be one."""
    taken: set[str] = set()
    for subject in subjects:
        name = next(n for n in (subject.id, *(f"{subject.id}_{i}" for i in range(2, 10_000))) if n not in taken)
        taken.add(name)
        yield replace(subject, id=name)


def _id(name: str, otherwise: str) -> str:
    found = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")[:64]
    return found if ID.fullmatch(found) else otherwise


def _key(name: str) -> str:
    return name if KEY.fullmatch(name) and ".." not in name else _id(name, "data")


def _rule_name(name: str) -> str:
    found = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:64]
    return found if RULE_NAME.fullmatch(found) else "imported"
