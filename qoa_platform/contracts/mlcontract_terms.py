"""Owns the words of QoA4ML: its roles, metrics, operators, units and aggregates, as ours.

Written from the language files of rdsea/qoa4ml: attributes and contract schema v0.3, core v0.2 and its examples.
"""

import re
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

from qoa_platform.contracts import grammar
from qoa_platform.contracts.grammar import GrammarError
from qoa_platform.contracts.odcs_quality import MIRRORED
from qoa_platform.contracts.problem import guess, show_value
from qoa_platform.records import Fixed, Operator, Role, Unit

ROLES: dict[str, Role] = {role.value.replace("_", ""): role for role in Role} | {
    "mluser": Role.ML_CONSUMER, "consumer": Role.ML_CONSUMER, "infprovider": Role.ML_INFRASTRUCTURE,
    "infrastructureprovider": Role.ML_INFRASTRUCTURE, "mlinfrastructureprovider": Role.ML_INFRASTRUCTURE,
}  # fmt: skip
"""Every spelling of a role, with neither case nor ``_`` nor ``-``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a metric of theirs is here. *good*: theirs counts the bad share; *root*: theirs is the square of ours.

    *lacks* says what their contract does not hold and ours needs.
    """

    metric: str
    unit: Unit = Unit.RATIO
    good: bool = False
    root: bool = False
    lacks: str = ""


_COLUMNS = "name its columns"
_OVER = "name the prediction frame: over"
_EXPR = "say what is valid: expr"
METRICS: dict[tuple[str, str], Meaning] = {
    ("service", "availability"): Meaning(metric="service.availability"),
    ("service", "reliability"): Meaning(metric="service.reliability"),
    ("service", "responsetime"): Meaning(metric="service.response_time", unit=Unit.SECONDS),
    ("data", "accuracy"): Meaning(metric="data.cell_accuracy", lacks="name the reference data: truth"),
    ("data", "completeness"): Meaning(metric="data.completeness", lacks=_COLUMNS),
    ("data", "noneratio"): Meaning(metric="data.completeness", good=True, lacks=_COLUMNS),
    ("data", "nullcount"): Meaning(metric="data.missing_count", unit=Unit.COUNT, lacks=_COLUMNS),
    ("data", "totalnone"): Meaning(metric="data.missing_count", unit=Unit.COUNT, lacks=_COLUMNS),
    ("data", "duplicateratio"): Meaning(metric="data.distinctness", good=True),
    ("data", "totalduplicate"): Meaning(metric="data.duplicate_rows", unit=Unit.ROWS),
    ("data", "errorratios"): Meaning(metric="data.pass_rate", good=True, lacks=_EXPR),
    ("data", "totalerrors"): Meaning(metric="data.violation_count", unit=Unit.COUNT, lacks=_EXPR),
    ("ml", "accuracy"): Meaning(metric="model.accuracy", lacks=_OVER),
    ("ml", "auc"): Meaning(metric="model.roc_auc", lacks=_OVER),
    ("ml", "precision"): Meaning(metric="model.precision", lacks=_OVER),
    ("ml", "recall"): Meaning(metric="model.recall", lacks=_OVER),
    ("ml", "mse"): Meaning(metric="model.rmse", unit=Unit.COLUMN, root=True, lacks=_OVER),
}  # fmt: skip
"""(category, metric without case, ``_`` and its category's prefix) → ours."""

_UNITS = {
    "percentage": "%", "percent": "%", "%": "%", "ms": "ms", "millisecond": "ms", "s": "s", "second": "s", "sec": "s",
    "min": "min", "minute": "min", "h": "h", "hour": "h", "float": "ratio", "ratio": "ratio", "usd": "USD",
}  # fmt: skip
_AGGREGATES = {"MAX": "max", "AVERAGE": "mean"}


def plain_word(word: object) -> str:
    """A word without case and separators: ``ResponseTime`` and ``response_time`` are one."""
    return re.sub(r"[^a-z0-9]", "", str(word).lower())


