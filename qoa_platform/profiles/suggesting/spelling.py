"""Owns near-misses: rare values that are another, far more frequent value, spelt wrongly."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qoa_platform.profiles.suggesting.facts import Facts

RARE, FREQUENT = 4_000, 2_000
"""Most values looked at on either side."""
LONGEST = 256
TIMES, LEAST = 3, 3
"""A value is frequent against a rare one when it is three times as frequent, and stands three times at least."""
SHORTEST = 4
"""Shorter values are codes: one letter apart means nothing."""
PER_LETTERS = 8
"""One wrong letter in so many is a typo."""
BLOTTED = 2
"""A single letter may stand in for every second one (``hxspitxl``)."""
CROWDED = 0.25
"""Where so many of the frequent values are neighbours themselves, being one says nothing."""
NUMBERS = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
BLOT = 0.015
"""A letter that stands for several others is a rare one in the column."""
WORDS = re.compile(r"[\W_]+")
KNOWN = 5
"""A word that stands in so many different values is no typo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """A *value*, seen *count* times, that is *of* a value seen far more often; *variant*: only case, width, blanks."""

    value: str
    count: int
    of: str
    variant: bool = False


def normal_form(value: str) -> str:
    """NFKC, case folded, trimmed, single blanks (metrics.md 4.9).

    >>> normal_form("  Saint  LOUIS")
    'saint louis'
    """
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def near_misses(facts: Facts) -> Mapping[str, NearMiss]:
    """The near-misses among the values of a text column, by value.

    A spelling variant has the normal form of a more frequent value. A typo differs from a value that is at least three
    times as frequent by few letters (one in eight; any number if they are all the same wrong one, at most every
    second), by a letter too many or too few, or by two neighbours swapped. Digits against digits are no typo: codes
    differ so. Where the frequent values of a column are such neighbours themselves, typos are not told apart.

    >>> import polars as pl
    >>> from qoa_platform.profiles.suggesting.facts import look
    >>> towns = ["Helsinki"] * 9 + ["Helsinkx"]
    >>> near_misses(look(pl.DataFrame({"town": towns}))["town"])["Helsinkx"].of
    'Helsinki'
    """
    pairs = [(v, c) for v, c in facts.pairs if len(v) <= LONGEST]
    found = {miss.value: miss for miss in _variants(pairs)}
    frequent = [(v, c) for v, c in pairs if c >= LEAST and v not in found][:FREQUENT]
    if not frequent:
        return found
    rare = [(v, c) for v, c in pairs if TIMES * c <= frequent[0][1] and v not in found][-RARE:]
    words = words_of(v for v, _ in pairs)
    typos = {v: m for v, m in _typos(rare, frequent).items() if not known_words(v, words, beside=m.of)}
    typos = {v: m for v, m in typos.items() if _same_numbers(v, m.of)}
    trusted = [(v, c) for v, c in frequent if v not in typos]
    crowd = _neighbours(trusted, trusted, times=0)
    if len(crowd) <= CROWDED * len(trusted):
        found |= typos
    return found


def respelt(pairs: Sequence[tuple[str, int]]) -> dict[str, NearMiss]:
    """Of numbers as text, those that are spelt unlike the same number far more often is (``12.0`` beside ``12``).

    >>> [m.of for m in respelt([("12", 40), ("12.0", 2), ("7.5", 3)]).values()]
    ['12']
    """
    first: dict[float, tuple[str, int]] = {}
    found = {}
    for value, count in pairs:
        try:
            most, times = first.setdefault(float(value), (value, count))
        except ValueError:
            continue
        if most != value and times >= max(LEAST, TIMES * count):
            found[value] = NearMiss(value=value, count=count, of=most, variant=True)
    return found


def _variants(pairs: Sequence[tuple[str, int]]) -> Iterator[NearMiss]:
    first: dict[str, tuple[str, int]] = {}
    for value, count in pairs:
        most, times = first.setdefault(normal_form(value), (value, count))
        if most != value and times > count:
            yield NearMiss(value=value, count=count, of=most, variant=True)


def _typos(rare: Sequence[tuple[str, int]], frequent: Sequence[tuple[str, int]]) -> dict[str, NearMiss]:
    counts = dict(rare)
    return {v: NearMiss(value=v, count=counts[v], of=u) for v, u in _neighbours(rare, frequent, times=TIMES).items()}


