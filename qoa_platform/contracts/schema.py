"""Owns FrameSchema: which columns a frame must have, of which logical type, whatever dialect declared it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from qoa_platform.records import Scalar, SchemaRef, canonical, plain


class LogicalType(StrEnum):
    """What a column holds, as ODCS says it; engines spell it their own way."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIME = "time"
    OBJECT = "object"
    ARRAY = "array"
    ANY = "any"
    """Not declared."""


class CheckKind(StrEnum):
    """What every present value of a column keeps."""

    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    EXCLUSIVE_MINIMUM = "exclusiveMinimum"
    EXCLUSIVE_MAXIMUM = "exclusiveMaximum"
    MULTIPLE_OF = "multipleOf"
    MIN_LENGTH = "minLength"
    MAX_LENGTH = "maxLength"
    PATTERN = "pattern"
    VALUES = "values"
    NOT_VALUES = "notValues"
    EQUAL = "equal"
    NOT_EQUAL = "notEqual"
    STARTS_WITH = "startsWith"
    ENDS_WITH = "endsWith"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnCheck:
    """A check on the values of a column. *value* is the bound, the pattern, or the allowed values."""

    kind: CheckKind
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSchema:
    """A declared column. *timezone*: of an aware timestamp (``None``: a naive one); *optional*: may be absent."""

    name: str
    type: LogicalType
    nullable: bool = True
    unique: bool = False
    optional: bool = False
    timezone: str | None = None
    checks: tuple[ColumnCheck, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignCheck:
    """A named check that only pandera can run: of *column*, or of the frame (``None``).

    *place* is its position among the checks of its column (or frame); *arguments* are canonical JSON; *code* is the
    digest of its source, so that a check whose code changes is another check.
    """

    name: str
    column: str | None = None
    place: int
    arguments: str = "{}"
    code: str = ""

    def __str__(self) -> str:
        return f"{self.name}({self.arguments[1:-1]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSchema:
    """The declared columns. *key*: columns whose values together name a row; *strict*: no other column may come.

    *ordered*: declared columns come in declared order; *coerced*: columns that their own dialect would convert first,
    which is not done here; *foreign*: checks of a pandera model that have no ask.
    """

    columns: tuple[ColumnSchema, ...]
    key: tuple[str, ...] = ()
    strict: bool = False
    ordered: bool = False
    coerced: tuple[str, ...] = ()
    foreign: tuple[ForeignCheck, ...] = ()

    def column(self, name: str) -> ColumnSchema | None:
        """The declared column of that name, or ``None``."""
        return next((c for c in self.columns if c.name == name), None)

    @property
    def content(self) -> str:
        """The canonical text, which counts in a contract's digest; the order of columns only where it is declared."""
        form = plain(self)
        if not self.ordered:
            form["columns"] = sorted(form["columns"], key=lambda c: str(c["name"]))
        return canonical({name: value for name, value in form.items() if value or name not in LATER})


LATER = frozenset({"ordered", "coerced", "foreign"})
"""Keys that came later: they are no part of the content (nor of its digest) while nothing is declared under them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaViolation:
    """A column that is not as declared: what was *wanted*, what was *found* (``None``: no such column)."""

    column: str
    wanted: str
    found: str | None

    def __str__(self) -> str:
        if self.found is None:
            return f"column {self.column!r} is missing. Declared: {self.wanted}"
        return f"column {self.column!r} is {self.found}. Declared: {self.wanted}"


@lru_cache(maxsize=64)
def frame_schema(ref: SchemaRef) -> FrameSchema:
    """The schema in a contract's resolved ``schema:``, parsed once. Raises ValueError when the content is none.

    >>> made = FrameSchema(columns=(ColumnSchema(name="a", type=LogicalType.INTEGER),))
    >>> frame_schema(SchemaRef(ref="x.odcs.yaml", dialect="odcs", content=made.content)) == made
    True
    """
    try:
        form = json.loads(ref.content)
        columns = tuple(_column(c) for c in form["columns"])
        return FrameSchema(
            columns=columns, key=tuple(form["key"]), strict=bool(form["strict"]),
            ordered=bool(form.get("ordered", False)), coerced=tuple(form.get("coerced", ())),
            foreign=tuple(ForeignCheck(**f) for f in form.get("foreign", ())),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        message = f"schema {ref.ref!r}: its resolved content cannot be read: {error}"
        raise ValueError(message) from error


def _column(form: dict[str, Any]) -> ColumnSchema:
    return ColumnSchema(
        name=form["name"], type=LogicalType(form["type"]), nullable=form["nullable"], unique=form["unique"],
        optional=form["optional"], timezone=form["timezone"], checks=tuple(
            ColumnCheck(
                kind=CheckKind(c["kind"]), value=tuple(c["value"]) if isinstance(c["value"], list) else c["value"]
            )
            for c in form["checks"]
        ),
    )  # fmt: skip


def violations(schema: FrameSchema, columns: Mapping[str, object]) -> tuple[SchemaViolation, ...]:
    """Where *columns* (name → dtype of Polars, pandas or Arrow, or its text) are not as *schema* declares.

    The value of ``data.schema_violations`` is their number. Values are not looked at: promises do that. A column in
    which everything is missing has no type, and passes where it is nullable; whole numbers pass as numbers.

    >>> wanted = FrameSchema(
    ...     columns=(
    ...         ColumnSchema(name="n", type=LogicalType.INTEGER),
    ...         ColumnSchema(name="t", type=LogicalType.TIMESTAMP, timezone="UTC"),
    ...     )
    ... )
    >>> [str(v) for v in violations(wanted, {"n": "String"})]
    ["column 'n' is String. Declared: integer", "column 't' is missing. Declared: timestamp (UTC)"]
    """
    found: list[SchemaViolation] = []
    for column in schema.columns:
        wanted = column.type.value + (f" ({column.timezone})" if column.timezone else "")
        if column.name not in columns:
            if not column.optional:
                found.append(SchemaViolation(column=column.name, wanted=wanted, found=None))
        elif not _fits(column, columns[column.name]):
            found.append(SchemaViolation(column=column.name, wanted=wanted, found=str(columns[column.name])))
    if schema.strict:
        extra = [name for name in columns if schema.column(name) is None]
        found += [SchemaViolation(column=name, wanted="no such column", found=str(columns[name])) for name in extra]
    return (*found, *(_disordered(schema, columns) if schema.ordered else ()))


def _disordered(schema: FrameSchema, columns: Mapping[str, object]) -> list[SchemaViolation]:
    """The first declared column that does not stand where it was declared to; others may stand between them."""
    wanted = [c.name for c in schema.columns if c.name in columns]
    held = [name for name in columns if schema.column(name) is not None]
    wrong = next(((w, h) for w, h in zip(wanted, held, strict=True) if w != h), None)
    return [] if wrong is None else [SchemaViolation(column=wrong[1], wanted=f"after {wrong[0]!r}", found="before it")]


def _fits(column: ColumnSchema, dtype: object) -> bool:
    held, zone = logical_type(dtype)
    match column.type:
        case LogicalType.ANY:
            return True
        case _ if held is None:
            return column.nullable
        case LogicalType.NUMBER:
            return held in (LogicalType.NUMBER, LogicalType.INTEGER)
        case LogicalType.TIMESTAMP:
            return held is LogicalType.TIMESTAMP and _same_zone(column.timezone, zone)
        case _:
            return held is column.type


def _same_zone(wanted: str | None, found: str | None) -> bool:
    utc = ("UTC", "Etc/UTC", "Z", "+00:00")
    return wanted == found or (wanted in utc and found in utc)


_TYPES: tuple[tuple[re.Pattern[str], LogicalType], ...] = tuple(
    (re.compile(pattern), held)
    for pattern, held in (
        (r"u?int\d*", LogicalType.INTEGER),
        (r"(large_)?(string|str|utf8|categorical|category|enum|object)", LogicalType.STRING),
        (r"float\d*|double|half_?float|decimal\d*", LogicalType.NUMBER),
        (r"bool(ean)?", LogicalType.BOOLEAN),
        (r"date(32|64)?", LogicalType.DATE),
        (r"datetime(64|tz)?|timestamp", LogicalType.TIMESTAMP),
        (r"time(32|64)?", LogicalType.TIME),
        (r"struct|map", LogicalType.OBJECT),
        (r"(large_)?list|array", LogicalType.ARRAY),
    )
)
_ZONE = re.compile(r"(?:time_zone=|tz=|[,\[]\s*(?:ns|us|ms|s),\s*)(?!tz=|time_zone=)'?([A-Za-z0-9_+\-/:]+)'?")


def logical_type(dtype: object) -> tuple[LogicalType | None, str | None]:
    """What a dtype holds, and its time zone. ``(None, None)``: nothing but missing values.

    >>> logical_type("Datetime(time_unit='us', time_zone='UTC')"), logical_type("Null")
    ((<LogicalType.TIMESTAMP: 'timestamp'>, 'UTC'), (None, None))
    """
    text = str(dtype)
    head = re.split(r"[(\[<]", text, maxsplit=1)[0].strip().lower()
    if head in ("null", "nulltype"):
        return None, None
    held = next((kind for pattern, kind in _TYPES if pattern.fullmatch(head)), LogicalType.ANY)
    zone = _ZONE.search(text) if held is LogicalType.TIMESTAMP else None
    return held, None if zone is None or zone[1] == "None" else zone[1]
