"""Owns reminders: an alert that was opened and not resolved is told again, once per interval."""

from datetime import datetime, timedelta

from qoa_platform.alerts.envelopes import envelope_of
from qoa_platform.ports import Ledger
from qoa_platform.reactions.followups import RESOLVED_RULE
from qoa_platform.records import (
    Alert,
    AlertState,
    Batch,
    Enacted,
    Episode,
    Message,
    Outcome,
    OutcomeState,
    PointerKind,
    Reaction,
    ReactionKind,
    short,
)


def remind(ledger: Ledger, sink: str, repeat: timedelta, at: datetime, wall: datetime) -> None:
    """Put into the outbox of *sink* what was told longer than *repeat* ago, is still open, and is due again.

    Level-triggered: the n-th reminder has the key H(alert, n), which the outbox takes once. What was missed while
    nothing ran is not made up for: only the last one is told.
    """
    episodes = {e.id: e for e in ledger.find(Episode) if e.open}
    if not episodes:
        return
    told = [r for r in ledger.find(Reaction) if _tells(r) and set(r.serves) & set(episodes)]
    last = {o.reaction: o for o in ledger.find(Outcome, series=[r.id for r in told])} if told else {}
    newest: dict[str, Reaction] = {}
    for reaction in told:
        outcome = last.get(reaction.id)
        if outcome is not None and outcome.state is OutcomeState.APPLIED:
            newest[f"{reaction.contract}/{reaction.subject}"] = reaction
    messages = []
    for group, reaction in newest.items():
        times = (at - last[reaction.id].at) // repeat
        if times >= 1:
            still = [episodes[e] for e in reaction.serves if e in episodes]
            alert = _reminder(ledger, group, reaction, times, still, at=at, wall=wall)
            messages.append(Message(sink=sink, envelope=envelope_of(alert)))
    if messages:
        ledger.commit(Batch(messages=tuple(messages)))


def _tells(reaction: Reaction) -> bool:
    return reaction.kind is ReactionKind.ALERT and reaction.rule != RESOLVED_RULE


def _reminder(
    ledger: Ledger, group: str, reaction: Reaction, times: int, still: list[Episode], *, at: datetime, wall: datetime
) -> Alert:
    pointer = ledger.pointer(PointerKind.CONTRACT, reaction.contract)
    found = ledger.find(Enacted, ids=[pointer.value]) if pointer and pointer.value else []
    contract = found[0].contract if found else None
    subject = contract.subject(reaction.subject) if contract else None
    target = subject.target if subject else str(reaction.target)
    worst = max((e.severity for e in still), key=lambda s: s.rank, default=reaction.severity)
    return Alert(
        key=short("reminder", reaction.id, times),
        group=group,
        state=AlertState.OPENED,
        contract=reaction.contract,
        subject=target,
        severity=str(worst),
        title=f"[{worst}] {reaction.contract}: {target} — still open: {reaction.reason}",
        lines=tuple(f"{e.key}: {e.status} since {e.opened_at:%Y-%m-%d %H:%M} UTC" for e in still),
        runbook=contract.runbook if contract else "",
        owner=contract.owner if contract else "",
        episodes=tuple(e.id for e in still),
        at=at,
        wall=wall,
        details={"reminder": times, "of": reaction.id},
    )
