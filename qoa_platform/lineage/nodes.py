"""Owns the node ids of lineage: what an edge connects, as one line of text."""

from dataclasses import dataclass
from enum import StrEnum

SEPARATOR = "|"


class Kind(StrEnum):
    """What a node stands for; the value is the prefix of its id."""

    DATA = "data"
    """``data:<asset>|<partition>|<digest>``: one content of one partition (a whole table's partition may be empty)."""
    TRIAL = "trial"
    """``trial:<id>``"""
    MODEL = "model"
    """``model:<model>|<version>``"""
    VERDICT = "verdict"
    """``verdict:<id>``"""
    REACTION = "reaction"
    """``reaction:<id>``"""
    EPISODE = "episode"
    """``episode:<id>``; an incident is named by its first episode."""


PARTS: dict[Kind, int] = {
    Kind.DATA: 3, Kind.TRIAL: 1, Kind.MODEL: 2, Kind.VERDICT: 1, Kind.REACTION: 1, Kind.EPISODE: 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A node id taken apart.

    >>> str(Name(kind=Kind.MODEL, parts=("demand", "v2")))
    'model:demand|v2'
    """

    kind: Kind
    parts: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind}:{SEPARATOR.join(self.parts)}"


def data_node(asset: str, partition: str, digest: str) -> str:
    """The node of one content of one partition.

    >>> data_node("retail/sales_day", "2017-10-04", "ab12")
    'data:retail/sales_day|2017-10-04|ab12'
    """
    return f"{Kind.DATA}:{asset}{SEPARATOR}{partition}{SEPARATOR}{digest}"


def trial_node(trial: str) -> str:
    """The node of a trial."""
    return f"{Kind.TRIAL}:{trial}"


def model_node(model: str, version: str) -> str:
    """The node of a model version."""
    return f"{Kind.MODEL}:{model}{SEPARATOR}{version}"


def verdict_node(verdict: str) -> str:
    """The node of a verdict."""
    return f"{Kind.VERDICT}:{verdict}"


def reaction_node(reaction: str) -> str:
    """The node of a reaction."""
    return f"{Kind.REACTION}:{reaction}"


def episode_node(episode: str) -> str:
    """The node of an episode."""
    return f"{Kind.EPISODE}:{episode}"


def parse(node: str) -> Name:
    """A node id taken apart. Raises ValueError when it is none.

    A partition key that contains the separator itself (Dagster joins two dimensions by it) stays whole.

    >>> parse("data:retail/sales|2017-10-04|north|ab12").parts
    ('retail/sales', '2017-10-04|north', 'ab12')
    """
    prefix, colon, rest = node.partition(":")
    if not colon or prefix not in set(Kind):
        message = f"{node!r} is no node of lineage. Allowed: {', '.join(f'{k}:…' for k in Kind)}"
        raise ValueError(message)
    kind = Kind(prefix)
    parts = rest.split(SEPARATOR)
    if kind is Kind.DATA and len(parts) > PARTS[kind]:
        parts = [parts[0], SEPARATOR.join(parts[1:-1]), parts[-1]]
    if len(parts) != PARTS[kind] or not parts[0] or not parts[-1]:
        message = f"{node!r} is no {kind} of lineage: {len(parts)} parts. Allowed: {PARTS[kind]}, separated by '|'"
        raise ValueError(message)
    return Name(kind=kind, parts=tuple(parts))
