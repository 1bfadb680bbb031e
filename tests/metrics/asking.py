"""Owns what an oracle is asked and what it expects: the rows that it sees, and a value with its n or a reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from qoa_platform.records import Reason

ROWS_IN = 10


@dataclass(frozen=True)
class Expected:
    """A value with its n, or the reason why there is none.

    *within*: the reading's bound says how far it may be off; *off*: how far it may be off although it does not say so.
    """

    value: float | None
    n: int = 0
    reason: Reason | None = None
    within: bool = False
    off: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an oracle is told: the *rows* (of the whole or of one group), the *reference* rows of the same group.

    *other* are all rows of the frame beside; *edges* are the frozen ones of the column (profiles has its own tests);
    *group* is the group that is asked for, or *groups* all of them where the whole of a ``by:`` promise is.
    """

    rows: pd.DataFrame
    reference: pd.DataFrame
    columns: tuple[str, ...]
    edges: tuple[float, ...] = ()
    other: pd.DataFrame = field(default_factory=pd.DataFrame)
    group: str | None = None
    groups: tuple["Asked", ...] | None = None
    whole: pd.DataFrame | None = None
    """All reference rows, where *reference* are those of a group."""

    @property
    def everything(self) -> pd.DataFrame:
        """The reference rows of all groups."""
        return self.reference if self.whole is None else self.whole

    @property
    def present(self) -> pd.Series:
        """The present values of the (only) column."""
        return self.rows[self.columns[0]].dropna()

    @property
    def known(self) -> pd.Series:
        """The present reference values of the column."""
        return self.reference[self.columns[0]].dropna()

    @property
    def finite(self) -> np.ndarray:
        """The finite numbers of the column."""
        found = self.present.astype(float).to_numpy()
        return found[np.isfinite(found)]


Expect = Callable[[Asked], Expected]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One way to promise a metric: its columns and parameters, and what must come out.

    Without *grouped* it takes no ``by:``. *scale* is what the absolute tolerance 1e-9 is relative to, for sums in which
    digits cancel.
    """

    columns: tuple[str, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    expect: Expect
    scale: Callable[[Asked], float] = lambda _: 1.0
    grouped: bool = True


NO_DATA = Expected(None, reason=Reason.NO_DATA)
NO_REFERENCE = Expected(None, reason=Reason.NO_REFERENCE)
NOT_APPLICABLE = Expected(None, reason=Reason.NOT_APPLICABLE)
ERROR = Expected(None, reason=Reason.ERROR)


def ratio(hits: Any, n: int) -> Expected:
    """Hits ÷ n."""
    return Expected(int(hits) / n, n) if n else NO_DATA


def holds(predicate: Callable[[pd.Series], Any]) -> Expect:
    """Share of the present values for which *predicate* holds."""
    return lambda asked: ratio(np.sum(predicate(asked.present)), len(asked.present))


def bounded(expect: Expect) -> Expect:
    """What *expect* expects, from which a value may be as far off as its reading says."""
    return lambda asked: replace(expect(asked), within=True)
