"""Owns the way from an injection (a row of the ledger) to the faults that it stands for."""

from collections.abc import Iterable

from qoa_platform.faults.fault import Fault, FaultError
from qoa_platform.records import Injection, Scalar

COLUMNS = "columns"
"""The parameter of an injection that names the columns of its fault."""


def fault_of(injection: Injection) -> Fault:
    """The fault that *injection* plants. Raises FaultError for an unknown kind or parameter.

    >>> fault_of(Injection(target="feed:a", kind="unit_change", params=(("columns", ("price",)), ("factor", 10.0))))
    Fault(kind='unit_change', columns=('price',), params=(('factor', 10.0),), seed=0)
    """
    given = dict(injection.params)
    columns = given.pop(COLUMNS, ())
    if not isinstance(columns, tuple):
        columns = (columns,)
    params = tuple(sorted(given.items()))
    return Fault(kind=injection.kind, columns=tuple(map(_name, columns)), params=params, seed=injection.seed)


def _name(column: Scalar) -> str:
    if not isinstance(column, str):
        message = f"an injection names a column {column!r}. Allowed: text"
        raise FaultError(message)
    return column


def described(injections: Iterable[Injection]) -> str:
    """What was planted, as the trial that met it says it: ``half_rows, unit_change(factor=10.0)``."""
    return ", ".join(
        f"{i.kind}({', '.join(f'{k}={v}' for k, v in i.params)})" if i.params else i.kind for i in injections
    )
