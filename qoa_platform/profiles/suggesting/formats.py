"""Owns formats: how the values of a text column are written, as one anchored regex, and which values are not."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qoa_platform.profiles.suggesting.facts import NUMBER, Facts

PIECE = re.compile(r"[^\W\d_]+|\d+|\s+|.", re.DOTALL)
SHARE = 0.02
"""A mask that so much of a column has is one of its formats."""
COVER = 0.9
"""A column is formatted when its formats cover so much of it …"""
MASKS = 8
"""… and are so few."""
LETTERS = 0.5
PATTERN = 480
"""Longest pattern written."""
LEAST = 20
"""Fewer rows show no format."""
HALF = 0.5
UNIT = re.compile(r"^\s*([+-]?[0-9][0-9.,]*)(\s*)([^\W\d_][^\d]*|[%°$€£])$")
DISTINCT = 8
"""A column of fewer different numbers is one of codes."""
OFTEN, OFTEN_SHARE = 5, 0.002
"""A value that stands so often is a value, however it is written."""
FEW = 3
NUMBERS = 0.7
"""Numbers, decorated or not, that make a column one of numbers; the rest is neither."""
DATED = re.compile(r"9[-/.]9[-/.]9(?:\D.*)?|9:9.*|(?:9 a|a\.? 9),? 9.*|9-a-9.*")
"""Masks of dates and times."""
UNITS = 0.9
"""Rows that are a number and a unit, above which the column is one of quantities."""
SPELLINGS = 0.02
"""A spelling of the unit that so many rows have is in use."""
ISOLATED = 0.005
RIVAL = 0.01
"""A word that so many values have at one place is another word, no typo."""
DIGIT = re.compile("[0-9]")
ODD_LETTERS = frozenset('@#$%^*~_|<>{}[]?!=+\\"0123456789')
NO_ODD_LETTERS = r"^[^0-9@#$%*~_|<>{}?!=+\"\^\[\]\\]*$"
SEEN = 0.02
"""Odd characters that fewer rows hold do not belong into a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How a column is written: *pattern* (anchored), rows that *fail* it, and *why*. *what* names the kind.

    *what* is ``number`` (plain numbers are what is meant), ``mask`` (few shapes) or ``letters`` (characters that do not
    belong).
    """

    column: str
    what: str
    pattern: str
    fails: int
    why: str


def formats(facts: Facts) -> Format | None:
    """The format of a text column, or ``None`` where its values have no shape in common.

    Numbers with some other notation beside them (``5%`` among ``5``), and numbers whose unit is spelt in several ways
    or stands in the column's name, are meant as plain numbers: everything else fails. Few masks that cover nine tenths
    are the format; a notation that only adds something to the main one is none of them. In a text of letters,
    characters that hardly any value holds do not belong.

    >>> import polars as pl
    >>> from qoa_platform.profiles.suggesting.facts import look
    >>> formats(look(pl.DataFrame({"zip": ["12345"] * 40 + ["1x345"]}))["zip"]).pattern
    '^[0-9]{5}$'
    """
    if facts.present < LEAST or not facts.pairs:
        return None
    return _number(facts) or _masks(facts) or _letters(facts) or _digit(facts)


def failing(facts: Facts, pattern: str) -> int:
    """Rows whose value does not match."""
    compiled = re.compile(pattern)
    return sum(count for value, count in facts.pairs if compiled.search(value) is None)


def _number(facts: Facts) -> Format | None:
    """Plain numbers, where they are the most common notation, or a number and a unit that is not a fixed one."""
    plain = facts.numbers
    different = sum(1 for v, _ in facts.pairs if re.search(NUMBER, v) is not None)
    if plain >= HALF * facts.present and different >= DISTINCT:
        others = [(v, c) for v, c in facts.pairs if re.search(NUMBER, v) is None]
        decorated = sum(c for v, c in others if re.search(NUMBER, v.strip(" %$€£+,'")) or UNIT.match(v) or _grouped(v))
        if plain + decorated < NUMBERS * facts.present or _few_values(others, facts):
            return None
        pattern = _digits(facts)
        why = f"{plain} of {facts.present} are plain numbers"
        return Format(column=facts.name, what="number", pattern=pattern, fails=failing(facts, pattern), why=why)
    return _united(facts)


def _frequent(count: int, facts: Facts) -> bool:
    return count >= max(OFTEN, OFTEN_SHARE * facts.present)


def _few_values(held: Sequence[tuple[str, int]], facts: Facts) -> bool:
    """Whether some of *held* are frequent, but only few: categories (``5+``), not another notation of many values."""
    return 0 < sum(1 for _, c in held if _frequent(c, facts)) <= FEW


def _grouped(value: str) -> bool:
    """Whether a text is a number with marks between its thousands, or a decimal comma."""
    return re.fullmatch(r"[+-]?[0-9]{1,3}(?:[,' ][0-9]{3})+(?:\.[0-9]+)?|[+-]?[0-9]+,[0-9]+", value) is not None


def _united(facts: Facts) -> Format | None:
    units: Counter[str] = Counter()
    numbers: set[str] = set()
    for value, count in facts.pairs:
        if (match := UNIT.match(value)) is not None:
            units[match[2] + match[3]] += count
            numbers.add(match[1])
    if sum(units.values()) < UNITS * facts.present or len(numbers) < DISTINCT // 2:
        return None
    common = [u for u, c in units.most_common() if c >= SPELLINGS * facts.present]
    stems = {_stem(u) for u in common}
    named = _stem(facts.name)
    in_name = any(s and (named.startswith(s) or f"_{s}" in facts.name.casefold()) for s in stems)
    if not (len(common) > 1 and len({s[:1] for s in stems}) == 1) and not in_name:
        return None
    shown = ", ".join(repr(u.strip()) for u in common[:4])
    why = "its name is the unit" if in_name else "the unit is spelt in several ways"
    return Format(
        column=facts.name, what="number", pattern=NUMBER, fails=facts.present - facts.numbers,
        why=f"{sum(units.values())} of {facts.present} are a number and a unit ({shown}); {why}",
    )  # fmt: skip


def _stem(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalpha())


def _digits(facts: Facts) -> str:
    """A plain number with as many digits as the column's have; a length that stands far apart is left out."""
    whole: Counter[int] = Counter()
    parts: Counter[int] = Counter()
    signs = 0
    for value, count in facts.pairs:
        match = re.fullmatch(r"([+-]?)([0-9]*)(?:\.([0-9]*))?", value)
        if match is None:
            continue
        whole[len(match[2])] += count
        parts[len(match[3] or "")] += count
        signs += count if match[1] else 0
    exponent = any(re.fullmatch(NUMBER, v) and "e" in v.casefold() for v, _ in facts.pairs)
    if exponent or not whole:
        return NUMBER
    low, high = _span(whole)
    most = _span(parts)[1]
    if all(set(v.partition(".")[2]) <= {"0"} for v, _ in facts.pairs) and parts[0] >= (1 - SHARE) * parts.total():
        most = 0
    sign = "[+-]?" if signs else ""
    tail = "" if not most else rf"(\.[0-9]{_times(0 if low else 1, most)})?"
    return f"^{sign}[0-9]{_times(low, high)}{tail}$"


