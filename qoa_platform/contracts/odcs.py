"""Owns ODCS 3.1 data contracts: their schema as a FrameSchema, their rules as promises, and what was not understood.

Written from the Open Data Contract Standard, version 3.1.0 (schema, data quality, service-level agreement).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from qoa_platform.contracts.odcs_quality import Terms, quality_promise, sla_columns, sla_promise
from qoa_platform.contracts.problem import ContractErrors, Level, Problem, errors, guess, in_order, show_value
from qoa_platform.contracts.schema import CheckKind, ColumnCheck, ColumnSchema, FrameSchema, LogicalType
from qoa_platform.contracts.yaml12 import Mark, Node, load
from qoa_platform.records import Promise, Scalar

_OPTIONS = frozenset(kind.value for kind in CheckKind) - {CheckKind.VALUES}
_IGNORED_OPTIONS = frozenset({"timezone", "defaultTimezone", "format"})
_READ = frozenset({"apiVersion", "kind", "id", "name", "version", "schema", "slaProperties"})
_DESCRIPTIVE = frozenset({
    "status", "domain", "dataProduct", "tenant", "description", "tags", "authoritativeDefinitions", "contractCreatedTs",
})  # fmt: skip
_WITHOUT_PROMISES = frozenset({
    "servers", "team", "roles", "support", "price", "customProperties", "slaDefaultElement",
})  # fmt: skip
_TYPES = frozenset(t.value for t in LogicalType) - {LogicalType.ANY}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataObject:
    """One object (table) of a data contract: its schema, the promises its rules make, the tokens that mean missing."""

    name: str
    schema: FrameSchema
    promises: tuple[Promise, ...]
    missing: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DataContract:
    """An ODCS data contract as far as it is understood; *not_understood* says the rest."""

    name: str
    version: str
    objects: tuple[DataObject, ...]
    not_understood: tuple[Problem, ...] = ()

    def object(self, name: str | None = None) -> DataObject:
        """The object of that *name*, or the only one. Raises KeyError with what is there."""
        found = [o for o in self.objects if name in (None, o.name)]
        if len(found) != 1:
            known = ", ".join(o.name for o in self.objects)
            message = f"there is no single object {name!r}. Allowed: {known}" if name else f"several objects: {known}"
            raise KeyError(message)
        return found[0]


def read_odcs(source: bytes | str, file: str = "<text>") -> DataContract:
    """The data contract in *source*. Rules that are ``sql``, ``custom`` or text are reported, never run.

    Raises ContractErrors with all errors at once.
    """
    loaded = load(source, file)
    reader = _Reader(file=file, problems=loaded.problems)
    contract = reader.document(loaded.root) if loaded.root is not None else None
    if contract is None or errors(reader.problems):
        raise ContractErrors(errors(reader.problems))
    return DataContract(
        name=contract.name, version=contract.version, objects=contract.objects,
        not_understood=in_order(reader.problems),
    )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Reader:
    file: str
    problems: list[Problem] = field(default_factory=list)

    def say(self, code: str, message: str, mark: Mark, hint: str = "", level: Level = Level.ERROR) -> None:
        """Add a problem at *mark*."""
        self.problems.append(
            Problem(
                code=code, message=message, file=self.file, line=mark.line, column=mark.column, hint=hint, level=level
            )
        )

    def note(self, message: str, mark: Mark, hint: str = "") -> None:
        """Add what is not understood, and goes on."""
        self.say("I400", f"not understood: {message}", mark, hint, Level.INFO)

    def document(self, root: Node) -> DataContract | None:
        """The whole contract, or ``None`` when it is no ODCS one."""
        if not isinstance(root.value, dict):
            self.say("E103", f"a data contract must be a mapping, found {show_value(root.plain)}", root.mark)
            return None
        if self.text(root, "kind") != "DataContract":
            self.say("E105", "this is no ODCS data contract", root.mark, "Allowed: kind: DataContract")
            return None
        api = self.text(root, "apiVersion") or ""
        if not api.startswith("v3."):
            self.say("E105", f"apiVersion {show_value(api)} is not read", root.mark, "Allowed: v3.0.0 to v3.1.0")
        self._sections(root)
        objects = self.items(root, "schema", required=True)
        self._stray_levels(root, [self.text(o, "name") for o in objects])
        read = tuple(o for node in objects if (o := self._object(node, root)) is not None)
        name = self.text(root, "name") or self.text(root, "id") or ""
        return DataContract(name=name, version=self.text(root, "version") or "", objects=read)

    def _object(self, node: Node, root: Node) -> DataObject | None:
        name = self.text(node, "name", required=True)
        properties = self.items(node, "properties", required=True)
        columns = tuple(c for p in properties if (c := self._column(p)) is not None)
        self._twice(properties)
        terms = [self._terms(q, None) for q in self.items(node, "quality")]
        for prop in properties:
            terms += [self._terms(q, self.text(prop, "name")) for q in self.items(prop, "quality")]
        promises: dict[str, Promise] = {}
        missing: dict[str, tuple[str, ...]] = {}
        for found in (*terms, *self._sla(root, name)):
            if found is None:
                continue
            promises[_fresh(found.promise.id, promises)] = found.promise
            missing |= found.missing
        if name is None:
            return None
        keys = sorted((p for p in properties if self.flag(p, "primaryKey")), key=_key_position)
        key = tuple(k for p in keys if (k := self.text(p, "name")) is not None)
        named = tuple(_renamed(p, i) for i, p in promises.items())
        return DataObject(
            name=name, schema=FrameSchema(columns=columns, key=key), promises=named,
            missing=tuple(sorted(missing.items())),
        )  # fmt: skip

    def _column(self, node: Node) -> ColumnSchema | None:
        name = self.text(node, "name", required=True)
        held = self.text(node, "logicalType")
        if held is not None and held not in _TYPES:
            self.say(
                "E105",
                f"logicalType {show_value(held)} is not known",
                self.at(node, "logicalType"),
                guess(held, _TYPES),
            )
            return None
        if held is None and name is not None:
            self.note(f"column {name!r} has no logicalType", node.mark, "Its type is not checked")
        if name is None:
            return None
        kind = LogicalType(held or LogicalType.ANY)
        required = self.flag(node, "required") or self.flag(node, "primaryKey")
        return ColumnSchema(
            name=name, type=kind, nullable=not required, unique=self.flag(node, "unique"),
            timezone=self._zone(node) if kind is LogicalType.TIMESTAMP else None, checks=self._checks(node),
        )  # fmt: skip

    def _zone(self, node: Node) -> str | None:
        options = self.child(node, "logicalTypeOptions")
        if options is None or not self.flag(options, "timezone"):
            return None
        return self.text(options, "defaultTimezone") or "UTC"

    def _checks(self, node: Node) -> tuple[ColumnCheck, ...]:
        found: list[ColumnCheck] = []
        options = self.child(node, "logicalTypeOptions")
        for key, child in options.value.items() if options is not None and isinstance(options.value, dict) else ():
            if key in _OPTIONS and isinstance(child.value, str | int | float):
                found.append(ColumnCheck(kind=CheckKind(key), value=child.value))
            elif key not in _IGNORED_OPTIONS:
                self.note(f"logicalTypeOptions.{key}", child.mark)
        values = [_enum_value(item) for item in self.items(node, "enum")]
        if values:
            found.append(ColumnCheck(kind=CheckKind.VALUES, value=tuple(values)))
        return tuple(sorted(found, key=lambda c: c.kind))

    def _terms(self, node: Node, column: str | None) -> Terms | None:
        if not isinstance(node.value, dict):
            self.say("E103", f"a quality rule must be a mapping, found {show_value(node.plain)}", node.mark)
            return None
        found = quality_promise(node.plain, column)
        if isinstance(found, str):
            self.note(found, node.mark)
            return None
        for said in found.notes:
            self.note(said, node.mark)
        return found

    def _sla(self, root: Node, name: str | None) -> Iterator[Terms]:
        only = len(self.items(root, "schema")) == 1
        for node in self.items(root, "slaProperties"):
            if name is None or not isinstance(node.value, dict):
                continue
            for column in sla_columns(self.text(node, "element"), name, only=only):
                found = sla_promise(node.plain, column)
                if isinstance(found, Terms):
                    yield found

    def _stray_levels(self, root: Node, names: list[str | None]) -> None:
        """Note the service levels that promise nothing: not understood, or of no object of this contract."""
        for node in self.items(root, "slaProperties"):
            if not isinstance(node.value, dict):
                self.say("E103", f"a service level must be a mapping, found {show_value(node.plain)}", node.mark)
                continue
            element, only = self.text(node, "element"), len(names) == 1
            found = sla_promise(node.plain)
            if isinstance(found, str):
                self.note(found, node.mark)
            elif not any(sla_columns(element, n, only=only) for n in names if n is not None):
                said = f"service level {show_value(self.text(node, 'property'))} of element {show_value(element)}"
                known = ", ".join(f"{n}.column" for n in names if n is not None)
                self.note(said, node.mark, f"Allowed: {known}")

    def _sections(self, root: Node) -> None:
        """Note the sections from which no promise follows, and those that the standard does not know."""
        for key in root.value if isinstance(root.value, dict) else ():
            if key not in _READ and key not in _DESCRIPTIVE:
                known = key in _WITHOUT_PROMISES
                said = f"section {key!r} (no promise follows from it)" if known else f"section {show_value(key)}"
                self.note(said, root.keys[key], "" if known else guess(key, _READ, listed=0))

    def _twice(self, properties: tuple[Node, ...]) -> None:
        names = [self.text(p, "name") for p in properties]
        for index, name in enumerate(names):
            if name is not None and name in names[:index]:
                self.say("E111", f"column {name!r} stands twice", properties[index].mark)

    def child(self, node: Node, key: str) -> Node | None:
        """What stands at *key*, or ``None``."""
        return node.value.get(key) if isinstance(node.value, dict) else None

    def at(self, node: Node, key: str) -> Mark:
        """Where the value of *key* stands."""
        found = self.child(node, key)
        return found.mark if found is not None else node.mark

    def text(self, node: Node, key: str, *, required: bool = False) -> str | None:
        """The text at *key*; anything else is an error."""
        found = self.child(node, key)
        if found is not None and isinstance(found.value, str) and found.value:
            return found.value
        if found is not None and found.value is not None:
            if isinstance(found.value, int | float) and not required:
                return str(found.value)
            self.say("E103", f"{key!r} must be text, found {show_value(found.plain)}", found.mark)
        elif required:
            self.say("E102", f"{key!r} is missing", node.mark)
        return None

    def flag(self, node: Node, key: str) -> bool:
        """Whether *key* is true."""
        found = self.child(node, key)
        if found is not None and not isinstance(found.value, bool | None):
            self.say("E103", f"{key!r} must be true or false, found {show_value(found.plain)}", found.mark)
        return found is not None and found.value is True

    def items(self, node: Node, key: str, *, required: bool = False) -> tuple[Node, ...]:
        """The list at *key*."""
        found = self.child(node, key)
        if found is not None and isinstance(found.value, tuple):
            return found.value
        if found is not None and found.value is not None:
            self.say("E103", f"{key!r} must be a list, found {show_value(found.plain)}", found.mark)
        elif required:
            self.say("E102", f"{key!r} is missing", node.mark)
        return ()


def _enum_value(node: Node) -> Scalar:
    value: Any = node.plain
    return value.get("value") if isinstance(value, dict) else value


def _key_position(node: Node) -> int:
    found = node.value.get("primaryKeyPosition") if isinstance(node.value, dict) else None
    return found.value if found is not None and isinstance(found.value, int) else 0


def _fresh(wanted: str, taken: Mapping[str, object]) -> str:
    return next(name for name in (wanted, *(f"{wanted}_{i}" for i in range(2, 10_000))) if name not in taken)


def _renamed(promise: Promise, promise_id: str) -> Promise:
    return replace(promise, id=promise_id)
