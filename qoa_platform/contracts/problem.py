"""Owns Problem: one thing that is wrong (or worth saying) in a contract, with its place; and the error of them all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache

from qoa_platform.records import printable

SHOWN = 120
"""At most so many characters of a found value are shown."""


class Level(StrEnum):
    """How bad it is. Only errors make a contract unusable; infos never change an exit code."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong, where, and what to do about it.

    *line* and *column* count from 1 (0: the document as a whole); *path* is the dotted way in the document.

    >>> print(Problem(code="E104", message="unknown metric 'x'", file="a.yaml", line=3, column=7, hint="Known: y"))
    a.yaml:3:7  E104 unknown metric 'x'. Known: y
    """

    code: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""
    hint: str = ""
    level: Level = Level.ERROR

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        said = f"{self.message}. {self.hint}" if self.hint else self.message
        return printable(f"{place}  {self.code} {said}")


class ContractErrors(ValueError):
    """A document that is no contract: all its problems at once, in the order of their lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_order(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems by file and place, each once."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda p: (p.file, p.line, p.column, p.code, p.message)))


def errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Those that make a contract unusable."""
    return tuple(p for p in problems if p.level is Level.ERROR)


def guess(word: str, known: Iterable[str], listed: int = 12) -> str:
    """What to write instead: the nearest known word, else what is allowed (if that is not too much to read).

    >>> guess("data.completness", ["data.completeness", "data.mean"])
    "Did you mean 'data.completeness'?"
    >>> guess("zzz", ["b", "a"])
    'Allowed: a, b'
    """
    names = sorted({str(name) for name in known})
    near = _nearest(word[:SHOWN], tuple(names))
    if near is not None:
        return f"Did you mean {near!r}?"
    if not names:
        return "Allowed: none"
    if not listed:
        return ""
    more = f" and {len(names) - listed} more" if len(names) > listed else ""
    return f"Allowed: {', '.join(names[:listed])}{more}"


@lru_cache(maxsize=1024)
def _nearest(word: str, names: tuple[str, ...]) -> str | None:
    """The nearest of *names*, kept: one mistake is often made again, and a look through 199 metrics takes 3 ms."""
    return next(iter(get_close_matches(word, names, 1)), None)


def show_value(value: object) -> str:
    """A found value as an error shows it: short, and on one line.

    >>> show_value("a" * 200)[-5:]
    "aaa…'"
    """
    match value:
        case str():
            return repr(printable(value, SHOWN))
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case _:
            return printable(repr(value), SHOWN)


def listed(words: Sequence[str]) -> str:
    """Words as a person reads them: ``a, b or c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
