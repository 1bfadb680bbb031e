"""Owns promotion and rollback: several alias pointers of a model moved in one transaction, with their history."""

from collections.abc import Mapping
from datetime import datetime

from qoa_platform.ledger.errors import NothingToGoBackTo
from qoa_platform.ports import Ledger
from qoa_platform.records import (
    Alias,
    Batch,
    Committed,
    Guard,
    Message,
    ModelVersion,
    Move,
    Pointer,
    PointerIs,
    PointerKind,
    Record,
    Refused,
    safe_name,
    short,
)  # fmt: skip


def alias_key(model: str, alias: Alias) -> str:
    """The key of an alias pointer: ``<model>|<alias>``."""
    return f"{safe_name(model, 'model')}|{alias}"


def version_key(model: str, version: str) -> str:
    """The key of a ``bad_version`` pointer: ``<model>|<version>``."""
    return f"{safe_name(model, 'model')}|{version}"


def champion(ledger: Ledger, model: str) -> Pointer | None:
    """The champion alias of *model*; ``None`` when it never had one."""
    return ledger.pointer(PointerKind.ALIAS, alias_key(model, Alias.CHAMPION))


def promote(
    ledger: Ledger, model: str, to: str, *, alias: Alias = Alias.CHAMPION, expected: int, actor: str, reason: str,
    at: datetime, wall: datetime, reaction: str | None = None, evidence: Mapping[str, object] | None = None,
    forced: bool = False, records: tuple[Record, ...] = (), messages: tuple[Message, ...] = (),
    guards: tuple[Guard, ...] = (),
) -> Committed | Refused:  # fmt: skip
    """Move *alias* of *model* to version *to*, from generation *expected* (0: never set), with *records* if any.

    One transaction: other aliases that name *to* are unset in it (a challenger that wins is challenger no more), so no
    reader ever sees a version in two places. Refused, with the reason: another generation stands, *to* is no version
    of the model, a hold stands on the model, or *to* is known to be bad and the promotion is not *forced* by a person.
    A *reaction* that has moved the alias already is done: its repetition changes nothing and is not refused.
    """
    key = alias_key(model, alias)
    moving = _Moving(
        ledger, model, verb="promote", actor=actor, reason=reason, reaction=reaction, evidence=dict(evidence or {}),
        at=at, wall=wall,
    )  # fmt: skip
    move = moving.move(PointerKind.ALIAS, key, to, expected)
    if moving.done(key):
        return ledger.commit(Batch(records=records, moves=(move,), messages=messages))
    if refused := _no_version(ledger, model, to):
        return refused
    held, hold = _guarded(ledger, PointerKind.HOLD, f"model:{model}")
    if held is not None:
        return Refused(reason=f"model {model}: a hold stands ({held.value})", pointer=held, guard=hold)
    bad, unmarked = _guarded(ledger, PointerKind.BAD_VERSION, version_key(model, to))
    if bad is not None and not forced:
        return Refused(reason=f"model {model}: version {to} is known to be bad ({bad.value})", pointer=bad)
    moves = (move, *moving.leave(to, alias))
    return ledger.commit(
        Batch(records=records, moves=moves, messages=messages, guards=(hold, unmarked, *guards))
    )  # fmt: skip


def rollback(
    ledger: Ledger, model: str, *, leaving: str, actor: str, reason: str, at: datetime, wall: datetime,
    reaction: str | None = None, evidence: Mapping[str, object] | None = None, records: tuple[Record, ...] = (),
    messages: tuple[Message, ...] = (), guards: tuple[Guard, ...] = (),
) -> Committed | Refused:  # fmt: skip
    """Move the champion of *model* back from version *leaving* to the last good one, and mark *leaving* as bad.

    A forward event in one transaction: generations only grow, nothing is deleted. Refused when *leaving* is no longer
    champion. A hold does not stop it (rolling back is the safe way). Raises NothingToGoBackTo when no earlier champion
    is good. A *reaction* that has moved the alias already is done.
    """
    key = alias_key(model, Alias.CHAMPION)
    moving = _Moving(
        ledger, model, verb="rollback", actor=actor, reason=reason, reaction=reaction, evidence=dict(evidence or {}),
        at=at, wall=wall,
    )  # fmt: skip
    if (earlier := moving.done(key)) is not None:
        again = moving.move(PointerKind.ALIAS, key, earlier.value, earlier.expected)
        return ledger.commit(Batch(records=records, moves=(again,), messages=messages))
    now = ledger.pointer(PointerKind.ALIAS, key)
    if now is None or now.value != leaving:
        stands = "it has none" if now is None or now.value is None else f"it is {now.value}"
        return Refused(reason=f"model {model}: {leaving} is no longer champion, {stands}", pointer=now)
    to = last_good(ledger, model, leaving)
    _, target = _guarded(ledger, PointerKind.BAD_VERSION, version_key(model, to))
    _, left = _guarded(ledger, PointerKind.BAD_VERSION, version_key(model, leaving))
    moves = (
        moving.move(PointerKind.ALIAS, key, to, now.generation),
        moving.move(PointerKind.BAD_VERSION, left.key, reason or "rolled back", left.generation),
        *moving.leave(to, Alias.CHAMPION),
    )
    return ledger.commit(Batch(records=records, moves=moves, messages=messages, guards=(target, *guards)))


