"""Owns reading a pandera schema (Polars or pandas): what can be asked, what only pandera runs, and what is refused.

A schema that changes the frame, or holds code that has no name, is refused with the reason: a contract must print, hash
and be stored. pandera itself is not imported here: its objects are looked at.
"""

import inspect
import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from qoa_platform.contracts.grammar import GrammarError
from qoa_platform.contracts.schema import (
    CheckKind,
    ColumnCheck,
    ColumnSchema,
    ForeignCheck,
    FrameSchema,
    LogicalType,
    logical_type,
)
from qoa_platform.contracts.schema_rules import can_ask
from qoa_platform.records import canonical, short

ENGINES = {"pandera.api.polars": "polars", "pandera.api.pandas": "pandas"}
"""Where a schema's class stands → what kind of frames it is about."""
CHANGING = (
    ("parsers", "parsers change the frame"), ("add_missing_columns", "add_missing_columns changes the frame"),
    ("drop_invalid_rows", "drop_invalid_rows changes the frame (and reports nothing): write set_aside: instead"),
)  # fmt: skip


def engine_of(schema: Any) -> str | None:
    """What kind of frames *schema* is about: ``polars``, ``pandas``, or ``None``."""
    return next((name for module, name in ENGINES.items() if type(schema).__module__.startswith(module)), None)


def of_pandera(schema: Any) -> FrameSchema:
    """A pandera schema as a FrameSchema.

    Types, nulls, uniqueness and the built-in checks become rules that share the pass of the promises; named checks of
    one's own (registered, of a method, of the whole frame, hypotheses) stay pandera's, by name, arguments and source.
    ``coerce`` is not done: a frame is judged as it is. Raises GrammarError for what is refused: lambdas and checks
    without a name, checks that only warn, an index, and whatever would change the frame.
    """
    refused = [*_changing(schema), *_of_frame(schema)]
    foreign: list[ForeignCheck] = []
    columns: list[ColumnSchema] = []
    for name, column in schema.columns.items():
        refused += [f"column {name!r}: {text}" for text in (*_changing(column), *_of_column(column))]
        asked, left, wrong = _sorted_out(name, column.checks or ())
        foreign += left
        refused += wrong
        columns.append(_column(name, column, asked))
    _, left, wrong = _sorted_out(None, schema.checks or ())
    foreign += left
    refused += wrong
    if foreign and engine_of(schema) is None:
        refused.append(f"checks of {type(schema).__module__} are not run here")
    if refused:
        raise GrammarError("; ".join(refused), "A schema must print, hash, and leave the frame as it is")
    coerced = tuple(n for n, c in schema.columns.items() if c.coerce or getattr(schema, "coerce", False))
    return FrameSchema(
        columns=tuple(columns), key=_names(schema.unique), strict=bool(schema.strict),
        ordered=bool(getattr(schema, "ordered", False)), coerced=coerced, foreign=tuple(foreign),
    )  # fmt: skip


def _names(unique: Any) -> tuple[str, ...]:
    return (unique,) if isinstance(unique, str) else tuple(unique or ())


def _changing(part: Any) -> list[str]:
    return [text for name, text in CHANGING if getattr(part, name, None)]


def _of_frame(schema: Any) -> Iterator[str]:
    if getattr(schema, "index", None) is not None:
        yield "an index is declared, and a published frame has none: make it a column"
    if schema.strict == "filter":
        yield "strict='filter' changes the frame"
    if getattr(schema, "dtype", None) is not None:
        yield "one dtype for all columns: give each column its own"


def _of_column(column: Any) -> Iterator[str]:
    if getattr(column, "regex", False):
        yield "a pattern of names (regex=True): name the columns"
    if getattr(column, "default", None) is not None:
        yield "a default changes the frame"


