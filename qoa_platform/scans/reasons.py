"""Owns the reasons of flags: why a cell is flagged by a tally, in the words of its predicate."""

from collections.abc import Mapping
from typing import Any

from qoa_platform.records import Ask

LISTED = 8
"""A set of more values is not written out."""


def why_of(ask: Ask, *, bad: bool) -> str:  # noqa: C901 (one case per kind of hit)
    """What is wrong with a row that is no hit of *ask*; or (*bad*) with one that is.

    >>> why_of(Ask(state="tally", columns=("x",), params=(("hits", "in_range"), ("low", 0.0))), bad=False)
    'outside [0, ∞)'
    """
    params = dict(ask.params)
    match params.get("hits"):
        case "present" | "cells":
            return "present" if bad else "missing"
        case "expr":
            return str(ask.expr) if bad else f"not so: {ask.expr}"
        case "in_range":
            return f"outside {_range(params)}"
        case "in_set":
            return _set(params.get("values"))
        case "matches":
            return f"no match of {params['pattern']!r}"
        case "finite":
            return "infinite"
        case "after":
            return f"later than {params['bound'] if 'bound' in params else ask.columns[1]}"
        case "fences":
            return "outside the frozen fences"
        case hits:
            return str(hits).replace("_", " ") if bad else f"not {hits}".replace("_", " ")


def _range(params: Mapping[str, Any]) -> str:
    low, high, closed = params.get("low"), params.get("high"), params.get("closed", "both")
    first = "(-∞" if low is None else f"{'[' if closed in {'both', 'left'} else '('}{low:g}"
    last = "∞)" if high is None else f"{high:g}{']' if closed in {'both', 'right'} else ')'}"
    return f"{first}, {last}"


def _set(values: Any) -> str:
    return f"none of {list(values)}" if isinstance(values, tuple) and len(values) <= LISTED else "not in the set"