def role(word: object) -> Role | str:
    """The role that *word* spells, or the nearest guess at it.

    >>> role("mlprovider"), role("ml_user")
    (<Role.ML_PROVIDER: 'ml_provider'>, <Role.ML_CONSUMER: 'ml_consumer'>)
    """
    return ROLES.get(plain_word(word)) or guess(str(word), [r.value for r in Role])


def meaning(category: str, word: object) -> Meaning | None:
    """What a metric of a category (``service``, ``data``, ``ml``) is here."""
    name = plain_word(word)
    prefix = {"data": "data", "ml": "model"}.get(category, "")
    return METRICS.get((category, name)) or METRICS.get((category, name.removeprefix(prefix)))


def bound(operator: object, value: object, unit: object, found: Meaning) -> Fixed:
    """A condition of theirs as a bound on our metric. Raises GrammarError.

    >>> bound("max", 12.5, "percentage", METRICS["data", "noneratio"]).text
    '>= 0.875'
    """
    name = str(operator)
    scale = _unit(unit)
    if name == "range":
        low, high = _ends(value)
        must = grammar.between(_number(low, scale), _number(high, scale), found.unit, "")
    elif name in grammar.OPERATORS:
        must = Fixed(
            operator=grammar.OPERATORS[name], bound=grammar.quantity(_number(value, scale)).of(found.unit), text=""
        )
    else:
        raise GrammarError(f"operator {show_value(operator)}", guess(name, ["range", *grammar.OPERATORS]))
    return _worded(_turned(must) if found.good else _rooted(must) if found.root else must, found.unit)


def _unit(unit: object) -> str:
    if unit is None or unit == "":
        return ""
    word = str(unit).strip().lower()
    known = _UNITS.get(word) or _UNITS.get(word.removesuffix("s"))
    if known is None:
        raise GrammarError(f"unit {show_value(unit)}", guess(word, _UNITS))
    return known


def _number(value: object, scale: str) -> str:
    """A number (theirs may be text) with its unit, as our grammar reads it."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise GrammarError(f"value {show_value(value)}", "Allowed: a number")
    return f"{value} {scale}".strip()


def _ends(value: Any) -> tuple[object, object]:
    if isinstance(value, list) and len(value) == 2:  # noqa: PLR2004
        return value[0], value[1]
    if isinstance(value, dict):
        for low, high in (("min", "max"), ("low", "high"), ("lower", "upper"), ("from", "to")):
            if low in value and high in value:
                return value[low], value[high]
    raise GrammarError(f"range {show_value(value)} names no two bounds", "Allowed: {min: …, max: …} or [low, high]")


def _turned(must: Fixed) -> Fixed:
    """A bound on the share of bad ones as one on the share of good ones."""
    low, high = round(1 - must.bound, 12), None if must.upper is None else round(1 - must.upper, 12)
    if high is not None:
        low, high = high, low
    return replace(must, operator=MIRRORED[must.operator], bound=low, upper=high)


def _rooted(must: Fixed) -> Fixed:
    """A bound on a squared error as one on its root."""
    if must.bound < 0:
        raise GrammarError(f"value {must.bound:g}: a squared error is not negative", "Allowed: 0 or more")
    return replace(must, bound=sqrt(must.bound), upper=None if must.upper is None else sqrt(must.upper))


def _worded(must: Fixed, unit: Unit) -> Fixed:
    suffix = f" {unit}" if unit is Unit.SECONDS else ""
    if must.operator is Operator.BETWEEN and must.upper is not None:
        return replace(must, text=f"between {must.bound:.12g} and {must.upper:.12g}{suffix}")
    return replace(must, text=f"{must.operator} {must.bound:.12g}{suffix}")


def aggregated(metric: str, word: object) -> tuple[str | None, str | None]:
    """(our aggregate, what is odd about it) of an aggregate of theirs: only a response time is of many values here."""
    if metric != "service.response_time":
        note = (
            None if word in (None, "AVERAGE") else f"aggregate {show_value(word)} of {metric}: a window has one value"
        )
        return None, note
    if word in _AGGREGATES:
        return _AGGREGATES[str(word)], None
    said = "no aggregate" if word is None else f"aggregate {show_value(word)}"
    return "max", f"{said} of {metric}: read as max, every answer counts"
