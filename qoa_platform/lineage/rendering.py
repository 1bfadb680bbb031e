"""Owns rendering: an answer of ``why`` as lines of text."""

import re
from collections.abc import Iterator

from qoa_platform.lineage.tree import Branch, Judged, Tree
from qoa_platform.records import canonical, printable

WIDTH = 160
DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20,}\b")
"""A digest or commit is shown by its first 12 digits; the plain data holds all of them."""
QUIET = frozenset({"digest", "trial"})
"""Facts that the title or the node's id tells already."""


def render(tree: Tree) -> list[str]:
    """The answer as lines, for a terminal: the subject, what it came from (``up``), what was built on it (``down``).

    Text that came from data is shown with control characters replaced, and lines are cut at 160 characters.
    """
    lines = [*_head(tree.root, "", ""), ""]
    for title, branches in (("came from", tree.up), ("was used for", tree.down)):
        if branches:
            lines.append(f"{title}:")
            lines += [line for branch, last in _lasting(branches) for line in _lines(branch, "", last=last)]
    if tree.full:
        lines.append("… more nodes than asked for: narrow the subject or raise the bound")
    return [printable(DIGEST.sub(r"\1", line), WIDTH).rstrip() for line in lines]


def _lasting(branches: tuple[Branch, ...]) -> Iterator[tuple[Branch, bool]]:
    for number, branch in enumerate(branches, start=1):
        yield branch, number == len(branches)


def _lines(branch: Branch, indent: str, *, last: bool) -> Iterator[str]:
    below = indent + ("   " if last else "│  ")
    yield from _head(branch, indent + ("└─ " if last else "├─ "), below)
    for child, is_last in _lasting(branch.branches):
        yield from _lines(child, below, last=is_last)


def _head(branch: Branch, first: str, rest: str) -> Iterator[str]:
    link = f"{branch.link}: " if branch.link else ""
    when = f"  at {branch.at:%Y-%m-%d %H:%M}" if branch.at else ""
    run = f"  run {branch.run}" if branch.run else ""
    cut = f"  ({branch.cut})" if branch.cut else ""
    yield f"{first}{link}{branch.title}{when}{run}{cut}"
    if branch.cut is not None:
        return
    guide = rest + ("│    " if branch.branches else "     ")
    facts = [f"{name}: {value}" for name, value in branch.facts if name not in QUIET]
    if facts:
        yield guide + "; ".join(facts)
    if branch.parameters:
        yield guide + "parameters: " + canonical(branch.parameters)
    yield from (guide + line for line in _verdicts(branch.verdicts))


def _verdicts(verdicts: tuple[Judged, ...]) -> Iterator[str]:
    """The bad verdicts line by line, the satisfied ones as a number."""
    bad = [v for v in verdicts if v.status != "satisfied"]
    for verdict in bad:
        blocks = ", blocks" if verdict.blocks else ""
        yield (
            f"✗ {verdict.key} {verdict.window} {verdict.status}: {verdict.value}, "
            f"allowed {verdict.allowed}, {verdict.severity}{blocks}"
        )
    if len(verdicts) > len(bad):
        yield f"✓ {len(verdicts) - len(bad)} of {len(verdicts)} verdicts satisfied"
