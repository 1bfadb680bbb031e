"""Owns reading YAML safely: YAML 1.2 core scalars, places, no duplicate keys, bounded in size and depth.

PyYAML parses (events only); nothing is constructed by tags. ``on``, ``yes`` and ``off`` are text, ``1e6`` is a number,
``0o17`` is octal, ``12:30`` and dates stay text.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, nan
from typing import Any

import yaml

from qoa_platform.contracts.problem import Problem, show_value

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 100_000
_INTEGER_LIMIT = 2**63

Scalar = str | int | float | bool | None

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE, _FALSE = frozenset({"true", "True", "TRUE"}), frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL, _HEX = re.compile(r"0o[0-7]+"), re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INF = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NAN = frozenset({".nan", ".NaN", ".NAN"})
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place in the text, counted from 1."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value with its place: a scalar, a sequence of nodes, or a mapping from text to nodes (*keys*: their places)."""

    value: "Scalar | tuple[Node, ...] | dict[str, Node]"
    mark: Mark
    keys: Mapping[str, Mark] = field(default_factory=dict)

    @property
    def plain(self) -> Any:
        """The value without places."""
        match self.value:
            case dict():
                return {key: child.plain for key, child in self.value.items()}
            case tuple():
                return [child.plain for child in self.value]
            case _:
                return self.value


@dataclass(slots=True, kw_only=True)
class Loaded:
    """What was read: *root* is ``None`` when nothing could be, and *problems* then say why."""

    root: Node | None = None
    problems: list[Problem] = field(default_factory=list)


