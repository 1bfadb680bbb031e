"""Owns the comparison of a text with the frozen dictionary of its column: unseen, near miss, rare, pattern (4.9)."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Self

from qoa_platform.metrics.text_forms import norm
from qoa_platform.records.profile import Category

RARE = 0.005
"""The frozen share below which a value is rare."""
_DIGITS = re.compile(r"\d+")
_LETTERS = re.compile(r"[^\W\d_]+")


class Known(NamedTuple):
    """A frozen dictionary as lookups: the *values* with their counts, and the value that each spelling stands for."""

    values: Mapping[str, int]
    spellings: Mapping[str, str]
    masks: frozenset[str]
    least: float
    """So many frozen rows make a value not rare."""

    @classmethod
    def of(
        cls, dictionary: Iterable[Category], *, rare: float = RARE, masks: Iterable[Category] | None = None
    ) -> Self:  # fmt: skip
        """The lookups of *dictionary*; of values that differ by spelling alone the most frequent one counts.

        *masks* are the frozen patterns, where those were kept apart.
        """
        values = {entry.value: entry.count for entry in dictionary}
        spellings = {norm(text): text for text, _ in sorted(values.items(), key=lambda item: item[1])}
        patterns = map(mask, values) if masks is None else (entry.value for entry in masks)
        return cls(values, spellings, frozenset(patterns), rare * sum(values.values()))


def mask(text: str) -> str:
    """The pattern of *text*: each run of letters is ``a``, each run of digits ``9``, the rest stays.

    >>> mask("12.0 oz"), mask("AB-7")
    ('9.9 a', 'a-9')
    """
    return _LETTERS.sub("a", _DIGITS.sub("9", text))


def is_unseen(known: Known, text: str) -> bool:
    """Whether the dictionary does not hold *text*."""
    return text not in known.values


def is_near_miss(known: Known, text: str) -> bool:
    """Whether the dictionary does not hold *text*, but holds it spelt otherwise."""
    return text not in known.values and norm(text) in known.spellings


def is_rare(known: Known, text: str) -> bool:
    """Whether *text* had less than the least share of the frozen rows; what was never seen had none."""
    return known.values.get(text, 0) < known.least


def is_odd(known: Known, text: str) -> bool:
    """Whether no value of the dictionary has the pattern of *text*."""
    return mask(text) not in known.masks


def expected_spelling(known: Known, text: str) -> str | None:
    """The value of the dictionary that *text* most likely means: spelt otherwise, that is all that is guessed."""
    found = known.spellings.get(norm(text))
    return None if found == text else found


WRONG: Mapping[str, tuple[Callable[[Known, str], bool], str]] = {
    "data.unseen_share": (is_unseen, "not in the reference"),
    "data.unseen_count": (is_unseen, "not in the reference"),
    "data.near_miss_share": (is_near_miss, "in the reference, but spelt otherwise"),
    "data.rare_share": (is_rare, "rare in the reference"),
    "data.unseen_pattern_share": (is_odd, "of a pattern that the reference does not have"),
}
"""Metric → whether a text is flagged, and why it is."""
