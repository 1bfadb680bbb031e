"""Owns lineage: what a trial leaves behind, and why something is as it is. Pure, over a reader of the ledger."""

from qoa_platform.lineage.assembly import batch_of, edges_of, finish
from qoa_platform.lineage.nodes import (
    Kind,
    Name,
    data_node,
    episode_node,
    model_node,
    parse,
    reaction_node,
    trial_node,
    verdict_node,
)  # fmt: skip
from qoa_platform.lineage.reader import Reader
from qoa_platform.lineage.rendering import render
from qoa_platform.lineage.subjects import UnknownSubject, resolve
from qoa_platform.lineage.tree import Branch, Cut, Direction, Judged, Tree
from qoa_platform.lineage.walking import why

__all__ = [
    "Branch",
    "Cut",
    "Direction",
    "Judged",
    "Kind",
    "Name",
    "Reader",
    "Tree",
    "UnknownSubject",
    "batch_of",
    "data_node",
    "edges_of",
    "episode_node",
    "finish",
    "model_node",
    "parse",
    "reaction_node",
    "render",
    "resolve",
    "trial_node",
    "verdict_node",
    "why",
]
