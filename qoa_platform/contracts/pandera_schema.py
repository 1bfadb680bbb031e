"""Owns the way between FrameSchema and pandera: a validator made of a data contract, and a model read as a schema.

pandera (and Polars) are imported inside the functions that need them: they take a second.
"""

import importlib
import importlib.util
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from qoa_platform.contracts.grammar import GrammarError
from qoa_platform.contracts.pandera_reading import of_pandera
from qoa_platform.contracts.schema import CheckKind, ColumnCheck, ColumnSchema, FrameSchema, LogicalType

if TYPE_CHECKING:
    from pandera.polars import DataFrameSchema

MODEL = re.compile(r"([A-Za-z_][A-Za-z_0-9]*(?:\.[A-Za-z_][A-Za-z_0-9]*)*):([A-Za-z_][A-Za-z_0-9]*)")
"""``assets.retail.schemas:SalesDay``."""


def to_pandera(schema: FrameSchema) -> "DataFrameSchema":
    """A pandera validator of Polars frames: types, nulls, uniqueness, and the declared checks of values.

    Types are exact in pandera, so a logical one becomes the widest: integer is Int64, number Float64, timestamp
    microseconds. Objects, arrays and undeclared types are not checked.
    """
    import pandera.polars as pa  # noqa: PLC0415

    columns = {
        c.name: pa.Column(
            dtype_of(c),
            nullable=c.nullable,
            unique=c.unique,
            required=not c.optional,
            checks=[_check(k) for k in c.checks],
        )
        for c in schema.columns
    }
    return pa.DataFrameSchema(
        columns, strict=schema.strict, unique=list(schema.key) or None, ordered=schema.ordered
    )  # fmt: skip


def dtype_of(column: ColumnSchema) -> Any:  # noqa: C901 (one case per type)
    """The Polars type of a declared column, the widest of its kind; ``None``: not checked."""
    import polars as pl  # noqa: PLC0415

    match column.type:
        case LogicalType.STRING:
            return pl.String
        case LogicalType.INTEGER:
            return pl.Int64
        case LogicalType.NUMBER:
            return pl.Float64
        case LogicalType.BOOLEAN:
            return pl.Boolean
        case LogicalType.DATE:
            return pl.Date
        case LogicalType.TIMESTAMP:
            return pl.Datetime("us", column.timezone)
        case LogicalType.TIME:
            return pl.Time
        case LogicalType.OBJECT | LogicalType.ARRAY | LogicalType.ANY:
            return None
        case _:
            assert_never(column.type)


def _check(check: ColumnCheck) -> Any:
    """The check of pandera's own that says the same; of multiples there is none."""
    import pandera.polars as pa  # noqa: PLC0415

    value: Any = check.value
    match check.kind:
        case CheckKind.MULTIPLE_OF:
            import polars as pl  # noqa: PLC0415

            return pa.Check(
                lambda data: data.lazyframe.select(pl.col(data.key) % value == 0), name=f"multiple_of({value})"
            )
        case CheckKind.MIN_LENGTH:
            return pa.Check.str_length(min_value=value)
        case CheckKind.MAX_LENGTH:
            return pa.Check.str_length(max_value=value)
        case CheckKind.VALUES | CheckKind.NOT_VALUES:
            return getattr(pa.Check, SAME[check.kind])(list(value))
        case _:
            return getattr(pa.Check, SAME[check.kind])(value)


SAME: Mapping[CheckKind, str] = {
    CheckKind.MINIMUM: "ge", CheckKind.MAXIMUM: "le", CheckKind.EXCLUSIVE_MINIMUM: "gt",
    CheckKind.EXCLUSIVE_MAXIMUM: "lt", CheckKind.PATTERN: "str_contains", CheckKind.VALUES: "isin",
    CheckKind.NOT_VALUES: "notin", CheckKind.EQUAL: "eq", CheckKind.NOT_EQUAL: "ne",
    CheckKind.STARTS_WITH: "str_startswith", CheckKind.ENDS_WITH: "str_endswith",
}  # fmt: skip
"""Kind of check → the name that pandera gives it."""


def read_model(ref: str, root: Path) -> FrameSchema:
    """The schema of a pandera model (or schema object) named ``module:Name``, from the project at *root* only.

    The module is imported, so it must be the project's own: its file lies below *root*, outside any ``site-packages``.
    Raises GrammarError with what was found and what is allowed.
    """
    return of_pandera(load_model(ref, root))


def load_model(ref: str, root: Path) -> Any:
    """The pandera schema object that *ref* names. Raises GrammarError as :func:`read_model` does."""
    match = MODEL.fullmatch(ref)
    if match is None:
        raise GrammarError("is no module:PanderaModel", "As in: assets.retail.schemas:SalesDay")
    module_name, name = match.groups()
    _own_module(module_name, root)
    try:
        found: Any = getattr(importlib.import_module(module_name), name, None)
    except Exception as error:
        raise GrammarError(f"importing {module_name} raised {type(error).__name__}: {error}") from error
    try:
        found = found.to_schema() if hasattr(found, "to_schema") else found
    except Exception as error:
        raise GrammarError(f"the model {name} of {module_name} raised {type(error).__name__}: {error}") from error
    if not hasattr(found, "columns") or not hasattr(found, "strict"):
        raise GrammarError(
            f"{module_name} has no pandera model {name!r}", "Allowed: a DataFrameModel or DataFrameSchema"
        )
    return found


def _own_module(name: str, root: Path) -> None:
    """Refuse a module that is not the project's own, before anything of it is imported."""
    top = name.split(".", maxsplit=1)[0]
    here = root.resolve()
    relative = Path(*name.split("."))
    candidates = (here / relative.with_suffix(".py"), here / relative / "__init__.py")
    if not any(path.is_file() for path in candidates):
        raise GrammarError(f"module {name!r} is not the project's own", f"Allowed: modules below {here.name}/")
    loaded = sys.modules.get(top)
    spec = loaded.__spec__ if loaded is not None else importlib.util.find_spec(top)
    places = [*(spec.submodule_search_locations or ()), spec.origin or ""] if spec is not None else []
    own = [p for p in places if p and Path(p).resolve().is_relative_to(here) and "site-packages" not in Path(p).parts]
    if not own:
        raise GrammarError(f"module {top!r} is imported from elsewhere", f"Allowed: modules below {here.name}/")