def _sorted_out(
    name: str | None, checks: Sequence[Any]
) -> tuple[list[ColumnCheck], list[ForeignCheck], list[str]]:  # fmt: skip
    """The checks that can be asked, those that only pandera runs, and why others are refused."""
    asked: list[ColumnCheck] = []
    foreign: list[ForeignCheck] = []
    refused: list[str] = []
    for place, check in enumerate(checks if isinstance(checks, list | tuple) else [checks]):
        here = f"check {place + 1} of {f'column {name!r}' if name is not None else 'the frame'}"
        if getattr(check, "raise_warning", False):
            refused.append(f"{here} only warns: make it a promise with severity: warning")
            continue
        known = _askable(name, check)
        if known is not None:
            asked += known
        elif (reason := _nameless(check)) is not None:
            refused.append(f"{here} {reason}")
        else:
            foreign.append(
                ForeignCheck(
                    name=str(check.name), column=name, place=place, arguments=_arguments(check), code=_code(check)
                )
            )
    return asked, foreign, refused


def _askable(name: str | None, check: Any) -> list[ColumnCheck] | None:
    """*check* as ours; ``None`` where it is none of pandera's own, or has no ask."""
    if name is None or not is_builtin(check) or not check.ignore_na or check.groupby is not None:
        return None
    given = check.statistics or {}
    if not all(_has_ask(value) for value in given.values() if value is not None):
        return None
    found = checks_of(check._check_fn.__name__, given)  # noqa: SLF001 (its name= may be anything)
    return found if found is not None and all(can_ask(name, each) for each in found) else None


def _has_ask(value: Any) -> bool:
    """Whether an argument, or each of a list of them, can stand in an ask: a duration or a time of day cannot."""
    if isinstance(value, list | tuple | set | frozenset):
        return all(_has_ask(v) for v in value)
    return isinstance(value, str | int | float | date | Decimal | re.Pattern) or _kind(value) in NUMPY


def is_builtin(check: Any) -> bool:
    """Whether *check* is one of pandera's own, under whatever name."""
    function = getattr(check, "_check_fn", None)
    named = getattr(function, "__name__", "")
    if not named or isinstance(function, FunctionType) or not check.is_builtin_check(named):
        return False
    return type(function) is type(check.get_builtin_check_fn(named))


def _nameless(check: Any) -> str | None:
    functions = list(_functions(check))
    if any(f.__name__ == "<lambda>" for f in functions):
        return (
            "is a lambda: it cannot be printed, compared or stored. Register it (pandera.extensions) or write a method"
        )
    return None if check.name else "has no name: it cannot enter the contract's digest"


def _functions(check: Any) -> Iterator[FunctionType]:
    """The functions of one's own that *check* runs, also those that pandera wrapped."""
    seen: set[int] = set()
    asked: list[Any] = [getattr(check, n, None) for n in ("_check_fn", "groupby", "test", "relationship")]
    while asked:
        found = asked.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        match found:
            case partial():
                asked.append(found.func)
            case MethodType():
                asked.append(found.__func__)
            case classmethod() | staticmethod():
                asked.append(found.__func__)
            case FunctionType() if found.__module__.partition(".")[0] == "pandera":
                asked += [cell.cell_contents for cell in found.__closure__ or () if _holds(cell)]
            case FunctionType():
                yield found
            case _:
                asked.append(getattr(found, "check_fn", None))


