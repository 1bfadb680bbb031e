"""Owns the bounded expression language of ``expr:`` and ``where:``: its public face (metrics.md 7.1).

Names, literals, comparison, arithmetic, and/or/not, ``is_in``, ``is_between``, ``is_null``, ``str.*``, ``dt.*``,
``abs`` and ``when``. A text is parsed to frozen nodes and never evaluated; engines compile the nodes.
"""

from qoa_platform.metrics.expression_nodes import Expr, Kind, canonical, columns, kind, presupposed
from qoa_platform.metrics.expression_parser import MAX_DEPTH, MAX_NODES, parse, parse_condition
from qoa_platform.metrics.expression_tokens import MAX_LENGTH, ExpressionError

__all__ = [
    "MAX_DEPTH",
    "MAX_LENGTH",
    "MAX_NODES",
    "Expr",
    "ExpressionError",
    "Kind",
    "canonical",
    "columns",
    "kind",
    "parse",
    "parse_condition",
    "presupposed",
]
