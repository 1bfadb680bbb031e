"""Owns what all metrics of predictions share: which columns of a prediction frame they read, and the positive class."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from math import isfinite
from typing import ClassVar

from qoa_platform.metrics.declaring import numbered_columns, own_params
from qoa_platform.metrics.frame_metric import FrameMetric
from qoa_platform.metrics.protocol import Arity, Source
from qoa_platform.records import Ask, Direction, Profile, Promise, Reading, Reason, Subject
from qoa_platform.states import Sums

OUTSIDE = "scores are no probabilities: some lie outside 0 to 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfPredictions(FrameMetric):
    """A metric of a prediction frame. *roles* are the fields that name the columns it reads, in the order of its ask.

    A row counts when all of them are present: missing ones lower *n*, so promise ``min_n`` or ``model.label_coverage``.
    """

    arity = Arity.NONE
    per_column = False
    source = Source.PREDICTIONS
    direction = Direction.LOWER
    roles: ClassVar[tuple[str, ...]] = ("truth", "prediction")

    @classmethod
    def columns_of(cls, promise: Promise, subject: Subject) -> tuple[str, ...]:  # noqa: ARG003
        """The columns of the roles: as the promise says, else by their usual names."""
        numbered_columns(cls.id, cls.arity, promise)
        own = own_params(cls, cls.id, promise)
        usual = {f.name: f.default for f in fields(cls)}
        return tuple(str(own.get(role, usual[role])) for role in cls.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfTerms(OfPredictions):
    """Read off sums of row-wise terms. A term that is ±inf or NaN makes the reading an ``error``, never a number."""

    terms: ClassVar[str]
    asked: ClassVar[tuple[str, ...]] = ()
    """The fields that are parameters of the terms."""

    def ask(self, profile: Profile | None, /) -> Ask:  # noqa: ARG002
        """The sums; one ask for all metrics of the same terms."""
        return self._ask(Sums, terms=self.terms, **{name: getattr(self, name) for name in self.asked})

    def _read(self, state: Sums, profile: Profile | None, group: str | None) -> Reading:  # noqa: ARG002
        if not state.n:
            return Reading.unknown(Reason.NO_DATA)
        if not all(isfinite(state.get(name)) for name in self._needed(state)):
            return Reading.unknown(Reason.ERROR, state.n, "some rows hold ±inf")
        if state.get("outside"):
            return Reading.unknown(Reason.ERROR, state.n, OUTSIDE)
        return self._of(state)

    def _needed(self, state: Sums) -> Iterable[str]:
        return (name for name, _ in state.values)

    def _of(self, state: Sums) -> Reading:
        raise NotImplementedError


def positive_of(classes: Iterable[str], named: str | None) -> str | None:
    """The positive class: *named*, else ``true`` of truth values and ``1`` of 0 and 1; ``None``: it has to be named.

    >>> positive_of(("false", "true"), None), positive_of(("0",), None), positive_of(("no", "yes"), None)
    ('true', '1', None)
    """
    if named is not None:
        return named
    known = set(classes)
    return "true" if known <= {"false", "true"} else "1" if known <= {"0", "1"} else None