def load(source: bytes | str, file: str = "") -> Loaded:
    r"""The one document in *source*. Never raises: what is wrong with it is in the problems.

    >>> load("a: on\nb: 1e6\nc: 0o17\nd: 2017-10-04").root.plain
    {'a': 'on', 'b': 1000000.0, 'c': 15, 'd': '2017-10-04'}
    """
    text = _text(source, file)
    if isinstance(text, Problem):
        return Loaded(problems=[text])
    reader = _Reader(file=file)
    try:
        root = reader.document(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        reader.problems.append(_syntax(error, text, file))
        return Loaded(problems=reader.problems)
    except yaml.YAMLError as error:
        place = _place(text[: getattr(error, "position", 0)])
        said = f"this is no YAML: {getattr(error, 'reason', error)}"
        reader.problems.append(Problem(code="E002", message=said, file=file, line=place.line, column=place.column))
        return Loaded(problems=reader.problems)
    except _Stop as stop:
        reader.problems.append(stop.problem)
        return Loaded(problems=reader.problems)
    return Loaded(root=root, problems=reader.problems)


def scalar(text: str) -> Scalar:
    """A plain (unquoted) scalar by the YAML 1.2 core schema. Raises ValueError for an integer beyond 64 bits.

    >>> [scalar(x) for x in ("yes", "true", "0x1F", "-.inf", "1.", "12:30", "~")]
    ['yes', True, 31, -inf, 1.0, '12:30', None]
    """
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    for pattern, base in ((_INTEGER, 10), (_OCTAL, 8), (_HEX, 16)):
        if pattern.fullmatch(text):
            return _integer(text, base)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INF.fullmatch(text):
        return -inf if text.startswith("-") else inf
    return nan if text in _NAN else text


def _integer(text: str, base: int) -> int:
    if len(text) > 24:  # noqa: PLR2004 (longer than any 64-bit integer in base 8)
        message = "an integer beyond 64 bits"
        raise ValueError(message)
    found = int(text if base == 10 else text[2:], base)  # noqa: PLR2004
    if not -_INTEGER_LIMIT <= found < _INTEGER_LIMIT:
        message = "an integer beyond 64 bits"
        raise ValueError(message)
    return found


class _Stop(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _text(source: bytes | str, file: str) -> str | Problem:
    if len(source) > MAX_BYTES:
        message = f"the document has {len(source):,} bytes"
        return Problem(code="E004", message=message, file=file, hint=f"Allowed: at most {MAX_BYTES:,}")
    text = source
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            place = _place(error.object[: error.start].decode("utf-8", "replace"))
            message = f"byte 0x{error.object[error.start]:02x} is no UTF-8"
            return Problem(code="E001", message=message, file=file, line=place.line, column=place.column)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        place = _place(text[: error.start])
        message = "a lone surrogate is no text"
        return Problem(code="E001", message=message, file=file, line=place.line, column=place.column)
    return text


def _place(before: str) -> Mark:
    lines = before.split("\n")
    return Mark(line=len(lines), column=len(lines[-1]) + 1)


def _syntax(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    said = " ".join(part for part in (error.context, error.problem) if part) or "malformed"
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    hint = _advice(text.split("\n")[line - 1], column) if line <= text.count("\n") + 1 else ""
    return Problem(code="E002", message=f"YAML syntax: {said}", file=file, line=line, column=column, hint=hint)


def _advice(line: str, column: int) -> str:
    """What to do about a line in which YAML stumbled at *column*."""
    if line.lstrip(" ").startswith("\t"):
        return "Tabs cannot indent: use blanks"
    if any(c in ">|@%*&`" for c in line[max(column - 2, 0) : column]):
        return 'Put the value in quotes, as in: must: ">= 99 %"'
    return ""


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Builds nodes from events. Problems that do not end the reading are collected."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0

    def document(self, events: Iterator[Any]) -> Node | None:
        """The node of the only document."""
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                raise _Stop(self.problem("E004", "a second document begins here", event, "Allowed: one document"))
            if isinstance(event, yaml.NodeEvent):
                root = self.node(event, events, 1)
        if root is None:
            self.problems.append(
                Problem(code="E002", message="the document is empty", file=self.file, line=1, column=1)
            )
        return root

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        """The node that begins with *event*."""
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise _Stop(self.problem("E004", f"nested deeper than {MAX_DEPTH}", event))
        if self.nodes > MAX_NODES:
            raise _Stop(self.problem("E004", f"more than {MAX_NODES:,} values", event))
        self._refuse_indirection(event)
        match event:
            case yaml.SequenceStartEvent():
                return Node(value=tuple(self._sequence(events, depth)), mark=_mark(event))
            case yaml.MappingStartEvent():
                return self._mapping(event, events, depth)
            case yaml.ScalarEvent():
                return Node(value=self._scalar(event), mark=_mark(event))
            case _:
                return Node(value=None, mark=_mark(event))

    def _refuse_indirection(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            self.problems.append(self.problem("E005", f"alias *{event.anchor} is not allowed", event, "Write it out"))
        elif event.anchor is not None:
            self.problems.append(self.problem("E005", f"anchor &{event.anchor} is not allowed", event, "Remove it"))
        if getattr(event, "tag", None) not in (None, "!"):
            self.problems.append(
                self.problem("E005", f"tag {show_value(event.tag)} is not allowed", event, "Remove it")
            )

    def _sequence(self, events: Iterator[Any], depth: int) -> Iterator[Node]:
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self.node(event, events, depth + 1)

    def _mapping(self, start: Any, events: Iterator[Any], depth: int) -> Node:
        found: dict[str, Node] = {}
        keys: dict[str, Mark] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self.node(event, events, depth + 1)
            value = self.node(next(events), events, depth + 1)
            if not isinstance(key.value, str):
                said = f"a key must be text, found {show_value(key.plain)}"
                self.problems.append(self.problem("E002", said, event, "Put it in quotes"))
            elif key.value in keys:
                said = f"duplicate key {show_value(key.value)}, first on line {keys[key.value].line}"
                self.problems.append(self.problem("E003", said, event))
            else:
                found[key.value], keys[key.value] = value, key.mark
        return Node(value=found, mark=_mark(start), keys=keys)

    def _scalar(self, event: Any) -> Scalar:
        text = str(event.value)
        if not event.implicit[0]:
            return text
        try:
            return scalar(text)
        except ValueError as error:
            self.problems.append(self.problem("E002", f"{show_value(text)} is {error}", event, "Put it in quotes"))
            return None

    def problem(self, code: str, message: str, event: Any, hint: str = "") -> Problem:
        """A problem at the start of *event*."""
        mark = _mark(event)
        return Problem(code=code, message=message, file=self.file, line=mark.line, column=mark.column, hint=hint)


def _mark(event: Any) -> Mark:
    return Mark(line=event.start_mark.line + 1, column=event.start_mark.column + 1)


def paths(node: Node, path: Sequence[str] = ()) -> Iterator[tuple[str, Mark]]:
    """Every path of a document with the place of its key (of its value, in lists).

    An item of a list that has an ``id`` or a ``name`` is called by it: ``subjects.sales.promises.volume``.
    """
    match node.value:
        case dict():
            for key, child in node.value.items():
                yield ".".join((*path, key)), node.keys[key]
                yield from paths(child, (*path, key))
        case tuple():
            for index, child in enumerate(node.value):
                name = item_name(child, index)
                yield ".".join((*path, name)), child.mark
                yield from paths(child, (*path, name))
        case _:
            return


def item_name(node: Node, index: int) -> str:
    """How an item of a list is called in a path: by its ``id`` or ``name``, else by its index."""
    if isinstance(node.value, dict):
        for key in ("id", "name"):
            found = node.value.get(key)
            if found is not None and isinstance(found.value, str):
                return found.value
    return str(index)
