"""Owns injections: faults that a person planted, as rows of the ledger, each used up by the runs that meet it."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import msgspec

from qoa_platform.ports import Ledger
from qoa_platform.records import Batch, Injection, Move, Pointer, PointerKind, Refused, canonical, short


def plant(ledger: Ledger, injection: Injection, *, actor: str, reason: str, at: datetime, wall: datetime) -> str:
    """Plant *injection*; its key, by which it is withdrawn."""
    number = sum(1 for p in ledger.pointers(PointerKind.INJECTION, prefix=f"{injection.target}|")) + 1
    while True:
        key = f"{injection.target}|{number}"
        move = Move(
            kind=PointerKind.INJECTION, key=key, value=canonical(injection), expected=0, verb="inject", actor=actor,
            reason=reason, at=at, wall=wall,
        )  # fmt: skip
        if not isinstance(ledger.commit(Batch(moves=(move,))), Refused):
            return key
        number += 1


def withdraw(ledger: Ledger, key: str, *, actor: str, reason: str, at: datetime, wall: datetime) -> bool:
    """End an injection before it is used up; whether there was one."""
    head = ledger.pointer(PointerKind.INJECTION, key)
    if head is None or head.value is None:
        return False
    move = Move(
        kind=PointerKind.INJECTION, key=key, value=None, expected=head.generation, verb="withdraw", actor=actor,
        reason=reason, at=at, wall=wall,
    )  # fmt: skip
    return not isinstance(ledger.commit(Batch(moves=(move,))), Refused)


def standing(ledger: Ledger, target: str | None = None) -> list[tuple[str, Injection]]:
    """What is planted and not used up, oldest first: (key, injection)."""
    heads = ledger.pointers(PointerKind.INJECTION, prefix=f"{target}|" if target else "")
    found = [(h.key, _injection(h)) for h in heads if h.value is not None]
    return sorted(found, key=lambda pair: (pair[1].target, _number(pair[0])))


def take(
    ledger: Ledger,
    target: str,
    partition: str | None,
    run: str,
    *,
    kinds: Collection[str],
    at: datetime,
    wall: datetime,
) -> tuple[Injection, ...]:
    """The faults of *kinds* that *run* meets at *target* and *partition*, each counted once per run and partition.

    A fault with ``times: n`` is used up by n of them. The same run that asks again (a retried step, a crash between
    taking and using) meets the same faults: what it took is found by its moves.
    """
    who = short("take", run, target, partition)
    met: list[Injection] = []
    for head in ledger.pointers(PointerKind.INJECTION, prefix=f"{target}|"):
        taken = [m for m in ledger.moves(PointerKind.INJECTION, key=head.key) if m.reaction == who]
        if taken and taken[0].reason in kinds:
            met.append(msgspec.json.decode(str(taken[0].evidence["fault"]).encode(), type=Injection))
        elif not taken and head.value is not None and _hits(_injection(head), partition, kinds):
            found = _take_one(ledger, head, who, at, wall)
            met += [found] if found is not None else []
    return tuple(met)


def _take_one(ledger: Ledger, head: Pointer, who: str, at: datetime, wall: datetime) -> Injection | None:
    """Count one use; ``None`` when others used it up meanwhile."""
    while head.value is not None:
        injection = _injection(head)
        left = None if injection.times is None else injection.times - 1
        value = None if left == 0 else canonical(replace(injection, times=left))
        move = Move(
            kind=PointerKind.INJECTION, key=head.key, value=value, expected=head.generation, verb="met",
            actor=f"take {who}", reason=injection.kind, reaction=who, evidence={"fault": canonical(injection)},
            at=at, wall=wall,
        )  # fmt: skip
        done = ledger.commit(Batch(moves=(move,)))
        if not isinstance(done, Refused):
            return injection
        again = ledger.pointer(PointerKind.INJECTION, head.key)
        if again is None:
            return None
        head = again
    return None


def _hits(injection: Injection, partition: str | None, kinds: Collection[str]) -> bool:
    if injection.kind not in kinds:
        return False
    if injection.partition is not None and injection.partition != partition:
        return False
    return injection.since is None or (partition is not None and partition >= injection.since)


def _injection(head: Pointer) -> Injection:
    return msgspec.json.decode((head.value or "").encode(), type=Injection)


def _number(key: str) -> int:
    tail = key.rpartition("|")[2]
    return int(tail) if tail.isdigit() else 0
