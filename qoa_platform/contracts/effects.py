"""Owns the effects of a change: does what is promised become stricter, or less strict, or other than it was?"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum

from qoa_platform.contracts.linting_intervals import interval_of
from qoa_platform.records import Contract, Mode, Must, Promise, Subject, Versus


class Effect(StrEnum):
    """What a change does to what is promised."""

    TIGHTENING = "tightening"
    """Whatever is kept now was kept before, and something that was kept may be violated."""
    LOOSENING = "loosening"
    """Whatever was kept is kept, and something that was violated may be kept."""
    MIXED = "mixed"
    """Both, or something else is measured: neither follows from the other."""
    NEUTRAL = "neutral"
    """The promises say what they said: names, policy, releases, what is shown."""

    @property
    def reversed(self) -> "Effect":
        """The effect of the change back."""
        swapped = {Effect.TIGHTENING: Effect.LOOSENING, Effect.LOOSENING: Effect.TIGHTENING}
        return swapped.get(self, self)


NEUTRAL_OF_SUBJECT = frozenset({"segments", "train_on"})


def effect_of_contract(key: str, old: Contract, new: Contract) -> Effect:
    """The effect of a change of the contract's own *key*."""
    return _more(_acts(old.mode), _acts(new.mode)) if key == "mode" else Effect.NEUTRAL


def effect_of_subject(key: str, old: Subject, new: Subject) -> Effect:
    """The effect of a change of a subject's *key*: when windows are due, which schema is implied, which rows count."""
    match key:
        case _ if key in NEUTRAL_OF_SUBJECT:
            return Effect.NEUTRAL
        case "expected":
            return _given(old.expected, new.expected)
        case "schema":
            return _given(old.schema, new.schema)
        case "sensitive":  # what compares values of such a column, or groups by it, is not judged any more
            return _sets(set(old.sensitive), set(new.sensitive)).reversed
        case "delay":
            return _more(old.delay, new.delay).reversed
        case _:
            return Effect.MIXED


def effect_of_promise(key: str, old: Promise, new: Promise, *, per_column: bool) -> Effect:
    """The effect of a change of a promise's *key*; *per_column*: several columns mean that each must be good."""
    if key == "columns" and per_column:
        return _sets(set(old.columns), set(new.columns))
    rule = _OF_PROMISE.get(key)
    return rule(old, new) if rule is not None else Effect.MIXED


def _bounds(old: Must, new: Must) -> Effect:
    if isinstance(old, Versus) and isinstance(new, Versus):
        same = (old.baseline, old.name, old.margin.kind) == (new.baseline, new.name, new.margin.kind)
        return _more(old.margin.value, new.margin.value).reversed if same else Effect.MIXED
    before, after = interval_of(old), interval_of(new)
    if before is None or after is None:
        return Effect.MIXED
    if before.holds(after):
        return Effect.NEUTRAL if after.holds(before) else Effect.TIGHTENING
    return Effect.LOOSENING if after.holds(before) else Effect.MIXED


def _acts(mode: Mode) -> int:
    return int(mode is Mode.ENFORCE)


def _more(old: float | timedelta, new: float | timedelta) -> Effect:
    """More of it is stricter."""
    if old == new:
        return Effect.NEUTRAL
    return Effect.TIGHTENING if new > old else Effect.LOOSENING  # type: ignore[operator]


def _streak(old: int | timedelta, new: int | timedelta) -> Effect:
    return _more(old, new).reversed if type(old) is type(new) else Effect.MIXED


def _given(old: object, new: object) -> Effect:
    """What was not asked before is now; or the other way round; or something else is."""
    if old is None:
        return Effect.TIGHTENING
    return Effect.LOOSENING if new is None else Effect.MIXED


def _sets(old: set[str], new: set[str]) -> Effect:
    if old < new:
        return Effect.TIGHTENING
    return Effect.LOOSENING if new < old else Effect.MIXED


_OF_PROMISE: Mapping[str, Callable[[Promise, Promise], Effect]] = {
    "must": lambda old, new: _bounds(old.must, new.must),
    "severity": lambda old, new: _more(old.severity.rank, new.severity.rank),
    "mode": lambda old, new: _more(_acts(old.mode), _acts(new.mode)),
    "block_on_unknown": lambda old, new: _more(old.block_on_unknown, new.block_on_unknown),
    "min_n": lambda old, new: _more(old.min_n or 0, new.min_n or 0).reversed,
    "clear_after": lambda old, new: _more(old.clear_after, new.clear_after),
    "streak": lambda old, new: _streak(old.streak, new.streak),
    "by": lambda old, new: _given(old.by, new.by),
    "fdr": lambda _old, _new: Effect.MIXED,
    "unusual_intent": lambda _old, _new: Effect.NEUTRAL,
}
"""What a change of each key of a promise does; any other key says what is measured."""
