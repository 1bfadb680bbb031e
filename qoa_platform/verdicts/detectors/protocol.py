"""Owns the protocol of a stream detector: one value at a time in event order, a statistic, an alarm level, a state."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any, ClassVar, Self


@dataclass(slots=True, kw_only=True)
class Detector:
    """A detector folds values in the order in which they happened and says, after each, how far things have moved.

    *n* is the position reached: how many values were folded, never set back. *skipped* counts values that were not:
    missing, not finite, or outside :attr:`DOMAIN`. *statistic* is ``None`` during the warm-up, and :attr:`alarm` says
    that it lies above :attr:`level`. *since* is the estimated position (the first value is 1) of the first value after
    the change that the statistic speaks of.

    A detector does not forget its alarm by itself, unless forgetting is what it does (``Adwin`` drops what is old,
    ``Kswin`` slides on): whoever reads it decides, and :meth:`reset` begins anew from the next value.

    Its state is the object's own fields, plain as JSON and bounded in size, so that a fold may be carried on elsewhere:

    >>> from qoa_platform.verdicts.detectors import Cusum
    >>> whole, part = Cusum(mean=10.0, std=2.0), Cusum(mean=10.0, std=2.0)
    >>> values = [10.0, 13.0, 14.0, 15.0, 14.0]
    >>> for x in values:
    ...     _ = whole.update(x)
    >>> for x in values[:2]:
    ...     _ = part.update(x)
    >>> rest = Cusum.of(part.state())
    >>> for x in values[2:]:
    ...     _ = rest.update(x)
    >>> rest == whole, rest.n, rest.statistic, rest.alarm, rest.since
    (True, 5, 6.0, True, 2)
    """

    ID: ClassVar[str]
    DOMAIN: ClassVar[tuple[float, float] | None] = None
    """The closed interval that values must lie in; ``None``: any number."""
    CARRIED: ClassVar[bool] = True
    """Whether it goes on after an alarm, until the level is back; else it is to be reset, and learns the level anew."""

    n: int = 0
    skipped: int = 0
    statistic: float | None = None
    since: int | None = None

    @property
    def level(self) -> float:
        """Above which statistic there is an alarm."""
        raise NotImplementedError

    @property
    def alarm(self) -> bool:
        """Whether the statistic lies above the level."""
        return self.statistic is not None and self.statistic > self.level

    def update(self, x: float | None) -> float | None:
        """Fold *x*; the statistic afterwards, ``None`` during the warm-up. What cannot be folded is skipped."""
        if x is None or not isfinite(x) or not self._within(x):
            self.skipped += 1
            return self.statistic
        self.n += 1
        self.statistic = self._fold(float(x))
        return self.statistic

    @abstractmethod
    def reset(self) -> None:
        """Forget what was folded, but not the position."""

    def state(self) -> dict[str, Any]:
        """All of it, as plain JSON."""
        return {"detector": self.ID, **{f.name: _plain(getattr(self, f.name)) for f in fields(self)}}

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Self:
        """The detector that *state* was taken of. Raises ValueError for that of another kind, or with other fields."""
        if state.get("detector") != cls.ID:
            raise ValueError(f"a state of {state.get('detector')!r} is not one of {cls.ID}")
        given = {name: _plain(value) for name, value in state.items() if name != "detector"}
        try:
            return cls(**given)
        except TypeError as error:
            raise ValueError(f"not a state of {cls.ID}: {error}") from error

    @abstractmethod
    def _fold(self, x: float) -> float | None: ...

    def _within(self, x: float) -> bool:
        return self.DOMAIN is None or self.DOMAIN[0] <= x <= self.DOMAIN[1]


def _plain(value: Any) -> Any:
    """*value* without sharing: lists are copied, also those within."""
    return [_plain(v) for v in value] if isinstance(value, list) else value


def positive(detector: str, **given: float) -> None:
    """Raises ValueError for a parameter that is no finite number above 0."""
    for name, value in given.items():
        if not isfinite(value) or value <= 0:
            raise ValueError(f"{name} of {detector} is {value!r}. Allowed: a number above 0")


def share(detector: str, **given: float) -> None:
    """Raises ValueError for a parameter that does not lie strictly between 0 and 1."""
    for name, value in given.items():
        if not 0 < value < 1:
            raise ValueError(f"{name} of {detector} is {value!r}. Allowed: above 0 and below 1")
