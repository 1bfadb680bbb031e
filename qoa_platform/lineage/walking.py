"""Owns ``why``: the walk over lineage from a subject, both ways, bounded and safe on cycles."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from qoa_platform.lineage.describing import describe
from qoa_platform.lineage.links import Links
from qoa_platform.lineage.nodes import Kind, parse
from qoa_platform.lineage.reader import Reader
from qoa_platform.lineage.subjects import resolve
from qoa_platform.lineage.tree import Branch, Cut, Direction, Tree
from qoa_platform.records import Edge

DEPTH, NODES, WIDE = 12, 300, 6
DEEPEST = 100


def why(
    reader: Reader, subject: str, *, direction: Direction | str = Direction.BOTH, depth: int = DEPTH,
    nodes: int = NODES, wide: int = WIDE,
) -> Tree:  # fmt: skip
    """What *subject* came from, and what was built on it, from the ledger alone (it survives a wipe in Dagster's UI).

    *subject* as :func:`~qoa_platform.lineage.subjects.resolve` takes it. *depth* is how many edges away a node may be
    (1 to 100), *nodes* how many are described at most; of alike neighbours (the partitions a whole table read) the
    newest *wide* are walked and the others listed as ``members``. A node is walked once per direction: another way to
    it ends in ``shown above``.

    Raises UnknownSubject when the ledger knows no such thing, ValueError for a direction or bound that is not allowed.
    """
    way = Direction(direction)
    for name, value, low, high in (("depth", depth, 1, DEEPEST), ("nodes", nodes, 1, 10**6), ("wide", wide, 1, 10**6)):
        if not low <= value <= high:
            message = f"{name} is {value}. Allowed: {low} to {high}"
            raise ValueError(message)
    root = resolve(reader, subject)
    walk = _Walk(reader=reader, links=Links(reader), depth=depth, left=nodes - 1, wide=wide)
    up = walk.tree(root, walk.links.into, Direction.UP) if way is not Direction.DOWN else ()
    down = walk.tree(root, walk.links.out_of, Direction.DOWN) if way is not Direction.UP else ()
    return Tree(subject=subject, root=describe(reader, walk.links, root), up=up, down=down, full=walk.full)


@dataclass(slots=True, kw_only=True)
class _Twig:
    node: str
    link: str
    cut: Cut | None = None
    members: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Walk:
    reader: Reader
    links: Links
    depth: int
    left: int
    wide: int
    full: bool = False
    twigs: dict[str, list[_Twig]] = field(default_factory=dict)

    def tree(self, root: str, step: Callable[[str], list[Edge]], way: Direction) -> tuple[Branch, ...]:
        """The branches of *root*, nearest first: breadth first, so that the bound cuts what is far away."""
        self.twigs = {}
        seen, queue = {root}, deque([(root, 1)])
        while queue:
            node, level = queue.popleft()
            self.twigs[node] = self._twigs([(self._far(e, way), e.kind) for e in step(node)])
            for twig in self.twigs[node]:
                if twig.members:
                    continue
                if self.left <= 0:
                    twig.cut, self.full = Cut.FULL, True
                elif twig.node in seen:
                    twig.cut = Cut.SHOWN
                elif level >= self.depth:
                    twig.cut = Cut.DEPTH if step(twig.node) else None
                else:
                    queue.append((twig.node, level + 1))
                seen.add(twig.node)
                self.left -= twig.cut is not Cut.FULL
            if self.full:
                break
        return self._branches(root)

    @staticmethod
    def _far(edge: Edge, way: Direction) -> str:
        return edge.source if way is Direction.UP else edge.destination

    def _twigs(self, neighbours: Sequence[tuple[str, str]]) -> list[_Twig]:
        """One twig per neighbour; of alike ones beyond *wide* one twig that lists the older."""
        groups: dict[tuple[str, Kind, str], list[str]] = {}
        for node, link in dict.fromkeys(neighbours):
            name = parse(node)
            groups.setdefault((link, name.kind, name.parts[0] if name.kind is Kind.DATA else ""), []).append(node)
        twigs: list[_Twig] = []
        for (link, kind, _), alike in groups.items():
            ordered = sorted(alike) if kind is Kind.DATA else alike
            older, newest = ordered[: -self.wide], ordered[-self.wide :]
            if older:
                twigs.append(_Twig(node=older[-1], link=link, members=tuple(older)))
            twigs += [_Twig(node=n, link=link) for n in newest]
        return twigs

    def _branches(self, node: str) -> tuple[Branch, ...]:
        """The twigs of *node* as branches. No deeper than *depth*, for a node is queued once."""
        return tuple(self._branch(twig) for twig in self.twigs.get(node, ()))

    def _branch(self, twig: _Twig) -> Branch:
        if twig.members:
            return Branch(node=twig.node, link=twig.link, title=_crowd(twig.members), members=twig.members)
        if twig.cut is Cut.FULL:
            return Branch(node=twig.node, link=twig.link, title=twig.node, cut=twig.cut)
        branch = replace(describe(self.reader, self.links, twig.node), link=twig.link, cut=twig.cut)
        return branch if twig.cut is not None else replace(branch, branches=self._branches(twig.node))


def _crowd(members: Sequence[str]) -> str:
    first, last = parse(members[0]), parse(members[-1])
    if first.kind is Kind.DATA:
        return f"{first.parts[0]}: {len(members)} more, {first.parts[1]} … {last.parts[1]}"
    return f"{len(members)} older: {first.kind}s"
