"""Owns the rule about promises that stand in another document: rules of the data contract that ``schema:`` names."""

from collections.abc import Iterator
from pathlib import Path

from qoa_platform.contracts.linting_setting import Finding, LintRule, Setting, declared
from qoa_platform.contracts.odcs import DataObject, read_odcs
from qoa_platform.contracts.problem import ContractErrors
from qoa_platform.contracts.yaml12 import MAX_BYTES
from qoa_platform.records import Subject


def promised_elsewhere(setting: Setting) -> Iterator[Finding]:
    """Rules of the data contract at ``schema:`` that this contract does not promise: they are not measured."""
    for subject in setting.contract.subjects:
        found = _data_object(Path(setting.contract.source).parent, subject)
        mine = {(p.metric, p.columns, p.expr) for p in subject.promises}
        left = [p.id for p in found.promises if (p.metric, p.columns, p.expr) not in mine] if found is not None else []
        if left and subject.schema is not None:
            said = f"{subject.schema.ref} has rules that are not promised here: {', '.join(left)}"
            hint = "schema: takes columns, types and checks of values; promise the rest by itself"
            yield Finding(path=f"subjects.{subject.id}.schema", message=said, hint=hint)


def _data_object(folder: Path, subject: Subject) -> DataObject | None:
    """The object that ``schema:`` names, while its file is at hand and still the one that was read."""
    if subject.schema is None or subject.schema.dialect != "odcs":
        return None
    name, _, chosen = subject.schema.ref.partition("#")
    try:
        with (folder / name).open("rb") as file:
            found = read_odcs(file.read(MAX_BYTES + 1), name).object(chosen or None)
    except (OSError, ValueError, KeyError, ContractErrors):
        return None
    return found if found.schema.content == subject.schema.content else None


def not_coerced(setting: Setting) -> Iterator[Finding]:
    """Columns that the pandera schema at `schema:` would convert first (`coerce`): a frame is judged as it is."""
    for subject in setting.contract.subjects:
        found = declared(subject)
        if found is not None and found.coerced and subject.schema is not None:
            said = f"{subject.schema.ref} would convert {', '.join(found.coerced)} first (coerce): that is not done"
            hint = "a frame is judged as it is: convert in the asset's function"
            yield Finding(path=f"subjects.{subject.id}.schema", message=said, hint=hint)


RULES = (LintRule(code="I405", check=promised_elsewhere), LintRule(code="I406", check=not_coerced))
