"""Owns Graph: the asset graph as plain data, handed to linter and policy by whoever knows the orchestrator."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One asset: what it reads, whether it is partitioned, which model it trains (if any), its columns (if known).

    *partitions* tells sets of partitions apart: one run of a partition holds only assets that share theirs.
    """

    asset: str
    upstream: tuple[str, ...] = ()
    partitioned: bool = False
    partitions: str | None = None
    model: str | None = None
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Assets and what they read.

    >>> g = Graph(nodes=(Node(asset="a"), Node(asset="b", upstream=("a",)), Node(asset="c", upstream=("b",))))
    >>> g.ordered
    ('a', 'b', 'c')
    >>> g.below("a"), g.above("c"), g.between("a", "c")
    (('b', 'c'), ('a', 'b'), ('a', 'b', 'c'))
    """

    nodes: tuple[Node, ...] = ()

    def node(self, asset: str) -> Node | None:
        """The node of that asset, or ``None``."""
        return next((n for n in self.nodes if n.asset == asset), None)

    def _closure(self, start: str, step: dict[str, set[str]]) -> set[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            for name in step.get(todo.pop(), set()) - seen:
                seen.add(name)
                todo.append(name)
        return seen

    def _ordered(self, names: Iterable[str]) -> tuple[str, ...]:
        """*names* in topological order (upstream first); ties keep the order of *nodes*."""
        wanted = set(names)
        left, done = list(dict.fromkeys(n.asset for n in self.nodes if n.asset in wanted)), []
        while left:
            ready = next((n for n in left if not set(self._up()[n]) & set(left) - {n}), left[0])
            left.remove(ready)
            done.append(ready)
        return tuple(done)

    def _up(self) -> dict[str, set[str]]:
        return {n.asset: set(n.upstream) for n in self.nodes}

    @property
    def ordered(self) -> tuple[str, ...]:
        """All assets, upstream first."""
        return self._ordered(n.asset for n in self.nodes)

    def above(self, asset: str) -> tuple[str, ...]:
        """All assets that *asset* rests on, upstream first."""
        return self._ordered(self._closure(asset, self._up()))

    def below(self, asset: str) -> tuple[str, ...]:
        """All assets that rest on *asset*, upstream first."""
        down: dict[str, set[str]] = {}
        for n in self.nodes:
            for up in n.upstream:
                down.setdefault(up, set()).add(n.asset)
        return self._ordered(self._closure(asset, down))

    def between(self, first: str, last: str) -> tuple[str, ...]:
        """*first*, every asset on a way from it to *last*, and *last*; empty when there is no way."""
        if first == last:
            return (first,)
        middle = set(self.below(first)) & set(self.above(last))
        if last not in self.below(first):
            return ()
        return self._ordered({first, last} | middle)

    def trainer(self, model: str) -> str | None:
        """The asset that trains *model*, or ``None``."""
        return next((n.asset for n in self.nodes if n.model == model), None)
