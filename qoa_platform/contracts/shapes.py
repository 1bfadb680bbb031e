"""Owns shapes: what a value of a document may be, checked node by node, all problems at once, none of it lost.

One table of shapes (``keys.py``) is both the reader's structure and the JSON Schema for editors.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from qoa_platform.contracts.grammar import GrammarError
from qoa_platform.contracts.problem import Problem, guess, listed, show_value
from qoa_platform.contracts.yaml12 import Mark, Node, item_name

Parse = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Text of a *pattern*, or one of *choices* (word → what it means). *parse* makes it a value (GrammarError)."""

    pattern: re.Pattern[str] | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    parse: Parse | None = None
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number from *least* to *most*; an *integer* only. Text too where *parse* reads it (``99 %``)."""

    integer: bool = False
    least: float | None = None
    most: float | None = None
    parse: Parse | None = None
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Anything:
    """Whatever stands there; checked by its reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list of *each*, at least *least* long. A single value stands for a list of one where *lone* is true."""

    each: "Shape"
    least: int = 1
    lone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A mapping from names of *pattern* to values of one shape."""

    each: "Shape"
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of a record: its shape, whether it must be there, and what it means (shown by editors)."""

    name: str
    shape: "Shape"
    about: str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """A closed mapping. *open* keys are left to the reader (a metric's own parameters)."""

    title: str
    keys: tuple[Key, ...]
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One of *words*, or a mapping of *form*: ``alert`` beside ``{rerun: …}``."""

    words: Mapping[str, str]
    form: Object


Shape = Text | Number | Anything | Items | Table | Object | Word


@dataclass(slots=True, kw_only=True)
class Found:
    """A checked mapping: *values* that are right, by key; *nodes* of all that was there; the *path* to it."""

    values: dict[str, Any]
    nodes: Mapping[str, Node]
    keys: Mapping[str, Mark]
    mark: Mark
    path: tuple[str, ...]
    whole: bool = True
    """False when something required is missing or wrong: no record can be made of it."""

    def get(self, key: str, default: Any = None) -> Any:
        """A checked value, or *default*."""
        found = self.values.get(key)
        return default if found is None else found

    def mark_of(self, key: str) -> Mark:
        """Where the value of *key* stands (else where the mapping begins)."""
        node = self.nodes.get(key)
        return node.mark if node is not None else self.mark


@dataclass(slots=True, kw_only=True)
class Report:
    """Collects the problems of one document."""

    file: str = ""
    problems: list[Problem] = field(default_factory=list)

    def say(self, code: str, message: str, mark: Mark, path: Sequence[str] = (), hint: str = "") -> None:
        """Add an error at *mark*."""
        self.problems.append(
            Problem(
                code=code, message=message, file=self.file, line=mark.line, column=mark.column, path=".".join(path),
                hint=hint,
            )
        )  # fmt: skip

    def attempt(self, parse: Callable[[], Any], mark: Mark, path: Sequence[str], code: str = "E106") -> Any:
        """What *parse* returns; ``None``, and a problem, when it raises GrammarError."""
        try:
            return parse()
        except GrammarError as error:
            self.say(code, error.message, mark, path, error.hint)
            return None


def check(node: Node, shape: Shape, report: Report, path: tuple[str, ...] = ()) -> Any:
    """The value of *node* as *shape* says; ``None``, with problems reported, where it is wrong.

    Mappings of an ``Object`` come back as :class:`Found`, lists as tuples (their wrong items left out).
    """
    match shape:
        case Anything():
            return node
        case Text():
            return _text(node, shape, report, path)
        case Number():
            return _number(node, shape, report, path)
        case Items():
            return _items(node, shape, report, path)
        case Table():
            return _table(node, shape, report, path)
        case Object():
            return _object(node, shape, report, path)
        case Word():
            return _word(node, shape, report, path)
        case _:
            assert_never(shape)


def _wrong(node: Node, wanted: str, report: Report, path: tuple[str, ...]) -> None:
    key = f"{path[-1]!r} " if path else ""
    report.say("E103", f"{key}must be {wanted}, found {show_value(_shown(node))}", node.mark, path)


def _shown(node: Node) -> Any:
    return list(node.value) if isinstance(node.value, tuple) else node.value


def _text(node: Node, shape: Text, report: Report, path: tuple[str, ...]) -> Any:
    value = node.value
    if not isinstance(value, str):
        return _wrong(node, "text", report, path)
    if shape.choices and value not in shape.choices:
        report.say("E105", f"{path[-1] if path else 'value'} {show_value(value)} is not allowed", node.mark, path,
                   guess(value, shape.choices))  # fmt: skip
        return None
    if shape.pattern is not None and not shape.pattern.fullmatch(value):
        report.say("E110", f"{show_value(value)} is no name of this kind", node.mark, path,
                   f"Allowed: {shape.pattern.pattern}")  # fmt: skip
        return None
    parse = shape.parse
    return value if parse is None else report.attempt(lambda: parse(value), node.mark, path)


def _number(node: Node, shape: Number, report: Report, path: tuple[str, ...]) -> Any:
    value, parse = node.value, shape.parse
    if parse is not None:
        return report.attempt(lambda: parse(value), node.mark, path)
    kinds = int if shape.integer else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        return _wrong(node, "a whole number" if shape.integer else "a number", report, path)
    low = shape.least is not None and not value >= shape.least
    high = shape.most is not None and not value <= shape.most
    if low or high:
        bounds = [f"{n:g} or {w}" for n, w in ((shape.least, "more"), (shape.most, "less")) if n is not None]
        report.say("E105", f"{show_value(value)} is out of range", node.mark, path, f"Allowed: {', '.join(bounds)}")
        return None
    return value


def _items(node: Node, shape: Items, report: Report, path: tuple[str, ...]) -> Any:
    if not isinstance(node.value, tuple):
        if shape.lone:
            found = check(node, shape.each, report, path)
            return None if found is None else (found,)
        return _wrong(node, "a list", report, path)
    if len(node.value) < shape.least:
        return _wrong(node, f"a list of at least {shape.least}", report, path)
    checked = [check(n, shape.each, report, (*path, item_name(n, i))) for i, n in enumerate(node.value)]
    return tuple(found for found in checked if found is not None)


def _table(node: Node, shape: Table, report: Report, path: tuple[str, ...]) -> Any:
    if not isinstance(node.value, dict):
        return _wrong(node, "a mapping", report, path)
    found: dict[str, Any] = {}
    for name, child in node.value.items():
        if shape.pattern is not None and not shape.pattern.fullmatch(name):
            report.say("E110", f"{show_value(name)} is no name of this kind", node.keys[name], (*path, name),
                       f"Allowed: {shape.pattern.pattern}")  # fmt: skip
            continue
        value = check(child, shape.each, report, (*path, name))
        if value is not None:
            found[name] = value
    return found


def _object(node: Node, shape: Object, report: Report, path: tuple[str, ...]) -> Found | None:
    if not isinstance(node.value, dict):
        _wrong(node, f"a mapping ({shape.title})", report, path)
        return None
    known = {key.name: key for key in shape.keys}
    found = Found(values={}, nodes=node.value, keys=node.keys, mark=node.mark, path=path)
    for name in node.value:
        if name not in known and not shape.open:
            said = f"unknown key {show_value(name)} in {shape.title}"
            report.say("E101", said, node.keys[name], (*path, name), guess(name, known, listed=30))
    for key in shape.keys:
        child = node.value.get(key.name)
        if child is None:
            if key.required:
                report.say("E102", f"{shape.title} needs {key.name!r}: {key.about}", node.mark, path)
                found.whole = False
            continue
        value = check(child, key.shape, report, (*path, key.name))
        if value is None:
            found.whole = False
        else:
            found.values[key.name] = value
    return found


def _word(node: Node, shape: Word, report: Report, path: tuple[str, ...]) -> Any:
    if isinstance(node.value, dict):
        return _object(node, shape.form, report, path)
    if not isinstance(node.value, str):
        return _wrong(
            node, f"{listed(list(shape.words)[:6])} …, or a mapping" if shape.words else "a mapping", report, path
        )
    if node.value not in shape.words:
        report.say("E105", f"{shape.form.title} {show_value(node.value)} is not allowed", node.mark, path,
                   guess(node.value, shape.words))  # fmt: skip
        return None
    return node.value


def inner(shape: Shape) -> Iterator[Shape]:
    """*shape* and every shape in it."""
    yield shape
    match shape:
        case Items() | Table():
            yield from inner(shape.each)
        case Object():
            for key in shape.keys:
                yield from inner(key.shape)
        case Word():
            yield from inner(shape.form)
        case _:
            return
