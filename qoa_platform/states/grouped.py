"""Owns Grouped: one state per group, and the state of the whole."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, ClassVar, TypedDict

import msgspec

from qoa_platform.states.kinds import KINDS
from qoa_platform.states.protocol import State, StateError

CAP = 1_000
OVERFLOW = "__overflow__"


class _Body(TypedDict):
    t: str
    w: Any
    g: list[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Grouped(State):
    """State per group key, as pairs sorted by key, and the state of the whole.

    Neutral element: no groups, the zero of the whole.

    Above 1 000 groups, those whose names come last share the group ``__overflow__``. A name among the first 1 000 of
    all is among the first 1 000 of every part, so the kept groups are complete however the parts are merged.
    """

    NAME: ClassVar[str] = "grouped"

    whole: State
    groups: tuple[tuple[str, State], ...] = ()

    @classmethod
    def from_groups(cls, whole: State, groups: Mapping[str, State]) -> "Grouped":
        """With the cap applied. Raises StateError when groups are not of the whole's kind."""
        if alien := sorted(key for key, state in groups.items() if type(state) is not type(whole)):
            message = f"groups {', '.join(alien[:5])} are no {whole.NAME} like the whole"
            raise StateError(message)
        named = sorted(((key, state) for key, state in groups.items() if key != OVERFLOW), key=_name)
        kept = dict(named[:CAP])
        rest = [state for _, state in named[CAP:]]
        if OVERFLOW in groups:
            rest.append(groups[OVERFLOW])
        if rest:
            kept[OVERFLOW] = reduce(add, rest)
        return cls(whole, tuple(sorted(kept.items(), key=_name)))

    def zero(self) -> "Grouped":
        """No groups; the neutral element of the whole."""
        return Grouped(self.whole.zero())

    def _merged(self, other: "Grouped") -> "Grouped":
        found = dict(self.groups)
        for key, state in other.groups:
            found[key] = found[key] + state if key in found else state
        return Grouped.from_groups(self.whole + other.whole, found)

    def get(self, group: str | None) -> State | None:
        """The state of *group*; of the whole for ``None``; ``None`` where the group was not seen."""
        if group is None:
            return self.whole
        place = bisect_left(self.groups, group, key=_name)
        found = self.groups[place] if place < len(self.groups) else None
        return found[1] if found is not None and found[0] == group else None

    def plain(self) -> Mapping[str, Any]:
        """The kind, the whole, and the groups by name."""
        return {
            "t": self.whole.NAME,
            "w": self.whole.plain(),
            "g": [(key, state.plain()) for key, state in self.groups],
        }

    @classmethod
    def of(cls, data: Any) -> "Grouped":
        """The inverse of :meth:`plain`. Raises StateError for a kind that cannot be grouped."""
        body = msgspec.convert(data, _Body)
        kind = KINDS.get(body["t"])
        if kind is None:
            message = f"groups of {body['t'][:32]!r}. Allowed: {', '.join(sorted(KINDS))}"
            raise StateError(message)
        groups = {key: kind.closed(state) for key, state in body["g"]}
        if len(groups) < len(body["g"]):
            message = f"{len(body['g'])} groups with {len(groups)} names. Allowed: every name once"
            raise StateError(message)
        return cls.from_groups(kind.closed(body["w"]), groups)


def _name(pair: tuple[str, State]) -> str:
    return pair[0]
