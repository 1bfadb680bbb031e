"""Owns the difference of two contracts: what was added, removed and changed, and what that does to what is promised."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qoa_platform.contracts.canonical import canonical_form, promise_form
from qoa_platform.contracts.effects import Effect, effect_of_contract, effect_of_promise, effect_of_subject
from qoa_platform.contracts.explaining import sentence
from qoa_platform.contracts.promises import Catalogue
from qoa_platform.contracts.reading import EVERY_METRIC
from qoa_platform.contracts.wording import action, bound, compared_with, condition, how_long, lasting
from qoa_platform.records import Contract, Mode, Promise, Rule, Subject, Unit, canonical


class Area(StrEnum):
    """Which part of a contract changed. What is not a promise, or about one, leaves what is promised as it is."""

    CONTRACT = "contract"
    SUBJECT = "subject"
    PROMISE = "promise"
    POLICY = "policy"
    RELEASE = "release"


class Kind(StrEnum):
    """What became of it."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference, at *path* (``sales.volume``, with *field* when it is there on both sides), in words."""

    area: Area
    kind: Kind
    path: str
    field: str | None = None
    old: str | None = None
    new: str | None = None
    effect: Effect = Effect.NEUTRAL

    def __str__(self) -> str:
        name = f"{self.path}.{self.field}" if self.field else self.path
        match self.kind:
            case Kind.ADDED:
                return f"+ {self.area} {name}: {self.new}"
            case Kind.REMOVED:
                return f"- {self.area} {name}: {self.old}"
            case Kind.CHANGED:
                return f"~ {self.area} {name}: {self.old} → {self.new}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All changes from one contract to another, with their names, versions and digests."""

    old: tuple[str, int, str]
    new: tuple[str, int, str]
    changes: tuple[Change, ...]

    @property
    def must_rise(self) -> bool:
        """Whether the content changed and the version did not rise with it: the old one would stay in force."""
        return bool(self.changes) and self.new[1] <= self.old[1]

    def count(self, effect: Effect) -> int:
        """How many changes have that effect."""
        return sum(c.effect is effect for c in self.changes)


def difference(old: Contract, new: Contract, *, catalogue: Catalogue = EVERY_METRIC) -> Difference:
    """What changed from *old* to *new*: no change at all exactly when both have the same content.

    What does not count in the digest (order, spelling, place) is no difference; neither is the version alone.
    """
    before, after = canonical_form(old), canonical_form(new)
    changes = [
        *_contract(old, new, before, after), *_subjects(old, new, before, after, catalogue),
        *_policy(old, new, before, after), *_release(before, after),
    ]  # fmt: skip
    return Difference(
        old=(old.name, old.version, old.digest), new=(new.name, new.version, new.digest), changes=tuple(changes)
    )


