"""Owns what a rule of the linter sees (the Setting) and says (a Finding); a LintRule is a code and one function."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from qoa_platform.contracts.problem import Level
from qoa_platform.contracts.promises import Catalogue
from qoa_platform.contracts.schema import FrameSchema, frame_schema
from qoa_platform.metrics import MetricSpec
from qoa_platform.records import Contract, Graph, Promise, Rule, Subject, SubjectKind

Columns = Mapping[str, Collection[str]]
"""Asset key → the columns of its frame, where they are known."""

_LEVELS = {"E": Level.ERROR, "W": Level.WARNING, "I": Level.INFO}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found at *path* (dotted, as in ``Contract.lines``); its place and code are filled in by ``lint``."""

    path: str
    message: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A contract with everything it is compared with: the catalogue, the asset graph, other contracts of the project.

    *graph* ``None``: it is not known, and what needs it is skipped. *columns*: of assets whose frames are at hand.
    *beside*: the other contracts of the project.
    """

    contract: Contract
    catalogue: Catalogue
    graph: Graph | None = None
    columns: Columns = field(default_factory=dict)
    beside: tuple[Contract, ...] = ()

    def spec(self, metric: str) -> MetricSpec | None:
        """The metric's row of the catalogue."""
        return self.catalogue.get(metric)

    @property
    def promises(self) -> Iterator[tuple[Subject, Promise, str]]:
        """Every promise with its subject and its path."""
        for subject in self.contract.subjects:
            for promise in subject.promises:
                yield subject, promise, f"subjects.{subject.id}.promises.{promise.id}"

    @cached_property
    def project(self) -> tuple[Contract, ...]:
        """All contracts of the project, this one first."""
        return (self.contract, *self.beside)

    @cached_property
    def assets(self) -> frozenset[str]:
        """Every asset of the graph."""
        return frozenset(node.asset for node in self.graph.nodes) if self.graph is not None else frozenset()

    @cached_property
    def models(self) -> frozenset[str]:
        """Every model that some contract is about, or some asset trains."""
        named = {s.model for c in self.project for s in c.subjects if s.model is not None}
        trained = {n.model for n in self.graph.nodes if n.model is not None} if self.graph is not None else set()
        return frozenset(named | trained)

    @cached_property
    def services(self) -> frozenset[str]:
        """Every service that some contract is about."""
        return frozenset(s.service for c in self.project for s in c.subjects if s.service is not None)

    @cached_property
    def released(self) -> frozenset[str]:
        """Every model that has a ``release:``."""
        return frozenset(c.release.model for c in self.project if c.release is not None)

    def named_by(self, rule: Rule) -> tuple[Subject, ...]:
        """The subjects that the condition of *rule* names."""
        return tuple(s for s in self.contract.subjects if rule.when.subject in (None, s.id))

    def promises_of(self, rule: Rule) -> tuple[tuple[Subject, Promise], ...]:
        """The promises that the condition of *rule* names; the implied promise ``schema`` is not among them."""
        wanted = rule.when.promise
        return tuple((s, p) for s in self.named_by(rule) for p in s.promises if wanted in (None, p.id))

    def columns_of(self, asset: str | None) -> frozenset[str] | None:
        """The columns of an asset's frame, or ``None``: they are not known.

        Known from a frame at hand, from the graph, or from the ``schema:`` of a subject that is about the asset.
        """
        if asset is None:
            return None
        if asset in self.columns:
            return frozenset(self.columns[asset])
        node = self.graph.node(asset) if self.graph is not None else None
        if node is not None and node.columns is not None:
            return frozenset(node.columns)
        for contract in self.project:
            for subject in contract.subjects:
                schema = declared(subject) if subject.asset == asset else None
                if schema is not None:
                    return frozenset(column.name for column in schema.columns)
        return None


def declared(subject: Subject) -> FrameSchema | None:
    """The schema that *subject* declares, if it can be read."""
    if subject.schema is None or subject.kind is not SubjectKind.ASSET:
        return None
    try:
        return frame_schema(subject.schema)
    except ValueError:
        return None


def frame_of(subject: Subject, promise: Promise) -> str | None:
    """The asset whose frame *promise* reads; ``None``: it reads none (a run, a service, a chain, a bare model)."""
    if promise.over is not None:
        return promise.over
    return subject.asset if subject.kind is SubjectKind.ASSET else None


Check = Callable[[Setting], Iterable[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LintRule:
    """A rule of the linter. The first letter of *code* is its level: E an error, W a warning, I an info."""

    code: str
    check: Check
    needs_graph: bool = False

    @property
    def level(self) -> Level:
        """How bad a finding is."""
        return _LEVELS[self.code[0]]

    @property
    def summary(self) -> str:
        """What the rule finds: the first line of its function's docstring."""
        return (self.check.__doc__ or "").strip().partition("\n")[0]
