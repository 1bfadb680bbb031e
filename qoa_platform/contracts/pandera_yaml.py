"""Owns reading pandera's own YAML (``schema.to_yaml()``) as a FrameSchema: bounded, and without importing pandera."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qoa_platform.contracts.grammar import GrammarError
from qoa_platform.contracts.pandera_reading import BUILTIN, argument_of, checks_of
from qoa_platform.contracts.problem import guess
from qoa_platform.contracts.schema import ColumnCheck, ColumnSchema, FrameSchema, LogicalType, logical_type
from qoa_platform.contracts.schema_rules import can_ask

COLUMN = frozenset({
    "dtype", "nullable", "unique", "coerce", "required", "regex", "checks", "title", "description", "metadata",
    "default", "parsers", "drop_invalid_rows", "report_duplicates",
})  # fmt: skip
"""Keys of a column that are no check."""
FRAME = frozenset({
    "schema_type", "api", "version", "columns", "checks", "index", "dtype", "coerce", "strict", "name", "ordered",
    "unique", "report_duplicates", "unique_column_names", "add_missing_columns", "title", "description", "metadata",
    "parsers", "drop_invalid_rows",
})  # fmt: skip
OPTIONS = frozenset(
    {"options", "error", "raise_warning", "ignore_na", "name", "title", "description", "n_failure_cases"}
)


def is_pandera_yaml(document: Any) -> bool:
    """Whether *document* is a schema that pandera wrote."""
    return isinstance(document, Mapping) and str(document.get("schema_type", "")).endswith("dataframe")


def read_pandera_yaml(document: Mapping[str, Any]) -> FrameSchema:
    """The schema in *document*. Raises GrammarError with everything in it that is refused, and why.

    Checks of one's own are refused: a YAML file does not say which module registers them (``schema: module:Model``
    does). So is whatever would change the frame, as in a model.
    """
    refused = [f"unknown key {key!r}. {guess(str(key), FRAME, 0)}" for key in document if key not in FRAME]
    refused += list(_changing(document, "the schema"))
    if document.get("index"):
        refused.append("an index is declared, and a published frame has none: make it a column")
    if document.get("checks"):
        refused.append("checks of the whole frame: they are code that a file cannot hold. Use schema: module:Model")
    declared = document.get("columns")
    columns: list[ColumnSchema] = []
    for name, form in (declared if isinstance(declared, Mapping) else {}).items():
        refused += _column(str(name), form if isinstance(form, Mapping) else {}, columns)
    if not columns and not refused:
        refused.append("no columns are declared")
    if refused:
        raise GrammarError("; ".join(refused), "As schema.to_yaml() writes it")
    coerced = [n for n, f in (declared or {}).items() if document.get("coerce") or (f or {}).get("coerce")]
    unique = document.get("unique") or ()
    return FrameSchema(
        columns=tuple(columns), key=(unique,) if isinstance(unique, str) else tuple(map(str, unique)),
        strict=document.get("strict") is True, ordered=bool(document.get("ordered")), coerced=tuple(map(str, coerced)),
    )  # fmt: skip


def _changing(form: Mapping[str, Any], where: str) -> Iterator[str]:
    for name in ("parsers", "add_missing_columns", "drop_invalid_rows", "default"):
        if form.get(name):
            yield f"{where}: {name} changes the frame"
    if form.get("strict") == "filter":
        yield f"{where}: strict: filter changes the frame"
    if form.get("dtype") is not None and "columns" in form:
        yield "one dtype for all columns: give each column its own"


def _column(name: str, form: Mapping[str, Any], columns: list[ColumnSchema]) -> list[str]:
    """Append the column; say what of it is refused."""
    where = f"column {name!r}"
    refused = list(_changing(form, where))
    if form.get("regex"):
        refused.append(f"{where}: a pattern of names (regex: true): name the columns")
    checks: list[ColumnCheck] = []
    for check, given in _named(form):
        problem = _check(name, check, given, checks)
        refused += [f"{where}: {problem}"] if problem else []
    dtype = form.get("dtype")
    held, zone = logical_type(dtype) if dtype is not None else (LogicalType.ANY, None)
    columns.append(
        ColumnSchema(
            name=name, type=held or LogicalType.ANY, nullable=bool(form.get("nullable", False)),
            unique=bool(form.get("unique", False)), optional=not form.get("required", True), timezone=zone,
            checks=tuple(sorted(checks, key=lambda c: (c.kind, str(c.value)))),
        )
    )  # fmt: skip
    return refused


def _named(form: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The checks of a column, in each of the three ways in which versions of pandera have written them."""
    yield from ((str(key), value) for key, value in form.items() if key not in COLUMN)
    given = form.get("checks") or ()
    if isinstance(given, Mapping):
        yield from ((str(key), value) for key, value in given.items())
        return
    for each in given:
        options = each.get("options", {}) if isinstance(each, Mapping) else {}
        yield str(options.get("check_name", "")), each


def _check(column: str, name: str, given: Any, checks: list[ColumnCheck]) -> str | None:
    """Append a check; say why it is refused."""
    if name not in BUILTIN:
        hint = f"{guess(name, BUILTIN)}; or schema: module:Model"
        return f"check {name!r} is none of pandera's own that can be asked. {hint}"
    options = {**given, **given.get("options", {})} if isinstance(given, Mapping) else {}
    if options.get("raise_warning"):
        return f"check {name!r} only warns: make it a promise with severity: warning"
    if options.get("ignore_na") is False:
        return f"check {name!r} looks at missing values: say nullable: false"
    found = checks_of(name, _arguments(name, given))
    if found is None or not all(can_ask(column, each) for each in found):
        return f"check {name!r} cannot be asked with {given!r}"
    checks += found
    return None


def _arguments(name: str, given: Any) -> dict[str, Any]:
    key = argument_of(name)
    if not isinstance(given, Mapping):
        bare = isinstance(given, Sequence) and not isinstance(given, str) and key not in LISTS
        return dict(zip(("min_value", "max_value"), given, strict=False)) if bare else {key: given}
    found = {str(k): v for k, v in given.items() if k not in OPTIONS}
    return {key: found["value"]} if "value" in found and key not in found else found


LISTS = frozenset({"allowed_values", "forbidden_values"})
