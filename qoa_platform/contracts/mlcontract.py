"""Owns QoA4ML ``MLContract`` documents, v0.2 and v0.3: stakeholders, constraints, and what was not understood."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from qoa_platform.contracts.grammar import GrammarError
from qoa_platform.contracts.mlcontract_terms import Meaning, aggregated, bound, meaning, plain_word, role
from qoa_platform.contracts.problem import ContractErrors, Level, Problem, errors, in_order, show_value
from qoa_platform.contracts.yaml12 import Node, load
from qoa_platform.records import KEY, NAME, Promise, Role, Stakeholder, Subject, SubjectKind

CATEGORIES = {
    "service": "service", "services": "service", "data": "data", "ml_specific": "ml", "mlmodels": "ml",
}  # fmt: skip
"""Their categories whose metrics are ours; of the others nothing is measured."""
_RESOURCES = {
    "service": ("services_specs", "services", "service"), "data": ("data_specs", "data"),
    "ml": ("ml_specs", "mlmodels"),
}  # fmt: skip
_SECTIONS = frozenset({"stakeholders", "resources", "quality"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MLContract:
    """Their contract as far as it is understood: one subject for the service, the data and the model each."""

    subjects: tuple[Subject, ...]
    stakeholders: tuple[Stakeholder, ...]
    not_understood: tuple[Problem, ...] = ()


def looks_like_mlcontract(document: object) -> bool:
    """Whether plain data has the sections of an MLContract."""
    return isinstance(document, dict) and "quality" in document and bool({"stakeholders", "resources"} & set(document))


def read_mlcontract(source: bytes | str, file: str = "<text>") -> MLContract:
    """The contract in *source* (JSON, or YAML of the same shape). Raises ContractErrors with all errors at once.

    Every constraint becomes a promise as far as it goes; what it lacks here (columns, a prediction frame) is noted, and
    the linter will not let it pass. Constraints on metrics that we do not know, security, privacy, fairness,
    interpretability and cost are noted and promise nothing.
    """
    loaded = load(source, file)
    reader = _Reader(file=file, problems=loaded.problems)
    if loaded.root is None or errors(reader.problems):
        raise ContractErrors(errors(reader.problems))
    if not looks_like_mlcontract(loaded.root.plain):
        reader.say(
            "E105", "this is no MLContract", loaded.root, "Allowed: stakeholders, resources, quality", Level.ERROR
        )
        raise ContractErrors(reader.problems)
    return reader.contract(loaded.root)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """One constraint, of either version: a metric, a condition, an aggregate; *node* is where it stands."""

    category: str
    name: object
    operator: object
    value: object
    unit: object
    aggregate: object
    node: Node


@dataclass(slots=True, kw_only=True)
class _Reader:
    file: str
    problems: list[Problem] = field(default_factory=list)

    def say(self, code: str, message: str, node: Node, hint: str = "", level: Level = Level.INFO) -> None:
        """Add a problem where *node* stands."""
        self.problems.append(Problem(
            code=code, message=message, file=self.file, line=node.mark.line, column=node.mark.column, hint=hint,
            level=level,
        ))  # fmt: skip

    def note(self, message: str, node: Node, hint: str = "") -> None:
        """Say what is not understood."""
        self.say("I400", f"not understood: {message}", node, hint)

    def contract(self, root: Node) -> MLContract:
        """The whole contract."""
        sections = _mapping(root)
        for name, node in sections.items():
            if name not in _SECTIONS:
                self._unmeasured(name, node)
        people = [s for node in _listed(sections.get("stakeholders")) for s in self._stakeholders(node)]
        stakeholders = tuple(dict.fromkeys(people))
        subjects = self._subjects(_mapping(sections.get("quality")), _mapping(sections.get("resources")))
        return MLContract(subjects=subjects, stakeholders=stakeholders, not_understood=in_order(self.problems))

    def _unmeasured(self, name: str, node: Node) -> None:
        if node.plain not in (None, {}, []):
            self.note(f"section {name!r}: nothing of it is measured", node, "Promise a metric of the catalogue instead")

    def _stakeholders(self, node: Node) -> Iterator[Stakeholder]:
        found = _mapping(node)
        named = found.get("name") or found.get("id")
        if named is None or not isinstance(named.value, str) or not named.value:
            self.note("a stakeholder without id or name", node)
            return
        for item in _listed(found.get("roles")) or [node]:
            held = role(item.value) if isinstance(item.value, str) else "It has none"
            if isinstance(held, Role):
                yield Stakeholder(name=named.value, role=held)
            else:
                self.note(f"role {show_value(item.plain)} of {named.value!r}", item, held)

    def _subjects(self, quality: Mapping[str, Node], resources: Mapping[str, Node]) -> tuple[Subject, ...]:
        promises: dict[str, dict[str, Promise]] = {}
        for constraint in self._constraints(quality):
            promise = self._promise(constraint, promises.setdefault(constraint.category, {}))
            if promise is not None:
                promises[constraint.category][promise.id] = promise
        return tuple(
            self._subject(category, resources, tuple(found.values())) for category, found in promises.items() if found
        )

    def _subject(self, category: str, resources: Mapping[str, Node], promises: tuple[Promise, ...]) -> Subject:
        nodes = [n for key in _RESOURCES[category] for n in _listed(resources.get(key))]
        names = [(str(i.value), n) for n in nodes if (i := _mapping(n).get("id")) is not None]
        if len(names) > 1:
            several = ", ".join(repr(n) for n, _ in names)
            self.note(f"which of {several} is meant", names[0][1], f"Taken: {names[0][0]!r}")
        name = names[0][0] if names else category
        match category:
            case "data":
                key = name if KEY.fullmatch(name) else "data"
                return Subject(id="data", kind=SubjectKind.ASSET, asset=key, promises=promises)
            case "service":
                return Subject(
                    id="service", kind=SubjectKind.SERVICE, service=_name(name, "service"), promises=promises
                )
            case _:
                return Subject(id="model", kind=SubjectKind.MODEL, model=_name(name, "model"), promises=promises)

    def _constraints(self, quality: Mapping[str, Node]) -> Iterator[Constraint]:
        """The constraints of the categories that are measured, whichever version they are written in."""
        for name, node in quality.items():
            category = CATEGORIES.get(name)
            if category is None:
                if not name.startswith("_"):
                    self._unmeasured(name, node)
                continue
            for entry in _listed(node):
                listed = _mapping(entry).get("constraint_list")
                yield from (_v03(category, n) for n in _listed(listed)) if listed is not None else _v02(category, entry)

    def _promise(self, found: Constraint, taken: Mapping[str, Promise]) -> Promise | None:
        known = meaning(found.category, found.name)
        if known is None:
            self.note(f"metric {show_value(found.name)} of {found.category}", found.node)
            return None
        try:
            must = bound(_single(found.operator), found.value, _single(found.unit), known)
        except GrammarError as error:
            self.note(f"{show_value(found.name)}: {error.message}", found.node, error.hint)
            return None
        aggregate, odd = aggregated(known.metric, found.aggregate)
        if odd is not None:
            self.note(odd, found.node)
        self._lacking(known, found)
        return Promise(id=_fresh(plain_word(found.name), taken), metric=known.metric, must=must, aggregate=aggregate)

    def _lacking(self, known: Meaning, found: Constraint) -> None:
        if known.lacks:
            said = f"{known.metric} is not whole yet: this contract does not say all that it needs"
            self.say("I400", said, found.node, f"{known.lacks[0].upper()}{known.lacks[1:]}")


def _v03(category: str, node: Node) -> Constraint:
    """``{metrics: {metric_name, unit}, condition: {operator, value}, aggregate_function}``."""
    found = _mapping(node)
    metric = _mapping(found.get("metrics") or found.get("metric"))
    condition = _mapping(found.get("condition"))
    return Constraint(
        category=category, name=_plain(metric.get("metric_name") or metric.get("name")),
        unit=_plain(metric.get("unit")), operator=_plain(condition.get("operator")),
        value=_plain(condition.get("value")), node=node,
        aggregate=_plain(found.get("aggregate_function") or found.get("aggregate")),
    )  # fmt: skip


def _v02(category: str, node: Node) -> Iterator[Constraint]:
    """``{ResponseTime: {operators: max, unit: s, value: 0.05}}``."""
    for name, entry in _mapping(node).items():
        if not isinstance(entry.value, dict):
            continue
        found = _mapping(entry)
        yield Constraint(
            category=category, name=name, operator=_plain(found.get("operators") or found.get("operator")),
            value=_plain(found.get("value")), unit=_plain(found.get("unit")), aggregate=None, node=entry,
        )  # fmt: skip


def _mapping(node: Node | None) -> Mapping[str, Node]:
    return node.value if node is not None and isinstance(node.value, dict) else {}


def _listed(node: Node | None) -> list[Node]:
    """The items of a list; of anything else that is there, itself: v0.2 writes either."""
    if node is None or node.value is None:
        return []
    return list(node.value) if isinstance(node.value, tuple) else [node]


def _plain(node: Node | None) -> Any:
    return None if node is None else node.plain


def _single(value: Any) -> object:
    """A word that v0.2 may put in a list of one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _name(name: str, otherwise: str) -> str:
    lowered = name.lower()
    return lowered if NAME.fullmatch(lowered) and ".." not in lowered else otherwise


def _fresh(wanted: str, taken: Iterable[str]) -> str:
    name = wanted if wanted[:1].isalpha() else f"c{wanted}"
    known = set(taken)
    return next(n for n in (name[:60], *(f"{name[:60]}_{i}" for i in range(2, 10_000))) if n not in known)