def _contract(old: Contract, new: Contract, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for key in before:
        if key in {"subjects", "policy", "release", "version"} or before[key] == after[key]:
            continue
        yield Change(
            area=Area.CONTRACT, kind=Kind.CHANGED, path=new.name, field=key, old=_said(before[key]),
            new=_said(after[key]), effect=effect_of_contract(key, old, new),
        )  # fmt: skip


def _subjects(
    old: Contract, new: Contract, before: Mapping[str, Any], after: Mapping[str, Any], catalogue: Catalogue
) -> Iterator[Change]:
    for name in dict.fromkeys([*before["subjects"], *after["subjects"]]):
        mine, theirs = old.subject(name), new.subject(name)
        if mine is None or theirs is None:
            yield _whole(mine, theirs)
        else:
            forms = before["subjects"][name], after["subjects"][name]
            for key in dict.fromkeys([*forms[0], *forms[1]]):
                if key not in {"promises", "id"} and forms[0].get(key) != forms[1].get(key):
                    yield Change(
                        area=Area.SUBJECT, kind=Kind.CHANGED, path=name, field=key, old=_said(forms[0].get(key)),
                        new=_said(forms[1].get(key)), effect=effect_of_subject(key, mine, theirs),
                    )  # fmt: skip
        yield from _promises(name, mine, theirs, catalogue)


def _whole(old: Subject | None, new: Subject | None) -> Change:
    """A subject that only one contract has; its promises follow one by one."""
    there = new or old
    assert there is not None  # noqa: S101 (a name is of one of the two)
    said = f"{there.kind} {there.target}"
    kind = Kind.ADDED if old is None else Kind.REMOVED
    return Change(area=Area.SUBJECT, kind=kind, path=there.id, old=said if old else None, new=said if new else None)


def _promises(name: str, old: Subject | None, new: Subject | None, catalogue: Catalogue) -> Iterator[Change]:
    mine = {p.id: p for p in old.promises} if old else {}
    theirs = {p.id: p for p in new.promises} if new else {}
    for promise_id in dict.fromkeys([*mine, *theirs]):
        before, after, path = mine.get(promise_id), theirs.get(promise_id), f"{name}.{promise_id}"
        if before is None and after is not None:
            yield Change(
                area=Area.PROMISE, kind=Kind.ADDED, path=path, new=sentence(after, catalogue),
                effect=Effect.TIGHTENING if after.mode is Mode.ENFORCE else Effect.NEUTRAL,
            )  # fmt: skip
        elif after is None and before is not None:
            yield Change(
                area=Area.PROMISE, kind=Kind.REMOVED, path=path, old=sentence(before, catalogue),
                effect=Effect.LOOSENING if before.mode is Mode.ENFORCE else Effect.NEUTRAL,
            )  # fmt: skip
        elif before is not None and after is not None:
            yield from _promise(path, before, after, catalogue)


def _promise(path: str, old: Promise, new: Promise, catalogue: Catalogue) -> Iterator[Change]:
    before, after = promise_form(old), promise_form(new)
    spec = catalogue.get(new.metric)
    for key in dict.fromkeys([*before, *after]):
        if before.get(key) == after.get(key):
            continue
        words = [
            _words(p, key, form.get(key), spec.unit if spec else Unit.ONE) for p, form in ((old, before), (new, after))
        ]
        yield Change(
            area=Area.PROMISE, kind=Kind.CHANGED, path=path, field=NAMES.get(key, key), old=words[0], new=words[1],
            effect=effect_of_promise(key, old, new, per_column=bool(spec and spec.per_column)),
        )  # fmt: skip


NAMES = {"streak": "for", "block_on_unknown": "on_unknown", "unusual_intent": "intent"}
"""Fields of a promise that are spelled otherwise in a contract."""


def _words(promise: Promise, key: str, value: Any, unit: Unit) -> str:
    """A field of a promise as a person would say it."""
    match key:
        case "must":
            return bound(promise.must, unit)
        case "reference" if promise.reference is not None:
            return compared_with(promise.reference)
        case "streak":
            return lasting(promise.streak).removeprefix(", ") or "once"
        case _:
            return _said(value)


def _policy(old: Contract, new: Contract, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    mine, theirs = {r.name: r for r in old.policy}, {r.name: r for r in new.policy}
    for name in dict.fromkeys([*mine, *theirs]):
        if before["policy"].get(name) == after["policy"].get(name):
            continue
        said = [_rule(rules[name]) if name in rules else None for rules in (mine, theirs)]
        kind = Kind.ADDED if said[0] is None else Kind.REMOVED if said[1] is None else Kind.CHANGED
        yield Change(area=Area.POLICY, kind=kind, path=name, old=said[0], new=said[1])


def _rule(rule: Rule) -> str:
    steps = ", then ".join(action(step) for step in rule.steps)
    rest = [] if rule.cooldown is None else [f"cooldown {how_long(rule.cooldown)}"]
    rest += [f"on recovery {rule.on_recovery}"] * (rule.on_recovery is not None)
    return "; ".join([f"{condition(rule.when)}: {steps}", *rest])


def _release(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    old, new = before["release"], after["release"]
    if old == new:
        return
    if old is None or new is None:
        kind = Kind.ADDED if old is None else Kind.REMOVED
        there = new or old
        said = f"releases of {there['model']}: {', '.join(s['name'] for s in there['stages'])}"
        yield Change(
            area=Area.RELEASE, kind=kind, path=there["model"], old=said if old else None, new=said if new else None
        )
        return
    for key in old:
        if old[key] != new[key]:
            yield Change(
                area=Area.RELEASE, kind=Kind.CHANGED, path=new["model"], field=key, old=_said(old[key]),
                new=_said(new[key]),
            )  # fmt: skip


def _said(value: Any) -> str:
    """A plain value in a few words."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case str() | int() | float():
            return str(value)
        case list() if all(isinstance(v, str | int | float) for v in value):
            return ", ".join(map(str, value)) or "none"
        case _:
            text = canonical(value)
            return text if len(text) <= LONG else f"{text[: LONG - 1]}…"


LONG = 200
"""So much of a nested value is shown."""
