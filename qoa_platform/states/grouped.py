"""Owns Grouped: one state per group, and the state of the whole."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from qoa_platform.states.protocol import State, StateError

CAP = 1_000
OVERFLOW = "__overflow__"
MISSING = "␀"


def group_key(values: Iterable[Any]) -> str:
    """The text of a group: its values joined by ``|``; a missing part is ``␀``.

    >>> group_key(["GROCERY", 3]), group_key([None])
    ('GROCERY|3', '␀')
    """
    return "|".join(MISSING if v is None else str(v) for v in values)


@dataclass(frozen=True, slots=True)
class Grouped:
    """State per group key, as sorted pairs, and the whole. Above 1 000 groups the last in order share one overflow.

    Neutral element: no groups, and the whole's neutral element.
    """

    NAME: ClassVar[str] = "grouped"

    whole: State
    groups: tuple[tuple[str, State], ...] = ()

    @classmethod
    def from_groups(cls, whole: State, groups: Mapping[str, State]) -> "Grouped":
        """With the cap applied: which groups overflow depends on their names only."""
        named = sorted((k, v) for k, v in groups.items() if k != OVERFLOW)
        rest = [v for _, v in named[CAP:]] + [v for k, v in groups.items() if k == OVERFLOW]
        kept = named[:CAP]
        if rest:
            total = rest[0]
            for state in rest[1:]:
                total = total + state
            kept.append((OVERFLOW, total))
        return cls(whole, tuple(sorted(kept)))

    def zero(self) -> "Grouped":
        """No groups."""
        return Grouped(self.whole.zero())

    def __add__(self, other: "Grouped") -> "Grouped":
        found = dict(self.groups)
        for key, state in other.groups:
            found[key] = found[key] + state if key in found else state
        return Grouped.from_groups(self.whole + other.whole, found)

    def get(self, group: str | None) -> State | None:
        """The state of *group*; of the whole for ``None``; ``None`` where the group was not seen."""
        return self.whole if group is None else dict(self.groups).get(group)

    def plain(self) -> Mapping[str, Any]:
        """The whole and the groups, each under its tag."""
        return {
            "t": self.whole.NAME,
            "w": dict(self.whole.plain()),
            "g": [[key, dict(state.plain())] for key, state in self.groups],
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Grouped":
        """The inverse of :meth:`plain`. Raises StateError for a tag that is no simple state."""
        from qoa_platform.states.codec import STATES  # noqa: PLC0415 (the registry holds this class too)

        kind = STATES.get(data["t"])
        if kind is None or kind is cls:
            message = f"groups of {data['t']!r}. Allowed: {', '.join(sorted(set(STATES) - {cls.NAME}))}"
            raise StateError(message)
        return cls(kind.of(data["w"]), tuple(sorted((str(k), kind.of(v)) for k, v in data["g"])))
