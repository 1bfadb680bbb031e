"""Owns SQL text as data: fragments with quoted identifiers and bound values, which a dialect writes out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class NotPushed(Exception):
    """What this dialect cannot say exactly, and why: it is streamed instead."""


class Type(StrEnum):
    """The types in which values are bound and numbers computed."""

    WHOLE = "whole"
    """64 bits."""
    WIDE = "wide"
    """More: 128 bits or any number of digits."""
    DOUBLE = "double"
    TEXT = "text"


class Bound(NamedTuple):
    """A value that is handed over beside the text, or quoted by the dialect: never spliced."""

    value: int | float | str
    type: Type


class Place(NamedTuple):
    """The place of something that a statement computes beforehand, by its name."""

    name: str


Part = str | Bound | Place


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL: text of ours, and bound values at their places."""

    parts: tuple[Part, ...]

    def filled(self, aliases: Mapping[str, str]) -> "Sql":
        """With the alias of each place."""
        return Sql(tuple(aliases[p.name] if isinstance(p, Place) else p for p in self.parts))


def sql(template: str, *operands: Sql) -> Sql:
    """*template* with each ``{}`` replaced by an operand.

    >>> sql("({} + 1)", identifier('a"b')).parts
    ('(', '"a""b"', ' + 1)')
    """
    pieces = template.split("{}")
    if len(pieces) != len(operands) + 1:
        raise ValueError(f"{template!r} has {len(pieces) - 1} places for {len(operands)} operands")
    found: list[Part] = []
    for k, piece in enumerate(pieces):
        found += [piece] if piece else []
        found += operands[k].parts if k < len(operands) else ()
    return Sql(tuple(found))


def joined(separator: str, operands: Iterable[Sql]) -> Sql:
    """*operands* with *separator* between them."""
    found: list[Part] = []
    for k, operand in enumerate(operands):
        found += [separator] if k else []
        found += operand.parts
    return Sql(tuple(found))


def identifier(name: str) -> Sql:
    """A quoted name. Raises NotPushed for one that no database holds."""
    if "\0" in name or not name:
        raise NotPushed(f"{name!r} is no name of a column")
    return Sql(('"' + name.replace('"', '""') + '"',))


def bound(value: float | str) -> Sql:
    """A value: text, a whole number in the width that it needs, or a double."""
    if isinstance(value, str):
        return Sql((Bound(value, Type.TEXT),))
    if isinstance(value, int):
        return Sql((Bound(int(value), Type.WHOLE if -(2**63) <= value < 2**63 else Type.WIDE),))
    return Sql((Bound(value, Type.DOUBLE),))


def size(number: int) -> Sql:
    """A number of ours in the text itself: how many rows are fetched."""
    return Sql((str(int(number)),))


def double(value: float) -> Sql:
    """A number as a double."""
    return bound(float(value))
