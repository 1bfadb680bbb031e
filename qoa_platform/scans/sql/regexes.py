"""Owns the regular expressions that mean the same in Rust, RE2 and PostgreSQL, and how they are written for SQL."""

import re
from functools import lru_cache

from qoa_platform.scans.sql.text import NotPushed

_ESCAPE = r"\\[.^$*+?()\[\]{}|/\\-]"
_LITERAL = r"[^\\.^$*+?()\[\]{}|]"
_RANGE = r"(?:\\[\]\\^.*+?()\[{}|$/-]|[^\\\[\]^&~-])"
_SET = rf"\[\^?(?:{_RANGE}(?:-{_RANGE})?)+-?\]"
_TOKEN = re.compile(
    rf"(?P<set>{_SET})|(?P<escape>{_ESCAPE})|(?P<open>\((?:\?:)?)|(?P<close>\))|(?P<bar>\|)|(?P<dot>\.)"
    rf"|(?P<anchor>[\^$])|(?P<repeat>[*+?]|\{{\d{{1,3}}(?:,\d{{0,3}})?\}})|(?P<literal>{_LITERAL})"
)
_MOST = 255
_DUPLICATES = re.compile(r"&&|--|~~|\[[:.=]")


@lru_cache(maxsize=1024)
def common(pattern: str) -> str:
    r"""*pattern* for RE2 and PostgreSQL, if it is written in what all three engines read alike. Raises NotPushed.

    These are literals, escaped punctuation, ``.``, sets of plain characters and ranges, ``^ $``, groups, ``|``, and
    ``* + ? {m,n}`` up to 255. Not ``\d``, ``\w``, ``\s`` and ``\b``: Rust reads all of Unicode, others ASCII. The
    dot is written as a set, because PostgreSQL's takes in line breaks.

    >>> common("^[a-c]+.(x|y)$")
    '^[a-c]+[^\\n](x|y)$'
    """
    found: list[str] = []
    place, before = 0, "bar"
    for token in _TOKEN.finditer(pattern):
        kind = str(token.lastgroup)
        if token.start() != place or not _follows(before, kind, token.group()):
            break
        found.append("[^\\n]" if kind == "dot" else token.group())
        place, before = token.end(), "repeated" if kind == "repeat" else kind
    if place != len(pattern) or before in {"open", "bar"} or _DUPLICATES.search(pattern):
        raise NotPushed(f"the pattern {pattern!r} is not read alike by all engines")
    return "".join(found)


def _follows(before: str, kind: str, text: str) -> bool:
    """Whether a token may stand there: nothing empty is repeated or chosen, nothing is repeated twice."""
    if kind == "repeat":
        numbers = [int(n) for n in re.findall(r"\d+", text)]
        ordered = numbers == sorted(numbers) and max(numbers, default=0) <= _MOST
        return before in {"set", "escape", "close", "dot", "literal"} and ordered
    return not (kind in {"bar", "close"} and before in {"open", "bar"})