def _span(lengths: Mapping[int, int]) -> tuple[int, int]:
    """Shortest and longest of *lengths* (with counts), without rare ones that stand apart from the others."""
    total, kept = sum(lengths.values()), sorted(lengths)
    if lengths and max(lengths.values()) >= (1 - SHARE) * total and len(lengths) > 1:
        most = max(lengths, key=lambda k: lengths[k])
        if total - lengths[most] <= SHARE * total and sum(1 for k in lengths if lengths[k] > 1) <= 1:
            return most, most
    while len(kept) > 1 and lengths[kept[-1]] <= ISOLATED * total and kept[-1] > kept[-2] + 1:
        kept.pop()
    return kept[0], kept[-1]


def _times(low: int, high: int) -> str:
    if low == high:
        return "" if low == 1 else f"{{{low}}}"
    return f"{{{low},{high}}}"


def pieces(value: str) -> tuple[str, ...]:
    """A value as its runs: letters, digits, blanks, and every other character by itself."""
    return tuple(PIECE.findall(value))


def shape(value: str) -> str:
    """The mask of a value: ``a`` for a run of letters, ``9`` of digits, blanks and the rest as they are.

    >>> shape("PN-5c"), shape("12.0 oz")
    ('a-9a', '9.9 a')
    """
    return "".join("a" if p[0].isalpha() else "9" if p[0].isdigit() else p for p in pieces(value))


