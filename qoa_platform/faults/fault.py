"""Owns the record of a fault and the closed catalogue of its kinds: what each damages, and its parameters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from types import MappingProxyType
from typing import Final

from qoa_platform.records import Params

Scalar = str | int | float | bool


class FaultError(ValueError):
    """A fault that does not exist, lacks what it needs, or does not fit the frame that it is applied to."""


class Realm(Enum):
    """What a fault damages."""

    FRAME = "feed"
    MODEL = "model"
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of fault: its *name*, its *realm*, what it does, how many columns it names (least, most) and its *params*.

    *params* are the parameters that it takes, with their defaults.
    """

    name: str
    realm: Realm
    does: str
    columns: tuple[int, int] = (0, 0)
    params: tuple[tuple[str, Scalar], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault to apply: its *kind*, the *columns* it damages, *params* as sorted pairs, and the *seed* of its choices.

    Raises FaultError, with the nearest guess, for an unknown kind or parameter, and for the wrong number of columns.
    """

    kind: str
    columns: tuple[str, ...] = ()
    params: Params = ()
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the fault against its kind."""
        kind = kind_of(self.kind)
        least, most = kind.columns
        if not least <= len(self.columns) <= most:
            allowed = f"{least}" if least == most else f"{least} to {most}"
            message = f"fault {self.kind!r} names {allowed} columns, found {len(self.columns)}"
            raise FaultError(message)
        for name, _ in self.params:
            known(name, dict(kind.params), f"parameter of fault {self.kind!r}")

    def param(self, name: str) -> Scalar:
        """The value given for parameter *name*, else its default. Raises FaultError when the kind has no such one."""
        defaults = dict(kind_of(self.kind).params)
        known(name, defaults, f"parameter of fault {self.kind!r}")
        value = dict(self.params).get(name, defaults[name])
        if value is None or isinstance(value, tuple):
            message = f"fault {self.kind!r}: {name} must be one value, found {value!r}"
            raise FaultError(message)
        return value

    def number(self, name: str, least: float, most: float) -> float:
        """Parameter *name* as a number. Raises FaultError unless *least* <= it <= *most*."""
        value = self.param(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            message = f"fault {self.kind!r}: {name} must be a number from {least:g} to {most:g}, found {value!r}"
            raise FaultError(message)
        return float(value)


def kind_of(name: str) -> Kind:
    """The kind called *name*. Raises FaultError, with the nearest guess, when there is none."""
    return KINDS[known(name, KINDS, "fault")]


def known(name: str, allowed: Iterable[str], what: str) -> str:
    """*name*, if it is *allowed*. Raises FaultError, with the nearest guess and all that are, otherwise."""
    names = list(allowed)
    if name in names:
        return name
    near = get_close_matches(name, names, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    message = f"unknown {what} {name!r}.{hint} Known: {', '.join(names) or 'none'}"
    raise FaultError(message)


def _frame(name: str, does: str, columns: tuple[int, int] = (0, 0), /, **params: Scalar) -> Kind:
    return Kind(name=name, realm=Realm.FRAME, does=does, columns=columns, params=tuple(params.items()))


_ALL: Final = (
    _frame("half_rows", "keeps a random share of the rows", share=0.5),
    _frame("duplicated_rows", "repeats a random share of the rows at the end", share=0.1),
    _frame("unit_change", "multiplies numbers by a factor, as when cents come for dollars", (1, 8), factor=100.0),
    _frame("nulls", "empties a random share of the cells", (1, 8), share=0.2),
    _frame("swapped_columns", "exchanges the names of two columns", (2, 2)),
    _frame("missing_stores", "drops all rows of some values, as stores that did not report", (1, 1), count=10),
    _frame("stale_copy", "sends the previous partition's rows again, moved onto this one's days", (0, 1)),
    _frame("future_dates", "moves a random share of the times ahead", (1, 1), share=0.1, days=400),
    _frame("text_in_number", "writes a text into some cells of a number, which so comes as text", (1, 1), share=0.01,
           text="n/a"),
    _frame("trailing_blank", "appends a blank to a random share of a category's values", (1, 1), share=0.1),
    _frame("lasting_shift", "multiplies numbers by a factor, from a day on", (1, 8), factor=1.5, since="", time=""),
    Kind(name="nan_predictions", realm=Realm.MODEL, does="emits NaN for a random share of the predictions",
         params=(("share", 1.0),)),
    Kind(name="worse", realm=Realm.MODEL, does="trains a plainly worse recipe", params=(("recipe", "mean_56"),)),
    Kind(name="slow", realm=Realm.RUN, does="waits before the step", params=(("seconds", 5.0),)),
    Kind(name="crash", realm=Realm.RUN, does="raises in the step"),
)  # fmt: skip

KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in _ALL})
"""Every kind of fault, by name."""

FRAME: Final = tuple(kind.name for kind in _ALL if kind.realm is Realm.FRAME)
MODEL: Final = tuple(kind.name for kind in _ALL if kind.realm is Realm.MODEL)
RUN: Final = tuple(kind.name for kind in _ALL if kind.realm is Realm.RUN)