def _same_numbers(value: str, other: str) -> bool:
    """Whether two texts hold the same numbers, as far as letters did not replace digits."""
    mine, theirs = NUMBERS.findall(value), NUMBERS.findall(other)
    if mine == theirs:
        return True
    digits = sum(map(str.isdigit, value)), sum(map(str.isdigit, other))
    return len(value) == len(other) and digits[0] != digits[1]


def words_of(values: Iterable[str]) -> Counter[str]:
    """In how many values each word stands."""
    return Counter(word for value in values for word in set(WORDS.split(value)))


def known_words(value: str, words: Counter[str], *, beside: str = "") -> bool:
    """Whether *value* only combines words of the column (those of *beside* do not count): then it is no typo."""
    own = set(WORDS.split(value)) - set(WORDS.split(beside))
    return bool(own) and all(words[word] >= KNOWN for word in own)


def _neighbours(rare: Sequence[tuple[str, int]], frequent: Sequence[tuple[str, int]], *, times: int) -> dict[str, str]:
    """Of every rare value the most frequent neighbour that is *times* as frequent, if it has one."""
    found: dict[str, str] = {}
    by_length: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for value, count in frequent:
        by_length[len(value)].append((value, count))
    lengths: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for value, count in rare:
        lengths[len(value)].append((value, count))
    for length, group in lengths.items():
        if length >= SHORTEST and length in by_length:
            found |= _replaced(group, by_length[length], times)
    found |= {v: u for v, u in _shortened(rare, frequent, times).items() if v not in found}
    return found


def _letters(values: Sequence[tuple[str, int]]) -> NDArray[np.uint32]:
    return np.array([np.frombuffer(v.encode("utf-32-le", "surrogatepass"), dtype=np.uint32) for v, _ in values])


def _replaced(rare: Sequence[tuple[str, int]], frequent: Sequence[tuple[str, int]], times: int) -> dict[str, str]:
    """Values of one length: letters replaced, or two neighbours swapped."""
    found: dict[str, str] = {}
    others, counts = _letters(frequent), np.array([c for _, c in frequent])
    length = others.shape[1]
    letter, often = np.unique(others, return_counts=True)
    usual = letter[often > BLOT * others.size]
    for (value, count), letters in zip(rare, _letters(rare), strict=True):
        apart = others != letters
        wrong = apart.sum(axis=1)
        near = (wrong > 0) & (wrong <= max(1, length // BLOTTED)) & (counts >= max(LEAST, times * count))
        for k in np.flatnonzero(near):
            if _typo(letters, others[k], apart[k], usual):
                found[value] = frequent[int(k)][0]
                break
    return found


def _typo(
    letters: NDArray[np.uint32], other: NDArray[np.uint32], apart: NDArray[np.bool_], usual: NDArray[np.uint32]
) -> bool:
    mine, theirs = letters[apart], other[apart]
    if (_digits(mine) & _digits(theirs)).any():
        return False
    if mine.size <= max(1, letters.size // PER_LETTERS):
        return True
    if mine.size == 2 and mine[0] == theirs[1] and mine[1] == theirs[0]:  # noqa: PLR2004 (two neighbours)
        places = np.flatnonzero(apart)
        return bool(places[1] - places[0] == 1)
    return bool((mine == mine[0]).all()) and mine[0] not in usual


def _digits(letters: NDArray[np.uint32]) -> NDArray[np.bool_]:
    return (letters >= ord("0")) & (letters <= ord("9"))


def _shortened(rare: Sequence[tuple[str, int]], frequent: Sequence[tuple[str, int]], times: int) -> dict[str, str]:
    """Values that are one letter longer or shorter: found by leaving out each letter once."""
    counts = {v: c for v, c in frequent if len(v) > SHORTEST}
    without: dict[str, str] = {}
    for value in counts:
        for shorter in _left_out(value):
            without.setdefault(shorter, value)
    found: dict[str, str] = {}
    for value, count in rare:
        if len(value) < SHORTEST:
            continue
        longer = without.get(value)
        candidates = [longer] if longer else [s for s in _left_out(value) if s in counts]
        good = next((u for u in candidates if u != value and counts[u] >= max(LEAST, times * count)), None)
        if good is not None:
            found[value] = good
    return found


def _left_out(value: str) -> Iterator[str]:
    """*value* without one of its letters; digits are never left out."""
    return (value[:k] + value[k + 1 :] for k in range(len(value)) if not value[k].isdigit())
