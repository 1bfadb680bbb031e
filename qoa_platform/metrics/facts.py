"""Owns Facts: what a metric may be told that neither its frame nor the clock says, from the ledger and the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from qoa_platform.metrics.protocol import Metric
from qoa_platform.records import Window
from qoa_platform.states import State


class Past(NamedTuple):
    """A window that was published before, and what the metric's own ask was answered there."""

    window: Window
    state: State


class Columns(NamedTuple):
    """A frame beside the columns that were declared: those *wrong* (missing, of another type), those *extra*."""

    declared: int
    wrong: int
    extra: int
    strict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """*size* of the written files in bytes; *columns* against the declared schema; *digests* of the frames beside.

    Of *digests* ``None`` says that nobody knows; a name that is not among them is of an asset that is not published.
    *past*: windows published before, oldest first, as many as the metric's ``looks_back`` says.
    """

    size: int | None = None
    columns: Columns | None = None
    digests: Mapping[str, str] | None = None
    past: tuple[Past, ...] = ()


def looks_back(metric: Metric) -> int:
    """How many windows before its own *metric* wants to be told of."""
    return int(getattr(metric, "looks_back", 0))


def beside(metric: Metric) -> str | None:
    """The asset whose frame *metric* reads beside its own."""
    found = getattr(metric, "beside", None)
    return found if isinstance(found, str) else None


def told(metric: Any, facts: Facts) -> Any:
    """*metric*, told *facts*, if it cares for any."""
    tell = getattr(metric, "told", None)
    return tell(facts) if callable(tell) else metric
