"""Owns World: everything that ``decide()`` may look at, read from the ledger in one go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from qoa_platform.records import (
    FINAL,
    WHOLE,
    Contract,
    Episode,
    Graph,
    ModelVersion,
    Move,
    Outcome,
    Pointer,
    PointerKind,
    Reaction,
    Release,
    RunView,
    Verdict,
    Window,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The ledger as one contract's policy sees it, at one moment.

    *verdicts* are current ones (superseded ones are gone); *episodes*, *reactions* and *releases* in their last
    revision; *outcomes* maps a reaction to its last outcome; *pointers* maps (kind, key) to a head; *alias_moves* is
    the whole history of aliases. *asked* are windows of history that a person wants a reaction for
    (``qoa react --window``).
    """

    contract: Contract
    at: datetime
    wall: datetime
    verdicts: tuple[Verdict, ...] = ()
    episodes: tuple[Episode, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    releases: tuple[Release, ...] = ()
    versions: tuple[ModelVersion, ...] = ()
    pointers: Mapping[tuple[PointerKind, str], Pointer] = field(default_factory=dict)
    alias_moves: tuple[Move, ...] = ()
    runs: tuple[RunView, ...] = ()
    graph: Graph = Graph()
    asked: frozenset[Window] = frozenset()

    def value(self, kind: PointerKind, key: str) -> str | None:
        """What the pointer names, or ``None`` when it is unset."""
        head = self.pointers.get((kind, key))
        return head.value if head else None

    def generation(self, kind: PointerKind, key: str) -> int:
        """The pointer's generation; 0 when it was never set."""
        head = self.pointers.get((kind, key))
        return head.generation if head else 0

    def champion(self, model: str) -> str | None:
        """The version that the alias ``champion`` names."""
        return self.value(PointerKind.ALIAS, f"{model}|champion")

    def value_of_alias(self, model: str, alias: str) -> str | None:
        """The version that *alias* of *model* names."""
        return self.value(PointerKind.ALIAS, f"{model}|{alias}")

    def hold(self, asset: str | None = None, model: str | None = None) -> str | None:
        """The reason of a standing hold of that asset or model, or ``None``."""
        keys = [f"asset:{asset}"] if asset else []
        keys += [f"model:{model}"] if model else []
        return next((v for v in (self.value(PointerKind.HOLD, k) for k in keys) if v is not None), None)

    def preset(self, asset: str) -> str | None:
        """The preset in force: the pointer's, else the initial one (the last of the list)."""
        named = next((p.names for p in self.contract.presets if p.asset == asset), ())
        return self.value(PointerKind.PRESET, asset) or (named[-1] if named else None)

    def final(self, reaction: Reaction) -> bool:
        """Whether nothing more will become of *reaction*."""
        last = self.outcomes.get(reaction.id)
        return last is not None and last.state in FINAL

    def accepted(self, verdict: Verdict, asset: str | None) -> bool:
        """Whether a person accepted the very data that *verdict* judged."""
        if asset is None or verdict.data is None:
            return False
        return self.value(PointerKind.ACCEPTED, f"{asset}|{partition_of(verdict.window)}") == verdict.data


def partition_of(window: Window) -> str:
    """The partition that a window is the data of: a day, or the whole table."""
    return window.partition if window.is_day else WHOLE


def current(verdicts: tuple[Verdict, ...] | list[Verdict]) -> tuple[Verdict, ...]:
    """The current verdict of every (key, window): the last by ``at``, later rows first where equal (semantics 2)."""
    heads: dict[tuple[object, object], Verdict] = {}
    for verdict in verdicts:
        place = (verdict.key, verdict.window)
        head = heads.get(place)
        if head is None or verdict.at >= head.at:
            heads[place] = verdict
    return tuple(heads.values())