def _holds(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _code(check: Any) -> str:
    """The digest of the source of what *check* runs; empty where there is none to be read."""
    texts: list[str] = []
    for function in _functions(check):
        try:
            texts.append(inspect.getsource(function))
        except (OSError, TypeError):
            texts.append(function.__qualname__)
    return short("code", *sorted(texts)) if texts else ""


def _arguments(check: Any) -> str:
    given = {name: _plain(value) for name, value in (check.statistics or {}).items() if value is not None}
    named = ("groupby", "samples", "relationship", "relationship_kwargs")  # the last three are a hypothesis's
    options = {name: getattr(check, name, None) for name in named}
    options |= {"ignore_na": None if check.ignore_na else False, "element_wise": check.element_wise or None}
    return canonical({**given, **{name: _plain(value) for name, value in options.items() if value is not None}})


def _plain(value: Any) -> Any:
    match value:
        case str() | int() | float() | bool():
            return value
        case list() | tuple():
            return [_plain(v) for v in value]
        case set() | frozenset():
            return sorted((_plain(v) for v in value), key=str)
        case dict():
            return {str(k): _plain(v) for k, v in value.items()}
        case _:
            return getattr(value, "__qualname__", str(value))


def _column(name: str, column: Any, checks: Sequence[ColumnCheck]) -> ColumnSchema:
    held, zone = logical_type(column.dtype) if column.dtype is not None else (LogicalType.ANY, None)
    return ColumnSchema(
        name=name, type=held or LogicalType.ANY, nullable=bool(column.nullable), unique=bool(column.unique),
        optional=not column.required, timezone=zone, checks=tuple(sorted(checks, key=lambda c: (c.kind, str(c.value)))),
    )  # fmt: skip


_KINDS = {
    "greater_than_or_equal_to": (CheckKind.MINIMUM, "min_value"),
    "less_than_or_equal_to": (CheckKind.MAXIMUM, "max_value"),
    "greater_than": (CheckKind.EXCLUSIVE_MINIMUM, "min_value"), "less_than": (CheckKind.EXCLUSIVE_MAXIMUM, "max_value"),
    "equal_to": (CheckKind.EQUAL, "value"), "not_equal_to": (CheckKind.NOT_EQUAL, "value"),
    "str_contains": (CheckKind.PATTERN, "pattern"), "str_startswith": (CheckKind.STARTS_WITH, "string"),
    "str_endswith": (CheckKind.ENDS_WITH, "string"), "isin": (CheckKind.VALUES, "allowed_values"),
    "notin": (CheckKind.NOT_VALUES, "forbidden_values"),
}  # fmt: skip
LISTS = frozenset({CheckKind.VALUES, CheckKind.NOT_VALUES})
BUILTIN = frozenset(_KINDS) | {"in_range", "str_length", "str_matches"}
"""pandera's own checks that have an ask, and the argument that a bare value of theirs stands for."""


def checks_of(name: str, statistics: dict[str, Any]) -> list[ColumnCheck] | None:
    """A built-in check of pandera as checks of ours; ``None`` where we have no word for it."""
    if name in _KINDS:
        kind, key = _KINDS[name]
        value = statistics[key]
        return [ColumnCheck(kind=kind, value=_scalars(value) if kind in LISTS else _scalar(value))]
    low, high = statistics.get("min_value"), statistics.get("max_value")
    match name:
        case "in_range":
            lower = CheckKind.MINIMUM if statistics.get("include_min", True) else CheckKind.EXCLUSIVE_MINIMUM
            upper = CheckKind.MAXIMUM if statistics.get("include_max", True) else CheckKind.EXCLUSIVE_MAXIMUM
            return [ColumnCheck(kind=lower, value=_scalar(low)), ColumnCheck(kind=upper, value=_scalar(high))]
        case "str_length":
            exact = statistics.get("exact_value")
            low, high = (exact, exact) if exact is not None else (low, high)
            named = ((CheckKind.MIN_LENGTH, low), (CheckKind.MAX_LENGTH, high))
            return [ColumnCheck(kind=kind, value=int(value)) for kind, value in named if value is not None]
        case "str_matches":
            return [ColumnCheck(kind=CheckKind.PATTERN, value=f"^(?:{_scalar(statistics['pattern'])})")]
        case _:
            return None


def argument_of(name: str) -> str:
    """The argument that a bare value stands for in pandera's YAML: ``greater_than: 0`` is ``min_value: 0``."""
    return _KINDS[name][1] if name in _KINDS else {"str_matches": "pattern", "str_length": "exact_value"}.get(name, "")


def _scalars(values: Any) -> tuple[str | int | float | bool, ...]:
    found = {(type(v).__name__, str(v)): v for v in map(_scalar, values)}
    return tuple(found[key] for key in sorted(found))


NUMPY = frozenset("biufM")
"""Kinds of NumPy's scalars that have an ask: truth values, integers, numbers and moments."""


def _kind(value: Any) -> str:
    """The kind of a scalar of NumPy's; nothing for anything else."""
    return str(value.dtype.kind) if getattr(value, "ndim", None) == 0 else ""


def _scalar(value: Any) -> str | int | float | bool:
    value = getattr(value, "pattern", value)
    value = value.item() if _kind(value) in NUMPY - {"M"} else value
    return value if isinstance(value, str | int | float | bool) else str(value)
