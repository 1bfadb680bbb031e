"""Declarative monitoring and quality of analytics on Dagster. Importing this imports nothing else.

The small Python face is found here by name, and imported when it is first used; docs/python.md shows all of it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qoa_platform.api import (
        SqlTable,
        changes,
        compare,
        compare_models,
        detect,
        drift,
        estimate_performance,
        flags,
        judge,
        measure,
        monitor,
        prepare,
        sequential_test,
        suggest,
    )

FACE = (
    "SqlTable",
    "changes",
    "compare",
    "compare_models",
    "detect",
    "drift",
    "estimate_performance",
    "flags",
    "judge",
    "measure",
    "monitor",
    "prepare",
    "sequential_test",
    "suggest",
)
"""What ``qoa_platform.api`` lends its name to."""

__all__ = [
    "SqlTable",
    "changes",
    "compare",
    "compare_models",
    "detect",
    "drift",
    "estimate_performance",
    "flags",
    "judge",
    "measure",
    "monitor",
    "prepare",
    "sequential_test",
    "suggest",
]


def __getattr__(name: str) -> Any:
    """A function of the face; ``__version__``, asked of the installed distribution only when somebody wants it."""
    if name in FACE:
        from qoa_platform import api  # noqa: PLC0415 (polars and the catalogue: 200 ms that not everybody wants)

        return getattr(api, name)
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 (costs 40 ms)

        try:
            return version("qoa-platform")
        except PackageNotFoundError:
            return "(a checkout, not installed)"
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return [*globals(), *FACE, "__version__"]
