"""Owns the JSON Schema of a contract, for editors: made of the very shapes that the reader checks documents by.

It is never stricter than the reader: what reads, validates. It is looser where a schema cannot say it (a metric's own
parameters, units that fit, names that are defined elsewhere); the reader and the linter say those.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, assert_never

from qoa_platform.contracts import grammar
from qoa_platform.contracts.keys import DOCUMENT, STEP, WHICH
from qoa_platform.contracts.promises import Catalogue
from qoa_platform.contracts.reading import EVERY_METRIC
from qoa_platform.contracts.shapes import Anything, Items, Number, Object, Shape, Table, Text, Word
from qoa_platform.metrics import ParamSpec

Schema = dict[str, Any]

_NUMBER = r"\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?"
_WRITTEN: Mapping[Callable[[Any], Any], str] = {
    grammar.quantity: rf"^{_NUMBER}\s*[A-Za-z%]*\s*$",
    grammar.duration: rf"^{_NUMBER}\s*(ms|s|min|h|d)\s*$",
    grammar.share: rf"^{_NUMBER}\s*(%|ratio)?\s*$",
    grammar.margin: rf"^{_NUMBER}\s*[A-Za-z%]*\s*$",
    grammar.streak: rf"^(\d+|{_NUMBER}\s*(ms|s|min|h|d)\s*)$",
    grammar.training_window: rf"^\s*(last )?{_NUMBER}\s*(ms|s|min|h|d)\s*$",
    grammar.when: r"^\s*\S+\s+(violated|blocked|unknown)",
}
"""How a text looks that a parser reads; a little looser than the parser."""

_KINDS: Mapping[str, Schema] = {
    "integer": {"type": "integer"}, "flag": {"type": "boolean"}, "text": {"type": "string"},
    "number": {"type": ["number", "string"]}, "duration": {"type": ["number", "string"]},
    "values": {"type": "array", "minItems": 1},
    "columns": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]},
}  # fmt: skip


def json_schema(catalogue: Catalogue = EVERY_METRIC) -> Schema:
    """The JSON Schema (2020-12) of ``apiVersion: qoa/v1``, with what every key, word and metric means.

    In an editor, the first line ``# yaml-language-server: $schema=contract.schema.json`` of a contract switches it on.

    >>> json_schema()["properties"]["owner"]["description"]
    'who answers for it'
    """
    writer = _Writer(catalogue)
    whole = writer.object(DOCUMENT)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Quality contract, qoa/v1", **whole,
        "$defs": dict(sorted(writer.defs.items())),
    }  # fmt: skip


class _Writer:
    """Writes shapes as schemas; every named object is written once, under ``$defs``."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.defs: dict[str, Schema] = {"metric": _words({s.id: s.definition for s in catalogue.values()})}

    def of(self, shape: Shape) -> Schema:
        """The schema of *shape*."""
        match shape:
            case Anything():
                return {}
            case Text():
                return _text(shape)
            case Number():
                return _number(shape)
            case Items():
                whole = {"type": "array", "items": self.of(shape.each), "minItems": shape.least}
                return {"anyOf": [self.of(shape.each), whole]} if shape.lone else whole
            case Table():
                names = {"propertyNames": {"pattern": _javascript(shape.pattern)}} if shape.pattern is not None else {}
                return {"type": "object", "additionalProperties": self.of(shape.each), **names}
            case Object():
                return self.reference(shape)
            case Word():
                options = [_words(shape.words)] if shape.words else []
                return {"anyOf": [*options, self.reference(shape.form)]}
            case _:
                assert_never(shape)

    def reference(self, shape: Object) -> Schema:
        """A reference to *shape*, which is written under its title."""
        if shape.title not in self.defs:
            self.defs[shape.title] = {}  # taken, so that nothing recurses
            self.defs[shape.title] = self.object(shape)
        return {"$ref": f"#/$defs/{shape.title}"}

    def object(self, shape: Object) -> Schema:
        """*shape* itself: its keys, which of them are required, and what else holds among them."""
        properties = {key.name: {**self.of(key.shape), "description": key.about} for key in shape.keys}
        if shape.open:
            properties["metric"] = {"$ref": "#/$defs/metric", "description": properties["metric"]["description"]}
            properties = {**dict(_parameters(self.catalogue)), **properties}
        required = [key.name for key in shape.keys if key.required]
        return {
            "type": "object", "properties": properties, "additionalProperties": False,
            **({"required": required} if required else {}), **_AMONG.get(shape.title, {}),
        }  # fmt: skip


def _required(*groups: tuple[str, ...]) -> list[Schema]:
    return [{"required": list(keys)} for keys in groups]


_AMONG: Mapping[str, Schema] = {
    "subject": {"anyOf": _required(*((key,) for key in WHICH))},
    "promise": {"oneOf": _required(*((key,) for key in ("must", "versus", *grammar.MUST_KEYS))),
                "dependentRequired": {"versus": ["margin"], "margin": ["versus"]}},
    "step": {"oneOf": _required(*((k.name,) for k in STEP.form.keys if k.name not in ("attempts", "backoff")))},
    "versus": {"minProperties": 1, "maxProperties": 1},
    "stage": {"minProperties": 1, "maxProperties": 1},
}  # fmt: skip
"""What holds among the keys of an object, by its title."""


def _parameters(catalogue: Catalogue) -> Iterator[tuple[str, Schema]]:
    """The own parameters of all metrics: a schema cannot tell which metric takes which."""
    found: dict[str, list[tuple[str, ParamSpec]]] = {}
    for spec in catalogue.values():
        for param in spec.params:
            found.setdefault(param.name, []).append((spec.id, param))
    for name, uses in sorted(found.items()):
        kinds = list({u.kind: _KINDS[u.kind] for _, u in uses}.values())
        told = "; ".join(dict.fromkeys(f"{u.text} ({metric})" for metric, u in uses[:4]))
        yield name, {**(kinds[0] if len(kinds) == 1 else {"anyOf": kinds}), "description": told}


def _words(words: Mapping[str, str]) -> Schema:
    return {"oneOf": [{"const": str(word), "description": about} for word, about in words.items()]}


def _text(shape: Text) -> Schema:
    if shape.choices:
        return _words(shape.choices)
    written = _WRITTEN.get(shape.parse) if shape.parse is not None else None
    pattern = _javascript(shape.pattern) if shape.pattern is not None else written
    return {
        "type": "string", **({"pattern": pattern} if pattern else {}),
        **({"examples": list(shape.examples)} if shape.examples else {}),
    }  # fmt: skip


def _number(shape: Number) -> Schema:
    kind: Schema = {"type": "integer" if shape.integer else "number"}
    kind |= {"minimum": shape.least} if shape.least is not None else {}
    kind |= {"maximum": shape.most} if shape.most is not None else {}
    if shape.parse is None:
        return kind
    written = _WRITTEN.get(shape.parse)
    text: Schema = {"type": "string", **({"pattern": written} if written else {}), "examples": list(shape.examples)}
    return {"anyOf": [kind, text]}


def _javascript(pattern: re.Pattern[str]) -> str:
    """A whole-text pattern as JSON Schema means patterns: anchored, and without Python's flags."""
    text = pattern.pattern
    if text.startswith("(?s)"):
        text = text.removeprefix("(?s)").replace(".", r"[\s\S]")
    return f"^(?:{text})$"
