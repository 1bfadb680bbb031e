"""Owns the regular expressions that are allowed: the syntax that Python's ``re`` and Rust's ``regex`` read alike."""

import re
from string import punctuation

MAX_PATTERN = 512
"""Longest pattern in characters."""
MAX_REPEAT = 1000
MAX_COST = 10_000
"""Most pieces of a pattern with its repetitions written out: Rust's regex refuses automata beyond 10 MB."""
_ESCAPED = frozenset("dDwWsSnrt") | (frozenset(punctuation) - frozenset("<>"))
_OUTSIDE = frozenset("bBA")
_GROUP = re.compile(r"\((?!\?)|\(\?:|\(\?P<[A-Za-z_][A-Za-z_0-9]*>|\(\?[ims]+:")
_FLAGS = re.compile(r"\(\?[ims]+\)")
_REPEAT = re.compile(r"(?:[*+?]|\{([0-9]{1,4})(?:,([0-9]{0,4}))?\})\??")
_SETS = ("&&", "--", "~~", "||")
_WORD, _SOME, _ONE = 50, 10, 1
"""What a piece costs: ``\\w`` is 770 ranges of Unicode, a class or ``.`` several, a character one."""


def objection(pattern: str) -> str | None:
    r"""Why *pattern* is not allowed, or ``None``.

    Allowed: literals, classes, groups, alternatives, (lazy) repetitions, ``^ $ . \d \w \s \b``, leading flags
    ``(?ims)``. Not allowed: look-around, back-references, possessive repetition, nested classes.

    >>> objection("^[0-9]+$")
    >>> objection("(?=a)")
    "'(?=' at character 1 of the pattern is not in the common subset of re and Rust's regex"
    """
    if len(pattern) > MAX_PATTERN:
        return f"pattern of {len(pattern)} characters. Allowed: at most {MAX_PATTERN}"
    at = _stop(pattern)
    if at is not None:
        found = pattern[at : at + 3]
        return f"{found!r} at character {at + 1} of the pattern is not in the common subset of re and Rust's regex"
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"pattern does not compile: {error}"
    if (cost := _cost(pattern)) > MAX_COST:
        return f"pattern is {cost:,} pieces long with its repetitions written out. Allowed: {MAX_COST:,}"
    return None


def _cost(pattern: str) -> int:
    """The pieces of an allowed *pattern*, each repetition written out as often as it may occur."""
    flags = _FLAGS.match(pattern)
    at, last, open_groups = flags.end() if flags else 0, 0, [0]
    while at < len(pattern):
        if group := _GROUP.match(pattern, at):
            open_groups.append(0)
            at, last = group.end(), 0
        elif pattern[at] == ")":
            last = open_groups.pop()
            open_groups[-1] += last
            at += 1
        elif repeat := _REPEAT.match(pattern, at):
            times = max(int(repeat.group(1) or 1), int(repeat.group(2) or 1))
            open_groups[-1] += last * (times - 1)
            at = repeat.end()
        else:
            end, last = _piece(pattern, at)
            open_groups[-1] += last
            at = end
    return open_groups[0]


def _piece(pattern: str, at: int) -> tuple[int, int]:
    """Where the character, escape or class at *at* ends, and what it costs."""
    match pattern[at]:
        case "\\":
            letter = pattern[at + 1]
            return at + 2, _WORD if letter in "wW" else _SOME if letter in "dDsS" else _ONE
        case "[":
            end = _class(pattern, at) or at + 1
            return end, _WORD if "\\w" in (text := pattern[at:end]) or "\\W" in text else _SOME
        case ".":
            return at + 1, _SOME
        case _:
            return at + 1, _ONE


def _stop(pattern: str) -> int | None:
    """Where the first construct stands that the two dialects do not share."""
    flags = _FLAGS.match(pattern)
    at = flags.end() if flags else 0
    repeatable = False
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            end = _escape(pattern, at, _ESCAPED | _OUTSIDE)
        elif char == "[":
            end = _class(pattern, at)
        elif char == "(":
            group = _GROUP.match(pattern, at)
            end = group.end() if group else None
        elif char in "*+?{":
            end = _repeat(pattern, at) if repeatable else None
        else:
            end = at + 1
        if end is None:
            return at
        repeatable = char not in "*+?{(|^" and pattern[at : at + 2] not in {"\\b", "\\B", "\\A"} and char != "$"
        at = end
    return None


def _escape(pattern: str, at: int, allowed: frozenset[str]) -> int | None:
    return at + 2 if pattern[at + 1 : at + 2] in allowed and at + 1 < len(pattern) else None


def _repeat(pattern: str, at: int) -> int | None:
    found = _REPEAT.match(pattern, at)
    if not found or max(int(found.group(1) or 0), int(found.group(2) or 0)) > MAX_REPEAT:
        return None
    return found.end()


def _class(pattern: str, at: int) -> int | None:
    """The end of the class that begins at *at*: no nested class, no set operation, no leading ``]``."""
    at += 2 if pattern[at + 1 : at + 2] == "^" else 1
    if pattern[at : at + 1] == "]":
        return None
    while at < len(pattern) and pattern[at] != "]":
        if pattern[at] == "[" or pattern[at : at + 2] in _SETS:
            return None
        after = _escape(pattern, at, _ESCAPED) if pattern[at] == "\\" else at + 1
        if after is None:
            return None
        at = after
    return at + 1 if at < len(pattern) else None