def last_good(ledger: Ledger, model: str, leaving: str) -> str:
    """The version that was champion last before *leaving* and is not known to be bad.

    Raises NothingToGoBackTo, naming the earlier champions and why each is out.
    """
    out: dict[str, str] = {leaving: "is being left"}
    for move in reversed(ledger.moves(PointerKind.ALIAS, alias_key(model, Alias.CHAMPION))):
        if move.value is None or move.value in out:
            continue
        bad, _ = _guarded(ledger, PointerKind.BAD_VERSION, version_key(model, move.value))
        if bad is None:
            return move.value
        out[move.value] = f"is bad ({bad.value})"
    found = "; ".join(f"{version} {why}" for version, why in out.items())
    message = f"model {model} has no earlier champion to go back to: {found}. Train and promote a new version"
    raise NothingToGoBackTo(message)


def in_use(ledger: Ledger, model: str, keep: int) -> frozenset[str]:
    """The versions that retention must not delete: those an alias names, and the last *keep* distinct champions."""
    prefix = f"{safe_name(model, 'model')}|"
    named = {p.value for p in ledger.pointers(PointerKind.ALIAS, prefix) if p.value is not None}
    history = reversed(ledger.moves(PointerKind.ALIAS, alias_key(model, Alias.CHAMPION)))
    champions = dict.fromkeys(move.value for move in history if move.value is not None)
    return frozenset(named | set(list(champions)[:keep]))


def _guarded(ledger: Ledger, kind: PointerKind, key: str) -> tuple[Pointer | None, PointerIs]:
    """The pointer when it is set to something, and the guard that it stays as it was seen."""
    pointer = ledger.pointer(kind, key)
    guard = PointerIs(kind=kind, key=key, generation=pointer.generation if pointer else 0)
    return (pointer if pointer is not None and pointer.value is not None else None), guard


def _no_version(ledger: Ledger, model: str, version: str) -> Refused | None:
    if ledger.last(ModelVersion, short("model_version", model, version)) is not None:
        return None
    known = [v.version for v in ledger.find(ModelVersion, series=model)]
    return Refused(reason=f"model {model} has no version {version!r}. Known: {', '.join(known) or 'none'}")


class _Moving:
    """What all moves of one promotion or rollback have in common."""

    def __init__(
        self, ledger: Ledger, model: str, *, verb: str, actor: str, reason: str, reaction: str | None,
        evidence: dict[str, object], at: datetime, wall: datetime,
    ) -> None:  # fmt: skip
        self._ledger, self._model, self._verb = ledger, model, verb
        self._actor, self._reason, self._reaction = actor, reason, reaction
        self._evidence, self._at, self._wall = evidence, at, wall

    def move(self, kind: PointerKind, key: str, value: str | None, expected: int) -> Move:
        """One move of this event."""
        return Move(
            kind=kind, key=key, value=value, expected=expected, verb=self._verb, actor=self._actor,
            reason=self._reason, reaction=self._reaction, evidence=self._evidence, at=self._at, wall=self._wall,
        )  # fmt: skip

    def leave(self, version: str, alias: Alias) -> tuple[Move, ...]:
        """Unset every other alias that names *version*."""
        heads = self._ledger.pointers(PointerKind.ALIAS, f"{self._model}|")
        own = alias_key(self._model, alias)
        return tuple(
            self.move(PointerKind.ALIAS, p.key, None, p.generation)
            for p in heads
            if p.key != own and p.value == version
        )

    def done(self, key: str) -> Move | None:
        """The move that this reaction has made already, if any."""
        if self._reaction is None:
            return None
        return next(iter(self._ledger.moves(PointerKind.ALIAS, key, reaction=self._reaction)), None)