def _masks(facts: Facts) -> Format | None:
    by_mask: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for value, count in facts.pairs:
        by_mask[shape(value)].append((value, count))
    shares = Counter({mask: sum(c for _, c in held) for mask, held in by_mask.items()})
    main, most = shares.most_common(1)[0]
    usual = {m for m, held in by_mask.items() if _few_values(held, facts)}
    common = [m for m, c in shares.most_common() if c >= SHARE * facts.present or m in usual]
    common = [m for m in common if m == main or m in usual or not _adds(m, main, shares[m], most)]
    if DATED.fullmatch(main) and most >= HALF * facts.present:
        common = [m for m in common if m == main or not DATED.fullmatch(m)]
    covered = sum(shares[m] for m in common)
    if len(common) > MASKS or not any("9" in m or _coded(by_mask[m]) for m in common):
        return None
    added = sum(
        shares[m] for m in shares if m not in common and (_adds(m, main, shares[m], most) or DATED.fullmatch(m))
    )
    if covered + added < COVER * facts.present or covered < HALF * facts.present:
        return None
    pattern = "|".join(_regex([(pieces(v), c) for v, c in by_mask[m]]) for m in common)
    pattern = f"^({pattern})$" if len(common) > 1 else f"^{pattern}$"
    if len(pattern) > PATTERN:
        return None
    fails = failing(facts, pattern)
    why = f"{facts.present - fails} of {facts.present} are written so"
    return Format(column=facts.name, what="mask", pattern=pattern, fails=fails, why=why)


def _adds(mask: str, main: str, count: int, most: int) -> bool:
    """Whether *mask* is the main one with something before or after it, as a number with a unit."""
    longer = len(mask) > len(main) and (mask.startswith(main) or mask.endswith(main))
    return longer and "9" in main and ("a" not in main or ":" in main) and count < most


def _coded(held: Sequence[tuple[str, int]]) -> bool:
    """Whether the values of one mask are codes of letters, all as long."""
    total = sum(c for _, c in held)
    lengths: Counter[int] = Counter()
    for value, count in held:
        lengths[len(value)] += count
    length, most = lengths.most_common(1)[0]
    return length <= 3 and most >= (1 - SHARE) * total  # noqa: PLR2004 (AB, USD)


def _regex(values: Sequence[tuple[tuple[str, ...], int]]) -> str:
    """The pattern of the values of one mask, position by position."""
    total = sum(c for _, c in values)
    out = []
    for column in zip(*(v for v, _ in values), strict=True):
        held: Counter[str] = Counter()
        for piece, (_, count) in zip(column, values, strict=True):
            held[piece] += count
        first = column[0]
        if first[0].isalpha() or first[0].isdigit():
            lengths: Counter[int] = Counter()
            for piece, count in held.items():
                lengths[len(piece)] += count
            if first[0].isalpha() and len(column[0]) < sum(map(len, values[0][0])) and _fixed(held, total):
                out.append(re.escape(held.most_common(1)[0][0]))
            else:
                out.append(_class(held, total) + _times(*_span(lengths)))
        else:
            out.append(re.escape(first) if not first.isspace() else first.replace("\t", r"\t").replace("\n", r"\n"))
    return "".join(out)


def _fixed(held: Counter[str], total: int) -> bool:
    """Whether one word, such as a unit, stands there in nearly all values, and no other one in many."""
    word, runner_up = [*held.most_common(2), ("", 0)][:2]
    return word[1] >= COVER * total and runner_up[1] < RIVAL * total


def _class(held: Mapping[str, int], total: int) -> str:
    """The narrowest class that nearly all the runs at one position are of."""
    if all(p[0].isdigit() for p in held):
        return "[0-9]" if all(p.isascii() for p in held) else r"\d"
    for name, test in (("[A-Z]", str.isupper), ("[a-z]", str.islower)):
        if sum(c for p, c in held.items() if test(p) and p.isascii()) >= (1 - SHARE) * total:
            return name
    return "[A-Za-z]" if all(p.isascii() for p in held) else r"[^\W\d_]"


def _digit(facts: Facts) -> Format | None:
    """Text that nearly always holds a digit."""
    without = sum(c for v, c in facts.pairs if not any("0" <= letter <= "9" for letter in v))
    if without > SEEN * 2 * facts.present or any(_frequent(c, facts) for v, c in facts.pairs if not DIGIT.search(v)):
        return None
    why = f"{facts.present - without} of {facts.present} hold a digit"
    return Format(column=facts.name, what="letters", pattern="[0-9]", fails=without, why=why)


def _letters(facts: Facts) -> Format | None:
    """Text without the odd characters that hardly any of its values holds."""
    rows: Counter[str] = Counter()
    for value, count in facts.pairs:
        for letter in set(value) & ODD_LETTERS:
            rows[letter] += count
    odd = sum(c for v, c in facts.pairs if set(v) & ODD_LETTERS)
    if odd > SEEN * facts.present:
        return None
    pattern = NO_ODD_LETTERS
    return Format(
        column=facts.name, what="letters", pattern=pattern, fails=failing(facts, pattern),
        why=f"digits and signs stand in {odd} of {facts.present} values",
    )  # fmt: skip
